"""The declarations: a field says where its value lives, and gets the resolver that reads it there.

No resolver that fetches stored data is written by hand anywhere else.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, get_type_hints

import strawberry

from tongban.graphql import loading
from tongban.graphql.connections import Connection, Edge
from tongban.graphql.desk import Desk, Info
from tongban.graphql.pages import window
from tongban.graphql.sources import (
    SOURCE,
    Batch,
    ByKey,
    Column,
    Derived,
    Listed,
    Many,
    One,
    Pages,
    Reference,
    Select,
    Source,
    Through,
    everything,
)

PAGING: dict[str, Any] = {"first": int | None, "after": str | None, "last": int | None, "before": str | None}
"""The arguments of every connection."""


def column(name: str | None = None, *, description: str | None = None) -> Any:
    """A column of the type's table."""
    return strawberry.field(metadata={SOURCE: Column(name)}, description=description)


def one(to: str, local: str, *, remote: str = "id", select: Select = everything, description: str | None = None) -> Any:
    """To-one: the row of `to` whose `remote` equals this row's `local`."""
    return _to_one(One(to, local, remote, select), description)


def reference(
    to: str, local: str, *, remote: str = "id", name: str | None = None, description: str | None = None
) -> Any:
    """To-one into small reference data: center, item, department, district, material."""
    return _to_one(Reference(to, local, remote, everything), description, name)


def many(
    to: str,
    remote: str,
    *,
    order: Sequence[str],
    local: str = "id",
    through: Through | None = None,
    select: Select = everything,
    description: str | None = None,
) -> Any:
    """To-many, all of them: for lists that stay short."""
    source = Many(to, local, remote, tuple(order), select, through)

    async def run(parent: Any, desk: Desk, arguments: dict[str, Any]) -> Any:
        return await loading.load_many(desk, source, parent.row, arguments)

    return _field(source, run, _parameters(select), description)


def derived(*columns: str, by: Callable[..., Any], clock: bool = False, description: str | None = None) -> Any:
    """A pure function of the row's columns; with `clock`, of the request's time before them."""
    source = Derived(columns, by, clock)

    def resolve(self: Any, info: Info) -> Any:
        values = [self.row[name] for name in columns]
        return by(info.context.now, *values) if clock else by(*values)

    return strawberry.field(resolver=resolve, metadata={SOURCE: source}, description=description)


def batch(by: Callable[..., Awaitable[Sequence[Any]]], *, description: str | None = None) -> Any:
    """`async by(desk, rows, **arguments)`: values for all rows, asked once a request."""
    source = Batch(by)

    async def run(parent: Any, desk: Desk, arguments: dict[str, Any]) -> Any:
        return await loading.load_batch(desk, source, parent.row, arguments)

    return _field(source, run, _parameters(by)[1:], description)


def connection(
    to: str,
    *,
    order: Sequence[str],
    select: Select = everything,
    local: str | None = None,
    remote: str | None = None,
    given: Sequence[str] = (),
    page: Any = Connection,
    edge: Any = Edge,
    description: str | None = None,
) -> Any:
    """Keyset pages, forwards with `first` and `after`, backwards with `last` and `before`."""
    source = Pages(to, tuple(order), select, local, remote, tuple(given))

    async def run(parent: Any, desk: Desk, arguments: dict[str, Any]) -> Any:
        part = window(**{name: arguments.pop(name, None) for name in PAGING})
        row = getattr(parent, "row", None)
        return await loading.load_page(desk, source, row, arguments, part, page, edge)

    paging = [_parameter(name, kind) for name, kind in PAGING.items()]
    chosen = [parameter for parameter in _parameters(select) if parameter.name not in given]
    return _field(source, run, [*chosen, *paging], description)


def by_key(to: str, select: Select, *, description: str | None = None) -> Any:
    """A root: the row that the arguments select, or null."""
    source = ByKey(to, select)

    async def run(_: Any, desk: Desk, arguments: dict[str, Any]) -> Any:
        return await loading.load_by_key(desk, source, arguments)

    return _field(source, run, _parameters(select), description)


def listed(to: str, *, order: Sequence[str], select: Select = everything, description: str | None = None) -> Any:
    """A root: all rows that the arguments select, for small tables."""
    source = Listed(to, tuple(order), select)

    async def run(_: Any, desk: Desk, arguments: dict[str, Any]) -> Any:
        return await loading.load_listed(desk, source, arguments)

    return _field(source, run, _parameters(select), description)


def _to_one(source: One, description: str | None, name: str | None = None) -> Any:
    async def resolve(self: Any, info: Info) -> Any:
        return await loading.load_one(info.context, source, self.row)

    return strawberry.field(resolver=resolve, name=name, metadata={SOURCE: source}, description=description)


Run = Callable[[Any, Desk, dict[str, Any]], Awaitable[Any]]


def _field(source: Source, run: Run, parameters: Sequence[inspect.Parameter], description: str | None) -> Any:
    """A field whose resolver has the parameters as its arguments."""

    async def resolve(self: Any, info: Info, **arguments: Any) -> Any:
        return await run(self, info.context, arguments)

    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    about = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
    resolve.__signature__ = inspect.Signature([itself, about, *parameters])  # type: ignore[attr-defined]
    resolve.__annotations__ = {"info": Info} | {parameter.name: parameter.annotation for parameter in parameters}
    return strawberry.field(resolver=resolve, metadata={SOURCE: source}, description=description)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The function's parameters after the first, with their types, as a resolver's."""
    hints = get_type_hints(function, include_extras=True)
    given = list(inspect.signature(function).parameters.values())[1:]
    return [p.replace(annotation=hints.get(p.name, Any), kind=inspect.Parameter.KEYWORD_ONLY) for p in given]


def _parameter(name: str, kind: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
