"""Admission's desk: the joint meeting, proposals with their dossiers, editions, what changed between two days."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from tongban.admission import models, service
from tongban.admission.differences import differences
from tongban.admission.lifecycle import Waiver as WaiverValue
from tongban.admission.words import MemberKind, ProposalKind, ProposalStatus, Stance
from tongban.cases import models as cases
from tongban.cases.lifecycle import CLOSED
from tongban.catalog import models as catalog
from tongban.catalog.service import in_force
from tongban.check.report import Verdict
from tongban.contract.items import Barrier, ProcessingMode
from tongban.errors import Refused
from tongban.graphql.catalog import CatalogEdition, Department, Material, ServiceItem
from tongban.graphql.connections import Connection
from tongban.graphql.desk import Desk, Info, Row
from tongban.graphql.errors import BadInput
from tongban.graphql.fields import batch, by_key, column, connection, derived, listed, many, one, reference
from tongban.graphql.node import Node
from tongban.graphql.problems import Problem
from tongban.graphql.scalars import Digest
from tongban.graphql.sources import Selection
from tongban.graphql.stored import Stored, key_of
from tongban.graphql.writing import written
from tongban.messages.problems import problem

OFFICE_DEPARTMENT = "MZ"
"""The office of the joint meeting sits in the civil affairs bureau."""
Proposed = models.Proposal


@strawberry.type
class JointMeetingMember(Stored, Node, model=models.JointMeetingMember):
    code: str = column()
    name: str = column()
    kind: MemberKind = column()
    provenance: str = column(description="Where the row's facts come from.")


def office_department(_desk: Desk) -> Selection:
    return Selection([catalog.Department.code == OFFICE_DEPARTMENT])


@strawberry.type(description="联席会议: 16 commissions and bureaus, 16 district governments, and an office.")
class JointMeeting:
    members: list[JointMeetingMember] = listed("JointMeetingMember", order=["kind", "code"])
    office: Department | None = by_key("Department", office_department)


@strawberry.type
class Finding:
    rule: str
    title: str
    verdict: Verdict
    evidence: str
    barrier: Barrier | None
    example: JSON | None = strawberry.field(description="A smallest case in which the rule broke.")


async def findings(desk: Desk, rows: Sequence[Row]) -> list[list[Finding]]:
    """The findings as they are kept, in the caller's language."""
    ending = "_en" if desk.language == "en" else ""
    return [
        [
            Finding(
                rule=one["rule"],
                title=one[f"title{ending}"],
                verdict=Verdict(one["verdict"]),
                evidence=one[f"evidence{ending}"],
                barrier=None if one["barrier"] is None else Barrier(one["barrier"]),
                example=one["example"],
            )
            for one in row["findings"]
        ]
        for row in rows
    ]


@strawberry.type(
    description="What the executable check found. It is the gate: no item is approved over a failed rule without a "
    "dated waiver."
)
class TongbanCheckReport(Stored, Node, model=models.CheckReport):
    passed: bool = column()
    mode: ProcessingMode = column(description="Derived from the barriers.")
    barriers: list[Barrier] = column()
    findings: list[Finding] = batch(findings)
    plugin: str = column()
    plugin_version: str = column()
    definition_digest: Digest = column()
    code_digest: Digest = column()
    applications_tried: int = column()
    centers_tried: int = column()
    ran_at: dt.datetime = column()
    seconds: float = column()


@strawberry.type
class Opinion(Stored, model=models.Opinion):
    member: JointMeetingMember = reference("JointMeetingMember", "member_id")
    stance: Stance = column()
    comment: str | None = column()
    at: dt.datetime = column("given_at")


@strawberry.type(description="A failed rule approved over: which, why, and until when.")
class Waiver:
    rules: list[str]
    reason: str
    expires_on: dt.date


def waiver_of(waiver: Row | None, expires_on: dt.date | None) -> Waiver | None:
    """The waiver, where there is one."""
    if waiver is None or expires_on is None:
        return None
    return Waiver(rules=waiver["rules"], reason=waiver["reason"], expires_on=expires_on)


@strawberry.type
class ProposalDecision:
    approved: bool
    at: dt.datetime
    by: str
    reason: str
    waiver: Waiver | None


def decision_of(
    approved: bool, at: dt.datetime | None, by: str, reason: str, waiver: Row | None, expires_on: dt.date | None
) -> ProposalDecision | None:
    """The decision, once there is one."""
    if at is None:
        return None
    return ProposalDecision(approved=approved, at=at, by=by, reason=reason, waiver=waiver_of(waiver, expires_on))


@strawberry.type
class FieldChange:
    field: str
    before: JSON | None
    after: JSON | None


def shown_changes(before: Row | None, after: Row | None) -> list[FieldChange]:
    """Field by field, what differs."""
    found = differences(before or {}, after or {})
    return [FieldChange(field=one.field, before=one.before, after=one.after) for one in found]


async def diffs(desk: Desk, rows: Sequence[Row]) -> list[list[FieldChange]]:
    """Each proposal's definition against the one in force when it was proposed."""
    bases = {row["base_item_id"] for row in rows if row["base_item_id"]}
    found = await desk.rows(
        select(catalog.ServiceItem.id.label("item"), Proposed.definition)
        .join(Proposed, Proposed.id == catalog.ServiceItem.proposal_id)
        .where(catalog.ServiceItem.id.in_(bases))
    )
    before = {row["item"]: row["definition"] for row in found}
    return [shown_changes(before.get(row["base_item_id"]), row["definition"]) for row in rows]


async def open_cases(desk: Desk, rows: Sequence[Row]) -> list[int]:
    """How many cases of each item are not closed; they end under the version that they began with."""
    closed = [status.value for status in CLOSED]
    found = await desk.rows(
        select(catalog.ServiceItem.code, func.count().label("cases"))
        .join(cases.Case, cases.Case.item_id == catalog.ServiceItem.id)
        .where(catalog.ServiceItem.code.in_({row["item_code"] for row in rows}), cases.Case.status.not_in(closed))
        .group_by(catalog.ServiceItem.code)
    )
    counts = {row["code"]: row["cases"] for row in found}
    return [counts.get(row["item_code"], 0) for row in rows]


async def shared_materials(desk: Desk, rows: Sequence[Row]) -> list[list[Material]]:
    """The materials of each proposal that other items in force ask for too."""
    uses = await _uses(desk, rows)
    materials = await desk.rows(select(Material.table).where(Material.table.c.code.in_({code for code, _ in uses})))
    by_code = {row["code"]: Material.of(row) for row in materials}
    shared = [
        sorted({code for code, item in uses if code in _materials(row) and item != row["item_code"]}) for row in rows
    ]
    return [[by_code[code] for code in codes] for codes in shared]


async def touched_items(desk: Desk, rows: Sequence[Row]) -> list[list[ServiceItem]]:
    """The items in force that ask for what each proposal's item produces."""
    codes = {row["item_code"] for row in rows}
    found = await desk.rows(
        select(ServiceItem.table, catalog.Material.produced_by.label("produced_by"))
        .join(catalog.MaterialRequirement, catalog.MaterialRequirement.item_id == ServiceItem.table.c.id)
        .join(catalog.Material, catalog.Material.id == catalog.MaterialRequirement.material_id)
        .where(catalog.Material.produced_by.in_(codes), in_force(desk.today))
        .order_by(ServiceItem.table.c.code)
    )
    return [[ServiceItem.of(one) for one in found if one["produced_by"] == row["item_code"]] for row in rows]


@strawberry.type(description="Open cases, shared materials and other items that the change touches.")
class ProposalImpact:
    row: strawberry.Private[Row]
    open_cases: int = batch(open_cases)
    shared_materials: list[Material] = batch(shared_materials)
    items: list[ServiceItem] = batch(touched_items, description="Items that ask for what this one produces.")


async def impacts(_desk: Desk, rows: Sequence[Row]) -> list[ProposalImpact]:
    """What each proposal touches; its fields are read when they are asked for."""
    return [ProposalImpact(row=row) for row in rows]


async def last_reports(desk: Desk, rows: Sequence[Row]) -> list[TongbanCheckReport | None]:
    """The newest report of each proposal."""
    table = models.CheckReport.__table__
    found = await desk.rows(
        select(table)
        .ext(distinct_on(table.c.proposal_id))
        .where(table.c.proposal_id.in_({row["id"] for row in rows}))
        .order_by(table.c.proposal_id, table.c.ran_at.desc(), table.c.id.desc())
    )
    reports = {row["proposal_id"]: TongbanCheckReport.of(row) for row in found}
    return [reports.get(row["id"]) for row in rows]


async def changed_items(desk: Desk, rows: Sequence[Row]) -> list[ServiceItem | None]:
    """The version that each published proposal brought; for a withdrawal, the one that left."""
    table = ServiceItem.table
    ids = {row["id"] for row in rows}
    bases = {row["base_item_id"] for row in rows if row["base_item_id"]}
    found = await desk.rows(select(table).where(table.c.proposal_id.in_(ids) | table.c.id.in_(bases)))
    brought = {row["proposal_id"]: row for row in found}
    held = {row["id"]: row for row in found}
    chosen = [brought.get(row["id"]) or held.get(row["base_item_id"]) for row in rows]
    return [None if row is None else ServiceItem.of(row) for row in chosen]


async def days_of_editions(desk: Desk, rows: Sequence[Row]) -> list[dt.date]:
    """The first day of the edition that each change came with."""
    edition = catalog.CatalogEdition
    ids = {row["edition_id"] for row in rows}
    found = await desk.rows(select(edition.id, edition.effective_from).where(edition.id.in_(ids)))
    days = {row["id"]: row["effective_from"] for row in found}
    return [days[row["edition_id"]] for row in rows]


@strawberry.type(description="The dossier of one change of the catalog: definition, check, opinions, decision.")
class Proposal(Stored, Node, model=models.Proposal):
    kind: ProposalKind = column()
    status: ProposalStatus = column()
    item_code: str = column()
    item: ServiceItem | None = one(
        "ServiceItem", "base_item_id", description="The version in force when the change was proposed."
    )
    department: Department = reference("Department", "department_id")
    definition: JSON | None = column(description="The definition proposed; none where the item shall leave.")
    definition_digest: Digest | None = column()
    diff: list[FieldChange] = batch(diffs)
    check: TongbanCheckReport | None = batch(last_reports, description="The newest report.")
    checks: list[TongbanCheckReport] = many("TongbanCheckReport", "proposal_id", order=["-ran_at", "-id"])
    opinions: list[Opinion] = many("Opinion", "proposal_id", order=["given_at", "id"])
    decision: ProposalDecision | None = derived(
        "approved",
        "decided_at",
        "decided_by",
        "decision_reason",
        "waiver",
        "waiver_expires_on",
        by=decision_of,
    )
    effective_from: dt.date | None = column()
    proposed_by: str = column()
    proposed_at: dt.datetime = column()
    edition: CatalogEdition | None = reference("CatalogEdition", "edition_id")
    impact: ProposalImpact = batch(impacts)


@strawberry.type(description="What one edition changed of an item.")
class CatalogChange(Stored, model=models.Proposal):
    kind: ProposalKind = column()
    proposal: Proposal | None = one("Proposal", "id")
    fields: list[FieldChange] = batch(diffs)
    item: ServiceItem = batch(changed_items, description="The version that came, or the one that left.")
    effective_from: dt.date = batch(days_of_editions)


@strawberry.input
class ProposalFilter:
    status: list[ProposalStatus] | None = None
    kind: ProposalKind | None = None
    department: str | None = None


FilterArgument = Annotated[ProposalFilter | None, strawberry.argument(name="filter")]
From = Annotated[dt.date, strawberry.argument(name="from")]


def chosen_proposals(_desk: Desk, filter_: FilterArgument = None) -> Selection:
    """Proposals by filter, newest first."""
    where: list[ColumnElement[bool]] = []
    if filter_ is not None and filter_.status is not None:
        where.append(Proposed.status.in_([status.value for status in filter_.status]))
    if filter_ is not None and filter_.kind is not None:
        where.append(Proposed.kind == filter_.kind.value)
    if filter_ is not None and filter_.department is not None:
        chosen = select(catalog.Department.id).where(catalog.Department.code == filter_.department)
        where.append(Proposed.department_id.in_(chosen))
    return Selection(where)


def changes_between(_desk: Desk, from_: From, to: dt.date) -> Selection:
    """What editions changed after `from`, up to and with `to`."""
    if to < from_:
        raise BadInput("`to` lies on or after `from`.")
    edition = catalog.CatalogEdition
    chosen = select(edition.id).where(edition.effective_from > from_, edition.effective_from <= to)
    return Selection([Proposed.edition_id.in_(chosen)])


IdArgument = Annotated[strawberry.ID, strawberry.argument(name="id")]


def proposal_with_id(_desk: Desk, id_: IdArgument) -> Selection:
    return Selection([Proposed.id == key_of(Proposal, id_)])


@strawberry.type
class AdmissionQuery:
    proposal: Proposal | None = by_key("Proposal", proposal_with_id)
    proposals: Connection[Proposal] = connection("Proposal", order=["-proposed_at", "-id"], select=chosen_proposals)
    catalog_editions: Connection[CatalogEdition] = connection(
        "CatalogEdition", order=["-number"], description="Editions published so far, newest first."
    )
    catalog_changes: list[CatalogChange] = listed(
        "CatalogChange",
        order=["item_code", "proposed_at"],
        select=changes_between,
        description="What was admitted, adjusted and withdrawn after `from`, up to and with `to`.",
    )

    @strawberry.field
    def joint_meeting(self) -> JointMeeting:
        return JointMeeting()


@strawberry.type
class ProposalPayload:
    row: strawberry.Private[Row]
    problems: list[Problem]
    proposal: Proposal | None = one("Proposal", "id")


@strawberry.type
class PublishEditionPayload:
    row: strawberry.Private[Row]
    problems: list[Problem]
    edition: CatalogEdition | None = one("CatalogEdition", "id")


@strawberry.input
class ProposeChangeInput:
    kind: ProposalKind
    item: str
    definition: JSON | None = strawberry.field(
        default=None, description="Left out, the definition is the one that the installed plugin supplies."
    )
    idempotency_key: str | None = None


@strawberry.input
class ProposalActionInput:
    proposal: strawberry.ID
    idempotency_key: str | None = None


@strawberry.input
class GiveOpinionInput:
    proposal: strawberry.ID
    member: str
    stance: Stance
    comment: str | None = None
    idempotency_key: str | None = None


@strawberry.input
class WaiverInput:
    rules: list[str]
    reason: str
    expires_on: dt.date


@strawberry.input
class DecideProposalInput:
    proposal: strawberry.ID
    approve: bool
    reason: str
    effective_from: dt.date | None = None
    waiver: WaiverInput | None = None
    idempotency_key: str | None = None


@strawberry.input
class PublishEditionInput:
    effective_from: dt.date
    idempotency_key: str | None = None


@strawberry.type
class AdmissionMutation:
    @strawberry.mutation
    async def propose_change(self, info: Info, input: ProposeChangeInput) -> ProposalPayload:  # noqa: A002
        desk = info.context

        async def do(session: AsyncSession) -> UUID:
            definition = input.definition
            if definition is not None and not isinstance(definition, dict):
                raise Refused(problem("definition_invalid", "definition", reason="not an object"))
            row = await service.propose(
                session, desk.registry, desk.actor, input.kind, input.item, definition, desk.now
            )
            return row.id

        return await _asked(desk, "proposeChange", input, do)

    @strawberry.mutation(description="Runs the executable check on the definition; it takes some seconds.")
    async def run_tongban_check(self, info: Info, input: ProposalActionInput) -> ProposalPayload:  # noqa: A002
        desk = info.context

        async def do(session: AsyncSession) -> UUID:
            return (await service.run_check(session, desk.registry, _proposal_id(input.proposal), desk.now)).id

        return await _asked(desk, "runTongbanCheck", input, do)

    @strawberry.mutation
    async def give_opinion(self, info: Info, input: GiveOpinionInput) -> ProposalPayload:  # noqa: A002
        desk = info.context

        async def do(session: AsyncSession) -> UUID:
            proposal = _proposal_id(input.proposal)
            row = await service.give_opinion(
                session, desk.actor, proposal, input.member, input.stance, input.comment, desk.now
            )
            return row.id

        return await _asked(desk, "giveOpinion", input, do)

    @strawberry.mutation(description="The office's decision. An approval needs a passed check, or a dated waiver.")
    async def decide_proposal(self, info: Info, input: DecideProposalInput) -> ProposalPayload:  # noqa: A002
        desk, said = info.context, input.waiver

        async def do(session: AsyncSession) -> UUID:
            row = await service.decide(
                session,
                desk.registry,
                desk.actor,
                _proposal_id(input.proposal),
                approved=input.approve,
                reason=input.reason,
                effective_from=input.effective_from,
                waiver=None if said is None else WaiverValue(frozenset(said.rules), said.reason, said.expires_on),
                now=desk.now,
            )
            return row.id

        return await _asked(desk, "decideProposal", input, do)

    @strawberry.mutation(description="Publishes a signed edition of the catalog.")
    async def publish_edition(self, info: Info, input: PublishEditionInput) -> PublishEditionPayload:  # noqa: A002
        desk = info.context

        async def do(session: AsyncSession) -> UUID:
            edition = await service.publish_edition(session, desk.signer, desk.actor, input.effective_from, desk.now)
            return edition.id

        def payload(row: Row, problems: list[Problem]) -> PublishEditionPayload:
            return PublishEditionPayload(row=row, problems=problems)

        return await written(desk, payload, input.idempotency_key, {"publishEdition": strawberry.asdict(input)}, do)


async def _asked(desk: Desk, name: str, said: Any, do: Any) -> ProposalPayload:
    def payload(row: Row, problems: list[Problem]) -> ProposalPayload:
        return ProposalPayload(row=row, problems=problems)

    return await written(desk, payload, said.idempotency_key, {name: strawberry.asdict(said)}, do)


def _proposal_id(text: str) -> UUID:
    found = key_of(Proposal, text)
    if found is None:
        raise Refused(problem("unknown_proposal", "proposal"))
    return found


def _materials(row: Row) -> set[str]:
    return {need["material"] for need in (row["definition"] or {}).get("materials", ())}


async def _uses(desk: Desk, rows: Sequence[Row]) -> set[tuple[str, str]]:
    """Pairs of a material and an item in force that asks for it, for the materials of the proposals."""
    wanted = set().union(*(_materials(row) for row in rows))
    found = await desk.rows(
        select(catalog.Material.code.label("material"), catalog.ServiceItem.code.label("item"))
        .join(catalog.MaterialRequirement, catalog.MaterialRequirement.material_id == catalog.Material.id)
        .join(catalog.ServiceItem, catalog.ServiceItem.id == catalog.MaterialRequirement.item_id)
        .where(catalog.Material.code.in_(wanted), in_force(desk.today))
    )
    return {(row["material"], row["item"]) for row in found}
