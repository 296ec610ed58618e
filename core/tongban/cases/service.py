"""Verbs of A and of the applicant: submit, accept or return, withdraw, rate.

Each decides by the pure table of moves, writes the case and its event, and flushes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.assessment import CompleteAssessment, Draft, assess, too_many
from tongban.cases.custody import cancel
from tongban.cases.handing_in import add_documents, add_materials, told
from tongban.cases.lifecycle import Action
from tongban.cases.models import Case, Transfer
from tongban.cases.numbers import new_number
from tongban.cases.passing import pass_on, try_route
from tongban.cases.steps import Step, allowed, append, finish, locked, moved, require_side, too_long
from tongban.cases.words import CaseAction, CaseStatus, Channel, DocumentPurpose
from tongban.catalog.models import Department, Material, MaterialRequirement
from tongban.centers import service as centers
from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Center
from tongban.errors import Refused
from tongban.identity.actor import Actor
from tongban.messages.problems import problem
from tongban.registry import Registry
from tongban.storage.ids import new_id

IN_PERSON = frozenset({Channel.COUNTER, Channel.KIOSK})
"""Channels for which the resident has to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A draft that is meant, with how it came in. `accept` passes the formal review in the same step.

    With a `key` the case's id derives from it and the actor: a retry meets the same row, whatever was forgotten.
    """

    draft: Draft
    channel: Channel = Channel.COUNTER
    agent: dict[str, Any] | None = None
    accept: bool = False
    key: str | None = None


async def submit(
    session: AsyncSession, registry: Registry, actor: Actor, submission: Submission, now: datetime
) -> Case:
    """A new case, received at A. Raises Refused with every problem of the draft."""
    found = await assess(session, registry, submission.draft, actor, now)
    problems = [*found.problems, *too_long(submission.agent or {}, "agent")]
    if problems:
        raise Refused(*problems)
    complete = found.complete()
    case = _new_case(complete, submission, actor, now)
    await require_side(session, actor, case.receiving_center_id)
    session.add(case)
    await session.flush()
    await add_materials(session, case, complete.handed_in, first=True)
    uploads = [(material.id, upload) for material, upload in complete.uploads]
    await add_documents(session, case, DocumentPurpose.APPLICATION, case.custodian_id, uploads)
    step = Step(actor=actor, now=now, expected_version=1)
    data = _plugin_of(registry, complete.department) | told(uploads)
    append(session, case, "SUBMITTED", None, case.receiving_center_id, step, data or None)
    if submission.accept:
        await _accept(session, case, CaseAction.ACCEPT, step)
    return await finish(session, case, None, now)


async def accept(session: AsyncSession, case_id: UUID, step: Step) -> Case:
    """Formal review passed at A: a direct case goes on there, a split one is passed to B."""
    case = await locked(session, case_id)
    before = case.current_center_id
    await _accept(session, case, CaseAction.ACCEPT, step)
    return await finish(session, case, before, step.now)


async def accept_by_law(session: AsyncSession, case: Case, action: Action, step: Step) -> None:
    """The same, done by the timer: no notice of what is missing came in time."""
    before = case.current_center_id
    await _accept(session, case, action, step)
    await finish(session, case, before, step.now)


async def return_(session: AsyncSession, case_id: UUID, step: Step, missing: Sequence[str]) -> Case:
    """Formal review not passed: everything missing is named at once (一次性告知), and the resident starts anew."""
    case = await locked(session, case_id)
    before = case.current_center_id
    move = await allowed(session, case, CaseAction.RETURN, step)
    _require_note(step)
    await materials_named(session, case, missing, "missing")
    await moved(session, case, move, step, {"materials": list(missing)})
    return await finish(session, case, before, step.now)


async def withdraw(session: AsyncSession, case_id: UUID, step: Step) -> Case:
    """The applicant no longer wants it, any time before the decision; what is on its way stays where it is."""
    case = await locked(session, case_id)
    before = case.current_center_id
    move = await allowed(session, case, CaseAction.WITHDRAW, step)
    await cancel(session, case, step.now)
    case.resting_since = None
    await moved(session, case, move, step)
    return await finish(session, case, before, step.now)


async def rate(session: AsyncSession, case_id: UUID, step: Step, stars: int, comment: str | None) -> Case:
    """好差评: one rating of what was delivered, one to five stars (S62)."""
    problems = too_long({"comment": comment})
    if not 1 <= stars <= 5:
        problems.append(problem("invalid_input", "stars", what="评价为1至5星", what_en="From 1 to 5 stars"))
    if problems:
        raise Refused(*problems)
    case = await locked(session, case_id)
    move = await allowed(session, case, CaseAction.RATE, step)
    case.stars, case.rating_comment, case.rated_at = stars, comment, step.now
    await moved(session, case, move, step, {"stars": stars})
    return await finish(session, case, case.current_center_id, step.now)


async def _accept(session: AsyncSession, case: Case, action: Action, step: Step) -> None:
    waited = case.status == CaseStatus.ROUTING_REVIEW and not case.underway
    routed = waited and await try_route(session, case, step.now)
    move = await allowed(session, case, action, step)
    if routed:
        await _require_reason_after_refusal(session, case, step)
    case.accepted_at = case.accepted_at or step.now
    await pass_on(session, case, move, step)


async def _require_reason_after_refusal(session: AsyncSession, case: Case, step: Step) -> None:
    """To the center that has refused it, a case goes again only with a word on why."""
    if (step.note or "").strip():
        return
    refused = select(Transfer.to_center_id).where(Transfer.case_id == case.id, Transfer.refused_at.is_not(None))
    for refuser in (await session.scalars(refused)).all():
        if await centers.same(session, refuser, case.handling_center_id):
            center = await session.get_one(Center, case.handling_center_id)
            raise Refused(problem("refused_before", "note", center=center.name))


def _require_note(step: Step) -> None:
    if not (step.note or "").strip():
        raise Refused(problem("note_needed", "note"))


async def materials_named(session: AsyncSession, case: Case, codes: Sequence[str], place: str) -> list[Material]:
    """The item's materials by their codes, in that order. Raises Refused where none is named, or one is unknown."""
    if not codes:
        raise Refused(problem("materials_needed", place))
    if problems := too_many(codes, place):
        raise Refused(*problems)
    found = await session.scalars(
        select(Material)
        .join(MaterialRequirement, MaterialRequirement.material_id == Material.id)
        .where(MaterialRequirement.item_id == case.item_id)
    )
    known = {material.code: material for material in found}
    problems = [
        problem("unknown_material", place, str(position), material=code[:40])
        for position, code in enumerate(codes)
        if code not in known
    ]
    if problems:
        raise Refused(*problems)
    return [known[code] for code in dict.fromkeys(codes)]


def _new_case(found: CompleteAssessment, submission: Submission, actor: Actor, now: datetime) -> Case:
    """The row of a draft without problems. While no center is known for it, A keeps the case."""
    return Case(
        id=_id_of(actor, submission.key),
        number=new_number(day_in_shanghai(now)),
        item_id=found.item.id,
        applicant_id=found.applicant.id,
        agent=submission.agent,
        channel=submission.channel.value,
        mode=found.mode.value,
        status=CaseStatus.SUBMITTED.value,
        version=1,
        last_event=1,
        receiving_center_id=found.receiving.id,
        handling_center_id=found.route.center or found.receiving.id,
        current_center_id=found.receiving.id,
        custodian_id=found.receiving.id,
        underway=False,
        routed_by=found.route.division if found.route.center else None,
        routing=found.route.stored(now),
        form=dict(submission.draft.form),
        delivery_route=found.delivery_route.value,
        submitted_at=now,
        promised_days=found.item.promised_days,
        extra_days=found.extra_days,
        due_at=found.due.at,
        due_provisional=found.due.provisional,
        statutory_due_at=found.statutory_due.at if found.statutory_due else None,
        statutory_provisional=found.statutory_due.provisional if found.statutory_due else None,
        rested_days=0,
        visits=1 if submission.channel in IN_PERSON else 0,
    )


def _id_of(actor: Actor, key: str | None) -> UUID:
    """UUIDv8 (RFC 9562) of actor and key, so that the primary key itself holds once and only once; else a new id."""
    if key is None:
        return new_id()
    digest = int.from_bytes(hashlib.sha256(f"{actor.subject}\0{key}".encode()).digest()[:16])
    return UUID(int=digest & ~(0xF << 76) & ~(0b11 << 62) | (8 << 76) | (0b10 << 62))


def _plugin_of(registry: Registry, department: Department) -> dict[str, Any]:
    """Which distribution judged the case, and in which version."""
    plugin = registry.plugin_of(department.code)
    return {} if plugin is None else {"plugin": plugin.distribution, "version": plugin.version}
