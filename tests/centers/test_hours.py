"""Opening hours: 365 days a year, and what is open agrees with what opens next."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.centers.calendar import Calendar
from tongban.centers.hours import SHANGHAI, Opening, day_in_shanghai, is_open, next_opening, opening_on
from tongban.centers.rows import read_city

CALENDAR = Calendar({row.day: row.kind for row in read_city().calendar})
MOMENTS = st.datetimes(datetime(2018, 1, 1), datetime(2027, 12, 31), timezones=st.sampled_from([UTC, SHANGHAI]))  # noqa: DTZ001


def longest(opening: Opening) -> timedelta:
    def length(opens: time, closes: time) -> timedelta:
        return datetime.combine(opening.date, closes) - datetime.combine(opening.date, opens)

    return max((length(interval.opens, interval.closes) for interval in opening.intervals), default=timedelta())


def test_no_day_of_ten_years_without_three_hours() -> None:
    day = date(2018, 1, 1)
    while day <= date(2027, 12, 31):
        opening = opening_on(day, CALENDAR)
        assert longest(opening) >= timedelta(hours=8 if CALENDAR.is_workday(day) else 3), day
        assert opening.provisional is (day.year == 2027)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        (date(2026, 11, 24), time(16, 30)),  # a Tuesday
        (date(2026, 11, 28), time(11, 30)),  # a Saturday
        (date(2026, 2, 17), time(11, 30)),  # New Year of the lunar calendar
        (date(2026, 2, 14), time(16, 30)),  # a Saturday that is worked
    ],
)
def test_the_kind_of_the_day_says_when_centers_close(day: date, closes: time) -> None:
    (interval,) = opening_on(day, CALENDAR).intervals
    assert (interval.opens, interval.closes) == (time(8, 30), closes)


@pytest.mark.parametrize(
    ("local", "open_then"),
    [
        ("2026-11-24T08:29:59", False),
        ("2026-11-24T08:30:00", True),
        ("2026-11-24T12:15:00", True),  # no noon break
        ("2026-11-24T16:29:59", True),
        ("2026-11-24T16:30:00", False),
        ("2026-11-28T11:29:59", True),
        ("2026-11-28T11:30:00", False),
    ],
)
def test_centers_are_open_from_the_first_minute_until_just_before_the_last(local: str, open_then: bool) -> None:
    assert is_open(datetime.fromisoformat(local).replace(tzinfo=SHANGHAI), CALENDAR) is open_then


def test_an_evening_is_told_about_the_next_morning() -> None:
    evening = datetime(2026, 11, 27, 20, 0, tzinfo=SHANGHAI)
    assert next_opening(evening, CALENDAR) == datetime(2026, 11, 28, 8, 30, tzinfo=SHANGHAI)
    assert next_opening(datetime(2026, 11, 27, 6, 0, tzinfo=SHANGHAI), CALENDAR).hour == 8


@given(MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(moment: datetime) -> None:
    opens = next_opening(moment, CALENDAR)
    assert is_open(opens, CALENDAR)
    assert moment <= opens < moment + timedelta(days=1)
    if is_open(moment, CALENDAR):
        assert opens == moment
    else:
        assert not is_open(opens - timedelta(microseconds=1), CALENDAR)
        assert not is_open(moment + (opens - moment) / 2, CALENDAR)


def test_the_day_is_the_one_on_the_citys_clocks() -> None:
    assert day_in_shanghai(datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == date(2026, 11, 24)
    assert day_in_shanghai(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == date(2026, 11, 25)
