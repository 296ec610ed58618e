"""Tables of notices to residents."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tongban.storage.base import Base, OfCase


class Notice(OfCase, Base):
    """One case event told to the resident through one channel."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("case_id", "sequence", "channel"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )

    sequence: Mapped[int]
    kind: Mapped[str]
    channel: Mapped[str]
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]


Index("ix_notice_undelivered", Notice.created_at, Notice.id, postgresql_where=text("delivered_at IS NULL"))
