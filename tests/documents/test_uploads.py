"""Uploads through the public API: announced, sent, stored or refused; and nothing left of what was refused."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from documents_support import (
    A_JPEG,
    CREATE,
    EICAR,
    GREP,
    a_pdf,
    a_png,
    a_scanner,
    a_zip,
    an_ofd,
    announced,
    pieces,
    sha256,
    uploaded,
)
from support import JIADING, NOW, PROBLEMS, Api, MakeApi, centers_of, row_counts
from tongban.documents.files import Files
from tongban.documents.models import Upload
from tongban.documents.scanning import Scanner
from tongban.documents.service import LARGEST, TOKEN_LASTS
from tongban.graphql import files as desk_of_files
from tongban.identity.actor import Actor, Role
from tongban.storage.objects import FolderStore, Staged, StoreFailed

SEE = """query($id: ID!) { node(id: $id) { ... on Upload { state mediaType refusal storedAt size } } }"""
PDF = a_pdf()


async def seen(api: Api, upload: str) -> dict[str, Any]:
    node: dict[str, Any] = (await api.ask(SEE, id=upload))["node"]
    return node


def objects(store: FolderStore) -> list[Path]:
    """The files of the store, whole or not."""
    return [path for path in store.folder.rglob("*") if path.is_file()]


async def refused(api: Api, url: str, status: int, content: Any = PDF, **headers: str) -> str:
    """The message of a file that is refused with that status, and with a next step."""
    answer = await api.client.put(url, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    [error] = answer.json()["errors"]
    assert error["extensions"]["nextStep"]
    assert error["extensions"]["code"] == desk_of_files_code(status)
    message: str = error["message"]
    return message


def desk_of_files_code(status: int) -> str:
    return {
        404: "NOT_FOUND",
        408: "REQUEST_TIMEOUT",
        409: "CONFLICT",
        410: "GONE",
        413: "REQUEST_TOO_LARGE",
        415: "UNSUPPORTED_MEDIA_TYPE",
        422: "UNPROCESSABLE_CONTENT",
        503: "SERVICE_UNAVAILABLE",
    }[status]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "application/pdf"),
        (A_JPEG, "image/jpeg"),
        (a_png(), "image/png"),
        (an_ofd(), "application/ofd"),
    ],
)
async def test_each_kind_is_stored_as_it_is(api: Api, store: FolderStore, content: bytes, kind: str) -> None:
    payload = await announced(api, content, digest=sha256(content).upper())
    upload = payload["upload"]
    assert payload["url"].startswith("http://test/uploads/")
    assert (upload["state"], upload["mediaType"], upload["center"]) == ("AWAITED", None, {"code": "SH0114-01"})
    assert upload["digest"] == sha256(content)
    answer = await api.client.put(payload["url"], content=pieces(content))
    assert (answer.status_code, answer.json()) == (201, {"upload": upload["id"], "state": "STORED"})
    assert await seen(api, upload["id"]) == {
        "state": "STORED",
        "mediaType": kind,
        "refusal": None,
        "storedAt": "2026-11-24T02:30:00+00:00",
        "size": len(content),
    }
    [path] = objects(store)
    assert path.read_bytes() == content


async def test_only_the_digest_of_the_token_is_kept(api: Api, session: AsyncSession) -> None:
    url = (await announced(api, PDF))["url"]
    token = url.rpartition("/")[2]
    row = await session.scalar(select(Upload))
    assert row is not None
    assert row.token_digest == sha256(token.encode())
    assert token not in str({column.key: getattr(row, column.key) for column in Upload.__table__.columns})


async def longer(content: bytes) -> AsyncIterator[bytes]:
    yield content
    yield b"more"


FALSE = a_pdf("another")
assert len(FALSE) == len(PDF)
UNFIT: list[Any] = [
    pytest.param(PDF[:-1], {}, 422, "短|小于|shorter", id="shorter"),
    pytest.param(pieces(PDF[:-1]), {}, 422, "shorter", id="shorter-in-pieces"),
    pytest.param(PDF + b"\n", {}, 413, "longer", id="longer"),
    pytest.param(pieces(PDF + b"\n" * 30_000), {}, 413, "longer", id="longer-in-pieces"),
    pytest.param(b"", {}, 422, "shorter", id="nothing"),
    pytest.param(FALSE, {}, 422, "digest", id="another"),
]


@pytest.mark.parametrize(("content", "headers", "status", "says"), UNFIT)
async def test_what_is_not_as_announced_is_refused(
    api: Api, store: FolderStore, connection: AsyncConnection, content: Any, headers: Any, status: int, says: str
) -> None:
    english = replace(api, headers={"Accept-Language": "en"})
    payload = await announced(english, PDF)
    before = await row_counts(connection)
    message = await refused(api, payload["url"], status, content, **{"Accept-Language": "en"}, **headers)
    assert says.rpartition("|")[2] in message
    there = await seen(english, payload["upload"]["id"])
    assert (there["state"], there["refusal"], there["storedAt"]) == ("REFUSED", message, None)
    assert objects(store) == []
    assert await row_counts(connection) == before
    await refused(api, payload["url"], 409)
    assert objects(store) == []


@pytest.mark.parametrize("said", ["0", str(len(PDF) - 1), str(len(PDF) + 1), "200000000", "9" * 40])
async def test_a_false_content_length_is_refused_unread(api: Api, store: FolderStore, said: str) -> None:
    payload = await announced(api, PDF)
    status = 413 if int(said) > len(PDF) else 422
    await refused(api, payload["url"], status, pieces(PDF), **{"content-length": said})
    assert (await seen(api, payload["upload"]["id"]))["state"] == "REFUSED"
    assert objects(store) == []


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"words",
        a_zip({"a": b"1"}),
        a_zip({"word/document.xml": b"1", "[Content_Types].xml": b"1"}),
        PDF + a_zip({"evil.class": b"1"}),
        A_JPEG + a_zip({"evil.class": b"1"}),
        an_ofd(**{"../../evil": b"1"}),
        an_ofd(bomb=b"\0" * 30_000_000),
        a_png(60_000, 60_000),
        EICAR,
    ],
    ids=["svg", "html", "text", "zip", "docx", "pdf+zip", "jpeg+zip", "ofd-path", "bomb", "pixels", "eicar"],
)
async def test_what_is_no_document_is_refused(api: Api, store: FolderStore, content: bytes) -> None:
    payload = await announced(api, content)
    assert "PDF、JPEG、PNG、OFD" in await refused(api, payload["url"], 415, content)
    assert (await seen(api, payload["upload"]["id"]))["state"] == "REFUSED"
    assert objects(store) == []


async def test_what_is_wrong_with_an_announcement_comes_at_once(api: Api, connection: AsyncConnection) -> None:
    before = await row_counts(connection)
    wrong = {"center": "nowhere", "material": "nothing", "fileName": "../x", "size": 0, "digest": "0" * 63}
    payload = (await api.ask(CREATE, input=wrong))["createUpload"]
    assert (payload["upload"], payload["url"]) == (None, None)
    assert {problem["path"][0] for problem in payload["problems"]} == set(wrong)
    assert await row_counts(connection) == before


@pytest.mark.parametrize(
    "said",
    [
        *({"size": size} for size in (-1, LARGEST + 1, 2**31 - 1)),
        *({"digest": digest} for digest in ("", "g" * 64, "0" * 65, "0x" + "0" * 62, "٠" * 64)),
        *({"fileName": name} for name in ("", "  ", ".", "..", "../x.pdf", "a/b", "a\\b", "C:x", "x" * 201)),
        *({"fileName": name} for name in ("a\nb", "a\x00b", "fdp.\u202efdp", "a\u200bb", "a\u2028b")),
    ],
    ids=str,
)
async def test_what_can_be_no_file_is_refused(api: Api, connection: AsyncConnection, said: dict[str, Any]) -> None:
    before = await row_counts(connection)
    payload = await announced(api, PDF, **said)
    assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [("INVALID_INPUT", [*said])]
    assert await row_counts(connection) == before


async def test_only_who_acts_for_a_center_may_upload_there(make_api: MakeApi, api: Api) -> None:
    [here, there, *_] = [center["code"] for center in await centers_of(api, JIADING)]
    clerk = Actor(subject="c", name="Clerk", roles=frozenset({Role.CLERK}), centers=frozenset({here}))
    of_clerk = make_api(actor=clerk)
    assert (await announced(of_clerk, PDF, here))["problems"] == []
    [problem] = (await announced(of_clerk, PDF, there))["problems"]
    assert (problem["code"], problem["path"]) == ("FORBIDDEN", ["center"])


async def test_a_name_and_a_material_are_kept(api: Api) -> None:
    material = (await api.ask('{ serviceItem(code: "DA-001") { materials { material { code } } } }'))["serviceItem"]
    code = material["materials"][0]["material"]["code"]
    payload = await announced(api, PDF, fileName="  结婚证 (1).PDF ", material=code)
    assert payload["upload"]["fileName"] == "结婚证 (1).PDF"
    assert payload["upload"]["material"] == {"code": code}


async def test_a_token_works_once(api: Api, store: FolderStore) -> None:
    payload = await announced(api, PDF)
    assert (await api.client.put(payload["url"], content=PDF)).status_code == 201
    await refused(api, payload["url"], 409)
    await refused(api, payload["url"], 409, b"something else")
    assert (await seen(api, payload["upload"]["id"]))["state"] == "STORED"
    [path] = objects(store)
    assert path.read_bytes() == PDF


async def test_a_token_expires(api: Api, make_api: MakeApi, store: FolderStore) -> None:
    payload = await announced(api, PDF)
    later = make_api(NOW + TOKEN_LASTS)
    await refused(later, payload["url"], 410)
    assert objects(store) == []
    assert (await seen(api, payload["upload"]["id"]))["state"] == "AWAITED"
    just = make_api(NOW + TOKEN_LASTS - timedelta(seconds=1))
    assert (await just.client.put(payload["url"], content=PDF)).status_code == 201


@pytest.mark.parametrize("token", ["x", "%2e%2e", "0" * 43, "a%00b"])
async def test_other_tokens_are_none(api: Api, token: str) -> None:
    await announced(api, PDF)
    await refused(api, f"/uploads/{token}", 404)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_refused(api: Api, method: str) -> None:
    url = (await announced(api, PDF))["url"]
    answer = await api.client.request(method, url)
    assert (answer.status_code, answer.headers["allow"]) == (405, "PUT")


async def test_the_same_key_gives_the_same_address(api: Api, make_api: MakeApi, connection: AsyncConnection) -> None:
    first = await announced(api, PDF, idempotencyKey="once")
    before = await row_counts(connection)
    again = await announced(make_api(NOW + timedelta(minutes=1)), PDF, idempotencyKey="once")
    assert again == first
    assert await row_counts(connection) == before
    [problem] = (await announced(api, FALSE, idempotencyKey="once"))["problems"]
    assert problem["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await api.client.put(again["url"], content=PDF)).status_code == 201
    over = await announced(api, PDF, idempotencyKey="once")
    assert (over["upload"]["id"], over["upload"]["state"], over["url"]) == (first["upload"]["id"], "STORED", None)


async def test_an_expired_upload_has_no_address(api: Api, make_api: MakeApi) -> None:
    await announced(api, PDF, idempotencyKey="once")
    over = await announced(make_api(NOW + TOKEN_LASTS), PDF, idempotencyKey="once")
    assert (over["upload"]["state"], over["url"]) == ("AWAITED", None)


# ---------------------------------------------------------------- senders that fail


async def put(api: Api, url: str, *messages: dict[str, Any] | float) -> list[dict[str, Any]]:
    """What the app answers to a body in these messages; a number is a pause."""
    left, sent = list(messages), list[dict[str, Any]]()

    async def receive() -> dict[str, Any]:
        message = left.pop(0) if left else {"type": "http.disconnect"}
        if isinstance(message, float):
            await asyncio.sleep(message)
            return await receive()
        return message

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path = url.removeprefix("http://test")
    scope = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": [], "root_path": ""}
    await api.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    return sent


def part(content: bytes) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": True}


async def test_a_sender_who_breaks_off_may_begin_again(api: Api, store: FolderStore) -> None:
    payload = await announced(api, PDF)
    for cut in (0, 1, len(PDF) // 2, len(PDF)):
        assert await put(api, payload["url"], part(PDF[:cut])) == []
        assert objects(store) == []
        assert (await seen(api, payload["upload"]["id"]))["state"] == "AWAITED"
    assert (await api.client.put(payload["url"], content=PDF)).status_code == 201


async def test_a_sender_who_pauses_for_too_long_is_cut_off(
    api: Api, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_of_files, "PATIENCE", 0.2)
    payload = await announced(api, PDF)
    began = asyncio.get_running_loop().time()
    start, _ = await put(api, payload["url"], part(PDF[:10]), 60.0)
    assert asyncio.get_running_loop().time() - began < 5
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]
    assert objects(store) == []
    slow = [message for place in range(len(PDF)) for message in (part(PDF[place : place + 1]), 0.0)]
    start, _ = await put(api, payload["url"], *slow, {"type": "http.request", "body": b"", "more_body": False})
    assert start["status"] == 201


async def test_a_file_that_trickles_in_is_cut_off_in_the_end(
    api: Api, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_of_files, "LONGEST", 0.3)
    payload = await announced(api, PDF)
    trickle = [message for place in range(len(PDF)) for message in (part(PDF[place : place + 1]), 0.05)]
    start, _ = await put(api, payload["url"], *trickle)
    assert start["status"] == 408
    assert objects(store) == []
    assert (await seen(api, payload["upload"]["id"]))["state"] == "AWAITED"


async def test_an_endless_file_is_not_read_to_its_end(api: Api, store: FolderStore) -> None:
    payload = await announced(api, PDF)
    read = 0

    class Endless(list[Any]):
        def __bool__(self) -> bool:
            return True

        def pop(self, _index: Any = 0) -> dict[str, Any]:
            nonlocal read
            read += 100_000
            return part(b"x" * 100_000)

    sent: list[dict[str, Any]] = []
    endless = Endless()

    async def receive() -> dict[str, Any]:
        return endless.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path = payload["url"].removeprefix("http://test")
    scope = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": [], "root_path": ""}
    await api.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]
    assert read <= desk_of_files.LONGEST_REST + 300_000
    assert objects(store) == []


# ---------------------------------------------------------------- scanner and store


async def test_malware_is_refused(make_api: MakeApi, files: Files, store: FolderStore, tmp_path: Path) -> None:
    api = make_api(files=replace(files, scanner=Scanner((a_scanner(tmp_path, GREP),))))
    infected = a_pdf(EICAR.decode())
    payload = await announced(api, infected)
    assert "安全扫描" in await refused(api, payload["url"], 422, infected)
    assert (await seen(api, payload["upload"]["id"]))["state"] == "REFUSED"
    assert objects(store) == []
    await uploaded(api, PDF)
    assert len(objects(store)) == 1


@pytest.mark.parametrize("script", ["exit 2", "sleep 60"])
async def test_what_was_not_scanned_is_not_stored(
    make_api: MakeApi, api: Api, files: Files, store: FolderStore, tmp_path: Path, script: str
) -> None:
    scanner = Scanner((a_scanner(tmp_path, script),), patience=0.5)
    broken = make_api(files=replace(files, scanner=scanner))
    payload = await announced(broken, PDF)
    await refused(broken, payload["url"], 503)
    assert (await seen(api, payload["upload"]["id"]))["state"] == "AWAITED"
    assert objects(store) == []
    assert (await api.client.put(payload["url"], content=PDF)).status_code == 201


class Broken(FolderStore):
    """A store whose objects can't be kept."""

    async def keep(self, staged: Staged, key: str) -> None:
        raise StoreFailed("No space left on device")


async def test_a_store_that_fails_may_work_later(
    make_api: MakeApi, api: Api, files: Files, store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    broken = make_api(files=replace(files, store=Broken(store.folder)))
    payload = await announced(broken, PDF)
    await refused(broken, payload["url"], 503)
    assert "No space left on device" in caplog.text
    assert (await seen(api, payload["upload"]["id"]))["state"] == "AWAITED"
    assert objects(store) == []
    assert (await api.client.put(payload["url"], content=PDF)).status_code == 201


async def test_it_is_on_the_disk_before_it_is_called_stored(
    api: Api, connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, name and folder are synced, then the row is written: a crash between leaves no row without its file."""
    happened: list[str] = []
    really = os.fsync

    def note(handle: int) -> None:
        happened.append("fsync")
        really(handle)

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if text.startswith("UPDATE upload"):
            happened.append("STORED")

    payload = await announced(api, PDF)
    monkeypatch.setattr(os, "fsync", note)
    event.listen(connection.sync_connection, "before_cursor_execute", statement)
    assert (await api.client.put(payload["url"], content=PDF)).status_code == 201
    assert happened == ["fsync", "fsync", "fsync", "STORED"]


async def test_a_multipart_form_is_no_graphql(api: Api, connection: AsyncConnection) -> None:
    before = await row_counts(connection)
    query = f"mutation($input: CreateUploadInput!) {{ createUpload(input: $input) {{ {PROBLEMS} }} }}"
    operations = json.dumps({"query": query})
    form = {"operations": operations, "map": '{"0": ["variables.input"]}'}
    answer = await api.client.post("/graphql", data=form, files={"0": ("a.pdf", PDF, "application/pdf")})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert await row_counts(connection) == before
