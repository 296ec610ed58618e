"""When a case is due: working days from receipt at A, on the city's calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.cases.deadlines import due
from tongban.centers.calendar import Calendar
from tongban.centers.hours import SHANGHAI
from tongban.centers.rows import read_city

CALENDAR = Calendar({row.day: row.kind for row in read_city().calendar})


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("received", "promised", "extra", "end"),
    [
        ("2026-11-24T10:30", 0, 0, "2026-11-24T16:30"),  # done on the spot
        ("2026-11-24T10:30", 5, 0, "2026-12-01T16:30"),  # over a weekend
        ("2026-11-24T10:30", 5, 2, "2026-12-03T16:30"),  # passed on to B
        ("2026-11-28T09:00", 1, 0, "2026-11-30T16:30"),  # received on a Saturday
        ("2026-02-13T09:00", 2, 0, "2026-02-24T16:30"),  # a Saturday worked, then Spring Festival
        ("2026-11-24T20:00", 1, 0, "2026-11-25T16:30"),  # online in the evening
        ("2026-11-24T16:30", 0, 0, "2026-11-25T16:30"),  # nothing is due before it came in
        ("2026-11-28T20:00", 0, 0, "2026-11-30T16:30"),
    ],
)
def test_the_promised_time_ends_at_the_close_of_its_last_working_day(
    received: str, promised: int, extra: int, end: str
) -> None:
    found = due(at(received), promised, extra, CALENDAR)
    assert (found.at, found.provisional) == (at(end), False)


def test_the_day_is_counted_on_the_citys_clocks() -> None:
    """23:00 in London is the next morning at the counter."""
    assert due(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), 1, 0, CALENDAR).at == at("2026-11-25T16:30")


def test_a_year_not_published_makes_it_provisional() -> None:
    assert not due(at("2026-12-30T10:00"), 1, 0, CALENDAR).provisional
    assert due(at("2026-12-31T10:00"), 1, 0, CALENDAR).provisional


@given(
    st.datetimes(datetime(2018, 1, 1), datetime(2027, 6, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 30),
    st.integers(0, 5),
)
def test_nothing_is_due_before_it_came_in_and_more_days_are_never_less(
    received: datetime, promised: int, extra: int
) -> None:
    end = due(received, promised, extra, CALENDAR).at
    assert end > received
    assert due(received, promised + 1, extra, CALENDAR).at >= end
    assert due(received, promised, extra, CALENDAR) == due(received, promised + extra, 0, CALENDAR)
    local = end.astimezone(SHANGHAI)
    assert (local.hour, local.minute) == (16, 30)
    assert promised + extra == 0 or CALENDAR.is_workday(local.date())
