"""Reads single values out of a form that may hold anything: what is not of the wanted kind counts as not given."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Any

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_in(form: Mapping[str, Any], name: str) -> date | None:
    """The date that a field holds as `YYYY-MM-DD`; None for anything else."""
    value = form.get(name)
    if not isinstance(value, str) or _ISO_DATE.fullmatch(value) is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def integer_in(form: Mapping[str, Any], name: str) -> int | None:
    """The whole number that a field holds, also when written as 3.0; None for anything else, `true` included."""
    value = form.get(name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def amount_in(form: Mapping[str, Any], name: str) -> int | float | None:
    """The number that a field holds; None for anything else, `true` included."""
    value = form.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


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
