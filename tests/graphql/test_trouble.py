"""A database in trouble: locked, slow, full, gone, or asked by too many. The caller is told to try again, no more."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from graphql import GraphQLError
from support import NOW, SIGNER, Api, files_in, register, row_counts
from tongban.app import create_app
from tongban.documents.files import Files
from tongban.errors import traced
from tongban.graphql.desk import Desk
from tongban.graphql.errors import BadInput, Unavailable, translated
from tongban.identity.actor import DEVELOPER
from tongban.registry import Registry
from tongban.storage.database import Sessions, engine_for

CENTER = '{ center(code: "SH0114-01") { code } }'
FOUND = {"data": {"center": {"code": "SH0114-01"}}}
SAID = {"name": "王小明", "idNumber": "E1234567", "documentKind": "PASSPORT"}
REGISTER = """mutation($input: RegisterResidentInput!) { registerResident(input: $input) {
  resident { id } problems { code } } }"""


@asynccontextmanager
async def served(engine: AsyncEngine, registry: Registry) -> AsyncIterator[Api]:
    """The public API over connections of its own."""
    folder = Path(tempfile.mkdtemp(prefix="trouble-"))
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    app = create_app(sessions, registry, SIGNER, lambda: NOW, files=files_in(folder))
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=60) as client:
            yield Api(client, lambda: asyncio.sleep(0))
    finally:
        await engine.dispose()
        shutil.rmtree(folder)


@pytest.fixture
def url(engine: AsyncEngine) -> str:
    """The database of the tests, for connections that are not rolled back: what is tried here never commits."""
    return engine.url.render_as_string(hide_password=False)


async def told_to_try_again(answer: dict[str, Any]) -> None:
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "Try again" in error["message"]


async def test_a_statement_that_takes_too_long_is_ended(engine: AsyncEngine, registry: Registry, url: str) -> None:
    async with served(engine_for(url, 1, longest=200), registry) as api, engine.connect() as other:
        await other.execute(text("LOCK TABLE center, resident IN ACCESS EXCLUSIVE MODE"))
        await told_to_try_again(await api.answer(CENTER))
        await told_to_try_again(await api.answer(REGISTER, input=SAID))
        await other.rollback()
        assert await api.answer(CENTER) == FOUND
        assert await api.ask('{ resident(idNumber: "E1234567") { id } }') == {"resident": None}


async def test_a_connection_that_breaks_is_replaced(engine: AsyncEngine, registry: Registry, url: str) -> None:
    waiting = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with served(engine_for(url, 1), registry) as api, engine.connect() as other:
        for document, said in ((CENTER, {}), (REGISTER, {"input": SAID})):
            await other.execute(text("LOCK TABLE center, resident IN ACCESS EXCLUSIVE MODE"))
            asked = asyncio.create_task(api.answer(document, **said))
            while not asked.done() and not (await other.execute(waiting)).all():
                await other.execute(text("SELECT pg_stat_clear_snapshot()"))
                await asyncio.sleep(0.02)
            await told_to_try_again(await asked)
            await other.rollback()
        assert await api.answer(CENTER) == FOUND
        assert await api.ask('{ resident(idNumber: "E1234567") { id } }') == {"resident": None}


async def test_a_connection_that_broke_meanwhile_is_not_noticed(
    engine: AsyncEngine, registry: Registry, url: str
) -> None:
    ended = text("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    async with served(engine_for(url, 1), registry) as api, engine.connect() as other:
        assert await api.answer(CENTER) == FOUND
        await other.execute(ended)
        await other.rollback()
        assert await api.answer(CENTER) == FOUND


async def test_when_all_connections_are_taken(registry: Registry, url: str) -> None:
    engine = create_async_engine(engine_for(url).url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    async with served(engine, registry) as api:
        async with engine.connect():
            await told_to_try_again(await api.answer(CENTER))
            await told_to_try_again(await api.answer(REGISTER, input=SAID))
            assert (await api.client.get("/health")).status_code == 503
        assert await api.answer(CENTER) == FOUND


async def test_one_request_takes_one_connection(registry: Registry, url: str) -> None:
    """However many fields read, and a dry run beside them: else a few requests would wait for each other for ever."""
    preview = 'casePreview(input: {item: "DA-001", center: "x", applicant: "x", form: {}}) { problems { code } }'
    fields = [f"a{n}: {preview}" for n in range(5)] + [f'b{n}: center(code: "{n}") {{ code }}' for n in range(5)]
    engine = create_async_engine(engine_for(url).url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    async with served(engine, registry) as api:
        answer = await api.ask("{ " + " ".join(fields) + " }")
        assert all(answer[f"a{n}"]["problems"] for n in range(5))


async def test_no_database_at_all(registry: Registry, tmp_path: Any) -> None:
    for url in ("postgresql://127.0.0.1:1/nothing", f"postgresql:///nothing?host={tmp_path}"):
        async with served(engine_for(url), registry) as api:
            await told_to_try_again(await api.answer(CENTER))
            await told_to_try_again(await api.answer(REGISTER, input=SAID))
            health = await api.client.get("/health")
            assert (health.status_code, health.json()["status"]) == (503, "unavailable")
            assert (await api.answer("{ viewer { name } }"))["data"]["viewer"]


class Said(Exception):
    """What the driver raises, with PostgreSQL's code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def failing(error: Exception) -> GraphQLError | Exception:
    with pytest.raises(Exception) as raised, translated():  # noqa: PT011
        raise error
    return raised.value


@pytest.mark.parametrize(
    "sqlstate", ["40001", "40P01", "55P03", "57014", "57P01", "57P03", "53100", "53300", "08006", "25006", "58030"]
)
def test_what_passes_by_itself_can_be_tried_again(sqlstate: str) -> None:
    """Serialization, deadlock, locks, timeouts, a server that stops, a full disk, too many clients, a standby."""
    assert isinstance(failing(DBAPIError("", {}, Said(sqlstate))), Unavailable)


@pytest.mark.parametrize("sqlstate", ["22021", "22003", "22008", "22P05"])
def test_what_cannot_be_stored_is_the_callers(sqlstate: str) -> None:
    assert isinstance(failing(DBAPIError("", {}, Said(sqlstate))), BadInput)


@pytest.mark.parametrize(
    "error",
    [
        DBAPIError("", {}, Said("42703")),
        DBAPIError("", {}, Said("23505")),
        DBAPIError("", {}, Exception()),
        FileNotFoundError(),
        PermissionError(),
        TimeoutError(),
        ValueError(),
    ],
)
def test_what_is_ours_stays_ours(error: Exception) -> None:
    """A fault in a statement, or a file that is missing somewhere, is no database that does not answer."""
    assert failing(error) is error


async def test_a_request_ends_after_its_last_reader(sessions: Sessions, registry: Registry, files: Files) -> None:
    """A field that fails ends the request while others still read: their connection is not pulled away under them."""
    desk = Desk(sessions, registry, SIGNER, DEVELOPER, NOW, files)
    begun, may_end, order = asyncio.Event(), asyncio.Event(), []

    async def slowly(session: AsyncSession) -> None:
        begun.set()
        await may_end.wait()
        await session.execute(text("SELECT 1"))
        order.append("read")

    async def close() -> None:
        await desk.close()
        order.append("closed")

    reading = asyncio.create_task(desk.read(slowly))
    await begun.wait()
    closing = asyncio.create_task(close())
    await asyncio.sleep(0)
    too_late = asyncio.create_task(desk.rows(text("SELECT 2")))
    reading.cancel()
    may_end.set()
    await closing
    assert order == ["read", "closed"]
    with pytest.raises(Unavailable):
        await too_late


async def test_a_field_that_fails_beside_others_leaves_nothing_running(api: Api, connection: AsyncConnection) -> None:
    document = """{ centers(first: 50) { nodes { hours(from: "2026-11-24", to: "2026-11-23") { date } isOpen
      district { name centers { code } } branches { code } worklist(first: 3) { nodes { number } } } } }"""
    for _ in range(5):
        answer = await api.answer(document)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
        assert await api.answer(CENTER) == FOUND
    before = await row_counts(connection)
    await register(api)
    assert await row_counts(connection) == before | {"resident": before["resident"] + 1}


def test_a_trace_tells_types_and_lines_and_no_message() -> None:
    name, number = "王" + "小明", "310101" + "197505200017"

    def outer() -> None:
        try:
            raise KeyError(name)
        except KeyError as error:
            raise ValueError(number) from error

    with pytest.raises(ValueError, match=number) as raised:
        outer()
    told = traced(raised.value)
    assert "builtins.ValueError" in told
    assert "caused by builtins.KeyError" in told
    assert "in outer\n    raise KeyError(name)" in told
    assert name not in told
    assert number not in told
