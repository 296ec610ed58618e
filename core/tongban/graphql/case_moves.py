"""Cases' desk: the dry run, submission, and every step after it."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from tongban.cases import models, review, service
from tongban.cases.assessment import Assessment, Draft, Handed, assess
from tongban.cases.steps import Step
from tongban.cases.words import Channel
from tongban.contract.items import DeliveryRoute, ProcessingMode
from tongban.errors import Refused
from tongban.graphql.cases import Case
from tongban.graphql.catalog import MaterialRequirement
from tongban.graphql.centers import Center
from tongban.graphql.desk import Desk, Info, Row
from tongban.graphql.documents import Upload
from tongban.graphql.fields import one
from tongban.graphql.problems import Problem, shown
from tongban.graphql.residents import Resident
from tongban.graphql.scalars import IdNumber
from tongban.graphql.stored import key_of
from tongban.graphql.writing import written
from tongban.messages.problems import problem
from tongban.storage.base import Base


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


@strawberry.type
class CasePreviewQuery:
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
