"""Verbs of cases. Each decides by the pure table of moves, writes the case and its event, and flushes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.assessment import CompleteAssessment, Draft, assess, route_again
from tongban.cases.lifecycle import CLOSED, Move, Path, Side, available_actions, move_for, path_of, turn_of
from tongban.cases.models import Case, CaseEvent, CaseMaterial, Transfer
from tongban.cases.numbers import new_number
from tongban.cases.words import CaseAction, CaseStatus, Channel, TransferPurpose
from tongban.catalog.models import Department, Material, ServiceItem
from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Center
from tongban.contract.items import DeliveryRoute, ProcessingMode
from tongban.contract.problems import Problem
from tongban.errors import Refused
from tongban.identity.actor import Actor
from tongban.messages import problem
from tongban.registry import Registry
from tongban.residents.models import Resident


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A draft that is meant, with how it came in. `accept` passes the formal review in the same step."""

    draft: Draft
    channel: Channel = Channel.COUNTER
    agent: dict[str, Any] | None = None
    accept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is asked of an existing case: by whom, on which version of it, with which words."""

    actor: Actor
    now: datetime
    expected_version: int
    note: str | None = None


async def submit(
    session: AsyncSession, registry: Registry, actor: Actor, submission: Submission, now: datetime
) -> Case:
    """A new case, received at A. Raises Refused with every problem of the draft."""
    found = await assess(session, registry, submission.draft, now)
    problems = [*found.problems, *_too_long(submission.agent or {}, "agent")]
    if problems:
        raise Refused(*problems)
    case = _new_case(found.complete(), submission, now)
    _require_side(actor, await session.get_one(Center, case.receiving_center_id))
    session.add(case)
    await session.flush()
    session.add_all(
        CaseMaterial(case_id=case.id, position=position, material_id=material.id)
        for position, material in enumerate(found.handed_in)
    )
    plugin = await _plugin_of(session, registry, case)
    step = Step(actor=actor, now=now, expected_version=1)
    await _record(session, case, "SUBMITTED", None, case.receiving_center_id, step, plugin)
    if submission.accept:
        await accept(session, case.id, step)
    return case


async def accept(session: AsyncSession, case_id: UUID, step: Step) -> Case:
    """Formal review passed at A: a direct case goes on there, a split one is passed to B."""
    case = await _locked(session, case_id)
    if case.status == CaseStatus.ROUTING_REVIEW:
        await _try_route(session, case)
    move = await _allowed(session, case, CaseAction.ACCEPT, step)
    if move.target is CaseStatus.IN_TRANSFER:
        await _send(session, case, case.receiving_center_id, case.handling_center_id, TransferPurpose.HANDLING, step)
    return await _moved(session, case, move, step)


async def acknowledge_transfer(session: AsyncSession, case_id: UUID, step: Step) -> Case:
    """B takes over, after the manifest was compared with the materials."""
    case = await _locked(session, case_id)
    move = await _allowed(session, case, CaseAction.ACKNOWLEDGE_TRANSFER, step)
    await _take_over(session, case, TransferPurpose.HANDLING, step)
    return await _moved(session, case, move, step)


async def approve(
    session: AsyncSession, case_id: UUID, step: Step, reason: str | None = None, result_number: str | None = None
) -> Case:
    """The handling center decides for the applicant."""
    return await _decide(session, case_id, step, CaseAction.APPROVE, reason, result_number)


async def reject(
    session: AsyncSession, case_id: UUID, step: Step, reason: str | None = None, result_number: str | None = None
) -> Case:
    """The handling center decides against the applicant, and says why."""
    if not reason or not reason.strip():
        raise Refused(problem("reason_needed", "reason"))
    return await _decide(session, case_id, step, CaseAction.REJECT, reason, result_number)


async def deliver_result(session: AsyncSession, case_id: UUID, step: Step) -> Case:
    """The result goes home: from B directly, or from B to A and then, with a second step, to the resident (S30)."""
    case = await _locked(session, case_id)
    move = await _allowed(session, case, CaseAction.DELIVER_RESULT, step)
    if move.target is CaseStatus.RESULT_IN_TRANSFER:
        await _send(session, case, case.handling_center_id, case.receiving_center_id, TransferPurpose.RESULT, step)
    elif case.status == CaseStatus.RESULT_IN_TRANSFER:
        await _take_over(session, case, TransferPurpose.RESULT, step)
    return await _moved(session, case, move, step)


def path_of_case(
    receiving_center_id: UUID, handling_center_id: UUID, mode: str, routed_by: str | None, delivery_route: str
) -> Path:
    """The path of a case, from its columns. A split case is unrouted until a division has named its center."""
    return path_of(
        same_center=receiving_center_id == handling_center_id,
        routed=mode != ProcessingMode.SPLIT or routed_by is not None,
        route=DeliveryRoute(delivery_route),
    )


def actions_of(case: Case) -> tuple[CaseAction, ...]:
    """What may be done with the case now."""
    return available_actions(CaseStatus(case.status), _path(case))


def _path(case: Case) -> Path:
    return path_of_case(
        case.receiving_center_id, case.handling_center_id, case.mode, case.routed_by, case.delivery_route
    )


def _new_case(found: CompleteAssessment, submission: Submission, now: datetime) -> Case:
    """The row of a draft without problems. While no center is known for it, A keeps the case."""
    return Case(
        number=new_number(day_in_shanghai(now)),
        item_id=found.item.id,
        applicant_id=found.applicant.id,
        agent=submission.agent,
        channel=submission.channel.value,
        mode=found.mode.value,
        status=CaseStatus.SUBMITTED.value,
        version=1,
        receiving_center_id=found.receiving.id,
        handling_center_id=found.route.center or found.receiving.id,
        current_center_id=found.receiving.id,
        routed_by=found.route.division if found.route.center else None,
        form=dict(submission.draft.form),
        delivery_route=found.delivery_route.value,
        submitted_at=now,
        due_at=found.due.at,
        due_provisional=found.due.provisional,
        visits=1 if submission.channel in (Channel.COUNTER, Channel.KIOSK) else 0,
    )


async def _locked(session: AsyncSession, case_id: UUID) -> Case:
    case = await session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise Refused(problem("unknown_case", "case"))
    return case


async def _allowed(session: AsyncSession, case: Case, action: CaseAction, step: Step) -> Move:
    """The move, if version, state and actor allow it; else raises Refused."""
    if problems := _too_long({"note": step.note}):
        raise Refused(*problems)
    if case.version != step.expected_version:
        raise Refused(problem("stale_version", "expectedVersion", version=case.version))
    path = _path(case)
    move = move_for(CaseStatus(case.status), action, path)
    if move is None and case.status == CaseStatus.ROUTING_REVIEW and action is CaseAction.ACCEPT:
        raise Refused(problem("routing_unknown", "case"))
    if move is None:
        possible = ", ".join(available_actions(CaseStatus(case.status), path)) or "—"
        raise Refused(problem("action_not_allowed", "case", status=case.status, actions=possible))
    side = case.receiving_center_id if move.by is Side.RECEIVING else case.handling_center_id
    _require_side(step.actor, await session.get_one(Center, side))
    return move


def _require_side(actor: Actor, center: Center) -> None:
    if not actor.everywhere and center.code not in actor.centers:
        raise Refused(problem("forbidden", "case", center=center.name))


async def _moved(session: AsyncSession, case: Case, move: Move, step: Step) -> Case:
    """Writes the move: state, version, whose turn it is, and the event."""
    before, turn = case.status, turn_of(move.target)
    acted = case.receiving_center_id if move.by is Side.RECEIVING else case.handling_center_id
    turns = {None: None, Side.RECEIVING: case.receiving_center_id, Side.HANDLING: case.handling_center_id}
    case.status = move.target.value
    case.version += 1
    case.current_center_id = turns[turn]
    if move.target in CLOSED:
        case.closed_at = step.now
    await _record(session, case, move.action.value, before, acted, step)
    return case


async def _decide(
    session: AsyncSession,
    case_id: UUID,
    step: Step,
    action: CaseAction,
    reason: str | None,
    result_number: str | None,
) -> Case:
    if problems := _too_long({"reason": reason, "result_number": result_number}):
        raise Refused(*problems)
    case = await _locked(session, case_id)
    move = await _allowed(session, case, action, step)
    case.approved = action is CaseAction.APPROVE
    case.decided_at = step.now
    case.decision_reason = reason
    case.result_number = result_number
    return await _moved(session, case, move, step)


async def _try_route(session: AsyncSession, case: Case) -> None:
    """Routes a waiting case by what is recorded now; it stays where it is while that names no center."""
    item = await session.get_one(ServiceItem, case.item_id)
    resident = await session.get_one(Resident, case.applicant_id)
    center = await session.get_one(Center, case.receiving_center_id)
    way = await route_again(session, item, resident, center)
    if way.center is not None:
        case.handling_center_id = way.center
        case.routed_by = way.division


async def _send(
    session: AsyncSession, case: Case, source: UUID, target: UUID, purpose: TransferPurpose, step: Step
) -> None:
    manifest = await _manifest(session, case)
    session.add(
        Transfer(
            case_id=case.id,
            from_center_id=source,
            to_center_id=target,
            purpose=purpose.value,
            manifest=manifest,
            manifest_digest=digest_of(manifest),
            sent_at=step.now,
        )
    )


async def _take_over(session: AsyncSession, case: Case, purpose: TransferPurpose, step: Step) -> None:
    """Acknowledges the open transfer. Raises Refused where the materials differ from its manifest."""
    transfer = (
        await session.scalars(
            select(Transfer).where(
                Transfer.case_id == case.id, Transfer.purpose == purpose.value, Transfer.acknowledged_at.is_(None)
            )
        )
    ).one()
    if digest_of(await _manifest(session, case)) != transfer.manifest_digest:
        raise Refused(problem("manifest_differs", "case"))
    await session.execute(
        update(Transfer).where(Transfer.case_id == case.id, Transfer.id == transfer.id).values(acknowledged_at=step.now)
    )


async def _manifest(session: AsyncSession, case: Case) -> list[dict[str, Any]]:
    """The case's materials in their order, by row and code."""
    rows = await session.execute(
        select(CaseMaterial.id, Material.code)
        .join(Material, Material.id == CaseMaterial.material_id)
        .where(CaseMaterial.case_id == case.id)
        .order_by(CaseMaterial.position)
    )
    return [{"id": str(row_id), "material": code} for row_id, code in rows]


def digest_of(manifest: Sequence[dict[str, Any]]) -> str:
    """SHA-256 of the ordered manifest, 64 hexadecimal digits."""
    return hashlib.sha256(orjson.dumps(list(manifest), option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _record(
    session: AsyncSession,
    case: Case,
    kind: str,
    before: str | None,
    center: UUID,
    step: Step,
    data: dict[str, Any] | None = None,
) -> None:
    """Appends the event; the case's lock makes the sequence gapless."""
    last = await session.scalar(select(func.max(CaseEvent.sequence)).where(CaseEvent.case_id == case.id))
    session.add(
        CaseEvent(
            case_id=case.id,
            sequence=(last or 0) + 1,
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
    await session.flush()


LONGEST = {"name": 100, "id_number": 40, "relation": 100, "note": 2_000, "reason": 2_000, "result_number": 100}
"""Characters at most, by what is said beside the form."""
_PATHS = {"id_number": "idNumber", "result_number": "resultNumber"}


def _too_long(said: Mapping[str, str | None], *path: str) -> list[Problem]:
    """A problem for each text that is longer than it may be."""
    return [
        problem(
            "invalid_input",
            *path,
            _PATHS.get(name, name),
            what=f"最多{LONGEST[name]}个字符",
            what_en=f"At most {LONGEST[name]} characters",
        )
        for name, text in said.items()
        if len(text or "") > LONGEST[name]
    ]


async def _plugin_of(session: AsyncSession, registry: Registry, case: Case) -> dict[str, Any] | None:
    """Which distribution judged the case, and in which version."""
    code = await session.scalar(
        select(Department.code)
        .join(ServiceItem, ServiceItem.department_id == Department.id)
        .where(ServiceItem.id == case.item_id)
    )
    plugin = registry.plugin_of(code) if code else None
    return None if plugin is None else {"plugin": plugin.distribution, "version": plugin.version}
