"""What tests of cases share: a database for those that must commit, and cases that have been everywhere."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker

from cases.play import Play
from cases.stories import walked
from support import new_database
from tongban.registry import Registry
from tongban.storage.database import Sessions, connected
from tongban.storage.objects import FolderStore


@pytest_asyncio.fixture(scope="package")
async def city(server_url: str, loaded_url: str) -> AsyncIterator[Sessions]:
    """Sessions on a loaded database, as many at once as callers of the races. Their commits are commits."""
    async with new_database(server_url, loaded_url) as url, connected(url, 40) as sessions:
        yield sessions


@pytest.fixture(scope="package")
def city_store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """Where all documents of `city` lie: they stay there as long as its cases do, for the audit sees them all."""
    return FolderStore(tmp_path_factory.mktemp("city"))


@pytest_asyncio.fixture(scope="module")
async def walked_once(
    engine: AsyncEngine, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[AsyncConnection, list[Play]]]:
    """Cases with their stories, walked once for the tests of a file, in a transaction that is rolled back.

    As long as it is open, nobody else gets at the worklists of their centers.
    """
    async with engine.connect() as connection, connection.begin() as all_of_it:
        sessions = async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        yield connection, await walked(sessions, FolderStore(tmp_path_factory.mktemp("walked")), registry)
        await all_of_it.rollback()


@pytest_asyncio.fixture
async def plays(walked_once: tuple[AsyncConnection, list[Play]]) -> AsyncIterator[list[Play]]:
    """They are the same again after each test."""
    connection, plays = walked_once
    async with connection.begin_nested() as savepoint:
        yield plays
        await savepoint.rollback()
