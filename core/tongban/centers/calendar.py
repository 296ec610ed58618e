"""The city's calendar: which days are workdays (调休 included), and what is known of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from tongban.centers.words import CalendarKind


class DayKind(StrEnum):
    """What a day is in the city's calendar."""

    WORKDAY = "WORKDAY"
    MAKE_UP_WORKDAY = "MAKE_UP_WORKDAY"
    WEEKEND = "WEEKEND"
    STATUTORY_HOLIDAY = "STATUTORY_HOLIDAY"


@dataclass(frozen=True, slots=True)
class WorkdayCount:
    """The day that a count of working days ends on; `provisional` where it ran through a year not yet published."""

    day: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A day that departs from the plain week, and the holiday for which it does."""

    day: date
    kind: CalendarKind
    name: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that depart from the plain week. A year without any is not published: what it says is provisional."""

    exceptions: Mapping[date, CalendarKind]
    years: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "years", frozenset(day.year for day in self.exceptions))

    def kind_of(self, day: date) -> DayKind:
        """What `day` is; for a year not published, as the plain week says."""
        exception = self.exceptions.get(day)
        if exception is not None:
            return DayKind(exception.value)
        return DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY

    def is_workday(self, day: date) -> bool:
        """Whether offices work and deadlines run on that day."""
        return self.kind_of(day) in (DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY)

    def is_provisional(self, day: date) -> bool:
        """Whether the notice for that day's year has not come out."""
        return day.year not in self.years

    def after_workdays(self, start: date, days: int) -> WorkdayCount:
        """The `days`-th workday after `start`; `start` itself is not counted, and 0 gives `start`."""
        day, provisional = start, self.is_provisional(start)
        while days > 0:
            day += timedelta(days=1)
            provisional = provisional or self.is_provisional(day)
            days -= self.is_workday(day)
        return WorkdayCount(day, provisional)

    def workdays_between(self, start: date, end: date) -> int:
        """How many workdays lie after `start` up to `end`, which is counted; 0 where it does not lie later."""
        return sum(self.is_workday(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))
