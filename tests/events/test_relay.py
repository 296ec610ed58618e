"""The relay: every message reaches its handler, in order, for as long as it takes; its effect is there once."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from event_support import new_case
from support import NOW
from tongban.events.models import Outbox
from tongban.events.outbox import Message, put
from tongban.events.relay import LEASE, NotYet, Relay, backoff
from tongban.events.words import Topic
from tongban.storage.database import Sessions

TOPIC = Topic.NOTICE


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Work:
    """A handler that fails as long as it is told to, and remembers what it did in a transaction that was committed.

    What it does is written: one more message that has no handler.
    """

    def __init__(self, case: UUID) -> None:
        self.case = case
        self.tried: list[int] = []
        self.failing: Exception | None = None

    async def __call__(self, session: AsyncSession, message: Message) -> None:
        if message.case_id != self.case or "n" not in message.payload:
            return
        self.tried.append(message.payload["n"])
        put(session, self.case, Topic.EVENT, 1000, {"done": message.payload["n"]}, message.now)
        if self.failing is not None:
            raise self.failing

    async def done(self, sessions: Sessions) -> list[int]:
        """What took effect."""
        async with sessions() as session:
            rows = await session.scalars(
                select(Outbox.payload)
                .where(Outbox.case_id == self.case, Outbox.sequence == 1000)
                .order_by(Outbox.created_at, Outbox.id)
            )
            return [row["done"] for row in rows]


async def post(sessions: Sessions, case: UUID, *numbers: int, topic: Topic = TOPIC) -> None:
    async with sessions() as session:
        for number in numbers:
            put(session, case, topic, number, {"n": number}, NOW)
        await session.commit()


async def row_of(sessions: Sessions, case: UUID, number: int) -> Outbox:
    async with sessions() as session:
        row = await session.scalar(
            select(Outbox).where(Outbox.case_id == case, Outbox.topic == TOPIC.value, Outbox.sequence == number)
        )
        assert row is not None
        return row


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for relay in relays:
            relay.stop()
        await asyncio.gather(*tasks)


async def until(come: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await come():
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def case(sessions: Sessions) -> UUID:
    return (await new_case(sessions)).id


@pytest_asyncio.fixture
async def real_case(committed: Sessions) -> UUID:
    return (await new_case(committed)).id


def test_the_wait_doubles_up_to_five_minutes() -> None:
    waits = [backoff(attempts).total_seconds() for attempts in range(1, 12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert backoff(10_000) == timedelta(minutes=5)
    assert backoff(3, 0) == timedelta(seconds=3.2)


async def test_a_message_is_handled_once_and_its_effect_is_there(sessions: Sessions, case: UUID) -> None:
    work, clock = Work(case), Clock()
    await post(sessions, case, 1, 2)
    relay = Relay(sessions, {TOPIC: work}, clock)
    assert await relay.drain() >= 2
    assert await relay.drain() == 0
    assert await work.done(sessions) == work.tried == [1, 2]
    assert (await row_of(sessions, case, 2)).done_at == NOW


async def test_what_fails_leaves_no_effect_and_those_behind_it_wait(sessions: Sessions, case: UUID) -> None:
    work, other, clock = Work(case), Work(case), Clock()
    await post(sessions, case, 1, 2)
    await post(sessions, case, 1, topic=Topic.TRANSFER)
    relay = Relay(sessions, {TOPIC: work, Topic.TRANSFER: other}, clock)
    work.failing = NotYet("B is closed")
    await relay.drain()
    assert (work.tried, await other.done(sessions)) == ([1], [1])
    first, second = await row_of(sessions, case, 1), await row_of(sessions, case, 2)
    assert (first.attempts, first.last_error, first.done_at) == (1, "NotYet: B is closed", None)
    assert NOW + backoff(1, 0) <= first.due_at <= NOW + backoff(1)
    assert (second.attempts, second.due_at) == (0, first.due_at)  # nobody looks at it before
    work.failing = None
    clock.now += timedelta(seconds=1)
    await relay.drain()
    assert work.tried == [1, 1, 2]
    assert await work.done(sessions) == [1, 1, 2]  # the other's first
    assert (await row_of(sessions, case, 1)).last_error is None


async def test_of_an_unforeseen_error_only_its_kind_is_kept(sessions: Sessions, case: UUID, caplog: Any) -> None:
    work = Work(case)
    work.failing = ValueError("王小明 310101197505200021")
    await post(sessions, case, 1)
    await Relay(sessions, {TOPIC: work}, Clock()).drain()
    assert (await row_of(sessions, case, 1)).last_error == "ValueError"
    assert "ValueError" in caplog.text
    assert "王小明" not in caplog.text


@pytest.mark.long
async def test_after_a_day_of_failure_nothing_is_lost(sessions: Sessions, case: UUID) -> None:
    work, clock = Work(case), Clock()
    work.failing = NotYet("B is down")
    await post(sessions, case, 1, 2)
    relay = Relay(sessions, {TOPIC: work}, clock)
    while clock.now < NOW + timedelta(hours=24):
        await relay.drain()
        clock.now = max((await row_of(sessions, case, 1)).due_at, clock.now + timedelta(seconds=1))
    tries = len(work.tried)
    assert 24 * 60 / 5 <= tries <= 24 * 60 / 4 + 10
    assert set(work.tried) == {1}
    work.failing = None
    await relay.drain()
    assert await work.done(sessions) == [1, 2]
    assert (await row_of(sessions, case, 1)).attempts == tries + 1


async def test_two_relays_share_the_messages_each_in_order(committed: Sessions) -> None:
    cases = [(await new_case(committed)).id for _ in range(5)]
    works = {case: Work(case) for case in cases}
    seen: set[str] = set()

    def by(name: str) -> Callable[[AsyncSession, Message], Awaitable[None]]:
        async def handle(session: AsyncSession, message: Message) -> None:
            if message.case_id in works:
                seen.add(name)
                await works[message.case_id](session, message)
                await asyncio.sleep(0.001)

        return handle

    for start in range(1, 13, 3):
        for case in cases:
            await post(committed, case, *range(start, start + 3))
    one, two = (Relay(committed, {TOPIC: by(name)}, Clock()) for name in ("one", "two"))
    counts = itertools.count()

    async def finished() -> bool:
        next(counts)
        async with committed() as session:
            left = await session.scalar(
                select(func.count()).where(Outbox.case_id.in_(cases), Outbox.topic == TOPIC, Outbox.done_at.is_(None))
            )
            return left == 0

    async with running(one, two):
        await until(finished)
    for work in works.values():
        assert work.tried == list(range(1, 13))
        assert sorted(await work.done(committed)) == list(range(1, 13))
    assert seen == {"one", "two"}


async def test_the_lease_of_a_relay_that_was_killed_is_taken_over(committed: Sessions, real_case: UUID) -> None:
    work, clock, begun = Work(real_case), Clock(), asyncio.Event()

    async def hang(session: AsyncSession, message: Message) -> None:
        await work(session, message)
        begun.set()
        await asyncio.sleep(60)

    await post(committed, real_case, 1)
    killed = asyncio.create_task(Relay(committed, {TOPIC: hang}, clock).run())
    await asyncio.wait_for(begun.wait(), 10)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    other = Relay(committed, {TOPIC: work}, clock)
    clock.now += LEASE - timedelta(seconds=1)
    await other.drain()
    assert work.tried == [1]
    clock.now += timedelta(seconds=1)
    await other.drain()
    assert (work.tried, await work.done(committed)) == ([1, 1], [1])


async def test_who_lost_the_lease_has_no_effect(committed: Sessions, real_case: UUID) -> None:
    """A process that slept through its lease: the other has done the message meanwhile."""
    work, clock = Work(real_case), Clock()
    await post(committed, real_case, 1)
    slow = Relay(committed, {TOPIC: work}, clock)
    [claimed] = [one for one in await slow._claimed(100) if one.case_id == real_case]
    clock.now += LEASE
    await Relay(committed, {TOPIC: work}, clock).drain()
    await slow._attempt(claimed)
    assert (work.tried, await work.done(committed)) == ([1], [1])


async def test_a_handler_that_hangs_is_cut_off_and_holds_up_nobody(committed: Sessions, real_case: UUID) -> None:
    work, clock, cut = Work(real_case), Clock(), asyncio.Event()
    stuck = (await new_case(committed)).id

    async def handle(session: AsyncSession, message: Message) -> None:
        if message.case_id == stuck:
            try:
                await asyncio.sleep(60)
            finally:
                cut.set()
        await work(session, message)

    await post(committed, stuck, 1)
    await post(committed, real_case, *range(1, 6))

    async def postponed() -> bool:
        return (await row_of(committed, stuck, 1)).last_error == "TimeoutError"

    async with running(Relay(committed, {TOPIC: handle}, clock, longest=0.5)):
        await until(lambda: _is(len(work.tried) == 5))
        assert not cut.is_set()
        await until(postponed)
    assert cut.is_set()


async def _is(true: bool) -> bool:
    return true


async def test_a_database_that_is_away_is_waited_for(committed: Sessions, real_case: UUID) -> None:
    work = Work(real_case)
    relay = Relay(committed, {TOPIC: work}, Clock())

    async def idle_connections_cut() -> None:
        async with committed() as session:
            await session.execute(
                text("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()""")
            )

    async with running(relay):
        for number in range(1, 4):
            await idle_connections_cut()
            await post(committed, real_case, number)
            relay.wake()
            await until(lambda number=number: _is(number in work.tried))  # type: ignore[misc]

    async def all_done() -> bool:
        return await work.done(committed) == [1, 2, 3]

    await until(all_done)


async def test_it_stops_after_what_it_has_begun(committed: Sessions, real_case: UUID) -> None:
    work, begun, go = Work(real_case), asyncio.Event(), asyncio.Event()

    async def handle(session: AsyncSession, message: Message) -> None:
        begun.set()
        await go.wait()
        await work(session, message)

    await post(committed, real_case, 1, 2)
    relay = Relay(committed, {TOPIC: handle}, Clock())
    task = asyncio.create_task(relay.run())
    await asyncio.wait_for(begun.wait(), 10)
    relay.stop()
    await asyncio.sleep(0.05)
    assert not task.done()
    go.set()
    await asyncio.wait_for(task, 10)
    assert await work.done(committed) == [1]


@pytest.mark.parametrize("topics", [(), (Topic.EVENT,)])
async def test_a_topic_without_a_handler_waits(sessions: Sessions, case: UUID, topics: tuple[Topic, ...]) -> None:
    work = Work(case)
    await post(sessions, case, 1)
    await Relay(sessions, dict.fromkeys(topics, work), Clock()).drain()
    assert work.tried == []
    assert (await row_of(sessions, case, 1)).attempts == 0
