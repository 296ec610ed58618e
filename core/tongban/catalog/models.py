"""Tables of the catalog. An item's row is one version of it; a case points at the version that it began with."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tongban.contract.items import Necessity, ProcessingMode, RoutingBasis
from tongban.storage.base import Base, Identified, one_of


class Department(Identified, Base):
    """部门. Only the items of an installed department are in the catalog."""

    __tablename__ = "department"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    installed: Mapped[bool]
    provenance: Mapped[str]


class Material(Identified, Base):
    """材料: a kind of evidence. `produced_by` is the code of the item whose result it is."""

    __tablename__ = "material"

    code: Mapped[str] = mapped_column(unique=True)
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"), index=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    issuer: Mapped[str]
    produced_by: Mapped[str | None] = mapped_column(index=True)
    produced_when: Mapped[str | None]
    provenance: Mapped[str]


class CatalogEdition(Identified, Base):
    """清单版本: a published edition, numbered, immutable, signed. `digest` is that of its content."""

    __tablename__ = "catalog_edition"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)

    number: Mapped[int] = mapped_column(unique=True)
    effective_from: Mapped[date] = mapped_column(index=True)
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    digest: Mapped[str]
    signature: Mapped[str]
    algorithm: Mapped[str]
    public_key: Mapped[str]


class EditionItem(Base):
    """A version that belongs to an edition."""

    __tablename__ = "edition_item"

    edition_id: Mapped[UUID] = mapped_column(ForeignKey("catalog_edition.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("service_item.id"), primary_key=True, index=True)


class ServiceItem(Identified, Base):
    """事项: one version of an item, in force from `effective_from` until the day before `effective_to`.

    It came with the edition `edition_id`, by the approved proposal `proposal_id`: the foreign key over `id` and
    `approved` lets no other in.
    """

    __tablename__ = "service_item"
    __table_args__ = (
        one_of("mode", ProcessingMode),
        one_of("routing_basis", RoutingBasis),
        CheckConstraint("effective_to IS NULL OR effective_to >= effective_from", name="period"),
        CheckConstraint("promised_days >= 0", name="promised_days"),
        CheckConstraint("proposal_approved", name="proposal_approved"),
        CheckConstraint("(suspended_at IS NULL) = (suspension IS NULL)", name="suspension"),
        ForeignKeyConstraint(["proposal_id", "proposal_approved"], ["proposal.id", "proposal.approved"]),
        UniqueConstraint("code", "version"),
    )

    code: Mapped[str]
    version: Mapped[int]
    proposal_id: Mapped[UUID]
    proposal_approved: Mapped[bool] = mapped_column(default=True)
    edition_id: Mapped[UUID] = mapped_column(ForeignKey("catalog_edition.id"), index=True)
    suspended_at: Mapped[datetime | None]
    suspension: Mapped[str | None]
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"), index=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    themes: Mapped[list[str]]
    mode: Mapped[str]
    barriers: Mapped[list[str]]
    audiences: Mapped[list[str]]
    routing_basis: Mapped[str]
    delivery_routes: Mapped[list[str]]
    tongban_from: Mapped[date | None]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    guide: Mapped[dict[str, Any]]
    form: Mapped[dict[str, Any]]
    form_ui: Mapped[dict[str, Any]]
    legal_basis: Mapped[list[str]]
    statutory_days: Mapped[int | None]
    promised_days: Mapped[int]
    extra_days_for_split: Mapped[int]
    exception_analysis: Mapped[str | None]
    review_on: Mapped[date | None]
    provenance: Mapped[str]
    definition_digest: Mapped[str]


class MaterialRequirement(Identified, Base):
    """A material that one version of an item asks for; `needed_when` is a JSON Schema of the form."""

    __tablename__ = "material_requirement"
    __table_args__ = (one_of("necessity", Necessity), UniqueConstraint("item_id", "position"))

    item_id: Mapped[UUID] = mapped_column(ForeignKey("service_item.id"))
    position: Mapped[int]
    material_id: Mapped[UUID] = mapped_column(ForeignKey("material.id"), index=True)
    necessity: Mapped[str]
    condition: Mapped[str | None]
    needed_when: Mapped[dict[str, Any] | None]
    copies: Mapped[int]
    original_shown: Mapped[bool]
    accepts_certificate: Mapped[bool]
