"""Keys under which something was asked before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from tongban.storage.base import Base


class IdempotencyKey(Base):
    """What an actor asked under a key, and the row that came of it."""

    __tablename__ = "idempotency_key"

    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[str]
    result_id: Mapped[UUID]
    asked_at: Mapped[datetime]
