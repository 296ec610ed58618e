"""Once and only once: the same key and input give the first answer again."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.errors import Refused
from tongban.identity.actor import Actor
from tongban.identity.models import IdempotencyKey
from tongban.messages.problems import problem

PENDING = UUID(int=0)
"""Stands for the result until there is one, in the same transaction; nobody else ever sees it."""


async def once(
    session: AsyncSession,
    actor: Actor,
    key: str | None,
    request: Mapping[str, Any],
    now: datetime,
    do: Callable[[], Awaitable[UUID]],
) -> UUID:
    """The id that `do` gives, or gave when the actor asked the same under `key` before.

    The key is taken first: a second request with it waits for the first one's transaction. Raises Refused where the
    key stands for another request; a `do` that raises leaves the key free.
    """
    if key is None:
        return await do()
    if not 0 < len(key) <= 200:
        what, what_en = "幂等键应为1至200个字符", "An idempotency key has 1 to 200 characters"
        raise Refused(problem("invalid_input", "idempotencyKey", what=what, what_en=what_en))
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    mine = await session.scalar(
        insert(IdempotencyKey)
        .values(actor=actor.subject, key=key, request_digest=digest, result_id=PENDING, asked_at=now)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    here = (IdempotencyKey.actor == actor.subject, IdempotencyKey.key == key)
    if mine is None:
        before = (
            await session.execute(select(IdempotencyKey.request_digest, IdempotencyKey.result_id).where(*here))
        ).one()
        if before.request_digest != digest:
            raise Refused(problem("idempotency_conflict", "idempotencyKey"))
        return UUID(str(before.result_id))
    result = await do()
    await session.execute(update(IdempotencyKey).where(*here).values(result_id=result))
    return result
