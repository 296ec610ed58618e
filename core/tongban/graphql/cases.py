"""Cases' desk: the dry run, submission, the moves of a case, worklists."""

import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from tongban.cases import clocks as pure
from tongban.cases import models, review, service
from tongban.cases.assessment import Assessment, Draft, Handed, assess
from tongban.cases.clocks import ClockKind, Passage
from tongban.cases.deadlines import Due
from tongban.cases.lifecycle import available_actions
from tongban.cases.steps import Step, facts_of, path_of_case
from tongban.cases.words import CaseAction, CaseStatus, Channel, TransferPurpose
from tongban.catalog import models as catalog
from tongban.centers import models as centers
from tongban.contract.items import DeliveryRoute, ProcessingMode
from tongban.errors import Refused
from tongban.graphql.catalog import Material, MaterialRequirement, ServiceItem
from tongban.graphql.centers import Center, city_calendar
from tongban.graphql.connections import Connection
from tongban.graphql.desk import Desk, Info, Row
from tongban.graphql.documents import Document, Upload
from tongban.graphql.fields import batch, by_key, column, connection, derived, many, one, reference
from tongban.graphql.node import Node
from tongban.graphql.notifications import Notice
from tongban.graphql.problems import Problem, shown
from tongban.graphql.progress import CaseProgress, progress_of
from tongban.graphql.residents import Resident
from tongban.graphql.scalars import Digest, IdNumber
from tongban.graphql.sources import Order, Selection, Through
from tongban.graphql.stored import Stored, global_id, key_of
from tongban.graphql.writing import written
from tongban.messages import problem
from tongban.residents.identity_numbers import masked
from tongban.storage.base import Base


@strawberry.type(description="Who applies for the applicant.")
class Agent:
    name: str
    id_number: IdNumber
    relation: str


def agent_of(agent: Row | None) -> Agent | None:
    """Who acts for the applicant, the number masked."""
    if agent is None:
        return None
    return Agent(name=agent["name"], id_number=IdNumber(masked(agent["id_number"])), relation=agent["relation"])


@strawberry.type(description="What the handling center decided.")
class Decision(Stored, model=models.Case):
    approved: bool = column()
    at: dt.datetime = column("decided_at")
    by: Center = reference("Center", "handling_center_id")
    reason: str | None = column("decision_reason")
    result_number: str | None = column()
    result_document: Document | None = one("Document", "result_document_id")


def decided(_desk: Desk) -> Selection:
    return Selection([models.Case.decided_at.is_not(None)])


@strawberry.type(description="How content the applicant was with what was delivered.")
class Rating(Stored, model=models.Case):
    stars: int = column()
    comment: str | None = column("rating_comment")
    at: dt.datetime = column("rated_at")


def rated(_desk: Desk) -> Selection:
    return Selection([models.Case.rated_at.is_not(None)])


@strawberry.type(description="补正告知: everything that the reviewer still needs, told once.")
class SupplementRequest(Stored, model=models.SupplementRequest):
    at: dt.datetime = column()
    center: Center = reference("Center", "center_id")
    materials: list[Material] = many(
        "Material", "id", order=["code"], through=Through(models.SupplementMaterial, "request_id", "material_id")
    )
    note: str = column()
    due_at: dt.datetime = column()
    answered_at: dt.datetime | None = column()
    expired_at: dt.datetime | None = column(description="When it was over without an answer: the review went on.")


@strawberry.type(description="A material handed in, on paper or as documents.")
class HandedIn(Stored, model=models.CaseMaterial):
    material: Material = reference("Material", "material_id")


@strawberry.type(description="One document of a manifest.")
class ManifestEntry:
    document: strawberry.ID
    material: str | None
    digest: Digest
    size: int


def entries_of(case_id: UUID, manifest: dict[str, Any]) -> list[ManifestEntry]:
    """The documents of a manifest, by their global ids."""
    return [
        ManifestEntry(
            document=global_id(Document, {"case_id": case_id, "id": entry["document"]}),
            material=entry["material"],
            digest=Digest(entry["digest"]),
            size=entry["size"],
        )
        for entry in manifest["documents"]
    ]


@strawberry.type(description="The custody of a case and its documents passing between two centers.")
class Transfer(Stored, Node, model=models.Transfer):
    from_: Center = reference("Center", "from_center_id", name="from")
    to: Center = reference("Center", "to_center_id")
    purpose: TransferPurpose = column()
    manifest: list[ManifestEntry] = derived("case_id", "manifest", by=entries_of, description="The documents in it.")
    form_digest: Digest = derived("manifest", by=lambda manifest: Digest(manifest["form"] or ""))
    shown: list[str] = derived(
        "manifest", by=lambda manifest: manifest["shown"], description="Codes of the materials shown on paper at A."
    )
    manifest_digest: Digest = column(description="Of the form, what was shown, and the documents in their order.")
    computed_from: JSON | None = column("routing", description="What the destination was computed from.")
    sent_at: dt.datetime = column()
    delivered_at: dt.datetime | None = column(description="When its destination had verified and stored all of it.")
    acknowledged_at: dt.datetime | None = column(description="When a person there took it over.")
    refused_at: dt.datetime | None = column()
    refusal_reason: str | None = column()
    canceled_at: dt.datetime | None = column(description="When it ended without arriving.")
    attempts: int = column(description="Times that it was sent.")
    escalation: int = column(
        description="How late it is: 0, 1 after 30 minutes, 2 after 4 hours, 3 after a working day."
    )


@strawberry.type(description="What happened to a case; events are added, never changed.")
class CaseEvent(Stored, Node, model=models.CaseEvent):
    kind: str = column()
    at: dt.datetime = column()
    actor: str = column()
    center: Center | None = reference("Center", "center_id")
    from_status: CaseStatus | None = column()
    to_status: CaseStatus | None = column()
    note: str | None = column()
    data: JSON | None = column()


def actions_of(
    receiving: UUID,
    handling: UUID,
    mode: str,
    routed_by: str | None,
    delivery: str,
    status: str,
    underway: bool,
    asked_by: UUID | None,
    rated_at: dt.datetime | None,
) -> Any:
    """What may be done now, read off the table of moves."""
    path = path_of_case(receiving, handling, mode, routed_by, delivery)
    return available_actions(CaseStatus(status), path, facts_of(underway, handling, asked_by, rated_at))


def is_overdue(
    now: dt.datetime,
    due_at: dt.datetime,
    decided_at: dt.datetime | None,
    closed_at: dt.datetime | None,
    resting_since: dt.datetime | None,
) -> bool:
    """Whether the promised time ended before the decision, or has ended without one; it rests with the case."""
    return (decided_at or closed_at or resting_since or now) > due_at


@strawberry.type(
    description="The time of one of those who work on a case, in working days. A day counts on one clock only, and on "
    "none while a supplement is awaited."
)
class Clock:
    kind: ClockKind
    started_at: dt.datetime
    ended_at: dt.datetime | None = strawberry.field(description="Null while it runs or rests.")
    days_used: int
    days_allowed: int = strawberry.field(
        description="By law, by the city's rule, or what the others have left of the promise."
    )
    due_at: dt.datetime
    due_provisional: bool
    overdue: bool
    resting: bool = strawberry.field(description="Whether a supplement is awaited.")


async def clocks_of(desk: Desk, rows: Sequence[Row]) -> list[list[Clock]]:
    """The clocks of each case that have begun, from the states it has been in."""
    event = models.CaseEvent
    found = await desk.rows(
        select(event.case_id, event.at, event.to_status)
        .where(event.case_id.in_([row["id"] for row in rows]), event.from_status.is_distinct_from(event.to_status))
        .order_by(event.case_id, event.sequence)
    )
    passages: dict[UUID, list[Passage]] = {}
    for row in found:
        passages.setdefault(row["case_id"], []).append(Passage(row["at"], CaseStatus(row["to_status"])))
    calendar = await city_calendar(desk)
    return [
        [
            Clock(**dataclasses.asdict(clock))
            for clock in pure.clocks(
                passages.get(row["id"], []),
                row["promised_days"] + row["extra_days"],
                Due(row["due_at"], row["due_provisional"]),
                calendar,
                desk.now,
            )
        ]
        for row in rows
    ]


@strawberry.type(
    description="办件: one application for one item, from its submission to the result in the resident's hands."
)
class Case(Stored, Node, model=models.Case):
    number: str = column()
    item: ServiceItem = reference(
        "ServiceItem", "item_id", description="The item as it was in force when the case was submitted."
    )
    applicant: Resident = one("Resident", "applicant_id")
    agent: Agent | None = derived("agent", by=agent_of)
    channel: Channel = column()
    mode: ProcessingMode = column()
    status: CaseStatus = column()
    version: int = column()
    receiving_center: Center = reference(
        "Center", "receiving_center_id", description="A: the one center the resident goes to."
    )
    handling_center: Center = reference(
        "Center",
        "handling_center_id",
        description="B: the center that reviews and decides; A itself when the household is A's own, "
        "and while a case waits in ROUTING_REVIEW.",
    )
    form: JSON = column()
    documents: list[Document] = many(
        "Document", "case_id", order=["position"], description="Its files, in the order in which they were handed in."
    )
    handed_in: list[HandedIn] = many("HandedIn", "case_id", order=["position"])
    transfers: list[Transfer] = many("Transfer", "case_id", order=["sequence"])
    underway: bool = column(description="Whether documents are on their way and not stored at their destination yet.")
    supplement_requests: list[SupplementRequest] = many("SupplementRequest", "case_id", order=["at", "id"])
    events: Connection[CaseEvent] = connection("CaseEvent", order=["sequence"], local="id", remote="case_id")
    notices: list[Notice] = many(
        "Notice",
        "case_id",
        order=["sequence", "channel"],
        description="What the resident was told, through each channel.",
    )
    decision: Decision | None = one("Decision", "id", select=decided)
    rating: Rating | None = one("Rating", "id", select=rated)
    delivery_route: DeliveryRoute = column()
    available_actions: list[CaseAction] = derived(
        "receiving_center_id",
        "handling_center_id",
        "mode",
        "routed_by",
        "delivery_route",
        "status",
        "underway",
        "supplement_asked_by",
        "rated_at",
        by=actions_of,
        description="What may be done now: no frontend rebuilds the state machine.",
    )
    submitted_at: dt.datetime = column()
    promised_days: int = column(description="Working days promised for the item.")
    extra_days: int = column(description="Working days added to them, since the case is passed on to another center.")
    due_at: dt.datetime = column(
        description="End of the promised time, in working days from receipt at A; rests while a supplement is awaited."
    )
    due_provisional: bool = column(
        description="Whether the time runs into a year whose calendar of holidays is not published."
    )
    statutory_due_at: dt.datetime | None = column(
        description="End of the time that the law allows, which does not rest; null where it says nothing."
    )
    statutory_provisional: bool | None = column()
    resting: bool = derived(
        "resting_since", by=lambda since: since is not None, description="Whether a supplement is awaited."
    )
    clocks: list[Clock] = batch(clocks_of, description="Those that have begun: who has taken how much of the time.")
    overdue: bool = derived("due_at", "decided_at", "closed_at", "resting_since", by=is_overdue, clock=True)
    closed_at: dt.datetime | None = column()
    visits: int = column(description="Times the resident had to come; the goal of tongban is 1.")
    progress: CaseProgress = batch(
        progress_of, description="What the resident is shown: one look, whichever centers handle the case."
    )


@strawberry.type(description="The case as it is now, or the problems for which nothing was done.")
class CasePayload:
    row: strawberry.Private[Row]
    problems: list[Problem]
    case: Case | None = one("Case", "id")


@strawberry.type(description="What submitCase would do and say. Nothing is written.")
class CasePreview:
    row: strawberry.Private[Row]
    mode: ProcessingMode | None
    receiving_center: Center | None = one("Center", "receiving_center_id")
    handling_center: Center | None = one("Center", "handling_center_id")
    problems: list[Problem]
    missing: list[MaterialRequirement]
    due_at: dt.datetime | None
    due_provisional: bool | None


@strawberry.enum(description="In which order cases come.")
class CaseOrder(Enum):
    SUBMITTED_DESC = "SUBMITTED_DESC"
    SUBMITTED_ASC = "SUBMITTED_ASC"
    DUE_ASC = "DUE_ASC"


@strawberry.input(description="Which cases: those that fit everything that is said.")
class CaseFilter:
    center: str | None = strawberry.field(default=None, description="Received or handled there.")
    receiving_center: str | None = None
    handling_center: str | None = None
    resident: strawberry.ID | None = None
    item: str | None = None
    department: str | None = None
    status: list[CaseStatus] | None = None
    mode: ProcessingMode | None = None
    overdue: bool | None = None
    due_before: dt.datetime | None = strawberry.field(default=None, description="Not decided yet, and due before then.")
    submitted_from: dt.datetime | None = None
    submitted_to: dt.datetime | None = strawberry.field(default=None, description="Exclusive.")
    number: str | None = None


@strawberry.input(description="A material that is handed in.")
class SubmittedDocumentInput:
    material: str = strawberry.field(description="The material's code.")
    document: strawberry.ID | None = strawberry.field(
        default=None, description="The uploaded document; left out where paper was shown at the counter."
    )


@strawberry.input(description="Who applies for the applicant.")
class AgentInput:
    name: str
    id_number: IdNumber
    relation: str


@strawberry.input(description="An application for an item at a center.")
class SubmitCaseInput:
    item: str
    center: str
    applicant: strawberry.ID
    form: JSON
    documents: list[SubmittedDocumentInput] | None = strawberry.field(
        default=None, description="What is handed in, by material."
    )
    agent: AgentInput | None = None
    channel: Channel | None = None
    delivery_route: DeliveryRoute | None = None
    accept: bool | None = strawberry.field(
        default=None, description="At the counter: pass the formal review in the same step."
    )
    even_if_duplicate: bool | None = strawberry.field(
        default=None, description="The applicant has an open case of the item, and means another one all the same."
    )
    idempotency_key: str | None = None


@strawberry.input(description="A step of a case, and the version of it that the caller has seen.")
class CaseActionInput:
    case: strawberry.ID
    expected_version: int
    note: str | None = None
    idempotency_key: str | None = None


@strawberry.input(description="A decision on a case, and the version of it that the caller has seen.")
class DecideCaseInput:
    case: strawberry.ID
    expected_version: int
    reason: str | None = None
    result_number: str | None = None
    result_document: strawberry.ID | None = strawberry.field(
        default=None, description="The upload of the result, at the handling center."
    )
    idempotency_key: str | None = None


@strawberry.input(description="A return, and everything that is missing, at once.")
class ReturnCaseInput:
    case: strawberry.ID
    expected_version: int
    missing: list[str] = strawberry.field(description="Codes of the materials.")
    note: str
    idempotency_key: str | None = None


@strawberry.input(description="A refusal by the handling center, with its reason.")
class RefuseTransferInput:
    case: strawberry.ID
    expected_version: int
    reason: str
    idempotency_key: str | None = None


@strawberry.input(description="Everything that the reviewer still needs, at once.")
class RequestSupplementInput:
    case: strawberry.ID
    expected_version: int
    materials: list[str] = strawberry.field(description="Codes of the materials.")
    note: str
    days: int | None = strawberry.field(default=None, description="Working days to bring it; 5 where left out.")
    idempotency_key: str | None = None


@strawberry.input(description="What was asked for, all of it.")
class SupplementCaseInput:
    case: strawberry.ID
    expected_version: int
    documents: list[SubmittedDocumentInput]
    form: JSON | None = None
    channel: Channel | None = strawberry.field(
        default=None, description="Left out: COUNTER where something is shown on paper, else from home."
    )
    idempotency_key: str | None = None


@strawberry.input(description="One to five stars for what was delivered.")
class RateCaseInput:
    case: strawberry.ID
    stars: int
    comment: str | None = None
    idempotency_key: str | None = None


NO_UPLOAD = UUID(int=0)
FilterArgument = Annotated[CaseFilter | None, strawberry.argument(name="filter")]
_ORDERS = {
    CaseOrder.SUBMITTED_DESC: [Order(models.Case.submitted_at, descending=True)],
    CaseOrder.SUBMITTED_ASC: [Order(models.Case.submitted_at)],
    CaseOrder.DUE_ASC: [Order(models.Case.due_at)],
}


def chosen_cases(desk: Desk, filter_: FilterArgument = None, order_by: CaseOrder | None = None) -> Selection:
    """Cases by filter, newest first unless ordered otherwise."""
    return Selection(_conditions(desk, filter_) if filter_ else [], _ORDERS[order_by or CaseOrder.SUBMITTED_DESC])


def case_with_number(_desk: Desk, number: str) -> Selection:
    return Selection([models.Case.number == number.strip().upper()])


@strawberry.type
class CasesQuery:
    case: Case | None = by_key("Case", case_with_number)
    cases: Connection[Case] = connection("Case", order=["-submitted_at"], select=chosen_cases)

    @strawberry.field(
        description="A dry run of submitCase: mode, centers, every problem at once, due date. Writes nothing."
    )
    async def case_preview(self, info: Info, input: SubmitCaseInput) -> CasePreview:  # noqa: A002
        desk = info.context

        async def found(session: AsyncSession) -> CasePreview:
            return _preview(await assess(session, desk.registry, _draft(input), desk.actor, desk.now), desk.language)

        return await desk.read(found)


@strawberry.type
class CasesMutation:
    @strawberry.mutation
    async def submit_case(self, info: Info, input: SubmitCaseInput) -> CasePayload:  # noqa: A002
        desk = info.context

        async def do(session: AsyncSession) -> UUID:
            return (await service.submit(session, desk.registry, desk.actor, _submission(input), desk.now)).id

        request = {"submitCase": strawberry.asdict(input)}
        return await written(desk, _payload, input.idempotency_key, request, do)

    @strawberry.mutation(
        description="Formal review passed at the receiving center: a direct case goes on there, "
        "a split one is passed to the handling center."
    )
    async def accept_case(self, info: Info, input: CaseActionInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "acceptCase", input, service.accept)

    @strawberry.mutation(
        description="Formal review not passed: everything missing is named at once, and the case is closed."
    )
    async def return_case(self, info: Info, input: ReturnCaseInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "returnCase", input, service.return_, input.missing)

    @strawberry.mutation(description="The handling center takes over, after the manifest's digests have been verified.")
    async def acknowledge_transfer(self, info: Info, input: CaseActionInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "acknowledgeTransfer", input, review.acknowledge_transfer)

    @strawberry.mutation(
        description="The handling center says that the case is not its own; it is routed again, and nothing is lost."
    )
    async def refuse_transfer(self, info: Info, input: RefuseTransferInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "refuseTransfer", input, review.refuse_transfer, input.reason)

    @strawberry.mutation(
        description="The reviewer asks for everything that is still needed, once; the promised time rests meanwhile."
    )
    async def request_supplement(self, info: Info, input: RequestSupplementInput) -> CasePayload:  # noqa: A002
        return await _act(
            info.context, "requestSupplement", input, review.request_supplement, input.materials, input.days
        )

    @strawberry.mutation(description="The resident brings what was asked for, at A or from home; the review goes on.")
    async def supplement_case(self, info: Info, input: SupplementCaseInput) -> CasePayload:  # noqa: A002
        said = review.Supplement(documents=_handed(input.documents), form=input.form, channel=input.channel)
        return await _act(info.context, "supplementCase", input, review.supplement, said)

    @strawberry.mutation(description="Granted.")
    async def approve_case(self, info: Info, input: DecideCaseInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "approveCase", input, review.approve, _outcome(input))

    @strawberry.mutation(description="Not granted; the reason is told to the applicant.")
    async def reject_case(self, info: Info, input: DecideCaseInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "rejectCase", input, review.reject, _outcome(input))

    @strawberry.mutation(
        description="The result goes home: from the handling center directly, or first to the receiving center and "
        "from there, with a second call, to the resident."
    )
    async def deliver_result(self, info: Info, input: CaseActionInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "deliverResult", input, review.deliver_result)

    @strawberry.mutation(description="The applicant no longer wants it; possible until it is decided.")
    async def withdraw_case(self, info: Info, input: CaseActionInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "withdrawCase", input, service.withdraw)

    @strawberry.mutation(description="好差评: one rating of what was delivered.")
    async def rate_case(self, info: Info, input: RateCaseInput) -> CasePayload:  # noqa: A002
        return await _act(info.context, "rateCase", input, service.rate, input.stars, input.comment)


async def _act(
    desk: Desk, name: str, said: Any, verb: Callable[..., Awaitable[models.Case]], *more: Any
) -> CasePayload:
    """One step of a case: `verb(session, case_id, step, *more)`."""

    async def do(session: AsyncSession) -> UUID:
        step = Step(
            actor=desk.actor,
            now=desk.now,
            expected_version=getattr(said, "expected_version", None),
            note=getattr(said, "note", None),
        )
        return (await verb(session, _case_id(said.case), step, *more)).id

    return await written(desk, _payload, said.idempotency_key, {name: strawberry.asdict(said)}, do)


def _payload(row: Row, problems: list[Problem]) -> CasePayload:
    return CasePayload(row=row, problems=problems)


def _preview(found: Assessment, language: str) -> CasePreview:
    row = {
        "receiving_center_id": found.receiving.id if found.receiving else None,
        "handling_center_id": found.route.center if found.route else None,
    }
    return CasePreview(
        row=row,
        mode=found.mode,
        problems=shown(found.problems, language),
        missing=[MaterialRequirement.of(_row_of(need)) for need in found.missing],
        due_at=found.due.at if found.due else None,
        due_provisional=found.due.provisional if found.due else None,
    )


def _row_of(model: Base) -> Row:
    """A model's columns by name, as a stored type reads them."""
    return {column.key: getattr(model, column.key) for column in model.__table__.columns}


def _case_id(text: str) -> UUID:
    found = key_of(Case, text)
    if found is None:
        raise Refused(problem("unknown_case", "case"))
    return found


def _draft(said: SubmitCaseInput) -> Draft:
    return Draft(
        item=said.item,
        center=said.center,
        applicant=key_of(Resident, said.applicant),
        form=said.form,
        documents=_handed(said.documents or ()),
        delivery_route=said.delivery_route,
        even_if_duplicate=bool(said.even_if_duplicate),
    )


def _handed(documents: Sequence[SubmittedDocumentInput]) -> list[Handed]:
    """What is handed in, each with its place; an id that is none of an upload's finds none."""
    return [
        Handed(
            place=("documents", str(position)),
            material=one.material,
            upload=None if one.document is None else key_of(Upload, one.document) or NO_UPLOAD,
        )
        for position, one in enumerate(documents)
    ]


def _outcome(said: DecideCaseInput) -> review.Outcome:
    return review.Outcome(
        reason=said.reason,
        result_number=said.result_number,
        result_document=None if said.result_document is None else key_of(Upload, said.result_document) or NO_UPLOAD,
    )


def _submission(said: SubmitCaseInput) -> service.Submission:
    return service.Submission(
        draft=_draft(said),
        channel=said.channel or Channel.COUNTER,
        agent=strawberry.asdict(said.agent) if said.agent else None,
        accept=bool(said.accept),
        key=said.idempotency_key,
    )


def _conditions(desk: Desk, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    case = models.Case
    where: list[ColumnElement[bool]] = []
    if wanted.center is not None:
        center = _center_id(wanted.center)
        where.append((case.receiving_center_id == center) | (case.handling_center_id == center))
    if wanted.receiving_center is not None:
        where.append(case.receiving_center_id == _center_id(wanted.receiving_center))
    if wanted.handling_center is not None:
        where.append(case.handling_center_id == _center_id(wanted.handling_center))
    if wanted.resident is not None:
        where.append(case.applicant_id == key_of(Resident, wanted.resident))
    if wanted.item is not None:
        where.append(case.item_id.in_(select(catalog.ServiceItem.id).where(catalog.ServiceItem.code == wanted.item)))
    if wanted.department is not None:
        items = select(catalog.ServiceItem.id).join(
            catalog.Department, catalog.Department.id == catalog.ServiceItem.department_id
        )
        where.append(case.item_id.in_(items.where(catalog.Department.code == wanted.department)))
    if wanted.status is not None:
        where.append(case.status.in_({status.value for status in wanted.status}))
    if wanted.mode is not None:
        where.append(case.mode == wanted.mode.value)
    if wanted.overdue is not None:
        overdue = func.coalesce(case.decided_at, case.closed_at, case.resting_since, desk.now) > case.due_at
        where.append(overdue if wanted.overdue else ~overdue)
    if wanted.due_before is not None:
        where += [case.decided_at.is_(None), case.closed_at.is_(None), case.due_at < wanted.due_before]
    if wanted.submitted_from is not None:
        where.append(case.submitted_at >= wanted.submitted_from)
    if wanted.submitted_to is not None:
        where.append(case.submitted_at < wanted.submitted_to)
    if wanted.number is not None:
        where.append(case.number == wanted.number.strip().upper())
    return where


def _center_id(code: str) -> ScalarSelect[UUID]:
    """The one center, found before the cases are: so that indexes of both columns can be used for either of them."""
    return select(centers.Center.id).where(centers.Center.code == code).scalar_subquery()
