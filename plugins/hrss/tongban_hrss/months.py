"""Counts calendar months, as deadlines of social insurance do."""

from calendar import monthrange
from datetime import date


def months_after(day: date, months: int) -> date:
    """The same day of the month that many months later, or that month's last day where it has no such day.

    The last day of the calendar, where the calendar does not reach so far; the first, for a negative number.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_before(day: date, months: int) -> date:
    """The same day of the month that many months earlier, as `months_after` counts."""
    return months_after(day, -months)
