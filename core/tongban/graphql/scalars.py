"""Scalars of the public API, and what their values may be."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from strawberry.scalars import JSON

from tongban.centers.hours import SHANGHAI
from tongban.graphql.errors import BadInput

IdNumber = NewType("IdNumber", str)
Digest = NewType("Digest", str)
FIRST_YEAR, LAST_YEAR = 1850, 2199
"""Of any date: beyond them calendars and clocks run out."""
LARGEST = 2**53 - 1
"""Of whole numbers in JSON: those that every reader of JSON keeps exactly (RFC 7493)."""
DEEPEST = 32
"""Lists and objects in JSON, one within another."""


def text(name: str) -> Callable[[Any], str]:
    """Reads a string of the scalar `name`."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise BadInput(f"{name} is a string.")
        return value

    return read


def read_date(value: Any) -> date:
    """A date in ISO 8601."""
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadInput("A Date is written YYYY-MM-DD.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadInput(f"A Date lies between {FIRST_YEAR} and {LAST_YEAR}.")
    return day


def read_moment(value: Any) -> datetime:
    """A moment in RFC 3339; one without an offset is Shanghai's."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadInput("A DateTime is written YYYY-MM-DDThh:mm:ss with Z or an offset.") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise BadInput(f"A DateTime lies between {FIRST_YEAR} and {LAST_YEAR}.")
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def read_json(value: Any) -> Any:
    """Any JSON that can be kept and given back as it is."""
    level = [value]
    for _ in range(DEEPEST + 1):
        if not level:
            return value
        for one in level:
            _check_json(one)
        level = [part for one in level for part in _parts(one)]
    raise BadInput(f"JSON is nested at most {DEEPEST} deep.")


def _check_json(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput("A number in JSON is finite.")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise BadInput(f"A whole number in JSON lies between -{LARGEST} and {LARGEST}.")
    if isinstance(value, str) and "\0" in value:
        raise BadInput("Text in JSON has no NUL characters.")


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


SCALARS: dict[object, Any] = {
    IdNumber: strawberry.scalar(
        name="IdNumber",
        description="GB 11643 citizen number, or the number of another identity document. "
        "Masked unless the viewer may see it and has said why.",
        serialize=str,
        parse_value=text("IdNumber"),
    ),
    Digest: strawberry.scalar(
        name="Digest",
        description="SHA-256 digest, 64 hexadecimal digits.",
        serialize=str,
        parse_value=text("Digest"),
    ),
    date: strawberry.scalar(
        name="Date",
        description="A date in Shanghai, YYYY-MM-DD.",
        serialize=date.isoformat,
        parse_value=read_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in RFC 3339, given in UTC; one asked for without an offset is Shanghai's.",
        serialize=lambda moment: moment.astimezone(UTC).isoformat(),
        parse_value=read_moment,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description=f"Any JSON value: nested at most {DEEPEST} deep, whole numbers of at most 53 bits.",
        specified_by_url="https://ecma-international.org/wp-content/uploads/ECMA-404_2nd_edition_december_2017.pdf",
        serialize=lambda value: value,
        parse_value=read_json,
    ),
}
