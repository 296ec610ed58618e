"""Relay connections: pages as the public API shows them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

import strawberry

T = TypeVar("T")


@strawberry.type(description="Where a page lies in its connection.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="A row of a page, and its cursor.")
class Edge(Generic[T]):
    cursor: str
    node: T

    @classmethod
    def made(cls, cursor: str, node: Any, row: Mapping[str, Any]) -> Self:
        """The edge of a row; `row` holds what a declaration reads beside the columns."""
        return cls(cursor=cursor, node=node)


@strawberry.type
class Page:
    """What all connections share."""

    page_info: PageInfo
    counted: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="Costs a count; ask for it only where it is shown.")
    async def total_count(self) -> int:
        return await self.counted()


@strawberry.type(description="A page of rows.")
class Connection(Page, Generic[T]):
    edges: list[Edge[T]]

    @strawberry.field
    def nodes(self) -> list[T]:
        return [edge.node for edge in self.edges]


def page_info(cursors: Sequence[str], *, more: bool, backwards: bool, continued: bool) -> PageInfo:
    """`more`: rows beyond the page in its direction; `continued`: the page began at a cursor."""
    return PageInfo(
        has_next_page=continued if backwards else more,
        has_previous_page=more if backwards else continued,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
