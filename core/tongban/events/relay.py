"""The relay: takes what is due from the outbox to its handler, for as long as it takes.

A message is claimed for `LEASE`, then handled in a transaction of its own that also says it is done: either both took
effect or neither did. Where a process is killed, the lease ends and another takes over.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import ColumnElement, Update, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tongban.errors import traced
from tongban.events.models import Outbox
from tongban.events.outbox import Message
from tongban.events.words import Topic
from tongban.storage.database import Sessions

Handler: TypeAlias = Callable[[AsyncSession, Message], Awaitable[None]]
"""Does what a message is for, in the transaction it is given. It may be called again for what it did before a crash."""

POLL = 0.25
"""Seconds between two looks, where nobody wakes the relay."""
LEASE = timedelta(seconds=30)
LONGEST = 20.0
"""Seconds a handler may take before it is cut off; less than the lease, so that nobody else has begun."""
AT_ONCE = 4
"""Messages handled at the same time in one process; each holds a connection."""
PAUSE = 1.0
"""Seconds to wait for a database that does not answer."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds until the second attempt, and between late ones at most."""

log = logging.getLogger(__name__)


class NotYet(Exception):
    """Raised by a handler that can't do it now. The reason is kept: a few words without personal data."""


def backoff(attempts: int, luck: float = 1.0) -> timedelta:
    """The wait after that many failed attempts: 1 s, 2 s, 4 s … 5 min; `luck` from 0 to 1 shortens it by a fifth."""
    wait = min(FIRST_WAIT * 2.0 ** (min(attempts, 30) - 1), LONGEST_WAIT)
    return timedelta(seconds=wait * (0.8 + 0.2 * luck))


class Relay:
    """One process's relay. Several may run on one database: each message is handled by one of them."""

    def __init__(
        self,
        sessions: Sessions,
        handlers: Mapping[Topic, Handler],
        clock: Callable[[], datetime],
        at_once: int = AT_ONCE,
        longest: float = LONGEST,
    ) -> None:
        self.sessions, self.handlers, self.clock = sessions, handlers, clock
        self.at_once, self.longest = at_once, longest
        self._woken = asyncio.Event()
        self._ending = False

    def wake(self) -> None:
        """Something was committed: look now."""
        self._woken.set()

    def stop(self) -> None:
        """Begins nothing more; `run` returns once what was begun has ended."""
        self._ending = True
        self._woken.set()

    async def drain(self) -> int:
        """Handles what is due, one message at a time, until nothing is; gives how many attempts that took."""
        attempts = 0
        while claimed := await self._claimed(self.at_once):
            for message in claimed:
                await self._attempt(message)
            attempts += len(claimed)
        return attempts

    async def run(self) -> None:
        """Handles what comes until it is stopped or canceled. Nothing that fails ends it."""
        running: set[asyncio.Task[None]] = set()
        try:
            while not self._ending:
                self._woken.clear()
                wait = POLL
                try:
                    for message in await self._claimed(self.at_once - len(running)):
                        task = asyncio.create_task(self._attempt(message))
                        running.add(task)
                        task.add_done_callback(running.discard)
                        task.add_done_callback(lambda _: self.wake())  # the next of its case may be due
                except Exception as error:
                    log.warning("the relay can't look for messages: %s", traced(error))
                    wait = PAUSE
                await self._pause(wait)
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    async def _claimed(self, most: int) -> list[Message]:
        """Messages that are due and now ours until the lease ends: of a case and topic, only the earliest open one."""
        if most <= 0:
            return []
        now = self.clock()
        earlier = aliased(Outbox)
        blocked = exists().where(
            earlier.case_id == Outbox.case_id,
            earlier.topic == Outbox.topic,
            earlier.done_at.is_(None),
            earlier.sequence < Outbox.sequence,
        )
        due = (
            select(Outbox.case_id, Outbox.id)
            .where(Outbox.done_at.is_(None), Outbox.due_at <= now, Outbox.topic.in_(self.handlers), ~blocked)
            .order_by(Outbox.due_at, Outbox.id)
            .limit(most)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        claim = (
            update(Outbox)
            .where(Outbox.case_id == due.c.case_id, Outbox.id == due.c.id)
            .values(due_at=now + LEASE, attempts=Outbox.attempts + 1)
            .returning(Outbox.__table__)
            .execution_options(synchronize_session=False)
        )
        async with self.sessions() as session:
            rows = (await session.execute(claim)).mappings().all()
            await session.commit()
        found = [
            Message(
                case_id=row["case_id"],
                id=row["id"],
                topic=Topic(row["topic"]),
                sequence=row["sequence"],
                payload=row["payload"],
                attempts=row["attempts"],
                created_at=row["created_at"],
                now=now,
            )
            for row in rows
        ]
        return sorted(found, key=lambda message: (message.created_at, message.sequence, message.id))

    async def _attempt(self, message: Message) -> None:
        """Handles one message, and says when to try again where that failed."""
        try:
            async with asyncio.timeout(self.longest):
                await self._handle(replace(message, now=self.clock()))
        except Exception as error:
            if message.attempts == 1 and not isinstance(error, NotYet):
                log.warning("a message of topic %s failed and is tried again: %s", message.topic, traced(error))
            try:
                await self._postpone(message, error)
            except Exception as also:  # then the lease ends by itself
                log.warning("the relay can't postpone a message: %s", traced(also))

    async def _handle(self, message: Message) -> None:
        async with self.sessions() as session:
            # Locked for as long as it takes: whoever claims it after our lease has ended leaves it to us.
            mine = await session.scalar(select(Outbox.id).where(*_still(message)).with_for_update())
            if mine is None:
                return
            await self.handlers[message.topic](session, message)
            now = self.clock()
            await session.execute(_set(message).values(done_at=now, last_error=None))
            if message.attempts > 1:  # those behind it were postponed with it
                await session.execute(_set_behind(message).where(Outbox.due_at > now).values(due_at=now))
            await session.commit()

    async def _postpone(self, message: Message, error: Exception) -> None:
        """Due again after the backoff, and so are those behind it, which need not be looked at before."""
        due = self.clock() + backoff(message.attempts, random.random())  # noqa: S311 - no secret
        async with self.sessions() as session:
            found = await session.execute(
                _set(message).values(due_at=due, last_error=_said(error)).returning(Outbox.id)
            )
            if found.first() is not None:
                await session.execute(_set_behind(message).where(Outbox.due_at < due).values(due_at=due))
            await session.commit()


def _said(error: Exception) -> str:
    """The kind of error; its text only where the handler chose it."""
    name = type(error).__name__
    return f"{name}: {error}"[:200] if isinstance(error, NotYet) else name


def _still(message: Message) -> tuple[ColumnElement[bool], ...]:
    """Whether the message is still ours: nobody has claimed it since, nobody has done it."""
    return (
        Outbox.case_id == message.case_id,
        Outbox.id == message.id,
        Outbox.done_at.is_(None),
        Outbox.attempts == message.attempts,
    )


def _set(message: Message) -> Update:
    return update(Outbox).where(*_still(message)).execution_options(synchronize_session=False)


def _set_behind(message: Message) -> Update:
    return (
        update(Outbox)
        .where(
            Outbox.case_id == message.case_id,
            Outbox.topic == message.topic.value,
            Outbox.done_at.is_(None),
            Outbox.sequence > message.sequence,
        )
        .execution_options(synchronize_session=False)
    )
