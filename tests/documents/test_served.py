"""Documents at a real server: many senders at once, a sender without end, a slow one, and a server that is killed."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from sqlalchemy import text

from documents_support import EICAR, GREP, a_pdf, a_scanner, announced, pieces, sha256
from programs import Serving, serving, tongban
from support import Api, equipment_in, new_database
from tongban.app import create_server_app
from tongban.graphql import files as desk_of_files
from tongban.registry import Registry
from tongban.storage.database import engine_for

CONTENT = a_pdf(filling=3_000_000)
LARGEST = a_pdf(filling=19_999_000)


def at_server(client: httpx.AsyncClient) -> Api:
    """The API of a real server, where nothing has to be settled."""

    async def settled() -> None:
        return None

    return Api(client, settled)


@pytest_asyncio.fixture(scope="module")
async def loaded(server_url: str, loaded_url: str) -> AsyncIterator[str]:
    """A database with the city, that only these tests use."""
    async with new_database(server_url, loaded_url) as url:
        yield url


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def server(loaded: str, folder: Path) -> Iterator[Serving]:
    with serving(folder, settings={"TONGBAN_DATABASE_URL": loaded}) as server:
        yield server


@pytest_asyncio.fixture
async def api(server: Serving) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        yield at_server(client)


def memory(server: Serving, what: str) -> int:
    """Bytes of the process: `VmRSS` now, `VmHWM` at most since the last look at it."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(what))


@contextmanager
def within(server: Serving, most: int) -> Iterator[None]:
    """Fails where the process gets larger by more than that, even for a moment."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    before = memory(server, "VmRSS")
    yield
    assert memory(server, "VmHWM") - before <= most


def objects(folder: Path) -> set[str]:
    """What is in the store, what is on its way included."""
    return {path.name for path in (folder / "objects").rglob("*") if path.is_file()}


async def state(api: Api, payload: dict[str, Any]) -> str:
    node = await api.ask("query($id: ID!) { node(id: $id) { ... on Upload { state } } }", id=payload["upload"]["id"])
    return str(node["node"]["state"])


async def test_of_twenty_at_once_one_is_stored(api: Api, folder: Path) -> None:
    for _ in range(3):
        before = objects(folder)
        payload = await announced(api, CONTENT)
        answers = await asyncio.gather(*(api.client.put(payload["url"], content=pieces(CONTENT)) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
        [added] = objects(folder) - before
        assert sha256((folder / "objects" / added[-2:] / added).read_bytes()) == sha256(CONTENT)


async def test_of_twenty_different_ones_at_most_the_right_one_is_stored(api: Api, folder: Path) -> None:
    for _ in range(3):
        before = objects(folder)
        payload = await announced(api, CONTENT)
        wrong = CONTENT[:-20] + b"x" + CONTENT[-19:]
        sent = (api.client.put(payload["url"], content=pieces(CONTENT if turn % 2 else wrong)) for turn in range(20))
        codes = sorted(answer.status_code for answer in await asyncio.gather(*sent))
        stored = await state(api, payload) == "STORED"
        assert codes == ([201] if stored else []) + [409] * 19 + ([] if stored else [422])
        assert len(objects(folder) - before) == stored


async def test_the_largest_file_is_never_in_memory_as_a_whole(api: Api, server: Serving, folder: Path) -> None:
    warm = await announced(api, CONTENT)
    assert (await api.client.put(warm["url"], content=CONTENT)).status_code == 201
    payload = await announced(api, LARGEST)
    with within(server, 10_000_000):
        assert (await api.client.put(payload["url"], content=pieces(LARGEST, 1_000_000))).status_code == 201


async def test_two_hundred_megabytes_are_cut_off(api: Api, server: Serving, folder: Path) -> None:
    before = objects(folder)
    for length in ("Content-Length: 200000000", "Transfer-Encoding: chunked"):
        payload = await announced(api, CONTENT)
        with within(server, 10_000_000):
            assert await asyncio.to_thread(_sent_without_end, payload["url"], length) < 100_000_000
        assert await state(api, payload) == "REFUSED"
    assert objects(folder) == before


def _sent_without_end(url: str, length: str) -> int:
    """How much of 200 MB a server takes before it hangs up."""
    place, _, path = url.removeprefix("http://").partition("/")
    host, _, port = place.partition(":")
    chunk = b"%PDF-1.7" + b"x" * 99_992
    framed = b"%x\r\n%s\r\n" % (len(chunk), chunk) if "chunked" in length else chunk
    sent = 0
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"PUT /{path} HTTP/1.1\r\nHost: {place}\r\n{length}\r\n\r\n".encode())
        try:
            while sent < 200_000_000:
                connection.sendall(framed)
                sent += len(chunk)
        except ConnectionError:
            return sent
    return sent


async def test_the_guide_s_file_is_sent_as_it_says(api: Api, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "hand-in-documents.md").read_text(encoding="utf-8")
    [make], [send] = re.findall(r"^\$ (printf .+)$", guide, re.M), re.findall(r"^curl .+$", guide, re.M)
    subprocess.run(["bash", "-c", make], cwd=tmp_path, check=True)
    payload = await announced(api, (tmp_path / "letter.pdf").read_bytes())
    environment = os.environ | {"URL": payload["url"]}
    for code in (0, 22):  # the second time it is refused
        sent = await asyncio.to_thread(
            subprocess.run, ["bash", "-c", send], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert sent.returncode == code, sent
    assert await state(api, payload) == "STORED"


async def test_a_client_that_sends_too_much_can_read_why(api: Api) -> None:
    """Most clients send all that they have before they read."""
    for more in (1, 1_000_000, 10_000_000):
        for content in (CONTENT + b"x" * more, pieces(CONTENT + b"x" * more, 100_000)):
            answer = await api.client.put((await announced(api, CONTENT))["url"], content=content)
            assert (answer.status_code, "nextStep" in answer.text) == (413, True)


async def test_a_slow_sender_is_disconnected(
    loaded: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_of_files, "PATIENCE", 0.5)
    app = create_server_app(loaded, equipment_in(tmp_path, registry), 2)
    own = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=own.run)
    thread.start()
    try:
        while not own.started:
            thread.join(0.02)
        url = f"http://127.0.0.1:{own.servers[0].sockets[0].getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            slow = at_server(client)
            payload = await announced(slow, CONTENT)
            began = time.monotonic()
            answers = await asyncio.gather(*(asyncio.to_thread(_begun_only, payload["url"]) for _ in range(10)))
            assert time.monotonic() - began < 10
            assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
            assert (await client.put(payload["url"], content=CONTENT)).status_code == 201
    finally:
        own.should_exit = True
        await asyncio.to_thread(thread.join)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def _begun_only(url: str) -> bytes:
    """What a server says to somebody who begins and then says nothing; returns when it has hung up."""
    place, _, path = url.removeprefix("http://").partition("/")
    host, _, port = place.partition(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"PUT /{path} HTTP/1.1\r\nHost: {place}\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode())
        connection.sendall(CONTENT[:1_000])
        while got := connection.recv(65_536):
            answer += got
    return answer


@pytest.mark.long
async def test_a_server_that_is_killed_has_stored_nothing(loaded: str, tmp_path: Path) -> None:
    """Killed while a file comes in; started again, it takes the file under the same token."""
    settings = {"TONGBAN_DATABASE_URL": loaded}
    with serving(tmp_path, settings=settings) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            payload = await announced(at_server(client), CONTENT)
            halfway, killed = asyncio.Event(), asyncio.Event()

            async def stalling() -> AsyncIterator[bytes]:
                yield CONTENT[:2_000_000]
                halfway.set()
                await killed.wait()
                yield CONTENT[2_000_000:]

            sending = asyncio.create_task(client.put(payload["url"], content=stalling()))
            await halfway.wait()
            incoming, until = tmp_path / "objects" / "incoming", time.monotonic() + 30
            while max((path.stat().st_size for path in incoming.glob("*")), default=0) < 1_000_000:
                assert time.monotonic() < until
                await asyncio.sleep(0.02)
            os.kill(server.process.pid, signal.SIGKILL)
            await asyncio.to_thread(server.process.wait, 30)
            killed.set()
            with pytest.raises(httpx.TransportError):
                await sending
    engine = engine_for(loaded, 1)
    async with engine.connect() as connection:
        query = text("SELECT state, stored_at FROM upload WHERE digest = :digest ORDER BY created_at DESC LIMIT 1")
        assert tuple((await connection.execute(query, {"digest": sha256(CONTENT)})).one()) == ("AWAITED", None)
    await engine.dispose()
    assert [path.name for path in (tmp_path / "objects").iterdir()] == ["incoming"]
    with serving(tmp_path, settings=settings) as server:
        token = payload["url"].rpartition("/")[2]
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            assert (await client.put(f"/uploads/{token}", content=CONTENT)).status_code == 201
            assert await state(at_server(client), payload) == "STORED"


async def test_it_scans_with_the_command_that_is_set(loaded: str, tmp_path: Path) -> None:
    settings = {"TONGBAN_DATABASE_URL": loaded, "TONGBAN_SCAN_COMMAND": a_scanner(tmp_path, GREP)}
    with serving(tmp_path / "var", settings=settings) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            infected = a_pdf(EICAR.decode())
            payload = await announced(at_server(client), infected)
            assert (await client.put(payload["url"], content=infected)).status_code == 422
            assert await state(at_server(client), payload) == "REFUSED"
            clean = await announced(at_server(client), CONTENT)
            assert (await client.put(clean["url"], content=CONTENT)).status_code == 201
        said = await asyncio.to_thread(server.end)
    assert said.err == ""
    assert len(objects(tmp_path / "var")) == 1


def test_without_a_scanner_it_says_so_once(loaded: str, tmp_path: Path) -> None:
    settings = {"TONGBAN_DATABASE_URL": loaded}
    program = tmp_path / "var"
    with serving(program, settings={**settings, "TONGBAN_SCAN_COMMAND": ""}) as server:
        said = server.end()
    assert said.err == "No scanner is set (TONGBAN_SCAN_COMMAND): documents are stored unscanned.\n"


def test_a_scanner_that_can_t_be_run_is_one_line(loaded: str, tmp_path: Path) -> None:
    said = tongban(
        "serve",
        TONGBAN_PORT="0",
        TONGBAN_DATABASE_URL=loaded,
        TONGBAN_DATA_DIR=str(tmp_path),
        TONGBAN_SCAN_COMMAND="no-such-program",
    )
    assert (said.code, said.err) == (
        1,
        "TONGBAN_SCAN_COMMAND names no program that can be run: write e.g. clamdscan --fdpass.\n",
    )
