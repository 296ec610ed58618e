"""Reading the city: the calendar, and which center handles a division."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers.calendar import Calendar
from tongban.centers.models import CalendarDay, Center, Division
from tongban.centers.words import CalendarKind

CALENDAR = select(CalendarDay.day, CalendarDay.kind)


async def calendar(session: AsyncSession) -> Calendar:
    """The city's calendar as far as it is loaded."""
    return calendar_of((await session.execute(CALENDAR)).mappings().all())


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
