"""Addresses that are their own permission: a token to send one file, and a link to fetch one document for a while."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from tongban.errors import SetupError

LINK_LASTS = timedelta(minutes=5)
"""How long a link to a document works."""
SECRET_BYTES = 32
_MAC = 32


class BadLink(Exception):
    """The link is none that was given."""


class LinkExpired(Exception):
    """The link was given, and is over."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What links and tokens are made with: a secret of its own, for a `Signer` may be a device that gives none away."""

    value: bytes

    def token_of(self, upload: UUID) -> str:
        """The token of an upload. It is always the same, so that a repeated request gets the same address."""
        return _text(self._mac(b"upload", upload.bytes))

    def link_to(self, case: UUID, document: UUID, now: datetime) -> str:
        """A link to a document, for `LINK_LASTS` from now."""
        body = case.bytes + document.bytes + int((now + LINK_LASTS).timestamp()).to_bytes(8)
        return _text(body + self._mac(b"document", body))

    def read_link(self, text: str, now: datetime) -> tuple[UUID, UUID]:
        """The case and the document of a link. Raises BadLink, LinkExpired."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            raise BadLink from None
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(body) != 40 or not hmac.compare_digest(mac, self._mac(b"document", body)) or _text(raw) != text:
            raise BadLink
        if datetime.fromtimestamp(int.from_bytes(body[32:]), UTC) <= now:
            raise LinkExpired
        return UUID(bytes=body[:16]), UUID(bytes=body[16:32])

    def _mac(self, purpose: bytes, message: bytes) -> bytes:
        return hmac.digest(self.value, purpose + b"\0" + message, "sha256")


def digest_of_token(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def secret_from(file: Path) -> Secret:
    """The secret that lies in the file; a new one is made there, for the owner alone, if none does."""
    try:
        if not file.exists():
            _make(file)
        value = file.read_bytes()
    except OSError as error:
        raise SetupError(f"The secret of links {file} can't be used: {error.strerror}.") from None
    if len(value) < SECRET_BYTES:
        raise SetupError(f"The secret of links {file} is too short: it has {len(value)} bytes, not {SECRET_BYTES}.")
    return Secret(value)


def _make(file: Path) -> None:
    """Written beside and linked, so that two servers that start at once have one secret, and it is never half there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(secrets.token_bytes(SECRET_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):  # another server was faster
            file.hardlink_to(beside)
    finally:
        beside.unlink()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
