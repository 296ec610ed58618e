"""Random histories of a case, through the verbs on a real database: nothing is lost, nobody decides out of turn.

Whoever tries whatever at whatever moment, the case moves by one event and one version, or stays exactly as it was.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, AsyncTransaction, async_sessionmaker

from cases.play import CENTERS, A, B, C, Look, Play, centers_by_code, local
from support import DIRECT_ITEM, SPLIT_ITEM
from tongban.cases.words import CaseAction, CaseStatus, Channel
from tongban.centers.models import Center
from tongban.contract.items import DeliveryRoute
from tongban.registry import Registry
from tongban.residents.models import Resident
from tongban.storage.database import engine_for
from tongban.storage.objects import ObjectStore

Answer = TypeVar("Answer")


@dataclass(slots=True)
class World:
    """A connection, and the loop on which it lives."""

    runner: asyncio.Runner
    connection: AsyncConnection
    registry: Registry
    store: ObjectStore
    centers: dict[str, Center]

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self.runner.run(work)


@pytest.fixture
def world(city_url: str, registry: Registry, store: ObjectStore) -> Iterator[World]:
    """Hypothesis runs machines outside any loop, so they bring one."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        own = engine_for(city_url, 1)
        connection = runner.run(_connected(own))
        yield World(runner, connection, registry, store, runner.run(_centers(connection)))
        runner.run(connection.close())
        runner.run(own.dispose())


async def _connected(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


async def _begun(connection: AsyncConnection) -> AsyncTransaction:
    return await connection.begin()


async def _centers(connection: AsyncConnection) -> dict[str, Center]:
    async with AsyncSession(connection, expire_on_commit=False) as session:
        return await centers_by_code(session)


class Histories(RuleBasedStateMachine):
    """One case, and everybody who may try something with it."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        world, self.run = self.world, self.world.run
        self.all_of_it = self.run(_begun(world.connection))
        sessions = async_sessionmaker(
            world.connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        courier = local(sessions, world.store)
        self.play = Play(sessions, world.store, world.registry, courier, world.centers)
        self.now: Look | None = None
        self.past: list[Any] = []

    def teardown(self) -> None:
        assert self.run(self.play.faults(deep=True)) == [], "the audit of the whole database says otherwise"
        self.run(self.all_of_it.rollback())

    @initialize(
        item=st.sampled_from([SPLIT_ITEM, SPLIT_ITEM, DIRECT_ITEM]),
        home=st.sampled_from([A, B, B, B, None]),
        route=st.sampled_from(DeliveryRoute),
        channel=st.sampled_from(Channel),
        accept=st.booleans(),
        uploaded=st.integers(0, 3),
    )
    def submit(
        self, item: str, home: str | None, route: DeliveryRoute, channel: Channel, accept: bool, uploaded: int
    ) -> None:
        self.run(self.play.submit(item, home, route, channel, accept=accept, uploaded=uploaded))
        self._look()

    @rule(
        action=st.sampled_from(CaseAction),
        by=st.sampled_from([(A,), (B,), (C,), ()]),
        behind=st.sampled_from([0, 0, 0, 1, -1]),
        on_paper=st.booleans(),
    )
    def try_something(self, action: CaseAction, by: tuple[str, ...], behind: int, on_paper: bool) -> None:
        """Anybody may try anything, on the version that they hold for the latest."""
        before = self._last()
        done = self.run(self.play.do(action, by, before.case.version - behind, on_paper=on_paper))
        after = self._look()
        if not done:
            assert after.rows() == before.rows(), "a refused step has changed something"
            return
        assert behind == 0, "a stale version was taken"
        assert action in before.actions or before.status is CaseStatus.ROUTING_REVIEW
        self.play.follow(action, by, before, after)

    @rule(data=st.data(), on_paper=st.booleans(), with_document=st.booleans())
    def go_on(self, data: st.DataObject, on_paper: bool, with_document: bool) -> None:
        """Whoever has the turn can do each of the actions that are said to be available; what is on its way arrives."""
        before = self._last()
        pending = before.pending()
        if pending and (before.case.underway or data.draw(st.booleans())):
            message = data.draw(st.sampled_from(pending))
            assert self.run(self.play.carry(message)), "nothing stands against it"
            self._look()
            return
        if not before.actions:
            return
        action = data.draw(st.sampled_from(before.actions))
        by = self.play.whose(action, before)
        said = {"on_paper": on_paper, "with_document": with_document}
        done = self.run(self.play.do(action, (by,), before.case.version, **said))
        after = self._look()
        if before.status is CaseStatus.ROUTING_REVIEW and not done:
            assert after.rows() == before.rows()
            return
        assert done, f"{action} was said to be available"
        self.play.follow(action, (by,), before, after)

    @rule(data=st.data(), on_paper=st.booleans(), with_document=st.booleans())
    def go_on_again(self, data: st.DataObject, on_paper: bool, with_document: bool) -> None:
        """The same: most of what happens is what should."""
        self.go_on(data, on_paper, with_document)

    @rule(
        to=st.sampled_from([A, B, C, None]),
        merge=st.one_of(st.none(), st.tuples(st.sampled_from(CENTERS), st.sampled_from(CENTERS))),
        minutes=st.sampled_from([10, 40, 5 * 60, 30 * 60, 9 * 24 * 60]),
        what=st.sampled_from(["home", "merge", "time"]),
    )
    def the_world_goes_on(self, to: str | None, merge: tuple[str, str] | None, minutes: int, what: str) -> None:
        """The household moves, a center is merged, or time goes by. Only the last moves a case by itself."""
        before, play = self._last(), self.play
        if what == "home":
            self.run(play.move_home(to))
        elif what == "merge" and merge is not None:
            one, into = merge
            if one in play.successors or play.end(play.id_of(into)) == play.id_of(one):
                return
            self.run(play.merge(one, into))
        elif what == "time":
            self.run(play.wait(timedelta(minutes=minutes)))
            before = self._look()
            self.run(play.wait(timedelta()))
        assert self._look().rows() == before.rows(), "moved by itself, or twice"

    @invariant()
    def nothing_speaks_against_it(self) -> None:
        if self.now is None:
            return
        now = self.now
        try:
            self.play.check(now)
            past = [event.sequence for event in now.events], [(e.kind, e.at, e.data) for e in now.events]
            assert past[1][: len(self.past)] == self.past, "the past has changed"
            self.past = past[1]
        except AssertionError as error:
            error.add_note("\n".join(self.play.lines(now)))
            raise

    def _last(self) -> Look:
        assert self.now is not None
        return self.now

    def _look(self) -> Look:
        self.now = self.run(self.play.look())
        return self.now


@pytest.mark.long
def test_no_history_breaks_the_rules(world: World) -> None:
    run_state_machine_as_test(
        type("HistoriesHere", (Histories,), {"world": world}),
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert world.run(_count(world)) == 0


async def _count(world: World) -> int:
    async with AsyncSession(world.connection) as session:
        return await session.scalar(select(func.count()).select_from(Resident)) or 0
