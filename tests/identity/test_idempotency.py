"""Once and only once: the same key and input give the first answer again, also for two who ask at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from support import NOW, new_database
from tongban.errors import Refused
from tongban.identity.actor import DEVELOPER, Actor
from tongban.identity.idempotency import once
from tongban.identity.models import IdempotencyKey
from tongban.storage.database import Sessions, connected
from tongban.storage.ids import new_id

SOMEBODY_ELSE = replace(DEVELOPER, subject="somebody else")


class Work:
    """Something that must happen once; counts how often it did."""

    def __init__(self) -> None:
        self.done: list[UUID] = []

    async def __call__(self) -> UUID:
        self.done.append(new_id())
        return self.done[-1]


async def ask(
    session: AsyncSession,
    work: Work,
    key: str | None = "k",
    request: Mapping[str, Any] | None = None,
    actor: Actor = DEVELOPER,
) -> UUID:
    return await once(session, actor, key, {"submitCase": {"item": "A"}} if request is None else request, NOW, work)


async def test_the_same_key_and_input_give_the_first_answer_again(session: AsyncSession) -> None:
    work = Work()
    assert await ask(session, work) == await ask(session, work) == work.done[0]
    assert len(work.done) == 1


async def test_without_a_key_it_is_done_each_time(session: AsyncSession) -> None:
    work = Work()
    assert [await ask(session, work, None), await ask(session, work, None)] == work.done
    assert await session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


async def test_the_order_of_fields_is_no_other_input(session: AsyncSession) -> None:
    work = Work()
    await ask(session, work, request={"a": 1, "b": {"c": 2, "d": 3}})
    await ask(session, work, request={"b": {"d": 3, "c": 2}, "a": 1})
    assert len(work.done) == 1


@pytest.mark.parametrize("other", [{"submitCase": {"item": "B"}}, {"acceptCase": {"item": "A"}}, {}])
async def test_the_same_key_for_something_else_is_a_conflict(session: AsyncSession, other: dict[str, Any]) -> None:
    work = Work()
    await ask(session, work)
    with pytest.raises(Refused) as refusal:
        await ask(session, work, request=other)
    assert [problem.code.value for problem in refusal.value.problems] == ["IDEMPOTENCY_CONFLICT"]
    assert len(work.done) == 1


async def test_keys_are_each_actors_own(session: AsyncSession) -> None:
    work = Work()
    assert await ask(session, work) != await ask(session, work, actor=SOMEBODY_ELSE)
    assert len(work.done) == 2


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_has_1_to_200_characters(session: AsyncSession, key: str) -> None:
    work = Work()
    with pytest.raises(Refused) as refusal:
        await ask(session, work, key)
    assert [problem.path for problem in refusal.value.problems] == [("idempotencyKey",)]
    assert work.done == []
    await ask(session, work, "k" * 200)


@pytest.mark.parametrize("value", [2**70, float("nan"), "\ud800", NOW, None, [{"a": [1.5, True]}]])
async def test_whatever_json_holds_may_be_asked(session: AsyncSession, value: object) -> None:
    work = Work()
    assert await ask(session, work, request={"form": value}) == await ask(session, work, request={"form": value})
    assert len(work.done) == 1


async def test_what_failed_leaves_the_key_free(session: AsyncSession) -> None:
    async def refuse() -> UUID:
        raise Refused

    with pytest.raises(Refused):
        async with session.begin_nested():
            await once(session, DEVELOPER, "k", {}, NOW, refuse)
    work = Work()
    await ask(session, work, request={"another": 1})
    assert len(work.done) == 1


@pytest_asyncio.fixture(scope="module")
async def apart(server_url: str, migrated_url: str) -> AsyncIterator[Sessions]:
    """Sessions on connections and transactions of their own."""
    async with new_database(server_url, migrated_url) as url, connected(url, 5) as sessions:
        yield sessions


async def seen_waiting(sessions: Sessions, second: "asyncio.Task[UUID]") -> None:
    """Returns once somebody in this database waits for a lock."""
    blocked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not second.done():
        async with sessions() as session:
            if await session.scalar(blocked):
                return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("first_fails", [False, True])
async def test_who_asks_at_the_same_time_waits_for_the_first(apart: Sessions, first_fails: bool) -> None:
    key, work, begun, go_on = str(new_id()), Work(), asyncio.Event(), asyncio.Event()

    async def slow() -> UUID:
        begun.set()
        await go_on.wait()
        if first_fails:
            raise Refused
        return await work()

    async def asker(do: Callable[[], Awaitable[UUID]]) -> UUID:
        async with apart() as session, session.begin():
            return await once(session, DEVELOPER, key, {"a": 1}, NOW, do)

    first = asyncio.create_task(asker(slow))
    await begun.wait()
    second = asyncio.create_task(asker(work))
    await seen_waiting(apart, second)
    assert not second.done(), "the second asker went ahead of the first"
    go_on.set()
    answers = await asyncio.gather(first, second, return_exceptions=True)
    assert len(work.done) == 1
    assert answers[1] == work.done[0]
    assert isinstance(answers[0], Refused) if first_fails else answers[0] == work.done[0]


async def test_twenty_at_once_do_it_once(apart: Sessions) -> None:
    key, work = str(new_id()), Work()

    async def asker() -> UUID:
        async with apart() as session, session.begin():
            return await ask(session, work, key)

    answers = await asyncio.gather(*(asker() for _ in range(20)))
    assert answers == work.done * 20
