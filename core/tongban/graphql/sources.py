"""Where a field's value lives. Each field of the public API carries one of these in its metadata.

The resolvers in `fields` read by them today; a compiler can turn a whole operation into statements by them tomorrow.
Names of columns are the table's; `to` is the name of a stored type.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.types.field import StrawberryField

SOURCE = "tongban-source"
"""The key of a field's source in its metadata."""


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order: an expression that is never null."""

    by: ColumnElement[Any] | InstrumentedAttribute[Any]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What arguments select: conditions, an order in place of the declared one, values to read beside the columns."""

    where: Sequence[ColumnElement[bool]] = ()
    order: Sequence[Order] | None = None
    extra: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)


Select = Callable[..., Selection]
"""`(desk, **arguments) -> Selection`: pure; its parameters after the desk become the field's arguments."""


def everything(_desk: Any) -> Selection:
    """Selects without a condition."""
    return Selection()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the type's table; by default of the field's own name."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class One:
    """The row of `to` whose `remote` equals this row's `local`."""

    to: str
    local: str
    remote: str
    select: Select


@dataclass(frozen=True, slots=True)
class Reference(One):
    """A `One` into small reference data, which a process may hold in memory."""


@dataclass(frozen=True, slots=True)
class Through:
    """A table between two others: `near` points at this row's `local`, `far` at the other's `remote`."""

    table: Any
    near: str
    far: str


@dataclass(frozen=True, slots=True)
class Many:
    """The rows of `to` whose `remote` equals this row's `local`, in `order`."""

    to: str
    local: str
    remote: str
    order: tuple[str, ...]
    select: Select
    through: Through | None


@dataclass(frozen=True, slots=True)
class Derived:
    """A pure function of this row's columns; with `clock`, of the request's time before them."""

    columns: tuple[str, ...]
    by: Callable[..., Any]
    clock: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """A function asked once a request for all rows: a plugin's, or one that needs more than the row."""

    by: Callable[..., Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Pages:
    """Keyset pages over `to`: all of it, or the rows whose `remote` equals this row's `local`.

    `given` names columns of this row that `select` gets beside the arguments.
    """

    to: str
    order: tuple[str, ...]
    select: Select
    local: str | None
    remote: str | None
    given: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ByKey:
    """A root: the one row that the arguments select, or null."""

    to: str
    select: Select


@dataclass(frozen=True, slots=True)
class Listed:
    """A root: all rows that the arguments select, in `order`."""

    to: str
    order: tuple[str, ...]
    select: Select


Source = Column | One | Many | Derived | Batch | Pages | ByKey | Listed


def source_of(declared: StrawberryField) -> Source | None:
    """Where the field's value lives; None for a field that says nothing of it."""
    found: Source | None = declared.metadata.get(SOURCE)
    return found
