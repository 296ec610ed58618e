"""Publishing a year: every fault at once, what was published is kept, and a load leaves it alone."""

from dataclasses import replace
from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from support import NOW
from tongban.centers import service as centers
from tongban.centers.calendar import Calendar, NamedDay
from tongban.centers.load import load_city
from tongban.centers.models import CalendarDay, CalendarPublication
from tongban.centers.publishing import Publication, day_problems, publish, statutory_holidays, year_problems
from tongban.centers.rows import read_city
from tongban.centers.words import CalendarKind
from tongban.errors import Refused
from tongban.identity.actor import DEVELOPER, Role

CITY = read_city()
HOLIDAY, MAKE_UP = CalendarKind.STATUTORY_HOLIDAY, CalendarKind.MAKE_UP_WORKDAY
SHIPPED_YEARS = range(2018, 2027)
NOTICE = "made up for a test: no notice for this year is out"


def shipped(year: int) -> list[NamedDay]:
    return [NamedDay(row.day, row.kind, row.name) for row in CITY.calendar if row.day.year == year]


def a_year(year: int) -> list[NamedDay]:
    """A plausible year: one weekday off more than there are statutory holidays, and two made up for."""
    weekdays = [date(year, 5, 1) + timedelta(days=n) for n in range(60)]
    weekdays = [day for day in weekdays if day.weekday() < 5][: statutory_holidays(year) + 3]
    weekends = [date(year, 9, 1) + timedelta(days=n) for n in range(30)]
    weekends = [day for day in weekends if day.weekday() >= 5][:2]
    return [*(NamedDay(day, HOLIDAY, "节") for day in weekdays), *(NamedDay(day, MAKE_UP, "节") for day in weekends)]


def test_two_thousand_nineteen_to_2026_are_as_chinesecalendar_says() -> None:
    """chinesecalendar 1.11 knows 2004 to 2026: every day of what ships is compared, none is left out."""
    calendar = Calendar({row.day: row.kind for row in CITY.calendar})
    day, compared = date(2019, 1, 1), 0
    while day.year in calendar.years:
        assert calendar.is_workday(day) is chinese_calendar.is_workday(day), day
        day, compared = day + timedelta(days=1), compared + 1
    assert (day, compared) == (date(max(calendar.years) + 1, 1, 1), 2922)


@pytest.mark.parametrize("year", SHIPPED_YEARS)
def test_each_shipped_year_passes_as_it_is(year: int) -> None:
    assert [*day_problems(year, shipped(year)), *year_problems(year, shipped(year))] == []


@pytest.mark.parametrize("year", SHIPPED_YEARS)
def test_without_its_make_up_workdays_no_year_passes(year: int) -> None:
    holidays = [day for day in shipped(year) if day.kind is HOLIDAY]
    assert [str(one.path) for one in year_problems(year, holidays)] == ["('days',)"]


@given(st.sampled_from(SHIPPED_YEARS), st.data())
def test_a_year_with_its_first_half_only_does_not_pass(year: int, data: st.DataObject) -> None:
    half = data.draw(st.integers(1, 6))
    assert year_problems(year, [day for day in shipped(year) if day.day.month <= half])


def test_every_problem_at_once() -> None:
    days = [
        NamedDay(date(2027, 1, 1), HOLIDAY, "元旦"),
        NamedDay(date(2027, 1, 1), HOLIDAY, "元旦"),
        NamedDay(date(2027, 1, 1), MAKE_UP, "元旦"),
        NamedDay(date(2026, 12, 31), HOLIDAY, "元旦"),
        NamedDay(date(2027, 1, 4), MAKE_UP, " "),
    ]
    found = {(one.path, one.message_en) for one in [*day_problems(2027, days), *year_problems(2027, days)]}
    assert found == {
        (("days", "1", "date"), "2027-01-01 stands there twice"),
        (("days", "2", "date"), "2027-01-01 is both a holiday and a make-up workday"),
        (("days", "2", "date"), "2027-01-01 is a weekday, which is worked anyhow"),
        (("days", "3", "date"), "2026-12-31 is not in 2027"),
        (("days", "4", "date"), "2027-01-04 is a weekday, which is worked anyhow"),
        (("days", "4", "name"), "The name of the holiday has 1 to 100 characters"),
        (("days",), "2027 has 1 weekdays off, make-up workdays subtracted; there should be 13 to 17"),
    }


def test_an_empty_year_and_one_far_away() -> None:
    assert [one.path for one in year_problems(1999, [])] == [("year",), ("days",)]


async def refused(session: AsyncSession, wanted: Publication, **said: object) -> list[tuple[str, ...]]:
    with pytest.raises(Refused) as refusal:
        await publish(session, replace(DEVELOPER, **said), wanted, NOW)  # type: ignore[arg-type]
    return [one.path for one in refusal.value.problems]


async def test_a_year_is_published_once_and_kept_in_all_its_versions(session: AsyncSession) -> None:
    wanted = Publication(year=2027, days=a_year(2027), source=NOTICE)
    first = await publish(session, DEVELOPER, wanted, NOW)
    assert (first.version, first.actor, len(first.days)) == (1, "developer", len(wanted.days))
    assert (await publish(session, DEVELOPER, wanted, NOW)).id == first.id
    other = replace(wanted, days=a_year(2027)[1:])
    assert await refused(session, other) == [("year",)]
    second = await publish(session, DEVELOPER, replace(other, replace=True), NOW)
    assert second.version == 2
    assert 2027 in (await centers.calendar(session)).years
    rows = (await session.scalars(select(CalendarDay).where(CalendarDay.day >= date(2027, 1, 1)))).all()
    assert {(row.day, row.provenance) for row in rows} == {(day.day, NOTICE) for day in other.days}
    kept = (await session.scalars(select(CalendarPublication).order_by(CalendarPublication.version))).all()
    assert [len(one.days) for one in kept] == [len(wanted.days), len(other.days)]


async def test_a_shipped_year_can_get_a_better_source_without_replacing_it(session: AsyncSession) -> None:
    publication = await publish(
        session, DEVELOPER, Publication(year=2026, days=shipped(2026), source="国务院办公厅通知"), NOW
    )
    assert publication.version == 1
    [year] = [one for one in await centers.calendar_years(session, 2026) if one.year == 2026]
    assert (year.source, year.version, year.published) == ("国务院办公厅通知", 1, True)


async def test_a_load_leaves_an_administrator_s_year_alone(session: AsyncSession) -> None:
    changed = shipped(2026)[:-1]
    await publish(session, DEVELOPER, Publication(year=2026, days=changed, source=NOTICE, replace=True), NOW)
    await publish(session, DEVELOPER, Publication(year=2027, days=a_year(2027), source=NOTICE), NOW)
    changes = await load_city(session, CITY)
    assert not changes.any
    years = {one.year: one for one in await centers.calendar_years(session, 2026)}
    assert [day.day for day in years[2026].days] == [day.day for day in changed]
    assert [day.day for day in years[2027].days] == sorted(day.day for day in a_year(2027))
    assert years[2025].source == "pypi:chinesecalendar@1.11.0"


async def test_years_that_are_not_published_are_listed_too(session: AsyncSession) -> None:
    years = await centers.calendar_years(session, 2028)
    assert [one.year for one in years] == list(range(2018, 2030))
    assert [one.year for one in years if not one.published] == [2027, 2028, 2029]


@pytest.mark.parametrize("role", [Role.CLERK, Role.CENTER_MANAGER, Role.DEPARTMENT_OFFICER])
async def test_others_do_not_publish(session: AsyncSession, role: Role) -> None:
    wanted = Publication(year=2027, days=a_year(2027), source=NOTICE)
    assert await refused(session, wanted, roles=frozenset({role})) == [("year",)]


@pytest.mark.parametrize("source", ["", "  ", "x" * 501])
async def test_a_year_says_where_it_comes_from(session: AsyncSession, source: str) -> None:
    assert await refused(session, Publication(year=2027, days=a_year(2027), source=source)) == [("source",)]


async def test_too_many_days_are_not_even_read(session: AsyncSession) -> None:
    days = a_year(2027) * 40
    assert await refused(session, Publication(year=2027, days=days, source=NOTICE)) == [("days",)]
