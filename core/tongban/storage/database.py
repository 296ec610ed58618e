"""One engine, its sessions, and nothing else that holds a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Sessions = async_sessionmaker[AsyncSession]
"""Gives a session; who opens it ends it. Tests hand out sessions inside a transaction that is rolled back."""

PATIENCE = 5
"""Seconds to wait for a free connection, and for the server to take a new one."""


@asynccontextmanager
async def connected(url: str, pool_size: int = 10, longest: int | None = None) -> AsyncIterator[Sessions]:
    """Sessions on the server at `url`, until the block ends."""
    engine = engine_for(url, pool_size, longest)
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


def engine_for(url: str, pool_size: int = 10, longest: int | None = None) -> AsyncEngine:
    """An engine for `url`, with asyncpg as the driver and time in UTC. `sslmode` may be in it as for libpq.

    A statement that runs longer than `longest` milliseconds is ended; without it, none is.
    """
    place = make_url(url).set(drivername="postgresql+asyncpg")
    if mode := place.query.get("sslmode"):
        place = place.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    settings = {"timezone": "UTC", "application_name": "tongban", "statement_timeout": str(longest or 0)}
    return create_async_engine(
        place,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=PATIENCE,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and parameters are personal data
        connect_args={"timeout": PATIENCE, "server_settings": settings},
    )
