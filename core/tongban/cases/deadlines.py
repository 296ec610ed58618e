"""When a case is due: working days from receipt at A (S29, S33). Pure."""

from dataclasses import dataclass
from datetime import datetime, time

from tongban.centers.calendar import Calendar
from tongban.centers.hours import CLOSES_ON_WORKDAYS, SHANGHAI, day_in_shanghai

END_OF_DAY: time = CLOSES_ON_WORKDAYS


@dataclass(frozen=True, slots=True)
class Due:
    """The end of the promised time; `provisional` where it runs into a year whose calendar is not published."""

    at: datetime
    provisional: bool


def due(received: datetime, promised_days: int, extra_days: int, calendar: Calendar) -> Due:
    """The close of the last promised working day. `extra_days` are those of a split that really passes on.

    What is promised for the day itself and comes in after its close is due at the close of the next working day.
    """
    today, days = day_in_shanghai(received), promised_days + extra_days
    if days == 0 and received >= datetime.combine(today, END_OF_DAY, SHANGHAI):
        days = 1
    count = calendar.after_workdays(today, days)
    return Due(datetime.combine(count.day, END_OF_DAY, SHANGHAI), count.provisional)
