"""Brings departments and materials to what the installed departments define: idempotent, all or nothing.

It puts no item in force: an item comes by an edition of the catalog, and so by a decision of the joint meeting.
"""

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.catalog.models import Department, Material
from tongban.registry import Registry
from tongban.storage.changes import Changes
from tongban.storage.upsert import put

UNDEFINED = "undefined: no installed department defines it"


async def load_departments(session: AsyncSession, registry: Registry) -> Changes:
    """Adds and changes departments and materials; a department that is gone is marked, its items leave the catalog."""
    changes = Changes()
    departments = await _departments(session, registry, changes)
    await _materials(session, registry, departments, changes)
    return changes


async def _departments(session: AsyncSession, registry: Registry, changes: Changes) -> dict[str, Department]:
    known = {row.code: row for row in await session.scalars(select(Department))}
    for row in known.values():
        if row.installed and row.code not in registry.departments:
            row.installed = False
            changes.withdrawn("department")
    for code, department in registry.departments.items():
        values = {
            "name": department.name,
            "name_en": department.name_en,
            "installed": True,
            "provenance": department.provenance,
        }
        known[code] = put(session, known.get(code), Department, {"code": code, **values}, "department", changes)
    await session.flush()
    return known


async def _materials(
    session: AsyncSession, registry: Registry, departments: Mapping[str, Department], changes: Changes
) -> dict[str, Material]:
    """The materials defined, and a plain row for each that is asked for but defined by nobody installed."""
    known = {row.code: row for row in await session.scalars(select(Material))}
    defined: set[str] = set()
    for code, department in registry.departments.items():
        for material in department.materials:
            values = asdict(material) | {"department_id": departments[code].id}
            known[material.code] = put(session, known.get(material.code), Material, values, "material", changes)
            defined.add(material.code)
    asked = {need.material for d in registry.departments.values() for item in d.items for need in item.materials}
    for code in sorted(asked - defined - known.keys()):
        values = {"code": code, "name": code, "issuer": "", "provenance": UNDEFINED}
        known[code] = put(session, None, Material, values, "material", changes)
    await session.flush()
    return known
