"""The outbox: a message written in the transaction that it tells of, so that there is none without the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tongban.events.models import Outbox
from tongban.events.words import Topic
from tongban.storage.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as its handler gets it. `attempts` counts this one; `now` is when it is made."""

    case_id: UUID
    id: UUID
    topic: Topic
    sequence: int
    payload: Mapping[str, Any]
    attempts: int
    created_at: datetime
    now: datetime


def put(
    session: AsyncSession, case_id: UUID, topic: Topic, sequence: int, payload: Mapping[str, Any], now: datetime
) -> UUID:
    """Writes a message, due at once; `sequence` is the case event that it follows from. Gives its id."""
    message_id = new_id()
    session.add(
        Outbox(
            case_id=case_id,
            id=message_id,
            topic=topic.value,
            sequence=sequence,
            payload=dict(payload),
            created_at=now,
            due_at=now,
            attempts=0,
        )
    )
    return message_id
