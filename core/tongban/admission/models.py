"""Tables of admission: the dossiers of proposals, and who has a say in them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tongban.admission.words import MemberKind, ProposalKind, ProposalStatus, Stance
from tongban.contract.items import ProcessingMode
from tongban.storage.base import Base, Identified, one_of

IS_APPROVED = "status = ANY (ARRAY['APPROVED'::text, 'PUBLISHED'::text])"
"""As PostgreSQL gives it back, so that database and models can be compared."""


class JointMeetingMember(Identified, Base):
    """A member of the joint meeting (联席会议)."""

    __tablename__ = "joint_meeting_member"
    __table_args__ = (one_of("kind", MemberKind),)

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    provenance: Mapped[str]


class Proposal(Identified, Base):
    """A change of the catalog and its dossier.

    `approved` is what the versions of items point at together with `id`: no version without an approved proposal.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        one_of("kind", ProposalKind),
        one_of("status", ProposalStatus),
        UniqueConstraint("id", "approved"),
        CheckConstraint("(kind = 'EXIT') = (definition IS NULL)", name="definition"),
        CheckConstraint("(status IN ('APPROVED', 'PUBLISHED', 'REJECTED')) = (decided_at IS NOT NULL)", name="decided"),
        CheckConstraint("(status = 'PUBLISHED') = (edition_id IS NOT NULL)", name="published"),
    )

    kind: Mapped[str]
    status: Mapped[str]
    item_code: Mapped[str]
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"), index=True)
    base_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_item.id", use_alter=True))
    definition: Mapped[dict[str, Any] | None]
    definition_digest: Mapped[str | None]
    effective_from: Mapped[date | None]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    approved: Mapped[bool] = mapped_column(Boolean, Computed(IS_APPROVED, persisted=True))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]
    waiver: Mapped[dict[str, Any] | None]
    waiver_expires_on: Mapped[date | None]
    edition_id: Mapped[UUID | None] = mapped_column(ForeignKey("catalog_edition.id"), index=True)


Index("ix_proposal_status", Proposal.status, Proposal.proposed_at, Proposal.id)
Index("ix_proposal_proposed", Proposal.proposed_at, Proposal.id)
Index(
    "uq_proposal_open_item",
    Proposal.item_code,
    unique=True,
    postgresql_where=text("status NOT IN ('REJECTED', 'PUBLISHED')"),
)


class CheckReport(Identified, Base):
    """What one run of the tongban check found; never changed afterwards."""

    __tablename__ = "check_report"
    __table_args__ = (one_of("mode", ProcessingMode),)

    proposal_id: Mapped[UUID | None] = mapped_column(ForeignKey("proposal.id"), index=True)
    item_code: Mapped[str] = mapped_column(index=True)
    passed: Mapped[bool]
    mode: Mapped[str]
    barriers: Mapped[list[str]]
    findings: Mapped[list[dict[str, Any]]]
    plugin: Mapped[str]
    plugin_version: Mapped[str]
    definition_digest: Mapped[str]
    code_digest: Mapped[str]
    applications_tried: Mapped[int]
    centers_tried: Mapped[int]
    ran_at: Mapped[datetime]
    seconds: Mapped[float]


class Opinion(Identified, Base):
    """A member's opinion on a proposal; a later one takes its place."""

    __tablename__ = "opinion"
    __table_args__ = (one_of("stance", Stance), UniqueConstraint("proposal_id", "member_id"))

    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposal.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("joint_meeting_member.id"), index=True)
    stance: Mapped[str]
    comment: Mapped[str | None]
    given_at: Mapped[datetime]
