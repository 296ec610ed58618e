"""What every verb of a case does: take it, check the move against the table, write it, tell of it.

A verb takes the case's lock first and the worklists' counters last; all that it writes between them is the case's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.lifecycle import (
    CLOSED,
    Action,
    Facts,
    Move,
    Path,
    Side,
    available_actions,
    move_for,
    path_of,
    turn_of,
)
from tongban.cases.models import Case, CaseEvent
from tongban.cases.words import CaseAction, CaseStatus
from tongban.centers import service as centers
from tongban.centers.models import Center
from tongban.contract.items import DeliveryRoute, ProcessingMode
from tongban.contract.problems import Problem
from tongban.errors import Refused
from tongban.events import outbox, worklists
from tongban.events.words import Topic, WorklistChangeKind
from tongban.identity.actor import Actor
from tongban.messages.problems import problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is asked of an existing case: by whom, on which version of it, with which words.

    The system names no version: it decides under the lock.
    """

    actor: Actor
    now: datetime
    expected_version: int | None
    note: str | None = None


def path_of_case(
    receiving_center_id: UUID, handling_center_id: UUID, mode: str, routed_by: str | None, delivery_route: str
) -> Path:
    """The path of a case, from its columns. A split case is unrouted until a division has named its center."""
    return path_of(
        same_center=receiving_center_id == handling_center_id,
        routed=mode != ProcessingMode.SPLIT or routed_by is not None,
        route=DeliveryRoute(delivery_route),
    )


def path(case: Case) -> Path:
    """The case's path now."""
    return path_of_case(
        case.receiving_center_id, case.handling_center_id, case.mode, case.routed_by, case.delivery_route
    )


def facts_of(
    underway: bool, handling_center_id: UUID, supplement_asked_by: UUID | None, rated_at: datetime | None
) -> Facts:
    """What else bears on what may be done, from the case's columns."""
    asked = supplement_asked_by == handling_center_id
    return Facts(underway=underway, supplement_asked=asked, rated=rated_at is not None)


def facts(case: Case) -> Facts:
    """The same of the case now."""
    return facts_of(case.underway, case.handling_center_id, case.supplement_asked_by, case.rated_at)


async def locked(session: AsyncSession, case_id: UUID) -> Case:
    """The case, held until the transaction ends. Raises Refused where there is none."""
    case = await session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise Refused(problem("unknown_case", "case"))
    return case


async def allowed(session: AsyncSession, case: Case, action: Action, step: Step) -> Move:
    """The move, if version, state and actor allow it; else raises Refused."""
    if problems := too_long({"note": step.note}):
        raise Refused(*problems)
    if step.expected_version is not None and case.version != step.expected_version:
        raise Refused(problem("stale_version", "expectedVersion", version=case.version))
    status, way = CaseStatus(case.status), path(case)
    move = move_for(status, action, way)
    if move is None and status is CaseStatus.ROUTING_REVIEW and action is CaseAction.ACCEPT:
        raise Refused(problem("still_underway" if case.underway else "routing_unknown", "case"))
    if move is None:
        raise _not_allowed(case)
    if facts(case).forbid(status, action):
        raise _forbidden(case, action)
    if move.by is not Side.SYSTEM:
        side = case.handling_center_id if move.by is Side.HANDLING else case.receiving_center_id
        await require_side(session, step.actor, side)
    return move


def _forbidden(case: Case, action: Action) -> Refused:
    if action is CaseAction.REQUEST_SUPPLEMENT:
        return Refused(problem("supplement_once", "case"))
    return Refused(problem("still_underway", "case")) if case.underway else _not_allowed(case)


def _not_allowed(case: Case) -> Refused:
    possible = available_actions(CaseStatus(case.status), path(case), facts(case))
    return Refused(problem("action_not_allowed", "case", status=case.status, actions=", ".join(possible) or "—"))


async def require_side(session: AsyncSession, actor: Actor, center_id: UUID) -> None:
    """Raises Refused unless the actor may act for the center, or for the one that it was merged into."""
    if actor.everywhere:
        return
    center = await session.get_one(Center, center_id)
    acting = await session.get_one(Center, await centers.acting(session, center_id))
    if not actor.centers & {center.code, acting.code}:
        raise Refused(problem("forbidden", "case", center=center.name))


async def moved(session: AsyncSession, case: Case, move: Move, step: Step, data: dict[str, Any] | None = None) -> Case:
    """Writes the move: state, version, whose turn it is, and the event."""
    before, turn = case.status, turn_of(move.target)
    acted = case.handling_center_id if move.by is Side.HANDLING else case.receiving_center_id
    turns = {None: None, Side.RECEIVING: case.receiving_center_id, Side.HANDLING: case.handling_center_id}
    case.status = move.target.value
    case.version += 1
    whose = turns[turn]
    case.current_center_id = None if whose is None else await centers.acting(session, whose)
    if move.target in CLOSED and case.closed_at is None:
        case.closed_at = step.now
    record(session, case, move.action.value, before, acted, step, data)
    return case


def record(
    session: AsyncSession,
    case: Case,
    kind: str,
    before: str | None,
    center: UUID | None,
    step: Step,
    data: dict[str, Any] | None = None,
) -> None:
    """Appends the next event, and the message that tells of it; the case's lock makes the sequence gapless."""
    case.last_event += 1
    append(session, case, kind, before, center, step, data)


def append(
    session: AsyncSession,
    case: Case,
    kind: str,
    before: str | None,
    center: UUID | None,
    step: Step,
    data: dict[str, Any] | None = None,
) -> None:
    """Writes the event that `last_event` numbers."""
    session.add(
        CaseEvent(
            case_id=case.id,
            sequence=case.last_event,
            kind=kind,
            at=step.now,
            actor=step.actor.subject,
            center_id=center,
            from_status=before,
            to_status=case.status,
            note=step.note,
            data=data,
        )
    )
    outbox.put(session, case.id, Topic.EVENT, case.last_event, {"sequence": case.last_event}, step.now)


async def finish(session: AsyncSession, case: Case, before: UUID | None, now: datetime) -> Case:
    """Tells the worklists: whose turn it was and whose it is. The last thing that a verb does."""
    await session.flush()
    after = case.current_center_id
    if before == after:
        changes = [] if after is None else [(after, WorklistChangeKind.CHANGED)]
    else:
        left_and_arrived = ((before, WorklistChangeKind.LEFT), (after, WorklistChangeKind.ARRIVED))
        changes = [(center, kind) for center, kind in left_and_arrived if center is not None]
    await worklists.announce(session, changes, case.id, now)
    return case


LONGEST = {
    "name": 100,
    "id_number": 40,
    "relation": 100,
    "note": 2_000,
    "reason": 2_000,
    "result_number": 100,
    "comment": 2_000,
}
"""Characters at most, by what is said beside the form."""
_PATHS = {"id_number": "idNumber", "result_number": "resultNumber"}


def too_long(said: Mapping[str, str | None], *place: str) -> list[Problem]:
    """A problem for each text that is longer than it may be."""
    return [
        problem(
            "invalid_input",
            *place,
            _PATHS.get(name, name),
            what=f"最多{LONGEST[name]}个字符",
            what_en=f"At most {LONGEST[name]} characters",
        )
        for name, text in said.items()
        if len(text or "") > LONGEST[name]
    ]
