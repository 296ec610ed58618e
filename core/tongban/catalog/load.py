"""Brings the catalog's tables to what the installed departments define: idempotent, all or nothing.

A definition that changed becomes a new version from today on; older versions stay, since cases point at them.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import groupby
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.catalog.models import Department, Material, MaterialRequirement, ServiceItem
from tongban.catalog.timeline import DatedVersion, dated_versions
from tongban.contract import items as contract
from tongban.registry import Registry
from tongban.storage.changes import Changes
from tongban.storage.ids import new_id
from tongban.storage.upsert import put

UNDEFINED = "undefined: no installed department defines it"


async def load_catalog(
    session: AsyncSession, registry: Registry, today: date, progress: Callable[[int], None] = lambda _: None
) -> Changes:
    """Adds, versions and withdraws so that the tables say what the departments say. `progress`: items done."""
    changes = Changes()
    departments = await _departments(session, registry, changes)
    materials = await _materials(session, registry, departments, changes)
    known = await _versions(session)
    needs: list[MaterialRequirement] = []
    for code, department in registry.departments.items():
        for definition in department.items:
            digest = digest_of(definition)
            held = known.pop(definition.code, [])
            if held and _says_the_same(held[-1], departments[code].id, digest):
                changes.kept("item")
                continue
            _end(held, today)
            versions = dated_versions(definition, today if held else None)
            needs += _add_versions(session, departments[code].id, versions, digest, len(held) + 1, materials)
            if held:
                changes.changed("item")
            else:
                changes.added("item")
        progress(len(department.items))
    for held in known.values():
        if held[-1].effective_to is None and _is_installed(held[-1], departments):
            _end(held, today)
            changes.withdrawn("item")
    await session.flush()
    session.add_all(needs)
    await session.flush()
    return changes


def digest_of(definition: contract.ItemDefinition) -> str:
    """SHA-256 of the definition in canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(orjson.dumps(asdict(definition), option=orjson.OPT_SORT_KEYS)).hexdigest()


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


async def _versions(session: AsyncSession) -> dict[str, list[ServiceItem]]:
    """Every version of every item by its code, the oldest first."""
    rows = await session.scalars(select(ServiceItem).order_by(ServiceItem.code, ServiceItem.version))
    return {code: list(versions) for code, versions in groupby(rows, key=lambda row: row.code)}


def _says_the_same(latest: ServiceItem, department: UUID, digest: str) -> bool:
    return latest.effective_to is None and latest.definition_digest == digest and latest.department_id == department


def _end(held: Iterable[ServiceItem], today: date) -> None:
    """Ends what is in force, and what is planned before it begins: such a version holds on no day."""
    for version in held:
        if version.effective_to is None or version.effective_to > today:
            version.effective_to = max(today, version.effective_from)


def _add_versions(
    session: AsyncSession,
    department: UUID,
    versions: Sequence[DatedVersion],
    digest: str,
    first: int,
    materials: Mapping[str, Material],
) -> list[MaterialRequirement]:
    """Adds versions, numbered from `first`; gives the requirements, to be added once the items are there."""
    ends = [version.effective_from for version in versions[1:]] + [None]
    needs: list[MaterialRequirement] = []
    for number, (version, end) in enumerate(zip(versions, ends, strict=True), first):
        needs += _add(session, department, version.definition, digest, number, version.effective_from, end, materials)
    return needs


def _add(
    session: AsyncSession,
    department: UUID,
    definition: contract.ItemDefinition,
    digest: str,
    version: int,
    effective_from: date,
    effective_to: date | None,
    materials: Mapping[str, Material],
) -> list[MaterialRequirement]:
    item = ServiceItem(
        id=new_id(),
        code=definition.code,
        version=version,
        department_id=department,
        name=definition.name,
        name_en=definition.name_en,
        themes=list(definition.themes),
        mode=definition.mode.value,
        barriers=[barrier.value for barrier in definition.barriers],
        audiences=[audience.value for audience in definition.audiences],
        routing_basis=definition.routing_basis.value,
        delivery_routes=[route.value for route in definition.delivery_routes],
        tongban_from=definition.tongban_from,
        effective_from=effective_from,
        effective_to=effective_to,
        guide=asdict(definition.guide),
        form=dict(definition.form),
        form_ui=dict(definition.form_ui),
        legal_basis=list(definition.legal_basis),
        statutory_days=definition.statutory_days,
        promised_days=definition.promised_days,
        extra_days_for_split=definition.extra_days_for_split,
        exception_analysis=definition.exception_analysis,
        review_on=definition.review_on,
        provenance=definition.provenance,
        definition_digest=digest,
    )
    session.add(item)
    return [
        MaterialRequirement(
            item_id=item.id,
            position=position,
            material_id=materials[need.material].id,
            necessity=need.necessity.value,
            condition=need.condition,
            needed_when=None if need.when is None else dict(need.when),
            copies=need.copies,
            original_shown=need.original_shown,
            accepts_certificate=need.accepts_certificate,
        )
        for position, need in enumerate(definition.materials)
    ]


def _is_installed(item: ServiceItem, departments: Mapping[str, Department]) -> bool:
    return any(row.id == item.department_id and row.installed for row in departments.values())
