"""The server as an operator meets it: started, asked, ended by signals, killed, started again."""

import asyncio
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from typer.testing import CliRunner

from programs import Serving, serving, tongban, waiting
from support import DIRECT_ITEM, JIADING, Api, application, centers_of, new_database, register, submit
from tongban import cli
from tongban.errors import SetupError
from tongban.registry import Registry
from tongban.storage.database import engine_for
from tongban.storage.embedded import _serves as serves

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A state folder with an embedded database, for all tests here: each leaves it ready to be served again."""
    top = Path(tempfile.mkdtemp(prefix="serve-"))
    yield top / "var"
    shutil.rmtree(top)


@pytest_asyncio.fixture(scope="module")
async def loaded(server_url: str, loaded_url: str) -> AsyncIterator[str]:
    """A given database, migrated and loaded, that no other test uses at the same time."""
    async with new_database(server_url, loaded_url) as url:
        yield url


async def settled_by_itself() -> None:
    """The server's own relay sends what is on its way."""


@asynccontextmanager
async def api_of(server: Serving) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        yield Api(client, settled_by_itself)


def health(server: Serving) -> tuple[int, Any]:
    answer = httpx.get(f"{server.url}/health", timeout=60)
    return answer.status_code, answer.json()


def postmaster(folder: Path) -> int:
    """The process of the database that serves the folder."""
    return int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


async def submitted(server: Serving) -> str:
    """The number of a case just submitted there."""
    async with api_of(server) as api:
        center = (await centers_of(api, JIADING))[0]
        resident = await register(api, hukouDivisionCode=center["divisionCode"])
        answer = await submit(api, await application(api, DIRECT_ITEM, center["code"], resident["id"]))
        assert answer["problems"] == []
        number: str = answer["case"]["number"]
        return number


async def status_of(server: Serving, number: str) -> str | None:
    async with api_of(server) as api:
        case = (await api.ask("query($number: String!) { case(number: $number) { status } }", number=number))["case"]
        return None if case is None else str(case["status"])


def test_a_first_start_says_what_it_does_and_the_demo_plays(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        place, moved, loaded, serves_on = server.said
        assert place == f"database: the embedded PostgreSQL under {tmp_path}/postgres\n"
        assert moved.startswith("migrations: from nothing to ")
        assert loaded.startswith("loaded: district 16 (16 new), center 287 (287 new)")
        assert serves_on == f"Tongban serves on {server.url}/graphql (Ctrl-C ends it)\n"
        assert health(server) == (200, {"status": "ok"})
        assert httpx.get(server.url, follow_redirects=True).url == f"{server.url}/graphql"
        played = tongban("demo", "--url", f"{server.url}/graphql")
        assert (played.code, played.err) == (0, "")
        for part in (
            "户籍在虹口，住在青浦，在嘉定工作。",
            "DIRECT) at",
            "handled where it was received, result in hand",
            "SPLIT) at",
            "stored there, every digest verified",
            "taken over by a reviewer",
            "the reviewer asks once for all that is needed",
            "the result is on its way back to the receiving center",
            "delivered, 1 visit",
            "refused",
            "一趟即可",
        ):
            assert part in played.out
        said = server.end()
    assert (said.code, said.out.splitlines()[-1]) == (0, "stopped")
    assert f"make a new database under {tmp_path}/postgres" in said.err
    assert "Traceback" not in said.err


async def test_it_ends_on_every_signal_and_serves_again_with_all_data(folder: Path) -> None:
    data = folder / "postgres" / "data"
    cases: list[str] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL, signal.SIGTERM):
        with serving(folder) as server:
            assert [await status_of(server, case) for case in cases] == ["SUBMITTED"] * len(cases)
            assert await status_of(server, "TB-unknown") is None
            cases.append(await submitted(server))
            database = postmaster(folder)
            said = await asyncio.to_thread(server.end, number)
        assert "Traceback" not in said.err
        if number == signal.SIGKILL:
            assert (said.code, serves(database, data)) == (-number, True)
        else:
            assert (said.code, said.out.splitlines()[-1]) == (0, "stopped")
            assert not serves(database, data)
            assert not (data / "postmaster.pid").exists()
    assert "left on" in said.err  # by the process that was killed before


def test_a_second_server_is_refused_and_the_first_goes_on(folder: Path) -> None:
    with serving(folder) as first:
        second = tongban("serve", "--port", "0", TONGBAN_DATA_DIR=str(folder))
        assert second.code == 1
        assert second.err == (
            f"the embedded database under {folder}/postgres is in use by process {first.process.pid}; "
            "stop it, or set TONGBAN_DATABASE_URL to a server of your own\n"
        )
        assert "serves on" not in second.out
        assert health(first) == (200, {"status": "ok"})
        assert first.end().code == 0


def test_a_port_in_use_is_one_line_and_nothing_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = tongban("serve", TONGBAN_PORT=str(port), TONGBAN_DATA_DIR=str(tmp_path / "var"))
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"Can't listen on 127.0.0.1:{port}: Address already in use. Choose another with --host or --port.\n"
    )
    assert not (tmp_path / "var").exists()


def test_wrong_settings_are_one_line(tmp_path: Path) -> None:
    said = tongban("serve", TONGBAN_PORT="http", TONGBAN_HOST="", TONGBAN_POOL_SIZE="0", TONGBAN_DATA_DIR=str(tmp_path))
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "TONGBAN_HOST: String should have at least 1 character; TONGBAN_PORT: Input should be a valid integer, unable "
        "to parse string as an integer; TONGBAN_POOL_SIZE: Input should be greater than or equal to 1\n"
    )


def test_an_address_that_is_not_ours_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGBAN_DATA_DIR", str(tmp_path / "var"))
    answer = CliRunner().invoke(cli.app, ["serve", "--host", "203.0.113.1"])
    assert isinstance(answer.exception, SetupError)
    assert str(answer.exception).startswith("Can't listen on 203.0.113.1:8000: Cannot assign requested address.")
    assert not (tmp_path / "var").exists()


def test_an_address_that_others_reach_is_warned_of(loaded: str, tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0", settings={"TONGBAN_DATABASE_URL": loaded}) as server:  # noqa: S104
        said = server.end()
    warning = "Listening on 0.0.0.0, with no sign-in yet: whoever reaches it may do anything.\n"
    assert (said.code, said.err) == (0, warning)
    assert not (tmp_path / "postgres").exists()


async def test_an_open_request_is_answered_before_the_end(loaded: str, tmp_path: Path) -> None:
    engine = engine_for(loaded, 1)
    with serving(tmp_path, settings={"TONGBAN_DATABASE_URL": loaded}) as server:
        async with engine.connect() as holder, api_of(server) as api:
            await holder.execute(text("LOCK TABLE district"))
            question = asyncio.create_task(api.ask("{ districts { code } }"))
            await waiting(holder, "relation", server.process)
            ending = asyncio.create_task(asyncio.to_thread(server.end))
            while await _is_open(server.url):
                await asyncio.sleep(0.02)
            assert not question.done()
            await holder.rollback()
            assert len((await question)["districts"]) == 16
            said = await ending
    await engine.dispose()
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-2:] == ["open requests have 10 s to end (Ctrl-C ends them now)", "stopped"]


async def _is_open(url: str) -> bool:
    """Whether new connections are taken there."""
    try:
        _, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
    except ConnectionError:
        return False
    writer.close()
    return True


async def test_health_says_when_the_database_is_gone(server_url: str, registry: Registry, tmp_path: Path) -> None:
    async with new_database(server_url) as url:
        with serving(tmp_path, settings={"TONGBAN_DATABASE_URL": url}) as server:
            assert health(server) == (200, {"status": "ok"})
            engine = engine_for(server_url, 1)
            async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                name = url.rpartition("/tongban_test_")[2].partition("?")[0]
                await connection.execute(text(f'DROP DATABASE "tongban_test_{name}" WITH (FORCE)'))
            await engine.dispose()
            status, answer = await asyncio.to_thread(health, server)
            assert (status, answer["status"]) == (503, "unavailable")
            assert (await asyncio.to_thread(server.end)).code == 0
