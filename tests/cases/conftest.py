"""A database of their own for tests that must commit: races, and what runs in several processes."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support import new_database
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
