"""Tables of residents. Personal columns sit here and nowhere else."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from tongban.contract.applications import Sex
from tongban.storage.base import Base, Identified, one_of


class DocumentKind(StrEnum):
    """Which document carries the identity number."""

    CITIZEN_ID = "CITIZEN_ID"
    """居民身份证 (GB 11643), and the 18-digit residence permits of people from Hong Kong, Macao and Taiwan."""
    PERMANENT_RESIDENCE = "PERMANENT_RESIDENCE"
    """外国人永久居留身份证."""
    PASSPORT = "PASSPORT"
    OTHER = "OTHER"


class Resident(Identified, Base):
    """A person who applies. `hukou_id` points at the registration in force."""

    __tablename__ = "resident"
    __table_args__ = (one_of("document_kind", DocumentKind), one_of("sex", Sex))

    name: Mapped[str]
    document_kind: Mapped[str]
    id_number: Mapped[str]
    birth_date: Mapped[date | None]
    sex: Mapped[str | None]
    hukou_id: Mapped[UUID | None] = mapped_column(ForeignKey("hukou.id", use_alter=True))
    residence_address: Mapped[str | None]
    residence_division_code: Mapped[str | None]
    permit_number: Mapped[str | None]
    permit_valid_from: Mapped[date | None]
    permit_valid_to: Mapped[date | None]
    permit_reported_lost: Mapped[bool]
    telephone: Mapped[str | None]
    registered_at: Mapped[datetime]


Index("uq_resident_id_number", Resident.document_kind, Resident.id_number, unique=True)


class Hukou(Identified, Base):
    """户籍: one registration of a resident's household; moves add rows, so that the past can be asked."""

    __tablename__ = "hukou"

    resident_id: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    division_code: Mapped[str] = mapped_column(index=True)
    address: Mapped[str]
    since: Mapped[date]
    recorded_at: Mapped[datetime]
