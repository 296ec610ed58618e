"""Tables of cases. Every row of a case carries `case_id`, so that it can live where the case lives."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tongban.cases.words import CaseStatus, Channel, TransferPurpose
from tongban.contract.items import DeliveryRoute, ProcessingMode
from tongban.storage.base import Base, Identified, one_of
from tongban.storage.ids import new_id


class Case(Identified, Base):
    """办件. A is `receiving_center_id`, B is `handling_center_id`; `current_center_id` is the one whose turn it is."""

    __tablename__ = "service_case"
    __table_args__ = (
        one_of("mode", ProcessingMode),
        one_of("status", CaseStatus),
        one_of("channel", Channel),
        one_of("delivery_route", DeliveryRoute),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(decided_at IS NULL) = (approved IS NULL)", name="decision"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("service_item.id"), index=True)
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    agent: Mapped[dict[str, Any] | None]
    channel: Mapped[str]
    mode: Mapped[str]
    status: Mapped[str]
    version: Mapped[int]
    receiving_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    handling_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    current_center_id: Mapped[UUID | None] = mapped_column(ForeignKey("center.id"))
    routed_by: Mapped[str | None]
    form: Mapped[dict[str, Any]]
    delivery_route: Mapped[str]
    submitted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    due_provisional: Mapped[bool]
    closed_at: Mapped[datetime | None]
    visits: Mapped[int]
    approved: Mapped[bool | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    result_number: Mapped[str | None]


Index("ix_service_case_receiving", Case.receiving_center_id, Case.submitted_at, Case.id)
Index("ix_service_case_handling", Case.handling_center_id, Case.submitted_at, Case.id)
Index("ix_service_case_current", Case.current_center_id, Case.submitted_at, Case.id)
Index("ix_service_case_applicant", Case.applicant_id, Case.submitted_at, Case.id)
Index("ix_service_case_submitted", Case.submitted_at, Case.id)
Index("ix_service_case_due", Case.due_at, Case.id)


class OfCase:
    """A row of a case: keyed by the case first."""

    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class CaseMaterial(OfCase, Base):
    """A material handed in at the counter, in the order of the requirement."""

    __tablename__ = "case_material"
    __table_args__ = (UniqueConstraint("case_id", "position"),)

    position: Mapped[int]
    material_id: Mapped[UUID] = mapped_column(ForeignKey("material.id"))


class CaseEvent(OfCase, Base):
    """What happened to a case; appended, never changed. `sequence` counts from 1 within the case."""

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
    """The custody of a case's materials passing from one center to another, with the manifest of what is in it."""

    __tablename__ = "transfer"
    __table_args__ = (one_of("purpose", TransferPurpose),)

    from_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    to_center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    purpose: Mapped[str]
    manifest: Mapped[list[dict[str, Any]]]
    manifest_digest: Mapped[str]
    sent_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
