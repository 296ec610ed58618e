"""Loading the city: idempotent, all or nothing, with one line on what changed."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from support import SIGNER, new_database
from tongban import prepare
from tongban.centers.load import load_city, row_count
from tongban.centers.models import CalendarDay, Center, District, Division
from tongban.centers.rows import SHIPPED, City, read_city
from tongban.errors import DataError
from tongban.registry import Registry
from tongban.storage.base import Base
from tongban.storage.database import connected

CITY = read_city()
UNCHANGED = (
    "district 16 (16 unchanged), center 287 (287 unchanged), division 268 (268 unchanged), "
    f"calendar day {len(CITY.calendar)} ({len(CITY.calendar)} unchanged)"
)
TABLES: tuple[type[Base], ...] = (District, Center, Division, CalendarDay)


async def rows(session: AsyncSession) -> list[int]:
    """How many rows each table has."""
    return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def with_center(city: City, code: str, **changes: object) -> City:
    """The city with one center told otherwise."""
    return replace(
        city,
        centers=tuple(replace(row, **changes) if row.code == code else row for row in city.centers),  # type: ignore[arg-type]
    )


async def test_a_second_time_nothing_changes(session: AsyncSession) -> None:
    before = await rows(session)
    changes = await load_city(session, CITY)
    assert not changes.any
    assert str(changes) == UNCHANGED
    assert await rows(session) == before == [16, 287, 268, len(CITY.calendar)]


async def test_one_row_told_otherwise_is_one_change(session: AsyncSession) -> None:
    told = with_center(CITY, "SH0109-01", telephone="021-96220000")
    changes = await load_city(session, told)
    assert changes.any
    assert str(changes) == UNCHANGED.replace("287 unchanged", "1 changed, 286 unchanged")
    telephone = select(Center.telephone).where(Center.code == "SH0109-01")
    assert await session.scalar(telephone) == "021-96220000"
    assert not (await load_city(session, told)).any


async def test_a_row_that_is_gone_stays_since_cases_may_name_it(session: AsyncSession) -> None:
    changes = await load_city(session, replace(CITY, branches=CITY.branches[1:]))
    assert str(changes) == UNCHANGED.replace("center 287 (287", "center 286 (286")
    assert await session.scalar(select(Center.code).where(Center.code == CITY.branches[0].code))


async def test_each_division_of_a_center_has_it_alone_and_14_have_none(session: AsyncSession) -> None:
    mapped = (await session.execute(select(Division, Center).outerjoin(Center, Center.id == Division.center_id))).all()
    current = {division.code: center for division, center in mapped if division.current}
    former = {division.code: center for division, center in mapped if not division.current}
    assert (len(current), len(former)) == (234, 34)
    assert sum(1 for center in current.values() if center is None) == 14
    served = [center for center in current.values() if center is not None]
    assert len({center.id for center in served}) == len(served) == 220
    assert {center.kind for center in served} == {"MAIN"}
    assert all(current[center.division_code] is center for center in former.values())


async def test_branches_take_no_part_in_tongban(session: AsyncSession) -> None:
    kinds = (
        await session.execute(select(Center.kind, Center.tongban, func.count()).group_by(Center.kind, Center.tongban))
    ).all()
    assert sorted(tuple(kind) for kind in kinds) == [("BRANCH", False, 67), ("MAIN", True, 220)]


async def test_progress_is_told_to_the_last_row(session: AsyncSession) -> None:
    done: list[int] = []
    await load_city(session, CITY, done.append)
    assert sum(done) == row_count(CITY)


async def test_a_first_load_and_a_bad_row(server_url: str, tmp_path: Path) -> None:
    """With one bad row nothing is loaded at all; mended, the same folder loads everything."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "data"))
    calendar = folder / "calendar.csv"
    good = calendar.read_text(encoding="utf-8")
    calendar.write_text(good + "2027-13-01,STATUTORY_HOLIDAY,New Year's Day,made up\n", encoding="utf-8")
    async with new_database(server_url) as url, connected(url, 1) as sessions:
        await prepare.migrated(url)
        with pytest.raises(DataError, match=r"^calendar\.csv:\d+: day: "):
            await prepare.load(url, Registry(), SIGNER, folder)
        async with sessions() as session:
            assert await rows(session) == [0, 0, 0, 0]
        calendar.write_text(good, encoding="utf-8")
        loaded = await prepare.load(url, Registry(), SIGNER, folder)
        assert str(loaded.city) == UNCHANGED.replace("unchanged", "new")
        again = await prepare.load(url, Registry(), SIGNER, folder)
        assert not again.city.any
        async with sessions() as session:
            assert await rows(session) == [16, 287, 268, len(CITY.calendar)]
