"""A database of their own for tests that must commit: races, and commands."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support import SIGNER, new_database
from tongban import prepare
from tongban.registry import Registry
from tongban.storage.database import Sessions, connected
from tongban.storage.objects import FolderStore


@pytest_asyncio.fixture(scope="session")
async def city_url(server_url: str, registry: Registry) -> AsyncIterator[str]:
    """A database with the city loaded, in which tests may leave cases behind."""
    async with new_database(server_url) as url:
        await prepare.migrated(url)
        await prepare.load(url, registry, SIGNER)
        yield url


@pytest_asyncio.fixture(scope="session")
async def city(city_url: str) -> AsyncIterator[Sessions]:
    """Sessions on it, as many at once as callers of the races. Their commits are commits."""
    async with connected(city_url, 40) as sessions:
        yield sessions


@pytest.fixture(scope="session")
def city_store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """Where the documents of its cases lie, as long as they are there."""
    return FolderStore(tmp_path_factory.mktemp("city"))
