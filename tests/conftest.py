"""What all tests share: a real PostgreSQL made by the migrations, the loaded city, and the public API over it.

Each test works inside one transaction that is rolled back, so that nothing of it is left.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from support import NOW, SIGNER, Api, MakeApi, files_in, new_database
from tongban import prepare
from tongban.app import create_app
from tongban.cases.arrivals import LocalCourier
from tongban.cases.custody import deliver
from tongban.documents.files import Files
from tongban.events.relay import Relay
from tongban.events.words import Topic
from tongban.identity.actor import DEVELOPER, Actor
from tongban.registry import Registry, open_registry
from tongban.storage.database import Sessions, connected, engine_for
from tongban.storage.embedded import embedded_postgres
from tongban.storage.objects import FolderStore


@pytest_asyncio.fixture(scope="session")
async def registry() -> AsyncIterator[Registry]:
    """The departments installed, each in a process of its own."""
    async with open_registry() as registry:
        yield registry


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL server: the one in TONGBAN_DATABASE_URL, or an embedded one."""
    given = os.environ.pop("TONGBAN_DATABASE_URL", None)
    if given:
        yield given
        return
    # Not under pytest's own folder: another session that starts meanwhile closes that one to PostgreSQL's user.
    with tempfile.TemporaryDirectory(prefix="tongban-test-") as folder, embedded_postgres(Path(folder)) as url:
        yield url


@pytest_asyncio.fixture(scope="session")
async def migrated_url(server_url: str) -> AsyncIterator[str]:
    """A migrated database. Nobody works in it: it is there to be copied, which takes no time."""
    async with new_database(server_url) as url:
        await prepare.migrated(url)
        yield url


@pytest_asyncio.fixture(scope="session")
async def loaded_url(server_url: str, migrated_url: str, registry: Registry) -> AsyncIterator[str]:
    """One with the city and the departments loaded, to be copied too."""
    async with new_database(server_url, migrated_url) as url:
        await prepare.load(url, registry, SIGNER)
        yield url


@pytest_asyncio.fixture(scope="session")
async def city_url(server_url: str, loaded_url: str) -> AsyncIterator[str]:
    """A loaded database in which all that tests do is rolled back."""
    async with new_database(server_url, loaded_url) as url:
        yield url


@pytest_asyncio.fixture(scope="session")
async def engine(city_url: str) -> AsyncIterator[AsyncEngine]:
    """Its engine."""
    engine = engine_for(city_url)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def committed_url(server_url: str, loaded_url: str) -> AsyncIterator[str]:
    """A database with the city loaded, for tests of what others see after a commit: nothing of them is rolled back."""
    async with new_database(server_url, loaded_url) as url:
        yield url


@pytest_asyncio.fixture
async def committed(committed_url: str) -> AsyncIterator[Sessions]:
    """Sessions there, each with a connection of its own."""
    async with connected(committed_url, 30) as sessions:
        yield sessions


@pytest_asyncio.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction that is rolled back after the test."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()


@pytest.fixture
def sessions(connection: AsyncConnection) -> Sessions:
    """Sessions inside the test's transaction: their commits release a savepoint."""
    return async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")


@pytest_asyncio.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One such session, for tests that call a room's verbs."""
    async with sessions() as session:
        yield session


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """What documents need beside the database; nobody scans them."""
    return files_in(tmp_path / "objects")


@pytest.fixture
def store(files: Files) -> FolderStore:
    """Where the test's documents lie."""
    assert isinstance(files.store, FolderStore)
    return files.store


@pytest_asyncio.fixture
async def make_api(sessions: Sessions, registry: Registry, files: Files) -> AsyncIterator[MakeApi]:
    """Makes the public API at another time, for another actor, or with other departments."""
    clients: list[httpx.AsyncClient] = []

    def make(
        at: datetime = NOW, actor: Actor = DEVELOPER, departments: Registry = registry, files: Files = files
    ) -> Api:
        app = create_app(sessions, departments, SIGNER, lambda: at, actor, files=files)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=60)
        clients.append(client)
        relay = Relay(sessions, {Topic.TRANSFER: deliver(sessions, LocalCourier(sessions, files.store))}, lambda: at)
        return Api(client, relay.drain)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    """The public API at `NOW`, for the developer."""
    return make_api()
