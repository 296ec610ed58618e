"""How every mutation goes: one transaction, once per key, and what was refused comes back as problems."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tongban.errors import Refused
from tongban.graphql.desk import Desk
from tongban.graphql.problems import Problem, shown
from tongban.identity.idempotency import once

Payload = TypeVar("Payload")
Make = Callable[[Mapping[str, Any], list[Problem]], Payload]


async def written(
    desk: Desk,
    make: Make[Payload],
    key: str | None,
    request: Mapping[str, Any],
    do: Callable[[AsyncSession], Awaitable[UUID]],
) -> Payload:
    """The payload of the row that `do` wrote, or of the problems for which nothing was written.

    `make` gets the payload's row, `{"id": …}`, from which its fields are read after the commit.
    """
    try:
        async with desk.transaction() as session:
            row_id = await once(session, desk.actor, key, request, desk.now, lambda: do(session))
    except Refused as refusal:
        return make({"id": None}, shown(refusal.problems, desk.language))
    return make({"id": row_id}, [])
