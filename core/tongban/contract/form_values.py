"""Reads single values out of a form that may hold anything: what is not of the wanted kind counts as not given.

The form's JSON Schema refuses it elsewhere, and a rule that raised would take its department out of service.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_in(form: Mapping[str, Any], field: str) -> date | None:
    """The date that a field holds as `YYYY-MM-DD`; None for anything else."""
    value = form.get(field)
    if not isinstance(value, str) or _ISO_DATE.fullmatch(value) is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def number_in(form: Mapping[str, Any], field: str) -> int | float | None:
    """The number that a field holds; None for anything else, `true` included."""
    value = form.get(field)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def integer_in(form: Mapping[str, Any], field: str) -> int | None:
    """The whole number that a field holds, also when written as 3.0; None for anything else, `true` included."""
    value = number_in(form, field)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value
