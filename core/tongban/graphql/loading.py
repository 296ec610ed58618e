"""Reads what sources declare: one statement for all rows that ask, never one a row."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select as Statement
from sqlalchemy import Table, func, select

from tongban.graphql.connections import page_info
from tongban.graphql.desk import Desk, Row
from tongban.graphql.pages import Window, beyond, cursor_of
from tongban.graphql.sources import Batch, ByKey, Listed, Many, One, Order, Pages, Selection
from tongban.graphql.stored import STORED, Stored

Arguments = Mapping[str, Any]


async def load_one(desk: Desk, source: One, row: Row) -> Stored | None:
    """The one row, or None."""
    key = row[source.local]
    if key is None:
        return None
    to = STORED[source.to]

    async def load(keys: list[Any]) -> list[Stored | None]:
        chosen = source.select(desk)
        found = await desk.rows(select(to.table).where(to.table.c[source.remote].in_(keys), *chosen.where))
        by_key = {one[source.remote]: to.of(one) for one in found}
        return [by_key.get(key) for key in keys]

    loaded: Stored | None = await desk.loader(("one", source.to, source.remote, source.select), load).load(key)
    return loaded


async def load_many(desk: Desk, source: Many, row: Row, arguments: Arguments) -> list[Stored]:
    """The rows that belong to `row`, in order."""
    to = STORED[source.to]

    async def load(keys: list[Any]) -> list[list[Stored]]:
        chosen = source.select(desk, **arguments)
        if source.through is None:
            key_column = to.table.c[source.remote]
            statement = select(to.table, key_column.label("_key"))
        else:
            between: Table = source.through.table.__table__
            key_column = between.c[source.through.near]
            joined = to.table.join(between, between.c[source.through.far] == to.table.c[source.remote])
            statement = select(to.table, key_column.label("_key")).select_from(joined)
        statement = statement.where(key_column.in_(keys), *chosen.where)
        terms = chosen.order or _terms(to.table, source.order)
        found = await desk.rows(statement.order_by(*_order_by(terms, backwards=False)))
        lists: dict[Any, list[Stored]] = {}
        for one in found:
            lists.setdefault(one["_key"], []).append(to.of(one))
        return [lists.get(key, []) for key in keys]

    loaded: list[Stored] = await desk.loader((source, _frozen(arguments)), load).load(row[source.local])
    return loaded


async def load_batch(desk: Desk, source: Batch, row: Row, arguments: Arguments) -> Any:
    """This row's value out of one call for all rows."""

    async def load(rows: list[_ByIdentity]) -> Sequence[Any]:
        return await source.by(desk, [one.row for one in rows], **arguments)

    return await desk.loader((source, _frozen(arguments)), load).load(_ByIdentity(row))


async def load_by_key(desk: Desk, source: ByKey, arguments: Arguments) -> Stored | None:
    """The first row that the arguments select."""
    to = STORED[source.to]
    chosen = source.select(desk, **arguments)
    found = await desk.rows(select(to.table).where(*chosen.where).limit(1))
    return to.of(found[0]) if found else None


async def load_listed(desk: Desk, source: Listed, arguments: Arguments) -> list[Stored]:
    """All rows that the arguments select."""
    to = STORED[source.to]
    chosen = source.select(desk, **arguments)
    terms = chosen.order or _terms(to.table, source.order)
    found = await desk.rows(select(to.table).where(*chosen.where).order_by(*_order_by(terms, backwards=False)))
    return [to.of(row) for row in found]


async def load_page(
    desk: Desk, source: Pages, row: Row | None, arguments: Arguments, part: Window, page: Any, edge: Any
) -> Any:
    """One page of a connection; for a connection below a row, all rows' pages come with one statement."""
    given = {name: row[name] for name in source.given} if row is not None else {}
    chosen = source.select(desk, **arguments, **given)
    lot = _Lot(desk, source, chosen, part)
    mark = (source, _frozen(arguments), _frozen(given))
    if source.local is None or row is None:
        rows = await lot.rows()

        async def count() -> int:
            return (await lot.counts())[None]
    else:
        key = row[source.local]
        rows = await desk.loader((mark, part), lot.rows_by_key).load(key)

        async def count() -> int:
            counted: int = await desk.loader((mark, "count"), lot.counts_by_key).load(key)
            return counted

    return lot.page(rows, count, page, edge)


class _Lot:
    """One connection's rows for one set of arguments."""

    def __init__(self, desk: Desk, source: Pages, chosen: Selection, part: Window) -> None:
        self.desk, self.source, self.chosen, self.part = desk, source, chosen, part
        self.to = STORED[source.to]
        self.order = [*(chosen.order or _terms(self.to.table, source.order)), *_tie_break(self.to.table)]
        conditions = list(chosen.where)
        if part.cursor is not None:
            conditions.append(beyond(part.cursor, self.order, backwards=part.backwards))
        self.statement: Statement[Any] = select(
            self.to.table,
            *(term.by.label(f"_{n}") for n, term in enumerate(self.order)),
            *(value.label(name) for name, value in chosen.extra.items()),
        ).where(*conditions)

    async def rows(self) -> Sequence[Row]:
        """The page's rows and one more, where there is one."""
        ordered = self.statement.order_by(*_order_by(self.order, backwards=self.part.backwards))
        return await self.desk.rows(ordered.limit(self.part.size + 1))

    async def rows_by_key(self, keys: list[Any]) -> list[Sequence[Row]]:
        """The same for each key of the rows above, by a window function."""
        remote = self._remote()
        order = _order_by(self.order, backwards=self.part.backwards)
        place = func.row_number().over(partition_by=remote, order_by=order)
        numbered = self.statement.add_columns(place.label("_place")).where(remote.in_(keys)).subquery()
        kept = select(numbered).where(numbered.c._place <= self.part.size + 1).order_by(numbered.c._place)
        lists: dict[Any, list[Row]] = {}
        for row in await self.desk.rows(kept):
            lists.setdefault(row[remote.name], []).append(row)
        return [lists.get(key, []) for key in keys]

    async def counts(self) -> dict[None, int]:
        found = await self.desk.rows(
            select(func.count().label("count")).select_from(self.to.table).where(*self.chosen.where)
        )
        return {None: found[0]["count"]}

    async def counts_by_key(self, keys: list[Any]) -> list[int]:
        remote = self._remote()
        statement = (
            select(remote.label("key"), func.count().label("count"))
            .where(remote.in_(keys), *self.chosen.where)
            .group_by(remote)
        )
        counts = {row["key"]: row["count"] for row in await self.desk.rows(statement)}
        return [counts.get(key, 0) for key in keys]

    def page(self, rows: Sequence[Row], count: Callable[[], Awaitable[int]], page: Any, edge: Any) -> Any:
        kept = list(rows[: self.part.size])
        if self.part.backwards:
            kept.reverse()
        cursors = [cursor_of(row, len(self.order)) for row in kept]
        info = page_info(
            cursors,
            more=len(rows) > self.part.size,
            backwards=self.part.backwards,
            continued=self.part.cursor is not None,
        )
        edges = [edge.made(cursor, self.to.of(row), row) for cursor, row in zip(cursors, kept, strict=True)]
        return page(edges=edges, page_info=info, counted=count)

    def _remote(self) -> Any:
        assert self.source.remote is not None  # noqa: S101
        return self.to.table.c[self.source.remote]


class _ByIdentity:
    """A row as a loader's key: rows are no keys of a dictionary, their identity is."""

    __slots__ = ("row",)

    def __init__(self, row: Row) -> None:
        self.row = row

    def __hash__(self) -> int:
        return id(self.row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.row is other.row


def _terms(table: Table, names: Sequence[str]) -> list[Order]:
    """Terms by name; a minus before a name: descending."""
    return [Order(table.c[name.removeprefix("-")], name.startswith("-")) for name in names]


def _tie_break(table: Table) -> list[Order]:
    return [Order(table.c.id)]


def _order_by(terms: Sequence[Order], *, backwards: bool) -> list[Any]:
    return [term.by.desc() if term.descending is not backwards else term.by.asc() for term in terms]


def _frozen(arguments: Arguments) -> str:
    """Arguments as part of a loader's key."""
    return repr(sorted(arguments.items()))
