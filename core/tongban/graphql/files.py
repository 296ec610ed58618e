"""Files' desk: documents come in and go out over plain HTTP, in pieces, never through GraphQL."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote
from uuid import UUID

import orjson
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tongban.cases.models import Document
from tongban.documents import service
from tongban.documents.kinds import Kind
from tongban.documents.links import BadLink, LinkExpired
from tongban.documents.models import Upload
from tongban.documents.service import NotTaken
from tongban.documents.words import UploadState
from tongban.graphql.desk import Desk, Row
from tongban.graphql.documents import Upload as UploadType
from tongban.graphql.errors import Unavailable
from tongban.graphql.problems import shown
from tongban.graphql.server import refusal
from tongban.graphql.stored import global_id
from tongban.messages.problems import problem
from tongban.storage.objects import StoreFailed

log = logging.getLogger(__name__)
PATIENCE = 30.0
"""Seconds without a byte after which a sender is cut off."""
LONGEST = 900.0
"""Seconds that a file may take altogether; then its token has expired too."""
LINGERING, LONGEST_REST = 2.0, 20_000_000
"""Seconds and bytes for which the rest of a refused file is read away, since many clients read no answer before."""
STATUSES = {
    "upload_unknown": 404,
    "link_unknown": 404,
    "upload_too_slow": 408,
    "upload_used": 409,
    "upload_expired": 410,
    "link_expired": 410,
    "upload_too_long": 413,
    "upload_kind_refused": 415,
    "upload_too_short": 422,
    "upload_digest_differs": 422,
    "upload_infected": 422,
    "scan_failed": 503,
    "store_failed": 503,
}
"""How each refusal is answered."""
OpenDesk = Callable[[Request], Desk]


class _BrokenOff(Exception):
    """The sender is gone."""


class Uploads:
    """`PUT /uploads/{token}`: the body is the file. Answers 201 once it is stored, durably."""

    def __init__(self, open_desk: OpenDesk) -> None:
        self.open_desk = open_desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method != "PUT":
            await _only(request, "PUT")(scope, receive, send)
            return
        try:
            answer = await self._taken(request, receive)
        except _BrokenOff:
            return
        await answer(scope, receive, send)

    async def _taken(self, request: Request, receive: Receive) -> Response:
        body, desk, size = _Body(receive), self.open_desk(request), 0
        try:
            async with desk.transaction() as session:
                upload = await service.awaited(session, request.path_params["token"], desk.now)
            size = upload.size
            try:
                async with asyncio.timeout(LONGEST):
                    kind = await service.take(desk.files, upload, _length(request), body.chunks())
            except NotTaken as refused:
                if refused.final:
                    async with desk.transaction() as session:
                        await service.refuse(session, upload.id, refused.reason)
                raise
            await self._store(request, upload, kind)
        except NotTaken as refused:
            if refused.cause:
                log.error("a document was not stored: %s", refused)
            answer = _refused(request, desk, refused.reason, size)
        except TimeoutError:
            answer = _refused(request, desk, "upload_too_slow")
        except Unavailable as error:
            answer = refusal(request, 503, str(error))
        else:
            stored = {"upload": global_id(UploadType, {"id": upload.id}), "state": UploadState.STORED}
            return Response(orjson.dumps(stored), 201, media_type="application/json")
        finally:
            await desk.close()
        if answer.status_code != 408 and not (body.untouched and "expect" in request.headers):
            await body.read_away()
        if not body.over:
            answer.headers["connection"] = "close"
        return answer

    async def _store(self, request: Request, upload: Upload, kind: Kind) -> None:
        """Says that the file is stored, by a desk of its own: sending it took time."""
        desk = self.open_desk(request)
        try:
            async with desk.transaction() as session:
                await service.store(session, upload.id, kind, desk.now)
        except NotTaken:
            async with desk.transaction() as session:
                stored = await service.is_stored(session, upload.id)
            if not stored:  # refused meanwhile, by another one who sent under the same token
                await desk.files.store.delete(str(upload.id))
            raise
        finally:
            await desk.close()


class Downloads:
    """`GET /documents/{link}`: the document, to be saved and not to be shown, for as long as the link works."""

    def __init__(self, open_desk: OpenDesk) -> None:
        self.open_desk = open_desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method not in ("GET", "HEAD"):
            await _only(request, "GET, HEAD")(scope, receive, send)
            return
        await (await self._given(request))(scope, receive, send)

    async def _given(self, request: Request) -> Response:
        desk = self.open_desk(request)
        try:
            case, document_id = desk.files.secret.read_link(request.path_params["link"], desk.now)
            document = await _document(desk, case, document_id)
            if document is None:
                return _refused(request, desk, "link_unknown")
            size = await desk.files.store.size(document["object_key"])
            if size != document["size"]:
                log.error("document %s has %s bytes in the store, not %d", document_id, size, document["size"])
                return _refused(request, desk, "store_failed")
        except BadLink:
            return _refused(request, desk, "link_unknown")
        except LinkExpired:
            return _refused(request, desk, "link_expired")
        except StoreFailed as failed:
            log.error("the store failed: %s", failed)
            return _refused(request, desk, "store_failed")
        except Unavailable as error:
            return refusal(request, 503, str(error))
        finally:
            await desk.close()
        headers = _headers(document)
        if request.method == "HEAD":
            return Response(None, headers=headers)
        return StreamingResponse(desk.files.store.read(document["object_key"]), headers=headers)


class _Body:
    """The body of a request as it comes in."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.untouched = True
        self.over = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its pieces. Raises NotTaken where none comes for `PATIENCE` seconds, _BrokenOff where the sender is gone."""
        while not self.over:
            self.untouched = False
            try:
                async with asyncio.timeout(PATIENCE):
                    message = await self.receive()
            except TimeoutError:
                raise NotTaken("upload_too_slow") from None
            if message["type"] == "http.disconnect":
                raise _BrokenOff
            self.over = not message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk

    async def read_away(self) -> None:
        """Reads some of what is left and keeps nothing of it."""
        left = LONGEST_REST
        try:
            async with asyncio.timeout(LINGERING):
                async for chunk in self.chunks():
                    left -= len(chunk)
                    if left < 0:
                        return
        except (TimeoutError, NotTaken, _BrokenOff):
            return


async def _document(desk: Desk, case: UUID, document_id: UUID) -> Row | None:
    found = await desk.rows(select(*Document.__table__.c).where(Document.case_id == case, Document.id == document_id))
    return found[0] if found else None


def _length(request: Request) -> int | None:
    """What the sender says of the body's length, where it is a number at all."""
    said = request.headers.get("content-length", "")
    return int(said[:20]) if said.isdecimal() else None


def _headers(document: Row) -> dict[str, str]:
    """A browser saves it under its name (RFC 6266, 8187), and neither shows it, guesses at it, nor keeps it."""
    name = service.download_name(document["file_name"], document["media_type"])
    plain = "".join(letter if letter.isascii() and letter not in '"\\%' else "_" for letter in name)
    return {
        "content-type": document["media_type"],
        "content-length": str(document["size"]),
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }


def _refused(request: Request, desk: Desk, reason: str, size: int = 0) -> Response:
    """Says why, and what to do."""
    [told] = shown([problem(reason, size=f"{size:,}")], desk.language)
    return refusal(request, STATUSES[reason], told.message, told.next_step)


def _only(request: Request, methods: str) -> Response:
    answer = refusal(request, 405, f"Only {methods} is understood here.")
    answer.headers["allow"] = methods
    return answer
