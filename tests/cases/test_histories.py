"""Random histories of a case, through the verbs on a real database: nothing is lost, nobody decides out of turn.

Whoever tries whatever at whatever moment, the case moves by one event and one version, or stays exactly as it was.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from support import DIRECT_ITEM, NOW, SPLIT_ITEM, UNMAPPED, registration_for
from tongban.cases import service
from tongban.cases.assessment import Draft
from tongban.cases.lifecycle import CLOSED, Side, available_actions, turn_of
from tongban.cases.models import Case, CaseEvent, Transfer
from tongban.cases.words import CaseAction, CaseStatus
from tongban.centers.models import Center
from tongban.contract.items import DeliveryRoute
from tongban.errors import Refused
from tongban.identity.actor import DEVELOPER, Actor
from tongban.registry import Registry
from tongban.residents.models import Resident
from tongban.residents.service import change_hukou, register
from tongban.storage.database import engine_for
from tongban.testing import needed_materials

A, B, ELSEWHERE = "SH0114-01", "SH0109-01", "SH0118-01"
Answer = TypeVar("Answer")
VERBS: dict[CaseAction, Callable[[AsyncSession, Any, service.Step], Awaitable[Case]]] = {
    CaseAction.ACCEPT: service.accept,
    CaseAction.ACKNOWLEDGE_TRANSFER: service.acknowledge_transfer,
    CaseAction.APPROVE: lambda session, case, step: service.approve(session, case, step, "符合条件", "R-1"),
    CaseAction.REJECT: lambda session, case, step: service.reject(session, case, step, "不符合条件"),
    CaseAction.DELIVER_RESULT: service.deliver_result,
}


@dataclass(slots=True)
class World:
    """A connection in a transaction that is rolled back, and the loop on which it lives."""

    runner: asyncio.Runner
    connection: AsyncConnection
    registry: Registry

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self.runner.run(work)


@pytest.fixture
def world(fresh_url: str, engine: AsyncEngine, registry: Registry) -> Iterator[World]:
    """Hypothesis runs machines outside any loop, so they bring one; `engine` has loaded the database."""
    assert engine.url.database
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        own = engine_for(fresh_url, 1)
        connection = runner.run(_begun(own))
        yield World(runner, connection, registry)
        runner.run(connection.rollback())
        runner.run(connection.close())
        runner.run(own.dispose())


async def _begun(engine: AsyncEngine) -> AsyncConnection:
    connection = await engine.connect()
    await connection.begin()
    return connection


def acting_for(*centers: str) -> Actor:
    return replace(DEVELOPER, everywhere=False, centers=frozenset(centers))


class Histories(RuleBasedStateMachine):
    """One case, and everybody who may try something with it."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.session = AsyncSession(
            self.world.connection, expire_on_commit=False, join_transaction_mode="create_savepoint", autoflush=False
        )
        self.seen: list[tuple[int, str, str | None, str]] = []
        self.decided = 0

    def teardown(self) -> None:
        self.world.run(self.session.rollback())
        self.world.run(self.session.close())

    @initialize(
        item=st.sampled_from([DIRECT_ITEM, SPLIT_ITEM]),
        at_home=st.sampled_from(["A", "B", "nowhere"]),
        route=st.sampled_from(DeliveryRoute),
        accept=st.booleans(),
    )
    def submit(self, item: str, at_home: str, route: DeliveryRoute, accept: bool) -> None:
        self.world.run(self._submit(item, at_home, route, accept))

    async def _submit(self, code: str, at_home: str, route: DeliveryRoute, accept: bool) -> None:
        found = await self.session.scalars(select(Center).where(Center.code.in_([A, B])))
        self.centers = {center.code: center for center in found}
        homes = {"A": self.centers[A].division_code, "B": self.centers[B].division_code, "nowhere": UNMAPPED}
        (item,) = (
            item
            for department in self.world.registry.departments.values()
            for item in department.items
            if item.code == code
        )
        said = registration_for(item, homes[at_home])
        self.resident = (await register(self.session, DEVELOPER, said, NOW)).id
        draft = Draft(
            item=code,
            center=A,
            applicant=self.resident,
            form=item.sample.form,
            documents=[(material, None) for material in sorted(needed_materials(item, item.sample.form))],
            delivery_route=route,
        )
        submission = service.Submission(draft=draft, accept=accept)
        case = await service.submit(self.session, self.world.registry, acting_for(A), submission, NOW)
        self.case, self.same_item, self.same_applicant = case.id, case.item_id, case.applicant_id

    @rule(
        action=st.sampled_from(sorted(VERBS)),
        by=st.sampled_from([(A,), (B,), (ELSEWHERE,), ()]),
        behind=st.sampled_from([0, 0, 0, 1, -1]),
    )
    def try_something(self, action: CaseAction, by: tuple[str, ...], behind: int) -> None:
        """Anybody may try anything, on the version that they hold for the latest."""
        before = self.world.run(self._state())
        done = self.world.run(self._do(action, acting_for(*by), before.version - behind))
        after = self.world.run(self._state())
        if not done:
            assert after == before
            return
        assert behind == 0, "a stale version was taken"
        assert after.center(Side.HANDLING if action in DECISIONS else turn_of(before.status)) in by
        self._follow(action, before, after)

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Whoever has the turn can do each of the actions that are said to be available."""
        before = self.world.run(self._state())
        if not before.actions or before.status is CaseStatus.ROUTING_REVIEW:
            return
        action = data.draw(st.sampled_from(before.actions))
        assert self.world.run(self._do(action, acting_for(before.center(turn_of(before.status))), before.version))
        self._follow(action, before, self.world.run(self._state()))

    @precondition(lambda self: self.world.run(self._state()).status is CaseStatus.ROUTING_REVIEW)
    @rule(to=st.sampled_from([A, B]))
    def the_record_is_mended(self, to: str) -> None:
        """With a street that has a center on record, a waiting case goes there, and nowhere else."""
        self.world.run(
            change_hukou(
                self.session, DEVELOPER, self.resident, self.centers[to].division_code, "", date(2026, 1, 1), NOW
            )
        )
        before = self.world.run(self._state())
        assert self.world.run(self._do(CaseAction.ACCEPT, acting_for(A), before.version))
        after = self.world.run(self._state())
        assert after.handling == to
        assert after.status is (CaseStatus.UNDER_REVIEW if to == A else CaseStatus.IN_TRANSFER)
        self._follow(CaseAction.ACCEPT, before, after)

    @invariant()
    def the_log_tells_the_whole_story(self) -> None:
        if not hasattr(self, "case"):
            return
        state = self.world.run(self._state())
        log = state.log
        assert [event[0] for event in log] == list(range(1, len(log) + 1))
        assert len(log) == state.version
        assert log[0][1:] == ("SUBMITTED", None, "SUBMITTED")
        for earlier, later in pairwise(log):
            assert later[2] == earlier[3], "a move that nobody logged"
        assert log[-1][3] == state.status
        assert log[: len(self.seen)] == self.seen, "the past has changed"
        self.seen = log
        assert state.closed is (state.status in CLOSED)
        turn = turn_of(state.status)
        assert state.current == (state.center(turn) if turn else None)
        assert state.open_transfers == (state.status in (CaseStatus.IN_TRANSFER, CaseStatus.RESULT_IN_TRANSFER))
        assert (state.approved is not None) is any(event[1] in ("APPROVE", "REJECT") for event in log)
        assert (state.item, state.applicant, state.visits) == (self.same_item, self.same_applicant, 1)

    def _follow(self, action: CaseAction, before: "State", after: "State") -> None:
        """What every move does, and what none may."""
        assert after.version == before.version + 1
        assert len(after.log) == len(before.log) + 1
        assert after.log[-1][1:] == (action.value, before.status.value, after.status.value)
        assert before.status not in CLOSED, "there is no way out of a closed state"
        if action in DECISIONS:
            self.decided += 1
            assert self.decided == 1
            assert before.status is CaseStatus.UNDER_REVIEW
            if after.handling != A:
                kinds = [event[1] for event in before.log]
                assert "ACKNOWLEDGE_TRANSFER" in kinds, "B decided before it had taken over"
                assert after.log_center == after.handling, "A decided a split case"

    async def _do(self, action: CaseAction, actor: Actor, version: int) -> bool:
        """Whether it was done."""
        step = service.Step(actor=actor, now=NOW, expected_version=version)
        try:
            async with self.session.begin_nested():
                await VERBS[action](self.session, self.case, step)
        except Refused:
            return False
        return True

    async def _state(self) -> "State":
        session = self.session
        case = await session.get_one(Case, self.case, populate_existing=True)
        codes = {center.id: code for code, center in self.centers.items()}
        events = await session.scalars(
            select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.sequence)
        )
        rows = events.all()
        unacknowledged = select(Transfer.id).where(Transfer.case_id == case.id, Transfer.acknowledged_at.is_(None))
        waiting = (await session.scalars(unacknowledged)).all()
        assert len(waiting) <= 1
        path = service.path_of_case(
            case.receiving_center_id, case.handling_center_id, case.mode, case.routed_by, case.delivery_route
        )
        return State(
            status=CaseStatus(case.status),
            version=case.version,
            handling=codes[case.handling_center_id],
            current=codes[case.current_center_id] if case.current_center_id else None,
            closed=case.closed_at is not None,
            approved=case.approved,
            open_transfers=bool(waiting),
            actions=available_actions(CaseStatus(case.status), path),
            log=[(event.sequence, event.kind, event.from_status, event.to_status) for event in rows],
            log_center=codes[rows[-1].center_id] if rows[-1].center_id else None,
            item=case.item_id,
            applicant=case.applicant_id,
            visits=case.visits,
        )


DECISIONS = (CaseAction.APPROVE, CaseAction.REJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything of a case that may change, by the codes of its centers."""

    status: CaseStatus
    version: int
    handling: str
    current: str | None
    closed: bool
    approved: bool | None
    open_transfers: bool
    actions: tuple[CaseAction, ...]
    log: list[tuple[int, str, str | None, str]]
    log_center: str | None
    item: object
    applicant: object
    visits: int

    def center(self, side: Side | None) -> str:
        return self.handling if side is Side.HANDLING else A


def test_no_history_breaks_the_rules(world: World) -> None:
    run_state_machine_as_test(
        type("HistoriesHere", (Histories,), {"world": world}),
        settings=settings(
            max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
    assert world.run(_count(world)) == 0


async def _count(world: World) -> int:
    async with AsyncSession(world.connection, join_transaction_mode="create_savepoint") as session:
        return len((await session.scalars(select(Resident))).all())
