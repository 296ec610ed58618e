"""Reads single values out of a form that may hold anything: what is not of the wanted kind counts as not given."""

import re
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


def full_years(start: date, end: date) -> int:
    """Full years from `start` to `end`, as an age is counted; negative where `end` lies before `start`."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))
