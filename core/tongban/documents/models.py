"""Tables of uploads. The files themselves are in the object store, never here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tongban.documents.words import UploadState
from tongban.storage.base import Base, Identified, one_of


class Upload(Identified, Base):
    """A file announced by its size and digest, and sent once under a token of which only the digest is kept here.

    The object's key in the store is the upload's id. `center_id` is where it will be handed in.
    """

    __tablename__ = "upload"
    __table_args__ = (
        one_of("state", UploadState),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("(state = 'STORED') = (stored_at IS NOT NULL)", name="stored"),
    )

    actor: Mapped[str]
    center_id: Mapped[UUID] = mapped_column(ForeignKey("center.id"))
    material_id: Mapped[UUID | None] = mapped_column(ForeignKey("material.id"))
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    media_type: Mapped[str | None]
    state: Mapped[str]
    refusal: Mapped[str | None]
    token_digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    stored_at: Mapped[datetime | None]
