"""The stream of each center's worklist: changes numbered from 1, without a gap."""

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import cast
from uuid import UUID

from sqlalchemy import Table, Uuid, bindparam, insert, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from tongban.events.models import WorklistChange, WorklistStream
from tongban.events.words import WorklistChangeKind

_STREAMS, _CHANGES = cast(Table, WorklistStream.__table__), cast(Table, WorklistChange.__table__)
_NEXT = (
    upsert(_STREAMS)
    .values(center_id=bindparam("center", type_=Uuid()), sequence=1)
    .on_conflict_do_update(index_elements=[_STREAMS.c.center_id], set_={"sequence": _STREAMS.c.sequence + 1})
    .returning(_STREAMS.c.center_id, _STREAMS.c.sequence)
    .cte("next")
)
_ANNOUNCE = insert(_CHANGES).from_select(
    ["center_id", "sequence", "case_id", "kind", "at"],
    select(
        _NEXT.c.center_id,
        _NEXT.c.sequence,
        bindparam("case", type_=Uuid()),
        bindparam("kind", type_=Text()),
        bindparam("at", type_=TIMESTAMP(timezone=True)),
    ),
)
"""The center's next number and the change under it, in one statement."""


async def announce(
    session: AsyncSession, changes: Iterable[tuple[UUID, WorklistChangeKind]], case_id: UUID, now: datetime
) -> None:
    """Tells each center's worklist what happened to the case.

    This is the last thing in a business transaction: from here to the commit, whoever changes the same worklist waits.
    Centers are taken in the order of their ids, so that two transactions never wait for each other.
    """
    for center, kind in sorted(changes, key=itemgetter(0)):
        await session.execute(_ANNOUNCE, {"center": center, "case": case_id, "kind": kind.value, "at": now})
