"""Tables of what follows a commit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tongban.events.words import Topic, WorklistChangeKind
from tongban.storage.base import Base, OfCase, one_of


class Outbox(OfCase, Base):
    """A message written with what it tells of, and sent for as long as it takes.

    Messages of one case and topic go in the order of `sequence`, the case event that they follow from.
    """

    __tablename__ = "outbox"
    __table_args__ = (one_of("topic", Topic), CheckConstraint("attempts >= 0", name="attempts"))

    topic: Mapped[str]
    sequence: Mapped[int]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]


Index("ix_outbox_due", Outbox.due_at, Outbox.id, postgresql_where=text("done_at IS NULL"))
Index("ix_outbox_open", Outbox.case_id, Outbox.topic, Outbox.sequence, postgresql_where=text("done_at IS NULL"))


class WorklistStream(Base):
    """How many changes a center's worklist has seen. The row is taken last in a transaction, so that no number is lost.

    A sequence of the database would give numbers before the commit, and a reader by number would miss the late ones.
    """

    __tablename__ = "worklist_stream"

    center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


class WorklistChange(Base):
    """One change of a center's worklist; `sequence` counts from 1 within the center, without a gap."""

    __tablename__ = "worklist_change"
    __table_args__ = (one_of("kind", WorklistChangeKind),)

    center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    case_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime]
