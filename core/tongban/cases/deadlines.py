"""When a case and each of its steps is due, in working days (S29, S33). Pure.

Days are counted as the law counts them: the day on which a time begins is not counted (民法典 第201条), only workdays
are (行政许可法 第82条), and the last one ends when the office closes (民法典 第203条).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from tongban.centers.calendar import Calendar
from tongban.centers.hours import CLOSES_ON_WORKDAYS, SHANGHAI, day_in_shanghai

END_OF_DAY: time = CLOSES_ON_WORKDAYS
FORMAL_REVIEW_DAYS = 5
"""行政许可法 第32条: what is missing is told at once or within five days; told later, the application counts as
accepted from the day on which it was received."""
SUPPLEMENT_DAYS = 5
"""For the applicant to bring what was asked for, where nothing else is said."""
ROUTING_REVIEW_DAYS = 1
"""For a case whose street has no center: somebody finds out where it belongs."""
TRANSIT_DAYS = 1
"""From sending a case to another center until a person there takes it over."""
DELIVERY_DAYS = 10
"""行政许可法 第44条: a decision is delivered within ten days."""
LATE_AFTER = (timedelta(minutes=30), timedelta(hours=4))
"""When a transfer that nobody has taken over is told about; the last level is `TRANSIT_DAYS`."""


@dataclass(frozen=True, slots=True)
class Due:
    """The end of a time; `provisional` where it runs into a year whose calendar is not published."""

    at: datetime
    provisional: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """While a supplement was awaited, the clock rested."""

    since: datetime
    until: datetime


def due(received: datetime, promised_days: int, extra_days: int, calendar: Calendar, rested_days: int = 0) -> Due:
    """The close of the last promised working day. `extra_days` are those of a split that really passes on.

    What is promised for the day itself, and comes in after its close or on a day that is none of work, is due at the
    close of the next working day.
    """
    days = promised_days + extra_days
    today = day_in_shanghai(received)
    if days == 0 and (not calendar.is_workday(today) or received >= datetime.combine(today, END_OF_DAY, SHANGHAI)):
        days = 1
    return _counted(received, days + rested_days, calendar)


def statutory_due(received: datetime, statutory_days: int | None, calendar: Calendar) -> Due | None:
    """The close of the last working day that the law allows; None where it says nothing.

    It does not rest: what stops the law's clock is listed (行政许可法 第45条), and a supplement is not among it.
    """
    return None if statutory_days is None else due(received, statutory_days, 0, calendar)


def rested_workdays(since: datetime, until: datetime, calendar: Calendar, due_at: datetime | None = None) -> int:
    """The working days by which a rest from `since` to `until` moves a due date.

    They are the working days after the day of `since` up to the day of `until`, that one counted: asked and answered
    on one day costs nothing, and what is answered today is worked on from tomorrow. A clock that has run out, since
    `since` lies after `due_at`, does not rest: what is late stays late.
    """
    if due_at is not None and since > due_at:
        return 0
    return calendar.workdays_between(day_in_shanghai(since), day_in_shanghai(until))


def due_after_rests(
    received: datetime, promised_days: int, extra_days: int, rests: Iterable[Rest], calendar: Calendar
) -> tuple[Due, int]:
    """The due date with all rests, one after another, and the working days that they are."""
    rested, end = 0, due(received, promised_days, extra_days, calendar)
    for rest in rests:
        rested += rested_workdays(rest.since, rest.until, calendar, end.at)
        end = due(received, promised_days, extra_days, calendar, rested)
    return end, rested


def supplement_due(asked: datetime, calendar: Calendar, days: int = SUPPLEMENT_DAYS) -> Due:
    """Until when the applicant brings what was asked for."""
    return _counted(asked, days, calendar)


def accepted_by_law_at(received: datetime, calendar: Calendar) -> Due:
    """From when on the application counts as accepted (行政许可法 第32条), unless told what is missing by then."""
    return _counted(received, FORMAL_REVIEW_DAYS, calendar)


def routing_review_due(began: datetime, calendar: Calendar) -> Due:
    """Until when somebody finds out which center handles the case."""
    return _counted(began, ROUTING_REVIEW_DAYS, calendar)


def late_levels(sent_at: datetime, calendar: Calendar) -> tuple[datetime, datetime, datetime]:
    """When a transfer becomes late that nobody has taken over: after 30 minutes, 4 hours, 1 working day."""
    first, second = (sent_at + after for after in LATE_AFTER)
    return first, second, _counted(sent_at, TRANSIT_DAYS, calendar).at


def due_after_pauses(start: datetime, days: int, pauses: Iterable[Rest], calendar: Calendar) -> Due:
    """The close of the `days`-th working day after `start` on which the clock did not pause."""
    rested, end = 0, _counted(start, days, calendar)
    for pause in pauses:
        rested += rested_workdays(pause.since, pause.until, calendar, end.at)
        end = _counted(start, days + rested, calendar)
    return end


def _counted(start: datetime, days: int, calendar: Calendar) -> Due:
    """The close of the `days`-th working day after the day of `start`."""
    count = calendar.after_workdays(day_in_shanghai(start), days)
    return Due(datetime.combine(count.day, END_OF_DAY, SHANGHAI), count.provisional)
