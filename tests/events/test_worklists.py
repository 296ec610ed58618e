"""Numbers of a worklist's changes: a reader who goes by them misses none, however many write at once."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest_asyncio
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from event_support import new_case
from support import NOW
from tongban.cases.models import Case
from tongban.centers.models import Center
from tongban.events.models import WorklistChange, WorklistStream
from tongban.events.words import WorklistChangeKind
from tongban.events.worklists import announce
from tongban.storage.database import Sessions

WRITERS, EACH = 20, 25
CHANGED = WorklistChangeKind.CHANGED


@pytest_asyncio.fixture
async def case(committed: Sessions) -> Case:
    return await new_case(committed)


async def read_along(
    sessions: Sessions,
    write: Callable[[AsyncSession], Awaitable[None]],
    new: Callable[[AsyncSession, int], Awaitable[list[int]]],
    after: int,
) -> list[int]:
    """What a reader by cursor sees while many write, each transaction taking a moment from its write to its commit."""
    seen: list[int] = []
    over = False

    async def writer(number: int) -> None:
        for turn in range(EACH):
            async with sessions() as session:
                await write(session)
                await asyncio.sleep((number * 7 + turn * 3) % 11 / 3_000)
                await session.commit()

    async def reader() -> None:
        at = after
        while True:
            last = over
            async with sessions() as session:
                found = await new(session, at)
            seen.extend(found)
            at = max([at, *found])
            if last and not found:
                return
            await asyncio.sleep(0.001)

    reading = asyncio.create_task(reader())
    await asyncio.gather(*(writer(number) for number in range(WRITERS)))
    over = True
    await asyncio.wait_for(reading, 10)
    return seen


async def head_of(sessions: Sessions, center: UUID) -> int:
    async with sessions() as session:
        found = await session.scalar(select(WorklistStream.sequence).where(WorklistStream.center_id == center))
        return found or 0


async def test_a_reader_by_number_sees_each_change_once_and_in_order(committed: Sessions, case: Case) -> None:
    center = case.receiving_center_id
    before = await head_of(committed, center)

    async def write(session: AsyncSession) -> None:
        await announce(session, [(center, CHANGED)], case.id, NOW)

    async def new(session: AsyncSession, after: int) -> list[int]:
        change = WorklistChange
        later = select(change.sequence).where(change.center_id == center, change.sequence > after)
        return list(await session.scalars(later.order_by(change.sequence)))

    seen = await read_along(committed, write, new, before)
    assert seen == list(range(before + 1, before + WRITERS * EACH + 1))


async def test_by_a_number_of_the_database_it_would_miss_some(committed: Sessions) -> None:
    """The control: numbers that are taken before the commit. Were nothing lost here, the test above would be blind."""
    async with committed() as session:
        await session.execute(text("CREATE TABLE IF NOT EXISTS naive (number bigserial PRIMARY KEY)"))
        await session.execute(text("TRUNCATE naive RESTART IDENTITY"))
        await session.commit()

    async def write(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO naive DEFAULT VALUES"))

    async def new(session: AsyncSession, after: int) -> list[int]:
        found = await session.scalars(text("SELECT number FROM naive WHERE number > :after"), {"after": after})
        return list(found)

    seen = await read_along(committed, write, new, 0)
    async with committed() as session:
        written = await session.scalar(text("SELECT count(*) FROM naive"))
        await session.execute(text("DROP TABLE naive"))
        await session.commit()
    assert written == WRITERS * EACH
    assert len(seen) < written


async def test_two_who_tell_the_same_centers_never_wait_for_each_other(committed: Sessions, case: Case) -> None:
    """Whatever order they name them in."""
    async with committed() as session:
        some = list(await session.scalars(select(Center.id).order_by(Center.code).offset(10).limit(4)))

    async def tell(order: list[UUID]) -> None:
        for _ in range(20):
            async with committed() as session:
                await announce(session, [(center, CHANGED) for center in order], case.id, NOW)
                await session.commit()

    before = [await head_of(committed, center) for center in some]
    await asyncio.gather(*(tell(order) for order in (some, some[::-1], some[2:] + some[:2], [some[3], some[0]])))
    assert [await head_of(committed, center) - was for center, was in zip(some, before, strict=True)] == [
        *(80, 60, 60, 80),
    ]


async def test_what_is_rolled_back_leaves_no_gap(committed: Sessions, case: Case) -> None:
    center = case.receiving_center_id
    before = await head_of(committed, center)
    async with committed() as session:
        await announce(session, [(center, CHANGED)], case.id, NOW)
        await session.rollback()
    async with committed() as session:
        kinds = [WorklistChangeKind.LEFT, WorklistChangeKind.ARRIVED]
        await announce(session, [(center, kind) for kind in kinds], case.id, NOW)
        await session.commit()
    async with committed() as session:
        change = WorklistChange
        rows = await session.execute(
            select(change.sequence, change.kind).where(change.center_id == center, change.sequence > before)
        )
        assert sorted(map(tuple, rows)) == [(before + 1, "LEFT"), (before + 2, "ARRIVED")]
