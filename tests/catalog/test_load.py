"""Loading the catalog: the installed departments alone decide what there is; what was in force stays on record."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from support import MakeApi, a_department, an_item, serving
from tongban.catalog.load import UNDEFINED, load_catalog
from tongban.catalog.models import Department, Material, MaterialRequirement, ServiceItem
from tongban.catalog.service import find_in_force
from tongban.contract.items import Audience, MaterialDefinition, Necessity
from tongban.contract.items import MaterialRequirement as Need
from tongban.registry import Registry

TODAY = date(2026, 11, 24)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
PLANNED = date(2027, 3, 1)
ITEM = an_item()


async def load(session: AsyncSession, *departments: Any, on: date = TODAY) -> str:
    """Loads these departments, and no others; gives the line that is said of items."""
    changes = await load_catalog(session, serving(*departments), on)
    _, kind, counts = str(changes).partition("item ")
    return kind + counts


async def history(session: AsyncSession, code: str = "TT-001") -> list[tuple[int, str, str | None, str]]:
    """Version, first day, day after the last, mode."""
    rows = await session.scalars(select(ServiceItem).where(ServiceItem.code == code).order_by(ServiceItem.version))
    return [
        (row.version, str(row.effective_from), str(row.effective_to) if row.effective_to else None, row.mode)
        for row in rows
    ]


async def name_on(session: AsyncSession, day: date, code: str = "TT-001") -> str | None:
    """What the item is called in the version in force on that day; None where none is."""
    found = await find_in_force(session, code, day)
    return found.name if found else None


async def test_what_is_installed_is_loaded_already(session: AsyncSession, registry: Registry) -> None:
    changes = await load_catalog(session, registry, TODAY)
    assert not changes.any
    assert str(changes) == "department 11 (11 unchanged), material 65 (65 unchanged), item 174 (174 unchanged)"


async def test_a_second_time_nothing_changes(session: AsyncSession) -> None:
    department = a_department(an_item(tongban_from=date(2018, 3, 1)))
    assert await load(session, department) == "item 1 (1 new)"
    before = await history(session)
    assert before == [(1, "2017-01-01", "2018-03-01", "LOCAL_ONLY"), (2, "2018-03-01", None, "DIRECT")]
    assert not (await load_catalog(session, serving(department), TOMORROW)).any
    assert await history(session) == before


async def test_progress_is_told_to_the_last_item(session: AsyncSession, registry: Registry) -> None:
    done: list[int] = []
    await load_catalog(session, registry, TODAY, done.append)
    assert sum(done) == 174


async def test_a_changed_definition_is_a_new_version_from_today_while_the_old_one_stays(session: AsyncSession) -> None:
    await load(session, a_department(ITEM))
    assert await load(session, a_department(replace(ITEM, name="新名"))) == "item 1 (1 changed)"
    assert await history(session) == [(1, "2017-01-01", "2026-11-24", "DIRECT"), (2, "2026-11-24", None, "DIRECT")]
    assert await name_on(session, YESTERDAY) == "事项TT-001"
    assert await name_on(session, TODAY) == await name_on(session, TOMORROW) == "新名"


@pytest.mark.parametrize(
    "changes",
    [
        {"form": {"type": "object", "properties": {"a": {}}}},
        {"guide": replace(ITEM.guide, fee="10元")},
        {"materials": (Need(material="M-TT"),)},
        {"audiences": (Audience.ANYONE,)},
        {"promised_days": 4},
        {"sample": replace(ITEM.sample, age=30)},
        {"provenance": "official"},
    ],
)
async def test_whatever_is_told_otherwise_is_a_change(session: AsyncSession, changes: dict[str, Any]) -> None:
    await load(session, a_department(ITEM))
    assert await load(session, a_department(replace(ITEM, **changes))) == "item 1 (1 changed)"


async def test_a_definition_that_changes_twice_a_day_is_in_force_as_said_last(session: AsyncSession) -> None:
    await load(session, a_department(ITEM))
    await load(session, a_department(replace(ITEM, name="一")))
    await load(session, a_department(replace(ITEM, name="二")))
    assert await name_on(session, YESTERDAY) == "事项TT-001"
    assert await name_on(session, TODAY) == "二"


async def test_each_version_keeps_the_materials_that_it_asked_for(session: AsyncSession) -> None:
    await load(session, a_department(replace(ITEM, materials=(Need(material="M-ID"), Need(material="M-TT")))))
    later = Need(material="M-TT", necessity=Necessity.CONDITIONAL, condition="租房的", when={"required": ["rent"]})
    await load(session, a_department(replace(ITEM, materials=(later,))))
    asked = (
        select(ServiceItem.version, Material.code, MaterialRequirement.necessity, MaterialRequirement.needed_when)
        .join(MaterialRequirement, MaterialRequirement.item_id == ServiceItem.id)
        .join(Material, Material.id == MaterialRequirement.material_id)
        .where(ServiceItem.code == "TT-001")
        .order_by(ServiceItem.version, MaterialRequirement.position)
    )
    assert [tuple(row) for row in await session.execute(asked)] == [
        (1, "M-ID", "ALWAYS", None),
        (1, "M-TT", "ALWAYS", None),
        (2, "M-TT", "CONDITIONAL", {"required": ["rent"]}),
    ]


async def test_an_item_withdrawn_is_out_from_today_and_may_come_back(session: AsyncSession) -> None:
    other = an_item("TT-002")
    await load(session, a_department(ITEM, other), on=YESTERDAY)
    assert await load(session, a_department(other)) == "item 2 (1 unchanged, 1 withdrawn)"
    assert await name_on(session, YESTERDAY) == "事项TT-001"
    assert await name_on(session, TODAY) is None
    assert await load(session, a_department(other)) == "item 1 (1 unchanged)"
    assert await load(session, a_department(ITEM, other), on=TOMORROW) == "item 2 (1 changed, 1 unchanged)"
    assert await name_on(session, TODAY) is None
    assert await name_on(session, TOMORROW) == "事项TT-001"


async def test_what_is_planned_begins_on_its_day(session: AsyncSession) -> None:
    await load(session, a_department(an_item(tongban_from=PLANNED)))
    assert await history(session) == [(1, "2017-01-01", "2027-03-01", "LOCAL_ONLY"), (2, "2027-03-01", None, "DIRECT")]


async def test_a_plan_that_changes_is_replaced(session: AsyncSession) -> None:
    await load(session, a_department(an_item(tongban_from=PLANNED)))
    said = await load(session, a_department(an_item(tongban_from=PLANNED, name="新名")))
    assert said == "item 1 (1 changed)"
    for day, name, mode in [
        (YESTERDAY, "事项TT-001", "LOCAL_ONLY"),
        (TODAY, "新名", "LOCAL_ONLY"),
        (PLANNED, "新名", "DIRECT"),
    ]:
        held = (
            await session.scalars(
                select(ServiceItem).where(
                    ServiceItem.code == "TT-001",
                    ServiceItem.effective_from <= day,
                    func.coalesce(ServiceItem.effective_to, date.max) > day,
                )
            )
        ).all()
        assert [(one.name, one.mode) for one in held] == [(name, mode)], day


async def test_a_plan_that_is_withdrawn_never_begins(session: AsyncSession) -> None:
    await load(session, a_department(an_item(tongban_from=PLANNED), an_item("TT-002")))
    await load(session, a_department(an_item("TT-002")))
    assert await name_on(session, YESTERDAY) == "事项TT-001"
    assert await name_on(session, TODAY) is None
    assert await name_on(session, PLANNED) is None


async def test_an_item_that_moves_to_another_department_is_a_change(session: AsyncSession) -> None:
    await load(session, a_department(ITEM), a_department(code="TU"))
    assert await load(session, a_department(), a_department(ITEM, code="TU")) == "item 1 (1 changed)"
    found = await find_in_force(session, "TT-001", TODAY)
    assert found is not None
    assert (await session.get_one(Department, found.department_id)).code == "TU"


async def test_a_department_uninstalled_is_out_of_the_catalog_and_comes_back(session: AsyncSession) -> None:
    both = (a_department(ITEM), a_department(an_item("TU-001"), code="TU"))
    await load(session, *both)
    changes = await load_catalog(session, serving(both[1]), TODAY)
    assert str(changes) == "department 2 (1 unchanged, 1 withdrawn), item 1 (1 unchanged)"
    assert await name_on(session, TODAY) is None
    assert await name_on(session, TODAY, "TU-001") == "事项TU-001"
    assert await load(session, *both) == "item 2 (2 unchanged)"
    assert await name_on(session, TODAY) == "事项TT-001"
    assert len(await history(session)) == 1


async def test_a_material_that_nobody_defines_gets_a_plain_row_until_somebody_does(session: AsyncSession) -> None:
    asking = replace(ITEM, materials=(Need(material="M-TT"),))
    await load(session, a_department(asking))
    plain = (await session.scalars(select(Material).where(Material.code == "M-TT"))).one()
    assert (plain.name, plain.provenance, plain.department_id) == ("M-TT", UNDEFINED, None)
    defined = MaterialDefinition(code="M-TT", name="证明", issuer="试验局", provenance="made up for a test")
    changes = await load_catalog(session, serving(a_department(asking, materials=(defined,))), TODAY)
    assert "material 1 (1 changed)" in str(changes)
    assert (plain.name, plain.issuer, plain.provenance) == ("证明", "试验局", "made up for a test")


async def test_with_no_department_the_server_serves_centers_and_an_empty_catalog(
    session: AsyncSession, make_api: MakeApi
) -> None:
    async with session.begin():
        await load_catalog(session, Registry(), TODAY)
    api = make_api(departments=Registry())
    data = await api.ask(
        """{ catalog { totalCount } serviceItem(code: "DA-001") { code } plugins { name }
             centers(filter: {kind: MAIN}) { totalCount } departments { code } }"""
    )
    assert data == {
        "catalog": {"totalCount": 0},
        "serviceItem": None,
        "plugins": [],
        "centers": {"totalCount": 220},
        "departments": [],
    }
