"""Reading the city: the calendar and its years, and which center handles a division."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers.calendar import Calendar, NamedDay
from tongban.centers.models import CalendarDay, CalendarPublication, Center, Division
from tongban.centers.words import CalendarKind

CALENDAR = select(CalendarDay.day, CalendarDay.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """What is known of a year's calendar. `version` counts what administrators published; 0: the city's files."""

    year: int
    days: tuple[NamedDay, ...] = ()
    source: str | None = None
    version: int = 0
    published_at: datetime | None = None

    @property
    def published(self) -> bool:
        """Whether its days are known."""
        return bool(self.days)

    def count(self, kind: CalendarKind) -> int:
        """How many of its days are of that kind."""
        return sum(day.kind is kind for day in self.days)


async def calendar(session: AsyncSession, since: date | None = None) -> Calendar:
    """The city's calendar as far as it is loaded, or from a day on for what begins after it."""
    days = CALENDAR if since is None else CALENDAR.where(CalendarDay.day >= since)
    return calendar_of((await session.execute(days)).mappings().all())


def calendar_of(rows: Sequence[Mapping[Any, Any]]) -> Calendar:
    """The calendar that the rows of `CALENDAR` tell, each by its columns' names."""
    return Calendar({row["day"]: CalendarKind(row["kind"]) for row in rows})


async def handling_centers(session: AsyncSession, *divisions: str) -> dict[str, UUID]:
    """The one center of each division that has one: of a merged center, the one that acts for it."""
    rows = await session.execute(
        select(Division.code, Center.id, Center.successor_id)
        .join(Center, Center.id == Division.center_id)
        .where(Division.code.in_(divisions))
    )
    return {row.code: await acting(session, row.id) if row.successor_id else row.id for row in rows}


async def acting(session: AsyncSession, center_id: UUID) -> UUID:
    """The center that acts for this one: itself, or the last of those that it was merged into."""
    seen = {center_id}
    while (successor := (await session.get_one(Center, center_id)).successor_id) and successor not in seen:
        seen.add(successor)
        center_id = successor
    return center_id


async def same(session: AsyncSession, first: UUID, second: UUID) -> bool:
    """Whether both are one center by now: the same, or merged into each other or into a third."""
    return first == second or await acting(session, first) == await acting(session, second)


async def calendar_years(session: AsyncSession, this_year: int) -> list[CalendarYear]:
    """Every year from the first one known to the next one at least, those that are not published too."""
    rows = (await session.scalars(select(CalendarDay).order_by(CalendarDay.day))).all()
    newest = select(
        CalendarPublication.year, func.max(CalendarPublication.version), func.max(CalendarPublication.at)
    ).group_by(CalendarPublication.year)
    publications = {year: (version, at) for year, version, at in await session.execute(newest)}
    years: dict[int, list[CalendarDay]] = {this_year: [], this_year + 1: []}
    for row in rows:
        years.setdefault(row.day.year, []).append(row)
    return [
        _year(year, years.get(year, []), *publications.get(year, (0, None)))
        for year in range(min(years), max(years) + 1)
    ]


def _year(year: int, rows: Sequence[CalendarDay], version: int, at: datetime | None) -> CalendarYear:
    return CalendarYear(
        year=year,
        days=tuple(NamedDay(row.day, CalendarKind(row.kind), row.name) for row in rows),
        source="; ".join(dict.fromkeys(row.provenance for row in rows)) or None,
        version=version,
        published_at=at,
    )


async def lock_calendar(session: AsyncSession) -> None:
    """Keeps others from changing the calendar until the transaction ends; readers are not kept waiting."""
    await session.execute(text("LOCK TABLE calendar_day IN SHARE ROW EXCLUSIVE MODE"))
