"""Cases' desk: what a case shows."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import select
from strawberry.scalars import JSON

from tongban.cases import clocks as pure
from tongban.cases import models
from tongban.cases.clocks import ClockKind, Passage
from tongban.cases.deadlines import Due
from tongban.cases.lifecycle import available_actions
from tongban.cases.steps import facts_of, path_of_case
from tongban.cases.words import CaseAction, CaseStatus, Channel, TransferPurpose
from tongban.contract.items import DeliveryRoute, ProcessingMode
from tongban.graphql.catalog import Material, ServiceItem
from tongban.graphql.centers import Center, city_calendar
from tongban.graphql.connections import Connection
from tongban.graphql.desk import Desk, Row
from tongban.graphql.documents import Document
from tongban.graphql.fields import batch, column, connection, derived, many, one, reference
from tongban.graphql.node import Node
from tongban.graphql.notifications import Notice
from tongban.graphql.progress import CaseProgress, progress_of
from tongban.graphql.residents import Resident
from tongban.graphql.scalars import Digest, IdNumber
from tongban.graphql.sources import Selection, Through
from tongban.graphql.stored import Stored, global_id
from tongban.residents.identity_numbers import masked


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
