"""Loads the city into the database: idempotent, all or nothing, with one line on what changed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers.models import CalendarDay, CalendarPublication, Center, CenterKind, District, Division
from tongban.centers.rows import BranchRow, CenterRow, City
from tongban.centers.service import lock_calendar
from tongban.storage.base import Base
from tongban.storage.changes import Changes
from tongban.storage.upsert import put

COUNTERS, STAFF = 20, 50
"""A main center's, where nothing else is known: the source says about 50 staff; counters are compiled."""
BRANCH_COUNTERS, BRANCH_STAFF = 4, 8
"""A branch's, compiled."""


async def load_city(session: AsyncSession, city: City, progress: Callable[[int], None] = lambda _: None) -> Changes:
    """Adds and updates what differs; rows that a file no longer has stay, since cases may name them. The days of a year
    that an administrator published stay as they are.

    `progress` is told how many rows are done, each time some are.
    """
    changes = Changes()
    districts = await _upsert(
        session,
        District,
        "code",
        (
            {
                "code": row.code,
                "name": row.name,
                "name_en": row.name_en,
                "latitude": row.latitude,
                "longitude": row.longitude,
                "provenance": row.provenance,
            }
            for row in city.districts
        ),
        changes,
    )
    district_ids = {code: row.id for code, row in districts.items()}
    centers = await _upsert(session, Center, "code", (_main(row, district_ids) for row in city.centers), changes)
    progress(len(districts) + len(centers))
    branches = await _upsert(session, Center, "code", (_branch(row, centers) for row in city.branches), changes)
    progress(len(branches))
    divisions = await _upsert(session, Division, "code", _divisions(city, district_ids, centers), changes)
    await lock_calendar(session)
    published = set((await session.scalars(select(CalendarPublication.year).distinct())).all())
    await _upsert(
        session,
        CalendarDay,
        "day",
        (
            {"day": row.day, "kind": row.kind.value, "name": row.name, "provenance": row.provenance}
            for row in city.calendar
            if row.day.year not in published
        ),
        changes,
    )
    progress(len(divisions) + len(city.calendar))
    return changes


def row_count(city: City) -> int:
    """How many steps `load_city` will report."""
    former = sum(1 for row in city.centers if row.former_division_code)
    return sum(map(len, (city.districts, city.divisions, city.centers, city.branches, city.calendar))) + former


def _main(row: CenterRow, districts: Mapping[str, UUID]) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "name_en": row.name_en,
        "kind": CenterKind.MAIN.value,
        "parent_id": None,
        "district_id": districts[row.district_code],
        "division_code": row.division_code,
        "address": row.address,
        "telephone": row.telephone,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "counters": COUNTERS,
        "staff": STAFF,
        "tongban": True,
        "provenance": row.provenance,
    }


def _branch(row: BranchRow, centers: Mapping[str, Center]) -> dict[str, Any]:
    """A branch lies in its main center's division and takes no part in tongban until it joins as a pilot (S48)."""
    parent = centers[row.parent_code]
    return {
        "code": row.code,
        "name": row.name,
        "name_en": None,
        "kind": CenterKind.BRANCH.value,
        "parent_id": parent.id,
        "district_id": parent.district_id,
        "division_code": parent.division_code,
        "address": None,
        "telephone": None,
        "latitude": None,
        "longitude": None,
        "counters": BRANCH_COUNTERS,
        "staff": BRANCH_STAFF,
        "tongban": False,
        "provenance": row.provenance,
    }


def _divisions(city: City, districts: Mapping[str, UUID], centers: Mapping[str, Center]) -> Iterable[dict[str, Any]]:
    """Today's divisions, and the former codes that people's records still carry."""
    by_division = {row.division_code: row for row in city.centers}
    for row in city.divisions:
        center = by_division.get(row.code)
        yield {
            "code": row.code,
            "name": row.name,
            "district_id": districts[row.district_code],
            "center_id": centers[center.code].id if center else None,
            "current": True,
            "provenance": row.provenance,
        }
    names = {row.code: row.name for row in city.divisions}
    for center in city.centers:
        if center.former_division_code:
            yield {
                "code": center.former_division_code,
                "name": names[center.division_code],
                "district_id": districts[center.district_code],
                "center_id": centers[center.code].id,
                "current": False,
                "provenance": f"former code of {center.division_code}; {center.provenance}",
            }


async def _upsert(
    session: AsyncSession, table: type[Base], key: str, rows: Iterable[dict[str, Any]], changes: Changes
) -> dict[Any, Any]:
    """Brings the table's rows to `rows` by their natural key; gives them by that key, flushed."""
    known = {getattr(row, key): row for row in (await session.scalars(select(table))).all()}
    wanted: dict[Any, Any] = {}
    for values in rows:
        name = values[key]
        wanted[name] = put(session, known.get(name), table, values, table.__tablename__, changes)
    await session.flush()
    return wanted
