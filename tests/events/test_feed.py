"""The feed: who follows a stream gets every row after the one it names, once and in order, whatever happens between."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import event, text

from event_support import announce, new_case, tell
from tongban.cases.models import Case
from tongban.events import feed as feeds
from tongban.events.feed import WORKLISTS, Behind, Feed, Stream, head
from tongban.graphql.subscriptions import CASE_EVENTS
from tongban.storage.database import Sessions


@asynccontextmanager
async def running(sessions: Sessions) -> AsyncIterator[Feed]:
    feed = Feed(sessions)
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        feed.stop()
        await asyncio.wait_for(task, 10)


async def read(feed: Feed, stream: Stream, key: UUID, after: int, count: int, slowness: float = 0) -> list[int]:
    """The numbers of the next rows, that many."""
    seen: list[int] = []
    async with asyncio.timeout(20), aclosing(feed.follow(stream, key, after)) as rows:
        while len(seen) < count:
            row = await anext(rows)
            seen.append(row["sequence"])
            await asyncio.sleep(slowness)
    return seen


async def quiet(feed: Feed, stream: Stream, key: UUID, after: int) -> bool:
    """Whether nothing comes for longer than two looks."""
    async with aclosing(feed.follow(stream, key, after)) as rows:
        try:
            await asyncio.wait_for(anext(rows), 3 * feeds.POLL)
        except TimeoutError:
            return True
    return False


@pytest_asyncio.fixture
async def case(committed: Sessions) -> Case:
    return await new_case(committed)


async def test_it_replays_and_then_streams(committed: Sessions, case: Case) -> None:
    await tell(committed, case.id, 4)
    async with running(committed) as feed:
        follower = asyncio.create_task(read(feed, CASE_EVENTS, case.id, 2, 6))
        await asyncio.sleep(0.1)
        await tell(committed, case.id, 3)
        assert await follower == [3, 4, 5, 6, 7, 8]
        assert await quiet(feed, CASE_EVENTS, case.id, 8)


async def test_the_rows_are_whole(committed: Sessions, case: Case) -> None:
    [told] = await tell(committed, case.id, note="Noch etwas", data={"a": [1]})
    async with running(committed) as feed, aclosing(feed.follow(CASE_EVENTS, case.id, 1)) as rows:
        row = await asyncio.wait_for(anext(rows), 5)
        assert (row["id"], row["case_id"], row["note"], row["data"]) == (told, case.id, "Noch etwas", {"a": [1]})


async def test_nobody_misses_any_however_late_they_come(committed: Sessions, case: Case) -> None:
    """Readers who come while it is written, from any number, quick and slow."""
    center = case.receiving_center_id
    async with committed() as session:
        start = await head(session, WORKLISTS, center)
    total = 300

    async def write() -> None:
        for _ in range(total // 20):
            await asyncio.gather(*(announce(committed, center, case.id) for _ in range(20)))

    async with running(committed) as feed:
        writing = asyncio.create_task(write())
        readers = []
        for number in range(20):
            await asyncio.sleep(0.02)
            after = start + number * 5
            count = start + total - after
            slowness = 0.001 if number % 3 == 0 else 0
            readers.append((after, asyncio.create_task(read(feed, WORKLISTS, center, after, count, slowness))))
        await writing
        for after, reader in readers:
            assert await reader == list(range(after + 1, start + total + 1))


async def test_who_comes_back_goes_on_where_it_was(committed: Sessions, case: Case) -> None:
    async with running(committed) as feed:
        seen = [1]
        for times in (1, 3, 2, 5):
            await tell(committed, case.id, times)  # while nobody follows
            seen += await read(feed, CASE_EVENTS, case.id, seen[-1], times)
        assert seen == list(range(1, 13))
        assert not any(feed._watched.values())  # nothing is watched for who has gone


async def test_a_look_is_two_statements_however_many_follow(committed: Sessions, case: Case) -> None:
    cases = [case, *[await new_case(committed) for _ in range(9)]]
    async with committed() as session:
        start = await head(session, WORKLISTS, case.receiving_center_id)
        engine = session.bind.sync_engine  # type: ignore[union-attr]
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        seen.append(statement)

    feed = Feed(committed)  # which looks when it is told to
    follow = [(CASE_EVENTS, one.id, 1) for one in cases for _ in range(5)]
    follow += [(WORKLISTS, case.receiving_center_id, start)] * 5
    readers = [asyncio.create_task(read(feed, *followed, 1)) for followed in follow]
    while sum(len(watched.readers) for keys in feed._watched.values() for watched in keys.values()) < len(readers):
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)  # each looks into the table once more
    event.listen(engine, "before_cursor_execute", note)
    for _ in range(3):
        await feed._poll()
    assert len(seen) == 2 * 3
    await announce(committed, case.receiving_center_id, case.id)
    for one in cases:
        await tell(committed, one.id)
    event.remove(engine, "before_cursor_execute", note)
    await feed._poll()
    assert await asyncio.gather(*readers) == [[2]] * 50 + [[start + 1]] * 5


async def test_a_slow_reader_is_told_where_to_go_on(
    committed: Sessions, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "LONGEST_QUEUE", 5)
    async with running(committed) as feed:
        async with aclosing(feed.follow(CASE_EVENTS, case.id, 0)) as slow:
            assert (await anext(slow))["sequence"] == 1
            waiting = asyncio.create_task(anext(slow))
            await asyncio.sleep(0.1)
            await tell(committed, case.id)
            assert (await asyncio.wait_for(waiting, 5))["sequence"] == 2
            quick = asyncio.create_task(read(feed, CASE_EVENTS, case.id, 2, 10))
            await asyncio.sleep(0.1)
            for _ in range(5):
                await tell(committed, case.id, 2)
                await asyncio.sleep(1.5 * feeds.POLL)
            assert await quick == list(range(3, 13))  # one who is slow keeps nobody waiting
            with pytest.raises(Behind) as told:
                await anext(slow)
        after = told.value.sequence
        assert after == 2
        assert await read(feed, CASE_EVENTS, case.id, after, 12 - after) == list(range(after + 1, 13))


async def test_a_database_that_is_away_is_waited_for(committed: Sessions, case: Case) -> None:
    async with running(committed) as feed:
        follower = asyncio.create_task(read(feed, CASE_EVENTS, case.id, 1, 6))
        for _ in range(3):
            async with committed() as session:
                await session.execute(
                    text("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()""")
                )
            await tell(committed, case.id, 2)
            await asyncio.sleep(0.1)
        assert await follower == list(range(2, 8))


async def test_who_follows_is_ended_with_the_feed(committed: Sessions, case: Case) -> None:
    async with running(committed) as feed:
        follower = asyncio.create_task(read(feed, CASE_EVENTS, case.id, 0, 2))
        await asyncio.sleep(0.2)
    with pytest.raises(Behind) as told:
        await follower
    assert told.value.sequence == 1
    with pytest.raises(Behind):  # who comes later, too
        await read(feed, CASE_EVENTS, case.id, 0, 2)


async def test_it_is_told_of_a_commit_before_the_next_look(
    committed: Sessions, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "POLL", 60)
    async with running(committed) as feed:
        follower = asyncio.create_task(read(feed, CASE_EVENTS, case.id, 1, 3))
        await asyncio.sleep(0.2)
        for _ in itertools.repeat(None, 3):
            await tell(committed, case.id)
            feed.wake()
        assert await asyncio.wait_for(follower, 5) == [2, 3, 4]
