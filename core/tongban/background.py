"""What a server does between requests: the relay with its handlers, and the feed of those who follow."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from tongban.errors import SetupError
from tongban.events.feed import Feed
from tongban.events.relay import Handler, Relay
from tongban.events.words import Topic
from tongban.storage.database import Sessions

HANDLERS: dict[Topic, Handler] = {}
"""What is done with the messages of each topic. A server does not start without one for each."""
ENDING = 3
"""Seconds that messages being handled get when the server stops; then they are cut off, and handled again later."""


@dataclass(frozen=True, slots=True)
class Background:
    """One process's relay and feed, running."""

    relay: Relay
    feed: Feed

    def wake(self) -> None:
        """Something was committed."""
        self.relay.wake()
        self.feed.wake()

    def stop(self) -> None:
        """Begins nothing more, and ends those who follow."""
        self.relay.stop()
        self.feed.stop()


def complete(handlers: Mapping[Topic, Handler]) -> Mapping[Topic, Handler]:
    """The handlers. Raises SetupError where a topic has none: its messages would wait for ever, unseen."""
    if missing := [topic for topic in Topic if topic not in handlers]:
        raise SetupError(f"No handler for messages of the topics {', '.join(missing)}: this version is not complete.")
    return handlers


@asynccontextmanager
async def running(
    sessions: Sessions, handlers: Mapping[Topic, Handler], clock: Callable[[], datetime]
) -> AsyncIterator[Background]:
    """Runs relay and feed while the block does."""
    background = Background(Relay(sessions, complete(handlers), clock), Feed(sessions))
    relaying, feeding = asyncio.create_task(background.relay.run()), asyncio.create_task(background.feed.run())
    try:
        yield background
    finally:
        background.stop()
        _, late = await asyncio.wait({relaying, feeding}, timeout=ENDING)
        for task in late:
            task.cancel()
        await asyncio.gather(relaying, feeding, return_exceptions=True)
