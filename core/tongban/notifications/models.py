"""Tables of notices to residents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from tongban.storage.base import Base, OfCase


class Notice(OfCase, Base):
    """One case event told to the resident through one channel, in the words of that day (`wording.Wording`).

    `message_id` is its message in the outbox, which knows how often delivery was tried and why it failed last: what a
    failed try writes here would be rolled back with it. `reference` is the channel's own number for it.
    """

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("case_id", "sequence", "channel"),)

    sequence: Mapped[int]
    kind: Mapped[str]
    channel: Mapped[str]
    words: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    message_id: Mapped[UUID]
    delivered_at: Mapped[datetime | None]
    reference: Mapped[str | None]


Index("ix_notice_undelivered", Notice.created_at, Notice.id, postgresql_where=text("delivered_at IS NULL"))
