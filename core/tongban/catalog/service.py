"""Reading the catalog: what is in force on a day."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.catalog.models import Department, MaterialRequirement, ServiceItem


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


async def exists(session: AsyncSession, code: str) -> bool:
    """Whether any version of an item ever had that code."""
    return await session.scalar(select(ServiceItem.id).where(ServiceItem.code == code).limit(1)) is not None


async def requirements_of(session: AsyncSession, item: ServiceItem) -> list[Any]:
    """The materials that the item's version asks for, in its order."""
    rows = select(MaterialRequirement).where(MaterialRequirement.item_id == item.id)
    return list(await session.scalars(rows.order_by(MaterialRequirement.position)))
