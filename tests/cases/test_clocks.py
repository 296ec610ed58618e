"""The separate clocks of a case: golden stories of a direct and of a split case, and no day counted twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.cases.clocks import KIND_OF, Clock, ClockKind, Passage, clocks, rests
from tongban.cases.deadlines import Due, Rest, due, due_after_rests
from tongban.cases.words import CaseStatus as Is
from tongban.centers.calendar import Calendar
from tongban.centers.hours import SHANGHAI, day_in_shanghai
from tongban.centers.rows import read_city

CALENDAR = Calendar({row.day: row.kind for row in read_city().calendar})
PROMISED, EXTRA = 5, 2


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)


def passages(*story: tuple[str, Is]) -> list[Passage]:
    return [Passage(at(local), status) for local, status in story]


def told(clock: Clock) -> tuple[Any, ...]:
    """A clock in a line: kind, start, end, used/allowed, due, and what is to be said of it."""

    def moment(value: datetime | None) -> str:
        return f"{value.astimezone(SHANGHAI):%m-%dT%H:%M}" if value else "…"

    marks = [name for name in ("overdue", "resting", "due_provisional") if getattr(clock, name)]
    days = f"{clock.days_used}/{clock.days_allowed}"
    return (clock.kind.value, moment(clock.started_at), moment(clock.ended_at), days, moment(clock.due_at), *marks)


def story(passed: Sequence[Passage], extra: int, now: str) -> list[tuple[Any, ...]]:
    end, _ = due_after_rests(passed[0].at, PROMISED, extra, rests(passed), CALENDAR)
    return [told(clock) for clock in clocks(passed, PROMISED + extra, end, CALENDAR, at(now))]


DIRECT = passages(
    ("2026-11-24T10:30", Is.SUBMITTED),
    ("2026-11-24T10:45", Is.UNDER_REVIEW),
    ("2026-11-26T09:00", Is.SUPPLEMENT_REQUESTED),
    ("2026-11-30T09:00", Is.UNDER_REVIEW),
    ("2026-12-02T15:00", Is.APPROVED),
    ("2026-12-04T10:00", Is.DELIVERED),
)
SPLIT = passages(
    ("2026-11-24T10:30", Is.SUBMITTED),
    ("2026-11-25T09:00", Is.ROUTING_REVIEW),
    ("2026-11-26T09:00", Is.IN_TRANSFER),  # refused by the first center
    ("2026-11-27T09:00", Is.ROUTING_REVIEW),
    ("2026-11-27T11:00", Is.IN_TRANSFER),
    ("2026-11-30T09:00", Is.UNDER_REVIEW),
    ("2026-12-01T09:00", Is.SUPPLEMENT_REQUESTED),
    ("2026-12-03T09:00", Is.UNDER_REVIEW),
    ("2026-12-04T15:00", Is.REJECTED),
    ("2026-12-07T10:00", Is.RESULT_IN_TRANSFER),
    ("2026-12-21T10:00", Is.DELIVERED),
)


def test_a_direct_case() -> None:
    assert story(DIRECT, 0, "2026-12-31T12:00") == [
        ("RECEIVING", "11-24T10:30", "11-24T10:45", "0/5", "12-01T16:30"),
        ("HANDLING", "11-24T10:45", "12-02T15:00", "4/5", "12-03T16:30"),
        ("DELIVERY", "12-02T15:00", "12-04T10:00", "2/10", "12-16T16:30"),
    ]


def test_a_split_case_with_a_refused_transfer() -> None:
    assert story(SPLIT, EXTRA, "2026-12-31T12:00") == [
        ("RECEIVING", "11-24T10:30", "11-27T11:00", "2/5", "12-02T16:30"),
        ("TRANSIT", "11-26T09:00", "11-30T09:00", "2/1", "11-27T16:30", "overdue"),
        ("HANDLING", "11-30T09:00", "12-04T15:00", "2/3", "12-07T16:30"),
        ("DELIVERY", "12-04T15:00", "12-21T10:00", "11/10", "12-18T16:30", "overdue"),
    ]


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-24T10:40", ("RECEIVING", "11-24T10:30", "…", "0/5", "12-01T16:30")),
        ("2026-11-25T20:00", ("HANDLING", "11-24T10:45", "…", "1/5", "12-01T16:30")),
        ("2026-11-29T20:00", ("HANDLING", "11-24T10:45", "…", "2/5", "12-01T16:30", "resting")),
        ("2026-12-01T20:00", ("HANDLING", "11-24T10:45", "…", "3/5", "12-03T16:30")),
    ],
)
def test_while_a_clock_runs_or_rests(now: str, last: tuple[Any, ...]) -> None:
    assert story([passage for passage in DIRECT if passage.at <= at(now)], 0, now)[-1] == last


def test_while_it_rests_it_does_not_run_out() -> None:
    waiting = DIRECT[:3]
    assert "overdue" not in story(waiting, 0, "2027-03-01T12:00")[-1]
    assert "overdue" in story(DIRECT[:4], 0, "2027-03-01T12:00")[-1]


def test_a_year_not_published_is_said() -> None:
    begun = passages(("2026-12-30T10:00", Is.SUBMITTED))
    assert story(begun, 0, "2026-12-30T12:00") == [
        ("RECEIVING", "12-30T10:00", "…", "0/5", "01-06T16:30", "due_provisional")
    ]


def test_a_closed_case_has_no_clock_that_runs() -> None:
    withdrawn = [*DIRECT[:3], Passage(at("2026-11-27T12:00"), Is.WITHDRAWN)]
    (*_, last) = story(withdrawn, 0, "2027-03-01T12:00")
    assert last == ("HANDLING", "11-24T10:45", "11-26T09:00", "2/5", "12-02T16:30")
    assert clocks([], 5, Due(at("2026-12-01T16:30"), False), CALENDAR, at("2026-12-01T16:30")) == []


def test_every_state_but_the_closed_ones_and_the_resting_one_is_somebody_s_time() -> None:
    assert set(Is) - set(KIND_OF) == {Is.SUPPLEMENT_REQUESTED, Is.DELIVERED, Is.RETURNED, Is.WITHDRAWN}


STATES = st.lists(
    st.sampled_from([Is.ROUTING_REVIEW, Is.IN_TRANSFER, Is.UNDER_REVIEW, Is.SUPPLEMENT_REQUESTED, Is.APPROVED]),
    max_size=8,
).map(lambda states: [one for n, one in enumerate(states) if n == 0 or one is not states[n - 1]])


@given(
    st.datetimes(datetime(2019, 1, 1), datetime(2026, 6, 30), timezones=st.just(SHANGHAI)),  # noqa: DTZ001
    STATES,
    st.lists(st.integers(1, 100), min_size=9, max_size=9),
)
def test_each_working_day_counts_on_one_clock_only(received: datetime, states: list[Is], hours: list[int]) -> None:
    """What the clocks used and what rested is the time of the case, whatever way it went."""
    moments = [received + timedelta(hours=sum(hours[:n])) for n in range(len(hours) + 1)]
    passed = [Passage(when, status) for when, status in zip(moments, [Is.SUBMITTED, *states], strict=False)]
    now = moments[len(passed)]
    plain = due(received, PROMISED, EXTRA, CALENDAR)
    found = clocks(passed, PROMISED + EXTRA, plain, CALENDAR, now)
    resting = passed[-1].status is Is.SUPPLEMENT_REQUESTED
    waited = [*rests(passed), *([Rest(passed[-1].at, now)] if resting else [])]

    def days(since: datetime, until: datetime) -> int:
        return CALENDAR.workdays_between(day_in_shanghai(since), day_in_shanghai(until))

    used = sum(clock.days_used for clock in found)
    assert used + sum(days(rest.since, rest.until) for rest in waited) == days(received, now)
    assert all(clock.days_used >= 0 for clock in found)
    assert [clock.kind for clock in found] == [kind for kind in ClockKind if kind in {clock.kind for clock in found}]
    assert sum(clock.ended_at is None for clock in found) == 1
    assert sum(clock.resting for clock in found) == resting
