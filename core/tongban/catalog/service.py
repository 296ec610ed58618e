"""Reading the catalog: what is in force on a day."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.catalog.models import Department, ServiceItem


def in_force(day: date) -> ColumnElement[bool]:
    """The condition that a version is the one in force on `day`, and its department installed."""
    installed = select(Department.id).where(Department.installed)
    return and_(
        ServiceItem.effective_from <= day,
        or_(ServiceItem.effective_to.is_(None), ServiceItem.effective_to > day),
        ServiceItem.department_id.in_(installed),
    )


async def find_in_force(session: AsyncSession, code: str, day: date) -> ServiceItem | None:
    """The version of the item with that code in force on `day`."""
    found: ServiceItem | None = await session.scalar(select(ServiceItem).where(ServiceItem.code == code, in_force(day)))
    return found


async def names_in_force(session: AsyncSession, codes: Collection[str], day: date) -> dict[str, str]:
    """The names of those items that are in force on `day`, by code."""
    found = await session.execute(
        select(ServiceItem.code, ServiceItem.name).where(ServiceItem.code.in_(codes), in_force(day))
    )
    return {row.code: row.name for row in found}


async def exists(session: AsyncSession, code: str) -> bool:
    """Whether any version of an item ever had that code."""
    return await session.scalar(select(ServiceItem.id).where(ServiceItem.code == code).limit(1)) is not None
