"""What a server does between requests: it relays messages, does what is due, and feeds those who follow."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from tongban.cases.arrivals import LocalCourier
from tongban.cases.custody import deliver
from tongban.cases.models import Document
from tongban.cases.recompute import recompute_provisional
from tongban.cases.timers import sweep
from tongban.documents.service import forget_expired
from tongban.equipment import Equipment
from tongban.errors import traced
from tongban.events.feed import Feed
from tongban.events.relay import Handler, Relay
from tongban.events.words import Topic
from tongban.notifications.service import handlers as notification_handlers
from tongban.storage.database import Sessions
from tongban.storage.objects import ObjectStore

ENDING = 3
"""Seconds that messages being handled get when the server stops; then they are cut off, and handled again later."""
SWEEPING = 30
"""Seconds between two looks at what is due."""

log = logging.getLogger(__name__)


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


def handlers(sessions: Sessions, equipment: Equipment) -> dict[Topic, Handler]:
    """What is done with the messages of each topic."""
    courier = LocalCourier(sessions, equipment.files.store)
    return {
        Topic.TRANSFER: deliver(sessions, courier),
        **notification_handlers(equipment.channels, equipment.broker),
    }


@asynccontextmanager
async def running(
    sessions: Sessions, own: Sessions, equipment: Equipment, clock: Callable[[], datetime]
) -> AsyncIterator[Background]:
    """Runs it all while the block does. No request waits for a connection of `own`; a transfer takes two at once."""
    background = Background(Relay(own, handlers(own, equipment), clock), Feed(sessions))
    relaying, feeding = asyncio.create_task(background.relay.run()), asyncio.create_task(background.feed.run())
    sweeping = asyncio.create_task(_sweep(own, equipment.files.store, clock))
    try:
        yield background
    finally:
        background.stop()
        sweeping.cancel()
        _, late = await asyncio.wait({relaying, feeding, sweeping}, timeout=ENDING)
        for task in late:
            task.cancel()
        await asyncio.gather(relaying, feeding, sweeping, return_exceptions=True)


async def _sweep(sessions: Sessions, store: ObjectStore, clock: Callable[[], datetime]) -> None:
    """Does again and again what is due by itself. Nothing that fails ends it."""
    while True:
        for work in (_timers, _due_dates, _uploads):
            try:
                await work(sessions, store, clock())
            except Exception as error:
                log.warning("what is due was not done, and is tried again: %s", traced(error))
        await asyncio.sleep(SWEEPING)


async def _timers(sessions: Sessions, _store: ObjectStore, now: datetime) -> None:
    await sweep(sessions, now)


async def _due_dates(sessions: Sessions, _store: ObjectStore, now: datetime) -> None:
    async with sessions() as session, session.begin():
        await recompute_provisional(session, now)


async def _uploads(sessions: Sessions, store: ObjectStore, now: datetime) -> None:
    async with sessions() as session, session.begin():
        await forget_expired(session, store, now, select(Document.object_key))
