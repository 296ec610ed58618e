"""Verbs of B: take over or refuse, ask for a supplement and take it, decide, send the result home."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases import deadlines
from tongban.cases.assessment import Handed, form_problems, too_many, uploads_of
from tongban.cases.custody import documents_held, open_transfer, send
from tongban.cases.handing_in import add_documents, add_materials, told
from tongban.cases.lifecycle import SystemAction
from tongban.cases.manifest import digest_of
from tongban.cases.models import Case, Document, SupplementMaterial, SupplementRequest, Transfer
from tongban.cases.passing import HANDED_IN, pass_on, route_on
from tongban.cases.service import IN_PERSON, materials_named
from tongban.cases.steps import Step, allowed, finish, locked, moved, too_long
from tongban.cases.words import CaseAction, CaseStatus, Channel, DocumentPurpose, TransferPurpose
from tongban.catalog.models import Material, ServiceItem
from tongban.centers import service as centers
from tongban.centers.calendar import Calendar
from tongban.centers.models import Center
from tongban.documents.models import Upload
from tongban.errors import Refused
from tongban.messages.problems import problem

MOST_SUPPLEMENT_DAYS = 60
"""Working days that a resident may be given for a supplement, at most."""


async def acknowledge_transfer(session: AsyncSession, case_id: UUID, step: Step) -> Case:
    """A person at B takes over what was stored there, after the manifest was compared with the documents."""
    case = await locked(session, case_id)
    before = case.current_center_id
    move = await allowed(session, case, CaseAction.ACKNOWLEDGE_TRANSFER, step)
    await _take_over(session, case, step)
    await moved(session, case, move, step)
    return await finish(session, case, before, step.now)


async def refuse_transfer(session: AsyncSession, case_id: UUID, step: Step, reason: str) -> Case:
    """B says that the case isn't its own: an incident. Everything goes back to A, and from there it is routed again."""
    _require_reason(reason, "refusal_reason_needed")
    case = await locked(session, case_id)
    before, refuser = case.current_center_id, case.handling_center_id
    move = await allowed(session, case, CaseAction.REFUSE_TRANSFER, step)
    transfer = await _open(session, case)
    transfer.refused_at, transfer.refusal_reason = step.now, reason
    incident = {"incident": True, "transfer": str(transfer.id), "reason": reason}
    await moved(session, case, move, step, incident)
    case.handling_center_id, case.routed_by = case.receiving_center_id, None
    case.routing_due_at = deadlines.routing_review_due(step.now, await centers.calendar(session)).at
    home = await centers.acting(session, case.receiving_center_id)
    holder = transfer.to_center_id
    if await centers.same(session, home, holder):
        await route_on(session, case, step, refused_by=refuser)
    else:
        documents = await documents_held(session, case, holder, *HANDED_IN)
        await send(session, case, TransferPurpose.REROUTING, holder, home, documents, step)
    return await finish(session, case, before, step.now)


async def request_supplement(
    session: AsyncSession, case_id: UUID, step: Step, materials: Sequence[str], days: int | None = None
) -> Case:
    """Everything that is still needed, said once (一次性告知); the promised time rests until it is there."""
    case = await locked(session, case_id)
    before = case.current_center_id
    move = await allowed(session, case, CaseAction.REQUEST_SUPPLEMENT, step)
    _require_reason(step.note, "note_needed", "note")
    if days is not None and not 1 <= days <= MOST_SUPPLEMENT_DAYS:
        what, what_en = f"补正期限为1至{MOST_SUPPLEMENT_DAYS}个工作日", f"From 1 to {MOST_SUPPLEMENT_DAYS} working days"
        raise Refused(problem("invalid_input", "days", what=what, what_en=what_en))
    asked = await materials_named(session, case, materials, "materials")
    due = deadlines.supplement_due(step.now, await centers.calendar(session), days or deadlines.SUPPLEMENT_DAYS)
    request = SupplementRequest(
        case_id=case.id, center_id=case.handling_center_id, at=step.now, note=step.note, due_at=due.at
    )
    session.add(request)
    await session.flush()
    session.add_all(
        SupplementMaterial(case_id=case.id, request_id=request.id, material_id=material.id) for material in asked
    )
    case.resting_since, case.supplement_asked_by = step.now, case.handling_center_id
    data = {"materials": [material.code for material in asked], "dueAt": due.at.isoformat()}
    await moved(session, case, move, step, data)
    return await finish(session, case, before, step.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement:
    """What the resident brings: on paper or uploaded, and a form where that was wrong."""

    documents: Sequence[Handed]
    form: Any = None
    channel: Channel | None = None
    """Left out: at the counter where something is shown on paper, else from home."""

    @property
    def in_person(self) -> bool:
        if self.channel is not None:
            return self.channel in IN_PERSON
        return any(document.upload is None for document in self.documents)


async def supplement(session: AsyncSession, case_id: UUID, step: Step, said: Supplement) -> Case:
    """What was asked for, all of it at once; the case goes on with whoever reviews it."""
    case = await locked(session, case_id)
    before = case.current_center_id
    move = await allowed(session, case, CaseAction.SUPPLEMENT, step)
    request = await _open_request(session, case)
    asked, uploads = await _complete(session, case, request, step, said)
    request.answered_at = step.now
    await add_materials(session, case, asked, first=False)
    home = await centers.acting(session, case.receiving_center_id)
    await add_documents(session, case, DocumentPurpose.SUPPLEMENT, home, uploads)
    if said.form is not None:
        case.form = said.form
    case.visits += said.in_person
    _stop_resting(case, step, await centers.calendar(session))
    await pass_on(session, case, move, step, {"inPerson": said.in_person} | told(uploads))
    return await finish(session, case, before, step.now)


async def expire_supplement(session: AsyncSession, case: Case, step: Step) -> None:
    """The supplement didn't come in time: the time runs again, and the reviewer decides on what is there."""
    before = case.current_center_id
    move = await allowed(session, case, SystemAction.SUPPLEMENT_EXPIRED, step)
    (await _open_request(session, case)).expired_at = step.now
    _stop_resting(case, step, await centers.calendar(session))
    await moved(session, case, move, step)
    await finish(session, case, before, step.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is decided, beside yes or no."""

    reason: str | None = None
    result_number: str | None = None
    result_document: UUID | None = None
    """An upload at the handling center."""


async def approve(session: AsyncSession, case_id: UUID, step: Step, outcome: Outcome) -> Case:
    """The handling center decides for the applicant."""
    return await _decide(session, case_id, step, CaseAction.APPROVE, outcome)


async def reject(session: AsyncSession, case_id: UUID, step: Step, outcome: Outcome) -> Case:
    """The handling center decides against the applicant, and says why."""
    _require_reason(outcome.reason, "reason_needed")
    return await _decide(session, case_id, step, CaseAction.REJECT, outcome)


async def deliver_result(session: AsyncSession, case_id: UUID, step: Step) -> Case:
    """The result goes home: from B directly, or from B to A and then, with a second step, to the resident (S30)."""
    case = await locked(session, case_id)
    before = case.current_center_id
    move = await allowed(session, case, CaseAction.DELIVER_RESULT, step)
    if case.status == CaseStatus.RESULT_IN_TRANSFER and (transfer := await open_transfer(session, case)):
        transfer.acknowledged_at = step.now
    await moved(session, case, move, step)
    if move.target is CaseStatus.RESULT_IN_TRANSFER:
        await _send_home(session, case, step)
    return await finish(session, case, before, step.now)


async def _send_home(session: AsyncSession, case: Case, step: Step) -> None:
    """The result travels to A; where both are one by now, it is there already."""
    source, home = case.handling_center_id, await centers.acting(session, case.receiving_center_id)
    documents = await documents_held(session, case, source, DocumentPurpose.RESULT)
    if not await centers.same(session, source, home):
        await send(session, case, TransferPurpose.RESULT, source, home, documents, step)


async def _decide(session: AsyncSession, case_id: UUID, step: Step, action: CaseAction, outcome: Outcome) -> Case:
    if problems := too_long({"reason": outcome.reason, "result_number": outcome.result_number}):
        raise Refused(*problems)
    case = await locked(session, case_id)
    before = case.current_center_id
    move = await allowed(session, case, action, step)
    data: dict[str, Any] | None = None
    case.approved = action is CaseAction.APPROVE
    case.decided_at = step.now
    case.decision_reason = outcome.reason
    case.result_number = outcome.result_number
    if outcome.result_document is not None:
        center = await session.get_one(Center, case.handling_center_id)
        handed = (Handed(place=("resultDocument",), material=None, upload=outcome.result_document),)
        uploads, faults = await uploads_of(session, step.actor, center, handed, step.now, case.id)
        if faults:
            raise Refused(*faults)
        result: list[tuple[UUID | None, Upload]] = [(None, upload) for upload in uploads.values()]
        await add_documents(session, case, DocumentPurpose.RESULT, case.handling_center_id, result)
        [(_, upload)] = result
        case.result_document_id = upload.id
        data = told(result)
    await moved(session, case, move, step, data)
    return await finish(session, case, before, step.now)


async def _take_over(session: AsyncSession, case: Case, step: Step) -> None:
    """Acknowledges the open transfer. Raises Refused where the case isn't what its manifest says."""
    transfer = await _open(session, case)
    digests = {entry["document"]: entry["digest"] for entry in transfer.manifest["documents"]}
    rows = await session.execute(
        select(Document.id, Document.digest).where(
            Document.case_id == case.id, Document.id.in_([UUID(document) for document in digests])
        )
    )
    there = {str(row.id): row.digest for row in rows}
    if there != digests or digest_of(case.form) != transfer.manifest["form"]:
        raise Refused(problem("manifest_differs", "case"))
    transfer.acknowledged_at = step.now


async def _open(session: AsyncSession, case: Case) -> Transfer:
    transfer = await open_transfer(session, case)
    assert transfer is not None  # noqa: S101 - a case in transfer has one
    return transfer


async def _open_request(session: AsyncSession, case: Case) -> SupplementRequest:
    found = await session.scalars(
        select(SupplementRequest).where(
            SupplementRequest.case_id == case.id,
            SupplementRequest.answered_at.is_(None),
            SupplementRequest.expired_at.is_(None),
        )
    )
    return found.one()


async def _complete(
    session: AsyncSession, case: Case, request: SupplementRequest, step: Step, said: Supplement
) -> tuple[list[Material], list[tuple[UUID | None, Upload]]]:
    """The materials and uploads of a supplement. Raises Refused with everything that is missing or wrong, at once."""
    if problems := too_many(said.documents, "documents"):
        raise Refused(*problems)
    item = await session.get_one(ServiceItem, case.item_id)
    home = await session.get_one(Center, case.receiving_center_id)
    asked = await session.scalars(
        select(Material)
        .join(SupplementMaterial, SupplementMaterial.material_id == Material.id)
        .where(SupplementMaterial.case_id == case.id, SupplementMaterial.request_id == request.id)
        .order_by(Material.code)
    )
    wanted = {material.code: material for material in asked}
    brought = [document.material for document in said.documents]
    problems = [
        problem("unknown_material", *document.place, "material", material=(document.material or "")[:40])
        for document in said.documents
        if document.material not in wanted
    ]
    problems += [
        problem("material_missing", "documents", material=m.name, material_en=m.name_en or m.name, issuer=m.issuer).at(
            "documents", code
        )
        for code, m in wanted.items()
        if code not in brought
    ]
    if said.form is not None:
        problems += form_problems(item.form, said.form)
    uploads, faults = await uploads_of(session, step.actor, home, said.documents, step.now, case.id)
    problems += faults
    if problems:
        raise Refused(*problems)
    pairs = [
        (wanted[document.material].id, uploads[document.upload])
        for document in said.documents
        if document.material is not None and document.upload is not None
    ]
    return list(wanted.values()), list(pairs)


def _stop_resting(case: Case, step: Step, calendar: Calendar) -> None:
    """The promised time runs again: the due date moves by the working days for which it rested."""
    assert case.resting_since is not None  # noqa: S101 - the table's CHECK
    case.rested_days += deadlines.rested_workdays(case.resting_since, step.now, calendar, case.due_at)
    case.resting_since = None
    promised = deadlines.due(case.submitted_at, case.promised_days, case.extra_days, calendar, case.rested_days)
    case.due_at, case.due_provisional = promised.at, promised.provisional


def _require_reason(text: str | None, message: str, place: str = "reason") -> None:
    if not (text or "").strip():
        raise Refused(problem(message, place))
    if problems := too_long({"reason": text}):
        raise Refused(*problems)
