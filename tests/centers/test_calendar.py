"""The city's calendar from 2018 to 2026, and counting working days through it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.centers.calendar import Calendar, DayKind
from tongban.centers.rows import read_city
from tongban.centers.words import CalendarKind

ROWS = read_city().calendar
CALENDAR = Calendar({row.day: row.kind for row in ROWS})
KNOWN = st.dates(date(2018, 1, 1), date(2026, 12, 31))


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def test_every_year_from_2018_to_2026_is_published() -> None:
    assert CALENDAR.years == set(range(2018, 2027))
    for year in CALENDAR.years:
        holidays = [row for row in ROWS if row.day.year == year and row.kind is CalendarKind.STATUTORY_HOLIDAY]
        assert len(holidays) >= 11, f"{year} lacks statutory holidays"


def test_each_day_is_what_its_row_says_or_else_what_the_week_says() -> None:
    said = {row.day: row.kind.value for row in ROWS}
    for day in days(date(2018, 1, 1), date(2026, 12, 31)):
        plain = "WEEKEND" if day.isoweekday() in (6, 7) else "WORKDAY"
        assert CALENDAR.kind_of(day).value == said.get(day, plain)
        assert not CALENDAR.is_provisional(day)


def test_make_up_workdays_are_on_weekends() -> None:
    """Nobody makes up for a holiday on a day that is worked anyhow."""
    made_up = [row.day for row in ROWS if row.kind is CalendarKind.MAKE_UP_WORKDAY]
    assert made_up
    assert all(day.weekday() >= 5 for day in made_up)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2018, 2, 11), DayKind.MAKE_UP_WORKDAY),  # a Sunday worked for the Spring Festival
        (date(2018, 2, 15), DayKind.STATUTORY_HOLIDAY),
        (date(2018, 3, 1), DayKind.WORKDAY),  # go-live
        (date(2018, 3, 3), DayKind.WEEKEND),
        (date(2026, 2, 14), DayKind.MAKE_UP_WORKDAY),
        (date(2026, 2, 15), DayKind.STATUTORY_HOLIDAY),
        (date(2026, 2, 17), DayKind.STATUTORY_HOLIDAY),  # New Year of the lunar calendar
        (date(2026, 2, 23), DayKind.STATUTORY_HOLIDAY),
        (date(2026, 2, 24), DayKind.WORKDAY),
        (date(2026, 2, 28), DayKind.MAKE_UP_WORKDAY),
        (date(2027, 1, 1), DayKind.WORKDAY),  # not published: the plain week, and provisional
    ],
)
def test_known_days(day: date, kind: DayKind) -> None:
    assert CALENDAR.kind_of(day) is kind
    assert CALENDAR.is_workday(day) is (kind in (DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY))


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
        (date(2026, 11, 28), 0, date(2026, 11, 28)),  # 0 stays, even on a Saturday
        (date(2026, 11, 24), 1, date(2026, 11, 25)),
        (date(2026, 11, 24), 4, date(2026, 11, 30)),  # over a weekend
        (date(2018, 2, 9), 1, date(2018, 2, 11)),  # Friday to the Sunday that is worked
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 2, date(2026, 2, 24)),  # over nine days of Spring Festival
    ],
)
def test_working_days_are_counted_over_weekends_and_holidays(start: date, count: int, end: date) -> None:
    assert CALENDAR.after_workdays(start, count).day == end


@given(KNOWN, st.integers(0, 60))
def test_a_count_passes_exactly_so_many_workdays(start: date, count: int) -> None:
    end = CALENDAR.after_workdays(start, count)
    passed = [day for day in days(start + timedelta(days=1), end.day) if CALENDAR.is_workday(day)]
    assert len(passed) == count
    assert count == 0 or passed[-1] == end.day


@given(KNOWN, st.integers(0, 60))
def test_a_count_is_provisional_exactly_when_it_runs_into_a_year_not_published(start: date, count: int) -> None:
    end = CALENDAR.after_workdays(start, count)
    assert end.provisional is (end.day.year > 2026)


def test_without_any_rows_everything_is_provisional() -> None:
    bare = Calendar({})
    assert bare.after_workdays(date(2026, 2, 13), 1).day == date(2026, 2, 16)
    assert bare.after_workdays(date(2026, 2, 13), 0).provisional
