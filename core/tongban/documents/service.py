"""Verbs of uploads: announced, taken in, stored or refused, handed in, forgotten.

A body that came in whole and does not fit is refused for good. One that broke off, or met a scanner or a store that
failed, leaves no trace: its token can be used again until it expires.
"""

import asyncio
import hashlib
import unicodedata
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, cast, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.catalog.models import Material
from tongban.centers.models import Center
from tongban.contract.problems import Problem
from tongban.documents.files import Files
from tongban.documents.kinds import EXTENSIONS, Kind, kind_of
from tongban.documents.links import Secret, digest_of_token
from tongban.documents.models import Upload
from tongban.documents.scanning import ScanFailed
from tongban.documents.words import UploadState
from tongban.errors import Refused
from tongban.identity.actor import Actor
from tongban.messages.problems import problem
from tongban.storage.ids import new_id
from tongban.storage.objects import ObjectStore, Staged, StoreFailed

LARGEST = 20_000_000
"""Bytes of a file, at most."""
LONGEST_NAME = 200
TOKEN_LASTS = timedelta(minutes=15)
"""How long an announced file may be sent."""
KEPT = timedelta(days=7)
"""How long a stored file waits to be handed in."""
GRACE = timedelta(hours=1)
"""How long after its time an upload is kept: longer than anybody can still be sending it, or be handing it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A file that somebody is going to send, for a center and perhaps as a material."""

    center: str
    file_name: str
    size: int
    digest: str
    material: str | None = None


class NotTaken(Exception):
    """The file was not stored. `reason` names a message; `final` is whether the upload is over by it."""

    def __init__(self, reason: str, *, final: bool = False, cause: str | None = None) -> None:
        super().__init__(f"{reason}: {cause}" if cause else reason)
        self.reason = reason
        self.final = final
        self.cause = cause


async def announce(
    session: AsyncSession, secret: Secret, actor: Actor, announcement: Announcement, now: datetime
) -> Upload:
    """An upload that awaits its file. Raises Refused with every problem."""
    name = announcement.file_name.strip()
    problems = [*_problems_of(announcement, name)]
    center = await session.scalar(select(Center).where(Center.code == announcement.center))
    if center is None:
        problems.append(problem("unknown_center", "center", center=announcement.center[:50]))
    elif not (actor.everywhere or center.code in actor.centers):
        problems.append(problem("forbidden", "center", center=center.name))
    material = None
    if announcement.material is not None:
        material = await session.scalar(select(Material.id).where(Material.code == announcement.material))
        if material is None:
            problems.append(problem("unknown_material", "material", material=announcement.material[:50]))
    if problems or center is None:
        raise Refused(*problems)
    upload_id = new_id()
    upload = Upload(
        id=upload_id,
        actor=actor.subject,
        center_id=center.id,
        material_id=material,
        file_name=name,
        size=announcement.size,
        digest=announcement.digest.lower(),
        state=UploadState.AWAITED,
        token_digest=digest_of_token(secret.token_of(upload_id)),
        created_at=now,
        expires_at=now + TOKEN_LASTS,
    )
    session.add(upload)
    await session.flush()
    return upload


async def awaited(session: AsyncSession, token: str, now: datetime) -> Upload:
    """The upload whose file may be sent under the token. Raises NotTaken."""
    upload = await session.scalar(select(Upload).where(Upload.token_digest == digest_of_token(token)))
    if upload is None:
        raise NotTaken("upload_unknown")
    if upload.state != UploadState.AWAITED:
        raise NotTaken("upload_used")
    if upload.expires_at <= now:
        raise NotTaken("upload_expired")
    return upload


async def take(files: Files, upload: Upload, length: int | None, chunks: AsyncIterator[bytes]) -> Kind:
    """Streams the file into the store, where it lies durably when this returns; counted, digested, recognized and
    scanned on its way. `length` is what its sender says of it. Raises NotTaken, with nothing left in the store.
    """
    if length is not None and length != upload.size:
        raise NotTaken("upload_too_long" if length > upload.size else "upload_too_short", final=True)
    try:
        async with files.store.staged() as staged:
            await _streamed(staged, upload, chunks)
            await staged.finish()
            kind = await asyncio.to_thread(_kind, staged)
            if kind is None:
                raise NotTaken("upload_kind_refused", final=True)
            if files.scanner is not None and not await files.scanner.is_clean(staged.path):
                raise NotTaken("upload_infected", final=True)
            await files.store.keep(staged, str(upload.id))
    except ScanFailed as failed:
        raise NotTaken("scan_failed", cause=str(failed)) from failed
    except StoreFailed as failed:
        raise NotTaken("store_failed", cause=str(failed)) from failed
    return kind


async def store(session: AsyncSession, upload_id: UUID, kind: Kind, now: datetime) -> None:
    """Says that the file is stored, once. Raises NotTaken where another one under the same token was faster."""
    await _conclude(session, upload_id, state=UploadState.STORED, media_type=kind.value, stored_at=now)


async def refuse(session: AsyncSession, upload_id: UUID, reason: str) -> None:
    """Says that the file was refused, once. Raises NotTaken where another one under the same token was faster."""
    await _conclude(session, upload_id, state=UploadState.REFUSED, refusal=reason)


async def _conclude(session: AsyncSession, upload_id: UUID, **values: Any) -> None:
    mine = await session.scalar(
        update(Upload)
        .where(Upload.id == upload_id, Upload.state == UploadState.AWAITED)
        .values(**values)
        .returning(Upload.id)
    )
    if mine is None:
        raise NotTaken("upload_used")


async def is_stored(session: AsyncSession, upload_id: UUID) -> bool:
    """Whether the file is stored: then the object is its own, whoever sent it."""
    return await session.scalar(select(Upload.state).where(Upload.id == upload_id)) == UploadState.STORED


async def handed_in(
    session: AsyncSession, actor: Actor, center: Center, places: Mapping[UUID, tuple[str, ...]], now: datetime
) -> tuple[dict[UUID, Upload], list[Problem]]:
    """The uploads that the actor can hand in at the center, by id, and why each of the others can't be; one statement.

    `places` says where in the input each id stands.
    """
    if not places:
        return {}, []
    there = {upload.id: upload for upload in await session.scalars(select(Upload).where(Upload.id.in_(places)))}
    found, problems = dict[UUID, Upload](), list[Problem]()
    for upload_id, place in places.items():
        upload = there.get(upload_id)
        if fault := _fault(upload, actor, center, now):
            problems.append(fault.at(*place))
        elif upload is not None:
            found[upload_id] = upload
    return found, problems


def _fault(upload: Upload | None, actor: Actor, center: Center, now: datetime) -> Problem | None:
    if upload is None:
        return problem("unknown_document")
    if upload.center_id != center.id and upload.actor != actor.subject:
        return problem("upload_elsewhere", file=upload.file_name)
    if upload.state == UploadState.REFUSED:
        return problem("upload_was_refused", file=upload.file_name)
    if upload.stored_at is None:
        return problem("upload_not_stored", file=upload.file_name)
    # What is forgotten soon is unknown already, so that nothing that is being handed in is ever forgotten.
    return problem("unknown_document") if upload.stored_at <= now - KEPT else None


async def forget_expired(
    session: AsyncSession, store: ObjectStore, now: datetime, held: Select[str], most: int = 500
) -> int:
    """Forgets uploads that never came or were refused, and stored ones that nobody handed in; says how many.

    `held` selects the keys of the objects that cases refer to. The objects go before the transaction ends: where it
    fails after all, its rows can't be handed in any more, and the next call ends it.
    """
    over = or_(
        (Upload.state != UploadState.STORED) & (Upload.expires_at < now - GRACE),
        (Upload.state == UploadState.STORED) & (Upload.stored_at < now - KEPT - GRACE),
    )
    [key] = held.selected_columns
    is_held = held.where(key == cast(Upload.id, Text)).exists()
    loose = select(Upload.id).where(over, ~is_held).order_by(Upload.expires_at).limit(most)
    mine = loose.with_for_update(of=Upload, skip_locked=True)
    gone = (await session.scalars(delete(Upload).where(Upload.id.in_(mine)).returning(Upload.id))).all()
    for one in gone:
        await store.delete(str(one))
    await store.sweep()
    return len(gone)


def download_name(file_name: str, media_type: str) -> str:
    """The name under which a document is saved: its own, with an ending that fits what it is."""
    endings = EXTENSIONS[Kind(media_type)]
    return file_name if file_name.lower().endswith(endings) else file_name + endings[0]


async def _streamed(staged: Staged, upload: Upload, chunks: AsyncIterator[bytes]) -> None:
    digest = hashlib.sha256()
    async for chunk in chunks:
        if staged.size + len(chunk) > upload.size:
            raise NotTaken("upload_too_long", final=True)
        digest.update(chunk)
        await staged.write(chunk)
    if staged.size < upload.size:
        raise NotTaken("upload_too_short", final=True)
    if digest.hexdigest() != upload.digest:
        raise NotTaken("upload_digest_differs", final=True)


def _kind(staged: Staged) -> Kind | None:
    with staged.path.open("rb") as file:
        return kind_of(file, staged.size)


def _problems_of(said: Announcement, name: str) -> list[Problem]:
    found = []
    if not 0 < said.size <= LARGEST:
        what, what_en = f"文件大小应为1至{LARGEST:,}字节", f"A file has 1 to {LARGEST:,} bytes"
        found.append(problem("invalid_input", "size", what=what, what_en=what_en))
    if len(said.digest) != 64 or not set(said.digest.lower()) <= set("0123456789abcdef"):
        what, what_en = "摘要应为64位十六进制的SHA-256", "The digest is a SHA-256 of 64 hexadecimal digits"
        found.append(problem("invalid_input", "digest", what=what, what_en=what_en))
    if not 0 < len(name) <= LONGEST_NAME or name in (".", "..") or any(map(_is_no_character_of_a_name, name)):
        what = f"文件名应为1至{LONGEST_NAME}个字符，不含路径和控制字符"
        what_en = f"A file name has 1 to {LONGEST_NAME} characters, no path and no control characters"
        found.append(problem("invalid_input", "fileName", what=what, what_en=what_en))
    return found


def _is_no_character_of_a_name(character: str) -> bool:
    """Whether it makes a path, or shows a name as another one (control, format, surrogate, line separators)."""
    return character in "/\\:" or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
