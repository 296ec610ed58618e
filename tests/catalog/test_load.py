"""Loading departments and materials: what is installed is known, and nothing comes into force by it."""

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from support import TODAY, MakeApi, a_department, an_item, row_counts, serving
from tongban.catalog.load import UNDEFINED, load_departments
from tongban.catalog.models import Department, Material, ServiceItem
from tongban.catalog.service import find_in_force
from tongban.contract.items import MaterialDefinition
from tongban.contract.items import MaterialRequirement as Need
from tongban.registry import Plugin, Registry

ITEM = an_item()


def beside(registry: Registry, *departments: Any) -> Registry:
    """The departments installed, and these."""
    plugins: tuple[Plugin, ...] = (*registry.plugins, *serving(*departments).plugins)
    return Registry(plugins)


async def material(session: AsyncSession, code: str) -> Material:
    return (await session.scalars(select(Material).where(Material.code == code))).one()


async def test_what_is_installed_is_loaded_already(session: AsyncSession, registry: Registry) -> None:
    changes = await load_departments(session, registry)
    assert not changes.any
    assert str(changes) == "department 11 (11 unchanged), material 65 (65 unchanged)"


async def test_a_new_department_is_known_and_puts_nothing_in_force(
    session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    before = await row_counts(connection)
    changes = await load_departments(session, beside(registry, a_department(ITEM)))
    assert str(changes) == "department 12 (1 new, 11 unchanged), material 65 (65 unchanged)"
    after = await row_counts(connection)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"department": 1}
    assert await find_in_force(session, "TT-001", TODAY) is None


async def test_a_second_time_nothing_changes(session: AsyncSession, registry: Registry) -> None:
    with_it = beside(registry, a_department(replace(ITEM, materials=(Need(material="M-TT"),))))
    assert (await load_departments(session, with_it)).any
    assert not (await load_departments(session, with_it)).any


async def test_a_changed_definition_changes_nothing_that_is_in_force(session: AsyncSession, registry: Registry) -> None:
    """Only the department's own words: its items wait for the office."""
    housing = registry.departments["ZJ"]
    items = tuple(replace(item, name="新名") for item in housing.items)
    others = tuple(plugin for plugin in registry.plugins if plugin.department is not housing)
    changed = Registry((*others, *serving(replace(housing, name="住房和城乡建设", items=items)).plugins))
    changes = await load_departments(session, changed)
    assert "department 11 (1 changed, 10 unchanged)" in str(changes)
    names = select(func.count()).where(ServiceItem.name == "新名")
    assert await session.scalar(names) == 0


async def test_a_department_uninstalled_is_out_of_the_catalog_and_comes_back(
    session: AsyncSession, registry: Registry
) -> None:
    without = Registry(tuple(one for one in registry.plugins if one.department is not registry.departments["ZJ"]))
    changes = await load_departments(session, without)
    assert "department 10 (10 unchanged)" not in str(changes)
    assert "1 withdrawn" in str(changes)
    assert await find_in_force(session, "ZJ-003", TODAY) is None
    assert await find_in_force(session, "MZ-009", TODAY) is not None
    assert "1 withdrawn" not in str(await load_departments(session, without)), "it is gone already"
    await load_departments(session, registry)
    found = await find_in_force(session, "ZJ-003", TODAY)
    assert found is not None
    assert (await session.get_one(Department, found.department_id)).installed


async def test_a_material_that_nobody_defines_gets_a_plain_row_until_somebody_does(
    session: AsyncSession, registry: Registry
) -> None:
    asking = replace(ITEM, materials=(Need(material="M-TT"),))
    await load_departments(session, beside(registry, a_department(asking)))
    plain = await material(session, "M-TT")
    assert (plain.name, plain.provenance, plain.department_id) == ("M-TT", UNDEFINED, None)
    defined = MaterialDefinition(code="M-TT", name="证明", issuer="试验局", provenance="made up for a test")
    changes = await load_departments(session, beside(registry, a_department(asking, materials=(defined,))))
    assert "material 66 (1 changed, 65 unchanged)" in str(changes)
    assert (plain.name, plain.issuer, plain.provenance) == ("证明", "试验局", "made up for a test")


async def test_a_material_that_moves_to_another_department_is_a_change(
    session: AsyncSession, registry: Registry
) -> None:
    defined = MaterialDefinition(code="M-TT", name="证明", issuer="试验局", provenance="made up for a test")
    await load_departments(session, beside(registry, a_department(materials=(defined,)), a_department(code="TU")))
    moved = beside(registry, a_department(), a_department(code="TU", materials=(defined,)))
    assert "material 66 (1 changed, 65 unchanged)" in str(await load_departments(session, moved))
    owner = (await material(session, "M-TT")).department_id
    assert owner is not None
    assert (await session.get_one(Department, owner)).code == "TU"


async def test_with_no_department_the_server_serves_centers_and_an_empty_catalog(
    session: AsyncSession, make_api: MakeApi
) -> None:
    async with session.begin():
        await load_departments(session, Registry())
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
