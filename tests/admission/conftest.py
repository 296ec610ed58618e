"""A loaded database of its own, for tests in which transactions really end."""

from collections.abc import AsyncIterator

import pytest_asyncio

from support import new_database
from tongban.storage.database import Sessions, connected


@pytest_asyncio.fixture(scope="package")
async def apart(server_url: str, loaded_url: str) -> AsyncIterator[Sessions]:
    """Sessions on connections and transactions of their own."""
    async with new_database(server_url, loaded_url) as url, connected(url, 5) as sessions:
        yield sessions
