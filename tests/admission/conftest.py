"""A loaded database of its own, for tests in which transactions really end."""

from collections.abc import AsyncIterator

import pytest_asyncio

from support import SIGNER, new_database
from tongban import prepare
from tongban.registry import Registry
from tongban.storage.database import Sessions, connected


@pytest_asyncio.fixture(scope="package")
async def apart(server_url: str, registry: Registry) -> AsyncIterator[Sessions]:
    """Sessions on connections and transactions of their own."""
    async with new_database(server_url) as url:
        await prepare.migrated(url)
        await prepare.load(url, registry, SIGNER)
        async with connected(url, 5) as sessions:
            yield sessions
