"""When a case is due: working days from receipt at A, on the city's calendar."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.cases.deadlines import (
    Due,
    Rest,
    accepted_by_law_at,
    due,
    due_after_rests,
    late_levels,
    rested_workdays,
    routing_review_due,
    statutory_due,
    supplement_due,
)
from tongban.centers.calendar import Calendar
from tongban.centers.hours import SHANGHAI, day_in_shanghai
from tongban.centers.rows import read_city
from tongban.centers.words import CalendarKind

CALENDAR = Calendar({row.day: row.kind for row in read_city().calendar})
RECEIVED = st.datetimes(datetime(2018, 1, 1), datetime(2027, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001


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


@given(RECEIVED, st.integers(0, 30), st.integers(0, 5))
def test_nothing_is_due_before_it_came_in_and_more_days_are_never_less(
    received: datetime, promised: int, extra: int
) -> None:
    end = due(received, promised, extra, CALENDAR).at
    assert end > received
    assert due(received, promised + 1, extra, CALENDAR).at >= end
    assert due(received, promised, extra, CALENDAR) == due(received, promised + extra, 0, CALENDAR)


def test_what_comes_in_on_a_day_off_and_is_promised_at_once_is_due_on_the_next_working_day() -> None:
    assert due(at("2026-11-28T09:00"), 0, 0, CALENDAR).at == at("2026-11-30T16:30")  # a Saturday
    assert due(at("2026-02-14T09:00"), 0, 0, CALENDAR).at == at("2026-02-14T16:30")  # a Saturday that is worked


@given(RECEIVED, st.integers(0, 40), st.integers(0, 5), st.integers(0, 20))
def test_nothing_is_ever_due_on_a_day_off(received: datetime, promised: int, extra: int, rested: int) -> None:
    ends = [
        due(received, promised, extra, CALENDAR, rested),
        statutory_due(received, promised, CALENDAR),
        supplement_due(received, CALENDAR, promised + 1),
        accepted_by_law_at(received, CALENDAR),
        routing_review_due(received, CALENDAR),
    ]
    for end in ends:
        assert end is not None
        assert CALENDAR.is_workday(day_in_shanghai(end.at))
        assert end.at.astimezone(SHANGHAI).time() == time(16, 30)
        assert end.at > received


@given(RECEIVED, st.timedeltas(timedelta(0), timedelta(days=40)), st.integers(0, 30))
def test_who_comes_later_is_due_no_earlier(received: datetime, later: timedelta, promised: int) -> None:
    assert due(received + later, promised, 0, CALENDAR).at >= due(received, promised, 0, CALENDAR).at


@given(RECEIVED, st.integers(1, 40))
def test_a_holiday_more_never_makes_it_earlier_and_a_workday_more_never_later(
    received: datetime, promised: int
) -> None:
    end = due(received, promised, 0, CALENDAR).at
    last = day_in_shanghai(end)
    off = Calendar({**CALENDAR.exceptions, last: CalendarKind.STATUTORY_HOLIDAY})
    assert due(received, promised, 0, off).at > end
    for n in range(1, 10):
        day = day_in_shanghai(received) + timedelta(days=n)
        if not CALENDAR.is_workday(day) and day < last:
            worked = Calendar({**CALENDAR.exceptions, day: CalendarKind.MAKE_UP_WORKDAY})
            assert due(received, promised, 0, worked).at < end


@given(RECEIVED, st.integers(0, 30), st.lists(st.integers(0, 400), min_size=2, max_size=6))
def test_resting_moves_the_due_date_by_exactly_the_working_days_rested(
    received: datetime, promised: int, hours: list[int]
) -> None:
    """Rests one after another; those begun after the time was over move nothing."""
    moments = [received + timedelta(hours=n) for n in sorted(hours)]
    rests = [Rest(since, until) for since, until in zip(moments[::2], moments[1::2], strict=False)]
    plain = due(received, promised, 0, CALENDAR)
    end, rested = due_after_rests(received, promised, 0, rests, CALENDAR)
    assert end.at >= plain.at
    assert end == due(received, promised, 0, CALENDAR, rested)
    assert CALENDAR.workdays_between(day_in_shanghai(plain.at), day_in_shanghai(end.at)) == rested


@given(RECEIVED, st.integers(0, 23), st.integers(0, 23))
def test_asked_and_answered_on_one_day_costs_nothing(received: datetime, one: int, other: int) -> None:
    day = received.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0)
    asked, answered = (day.replace(hour=hour) for hour in sorted((one, other)))
    assert rested_workdays(asked, answered, CALENDAR) == 0


@pytest.mark.parametrize(
    ("asked", "answered", "days"),
    [
        ("2026-11-24T10:30", "2026-11-25T08:30", 1),  # tomorrow: the whole of tomorrow rests
        ("2026-11-27T16:00", "2026-11-28T09:00", 0),  # Friday to Saturday
        ("2026-11-27T16:00", "2026-11-30T09:00", 1),  # Friday to Monday
        ("2026-11-28T09:00", "2026-11-30T09:00", 1),  # Saturday to Monday
        ("2026-02-13T09:00", "2026-02-14T09:00", 1),  # to a Saturday that is worked
        ("2026-02-14T09:00", "2026-02-23T09:00", 0),  # all of Spring Festival
    ],
)
def test_a_rest_counts_working_days_only(asked: str, answered: str, days: int) -> None:
    assert rested_workdays(at(asked), at(answered), CALENDAR) == days


def test_what_is_late_stays_late_however_long_it_rests() -> None:
    received, late = at("2026-11-24T10:30"), at("2026-11-27T16:31")
    end = due(received, 3, 0, CALENDAR)
    assert end.at == at("2026-11-27T16:30")
    assert due_after_rests(received, 3, 0, [Rest(late, at("2026-12-04T09:00"))], CALENDAR) == (end, 0)
    in_time = Rest(end.at, at("2026-12-04T09:00"))
    assert due_after_rests(received, 3, 0, [in_time], CALENDAR) == (Due(at("2026-12-04T16:30"), False), 5)


def test_the_law_s_own_clock() -> None:
    assert statutory_due(at("2026-11-24T10:30"), None, CALENDAR) is None
    assert statutory_due(at("2026-11-24T10:30"), 20, CALENDAR) == Due(at("2026-12-22T16:30"), False)
    assert accepted_by_law_at(at("2026-11-24T10:30"), CALENDAR) == Due(at("2026-12-01T16:30"), False)
    assert statutory_due(at("2026-12-31T23:00"), 1, CALENDAR) == Due(at("2027-01-01T16:30"), True)


def test_a_transfer_is_late_after_half_an_hour_four_hours_and_a_working_day() -> None:
    assert late_levels(at("2026-11-27T15:00"), CALENDAR) == (
        at("2026-11-27T15:30"),
        at("2026-11-27T19:00"),
        at("2026-11-30T16:30"),
    )


@given(RECEIVED)
def test_each_level_comes_after_the_one_before(sent: datetime) -> None:
    levels = late_levels(sent, CALENDAR)
    assert sent < levels[0] < levels[1] < levels[2]


@pytest.mark.parametrize("known", [2025, 2026])
def test_the_last_day_of_a_year(known: int) -> None:
    """31 December belongs to its own year; one day more needs the next one's calendar."""
    calendar = Calendar({day: kind for day, kind in CALENDAR.exceptions.items() if day.year <= known})
    eve = at(f"{known}-12-30T10:00")
    assert due(eve, 1, 0, calendar).at.astimezone(SHANGHAI).date() == date(known, 12, 31)
    assert not due(eve, 1, 0, calendar).provisional
    assert due(eve, 2, 0, calendar).provisional
    assert due(eve, 1, 0, calendar, rested_days=1).provisional


@given(st.datetimes(datetime(2024, 1, 1), datetime(2025, 12, 31), timezones=st.just(SHANGHAI)), st.integers(0, 40))  # noqa: DTZ001
def test_a_year_published_later_makes_final_what_it_should_have_been(received: datetime, promised: int) -> None:
    without = Calendar({day: kind for day, kind in CALENDAR.exceptions.items() if day.year != 2025})
    before, after = due(received, promised, 0, without), due(received, promised, 0, CALENDAR)
    assert before.provisional or before == after
    assert not after.provisional or after.at.year > 2026
