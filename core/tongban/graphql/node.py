"""Relay's Node: every stored row by its global id."""

import asyncio
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import select, tuple_

from tongban.graphql.desk import Desk, Info
from tongban.graphql.errors import BadInput
from tongban.graphql.pages import LONGEST_PAGE
from tongban.graphql.stored import Stored, global_id, keys_of, read_global_id


@strawberry.interface(description="Anything with a global id.")
class Node:
    @strawberry.field
    def id(self) -> strawberry.ID:
        assert isinstance(self, Stored)  # noqa: S101
        return global_id(type(self), self.row)


@strawberry.type
class NodeQuery:
    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002
        return (await _nodes(info.context, [id]))[0]

    @strawberry.field
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        return await _nodes(info.context, ids)


async def _nodes(desk: Desk, ids: list[strawberry.ID]) -> list[Node | None]:
    """The rows of the ids, null where there is none; one statement a type."""
    if len(ids) > LONGEST_PAGE:
        raise BadInput(f"At most {LONGEST_PAGE} ids at once.")

    async def one(to: type[Stored], key: tuple[UUID, ...]) -> Node | None:
        async def load(keys: list[tuple[UUID, ...]]) -> list[Any]:
            found = await desk.rows(select(to.table).where(tuple_(*_key_columns(to)).in_(keys)))
            rows = {tuple(row[name] for name in keys_of(to)): to.of(row) for row in found}
            return [rows.get(key) for key in keys]

        loaded: Node | None = await desk.loader(("node", to), load).load(key)
        return loaded

    known = [read_global_id(text) for text in ids]
    return await asyncio.gather(*(one(to, key) for to, key in known))


def _key_columns(to: type[Stored]) -> list[Any]:
    return [to.table.c[name] for name in keys_of(to)]
