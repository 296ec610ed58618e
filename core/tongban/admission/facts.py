"""What the tongban check knows of the city and of the catalog, read from the database."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.catalog.models import Material, MaterialRequirement, ServiceItem
from tongban.catalog.service import in_force
from tongban.centers.models import Center, CenterKind, District, Division
from tongban.check import CenterFacts, Chain, City, DivisionFacts, MaterialFacts
from tongban.check.chain import needs_of
from tongban.contract.items import ItemDefinition, Necessity


async def city(session: AsyncSession) -> City:
    """The main centers, and every division, former ones too, with the center that handles it."""
    centers = await session.execute(
        select(Center.code, District.code, Center.division_code)
        .join(District, District.id == Center.district_id)
        .where(Center.kind == CenterKind.MAIN.value)
        .order_by(Center.code)
    )
    divisions = await session.execute(
        select(Division.code, District.code, Center.code, Division.current)
        .join(District, District.id == Division.district_id)
        .outerjoin(Center, Center.id == Division.center_id)
        .order_by(Division.code)
    )
    return City(
        centers=tuple(CenterFacts(*row) for row in centers),
        divisions=tuple(DivisionFacts(*row) for row in divisions),
    )


async def chain(session: AsyncSession, day: date, proposed: Iterable[ItemDefinition]) -> Chain:
    """The materials, and which items need and produce them: those in force on `day`, and those in the same round."""
    materials = {
        row.code: MaterialFacts(
            code=row.code, issuer=row.issuer, produced_by=row.produced_by, produced_when=row.produced_when
        )
        for row in await session.scalars(select(Material).order_by(Material.code))
    }
    rows = await session.execute(
        select(ServiceItem.code, Material.code)
        .join(MaterialRequirement, MaterialRequirement.item_id == ServiceItem.id)
        .join(Material, Material.id == MaterialRequirement.material_id)
        .where(in_force(day), MaterialRequirement.necessity != Necessity.DEFERRABLE.value)
        .order_by(ServiceItem.code, MaterialRequirement.position)
    )
    needs: dict[str, tuple[str, ...]] = {}
    for item, material in rows:
        needs[item] = (*needs.get(item, ()), material)
    needs |= {item.code: needs_of(item) for item in proposed}
    return Chain(materials=materials, items=frozenset(needs), needs=needs)
