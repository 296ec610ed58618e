"""Tables of cases."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tongban.cases.words import CaseStatus, Channel, DocumentPurpose, TransferPurpose
from tongban.contract.items import DeliveryRoute, ProcessingMode
from tongban.storage.base import Base, Identified, OfCase, one_of


class Case(Identified, Base):
    """办件. A is `receiving_center_id`, B is `handling_center_id`; `current_center_id` is the one whose turn it is.

    `version` counts its moves, `last_event` its events. `custodian_id` holds the application; while something of it is
    on its way and not yet stored, `underway` is true.
    `routing` keeps what B was computed from. `due_at` rests from `resting_since` on, while a supplement is awaited.
    """

    __tablename__ = "service_case"
    __table_args__ = (
        one_of("mode", ProcessingMode),
        one_of("status", CaseStatus),
        one_of("channel", Channel),
        one_of("delivery_route", DeliveryRoute),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(decided_at IS NULL) = (approved IS NULL)", name="decision"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("(rated_at IS NULL) = (stars IS NULL)", name="rating"),
        CheckConstraint("(status = 'SUPPLEMENT_REQUESTED') = (resting_since IS NOT NULL)", name="resting"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("service_item.id"), index=True)
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    agent: Mapped[dict[str, Any] | None]
    channel: Mapped[str]
    mode: Mapped[str]
    status: Mapped[str]
    version: Mapped[int]
    last_event: Mapped[int] = mapped_column(default=0)
    receiving_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    handling_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    current_center_id: Mapped[UUID | None] = mapped_column(ForeignKey("center.id"))
    routed_by: Mapped[str | None]
    routing: Mapped[dict[str, Any] | None]
    routing_due_at: Mapped[datetime | None]
    custodian_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    underway: Mapped[bool] = mapped_column(default=False)
    form: Mapped[dict[str, Any]]
    delivery_route: Mapped[str]
    submitted_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    promised_days: Mapped[int]
    extra_days: Mapped[int]
    due_at: Mapped[datetime]
    due_provisional: Mapped[bool]
    statutory_due_at: Mapped[datetime | None]
    statutory_provisional: Mapped[bool | None]
    rested_days: Mapped[int] = mapped_column(default=0)
    resting_since: Mapped[datetime | None]
    supplement_asked_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    visits: Mapped[int]
    approved: Mapped[bool | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    result_number: Mapped[str | None]
    result_document_id: Mapped[UUID | None]
    stars: Mapped[int | None]
    rating_comment: Mapped[str | None]
    rated_at: Mapped[datetime | None]


Index("ix_service_case_receiving", Case.receiving_center_id, Case.submitted_at, Case.id)
Index("ix_service_case_handling", Case.handling_center_id, Case.submitted_at, Case.id)
Index("ix_service_case_current", Case.current_center_id, Case.submitted_at, Case.id)
Index("ix_service_case_applicant", Case.applicant_id, Case.submitted_at, Case.id)
Index("ix_service_case_submitted", Case.submitted_at, Case.id)
Index("ix_service_case_due", Case.due_at, Case.id)
UNDECIDED = text("decided_at IS NULL AND closed_at IS NULL")
Index(
    "ix_service_case_undecided_receiving",
    Case.receiving_center_id,
    Case.due_at,
    Case.id,
    postgresql_where=UNDECIDED,
)
Index("ix_service_case_undecided_handling", Case.handling_center_id, Case.due_at, Case.id, postgresql_where=UNDECIDED)
Index("ix_service_case_undecided_due", Case.due_at, Case.id, postgresql_where=UNDECIDED)
Index(
    "ix_service_case_provisional",
    Case.id,
    postgresql_where=text("closed_at IS NULL AND (due_provisional OR statutory_provisional)"),
)


class CaseMaterial(OfCase, Base):
    """A material handed in, on paper or as documents, in the order of the requirement."""

    __tablename__ = "case_material"
    __table_args__ = (UniqueConstraint("case_id", "position"),)

    position: Mapped[int]
    material_id: Mapped[UUID] = mapped_column(ForeignKey("material.id"))


class Document(OfCase, Base):
    """A file of the case, in the object store under `object_key`; `custodian_id` is the one center that holds it.

    `position` counts from 0 in the order of handing in. The result of a decision need not be a known material.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("case_id", "position"),
        one_of("purpose", DocumentPurpose),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("(purpose = 'RESULT') OR (material_id IS NOT NULL)", name="material"),
    )

    position: Mapped[int]
    purpose: Mapped[str]
    material_id: Mapped[UUID | None] = mapped_column(ForeignKey("material.id"))
    object_key: Mapped[str]
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    uploaded_at: Mapped[datetime]
    custodian_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))


class CaseEvent(OfCase, Base):
    """What happened to a case; appended, never changed. `sequence` counts from 1 within the case, without a gap."""

    __tablename__ = "case_event"
    __table_args__ = (
        UniqueConstraint("case_id", "sequence"),
        one_of("from_status", CaseStatus),
        one_of("to_status", CaseStatus),
    )

    sequence: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    center_id: Mapped[UUID | None] = mapped_column(ForeignKey("center.id"))
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    note: Mapped[str | None]
    data: Mapped[dict[str, Any] | None]


class Transfer(OfCase, Base):
    """Custody passing from one center to another: sent, stored at its destination, then taken over by a person.

    `sequence` is the case event that it followed from, and so its order among the case's transfers, whatever the clocks
    say. `manifest` is what is in it (`cases/manifest.py`), `routing` what its destination was computed from.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        one_of("purpose", TransferPurpose),
        CheckConstraint("from_center_id <> to_center_id", name="two_centers"),
        CheckConstraint("acknowledged_at IS NULL OR delivered_at IS NOT NULL", name="stored_first"),
        CheckConstraint("num_nonnulls(acknowledged_at, refused_at, canceled_at) <= 1", name="one_end"),
    )

    sequence: Mapped[int]
    from_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    to_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    purpose: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    manifest_digest: Mapped[str]
    routing: Mapped[dict[str, Any] | None]
    sent_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    refusal_reason: Mapped[str | None]
    canceled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    escalation: Mapped[int] = mapped_column(default=0)


Index(
    "uq_transfer_open",
    Transfer.case_id,
    unique=True,
    postgresql_where=text("acknowledged_at IS NULL AND refused_at IS NULL AND canceled_at IS NULL"),
)
Index(
    "ix_transfer_unacknowledged",
    Transfer.sent_at,
    postgresql_where=text("acknowledged_at IS NULL AND refused_at IS NULL AND canceled_at IS NULL"),
)


class SupplementRequest(OfCase, Base):
    """一次性补正告知: everything that a reviewer still needs, told once; each handling center may ask once."""

    __tablename__ = "supplement_request"
    __table_args__ = (UniqueConstraint("case_id", "center_id"),)

    center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    at: Mapped[datetime]
    note: Mapped[str]
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]


class SupplementMaterial(OfCase, Base):
    """A material that a supplement request asks for."""

    __tablename__ = "supplement_material"

    request_id: Mapped[UUID]
    material_id: Mapped[UUID] = mapped_column(ForeignKey("material.id"))
