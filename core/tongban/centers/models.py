"""Tables of the city: districts, divisions, centers, calendar."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tongban.centers.words import CalendarKind
from tongban.storage.base import Base, Identified, one_of


class CenterKind(StrEnum):
    """A main center (社区事务受理服务中心) or a branch (分中心) of one."""

    MAIN = "MAIN"
    BRANCH = "BRANCH"


class District(Identified, Base):
    """区: one of the city's 16. Latitude and longitude are its centroid's."""

    __tablename__ = "district"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    latitude: Mapped[float]
    longitude: Mapped[float]
    provenance: Mapped[str]


class Center(Identified, Base):
    """社区事务受理服务中心 or 分中心. Merged into another, its `successor_id` acts for it; it keeps what it did."""

    __tablename__ = "center"
    __table_args__ = (one_of("kind", CenterKind),)

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    kind: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("center.id"), index=True)
    district_id: Mapped[UUID] = mapped_column(ForeignKey("district.id"), index=True)
    division_code: Mapped[str] = mapped_column(index=True)
    address: Mapped[str | None]
    telephone: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    counters: Mapped[int]
    staff: Mapped[int]
    tongban: Mapped[bool]
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("center.id"))
    provenance: Mapped[str]


class Division(Base):
    """街道, 镇, 乡 or another zone by its 12-digit statistical code; former codes stay, since records carry them.

    `center_id` is the one main center that handles its residents' cases; without one nobody guesses.
    """

    __tablename__ = "division"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    district_id: Mapped[UUID] = mapped_column(ForeignKey("district.id"), index=True)
    center_id: Mapped[UUID | None] = mapped_column(ForeignKey("center.id"), index=True)
    current: Mapped[bool]
    provenance: Mapped[str]


class CalendarDay(Base):
    """A day that departs from the plain week. A year without rows is not published yet."""

    __tablename__ = "calendar_day"
    __table_args__ = (one_of("kind", CalendarKind),)

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    provenance: Mapped[str]


class CalendarPublication(Identified, Base):
    """A year as an administrator published it; appended, never changed. The newest `version` is what is in force.

    A load leaves such a year alone, whatever the city's files say of it.
    """

    __tablename__ = "calendar_publication"
    __table_args__ = (UniqueConstraint("year", "version"), CheckConstraint("version >= 1", name="version"))

    year: Mapped[int]
    version: Mapped[int]
    days: Mapped[list[dict[str, Any]]]
    source: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


Index("ix_center_main_division", Center.division_code, unique=True, postgresql_where=text("kind = 'MAIN'"))
