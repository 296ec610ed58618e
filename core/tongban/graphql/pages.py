"""Keyset pages: cursors, page sizes, the condition that a row comes after a cursor. Pure."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, false, literal, or_

from tongban.graphql.errors import BadInput
from tongban.graphql.sources import Order

PAGE, LONGEST_PAGE = 20, 100
"""Rows of a page, where nothing is asked; and at most."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of an order are wanted: `size` of them after or before a cursor."""

    size: int
    cursor: str | None
    backwards: bool


def window(first: int | None, after: str | None, last: int | None = None, before: str | None = None) -> Window:
    """The window that the arguments of a connection ask for. Raises BadInput where they contradict each other."""
    if last is not None or before is not None:
        if first is not None or after is not None:
            raise BadInput("Use first and after, or last and before, not both.")
        return Window(_size("last", last), before, backwards=True)
    return Window(_size("first", first), after, backwards=False)


def cursor_of(row: Mapping[str, Any], terms: int) -> str:
    """The cursor of a row that carries its order's values as `_0`, `_1`, …"""
    values = [row[f"_{n}"] for n in range(terms)]
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).decode()


def beyond(cursor: str, order: Sequence[Order], *, backwards: bool) -> ColumnElement[bool]:
    """The condition that a row comes after the cursor, or before it. Raises BadInput where it is none of ours."""
    values = _read(cursor, order)
    condition: ColumnElement[bool] = false()
    for n in reversed(range(len(order))):
        term = order[n]
        value = literal(values[n], term.by.type)
        further = term.by < value if term.descending is not backwards else term.by > value
        condition = or_(further, and_(term.by == value, condition))
    return condition


def _size(name: str, asked: int | None) -> int:
    size = PAGE if asked is None else asked
    if not 0 <= size <= LONGEST_PAGE:
        raise BadInput(f"{name} lies between 0 and {LONGEST_PAGE}.")
    return size


def _read(cursor: str, order: Sequence[Order]) -> list[Any]:
    try:
        raw = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if not isinstance(raw, list):
            raise TypeError
        return [_PARSERS[term.by.type.python_type](value) for term, value in zip(order, raw, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError):
        raise BadInput(f"Not a cursor: {cursor[:80]!r}. Use a cursor of this connection.") from None


def _exact(kind: type) -> Any:
    def parse(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return parse


def _number(value: Any) -> float:
    return float(_exact(type(value) if isinstance(value, int | float) else float)(value))


_PARSERS: dict[type, Any] = {
    str: _exact(str),
    int: _exact(int),
    float: _number,
    UUID: lambda value: UUID(_exact(str)(value)),
    datetime: lambda value: datetime.fromisoformat(_exact(str)(value)),
    date: lambda value: date.fromisoformat(_exact(str)(value)),
}
