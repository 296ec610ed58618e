"""Opening hours, 365 days a year (S41-S43): no day without an interval. Pure.

Workdays 08:30-16:30 without a noon break; weekends and statutory holidays 08:30-11:30. Times are Shanghai's.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tongban.centers.calendar import Calendar, DayKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPENS = time(8, 30)
CLOSES_ON_WORKDAYS = time(16, 30)
CLOSES_ON_OTHER_DAYS = time(11, 30)


@dataclass(frozen=True, slots=True)
class Interval:
    """Open from `opens` until just before `closes`."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Opening:
    """One day's opening times."""

    date: date
    kind: DayKind
    intervals: tuple[Interval, ...]
    provisional: bool


def opening_on(day: date, calendar: Calendar) -> Opening:
    """When every center is open on `day`: the city's floor, which no center may go below."""
    closes = CLOSES_ON_WORKDAYS if calendar.is_workday(day) else CLOSES_ON_OTHER_DAYS
    return Opening(day, calendar.kind_of(day), (Interval(OPENS, closes),), calendar.is_provisional(day))


def is_open(at: datetime, calendar: Calendar) -> bool:
    """Whether centers are open at that moment."""
    local = at.astimezone(SHANGHAI)
    return any(i.opens <= local.time() < i.closes for i in opening_on(local.date(), calendar).intervals)


def next_opening(after: datetime, calendar: Calendar) -> datetime:
    """The first moment not before `after` at which centers are open; `after` itself while they are."""
    if is_open(after, calendar):
        return after
    local = after.astimezone(SHANGHAI)
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, opening_on(day, calendar).intervals[0].opens, SHANGHAI)


def day_in_shanghai(at: datetime) -> date:
    """The date on the city's clocks."""
    return at.astimezone(SHANGHAI).date()
