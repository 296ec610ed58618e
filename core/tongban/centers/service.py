"""Reading the city: the calendar, and which center handles a division."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers.calendar import Calendar
from tongban.centers.models import CalendarDay, Division
from tongban.centers.words import CalendarKind

CALENDAR = select(CalendarDay.day, CalendarDay.kind)


async def calendar(session: AsyncSession) -> Calendar:
    """The city's calendar as far as it is loaded."""
    return calendar_of((await session.execute(CALENDAR)).mappings().all())


def calendar_of(rows: Sequence[Mapping[Any, Any]]) -> Calendar:
    """The calendar that the rows of `CALENDAR` tell, each by its columns' names."""
    return Calendar({row["day"]: CalendarKind(row["kind"]) for row in rows})


async def handling_centers(session: AsyncSession, *divisions: str) -> dict[str, UUID]:
    """The one center of each division that has one."""
    rows = await session.execute(
        select(Division.code, Division.center_id).where(Division.code.in_(divisions), Division.center_id.is_not(None))
    )
    return {row.code: row.center_id for row in rows}
