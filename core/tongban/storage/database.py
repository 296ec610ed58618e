"""One engine, its sessions, and nothing else that holds a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Sessions = async_sessionmaker[AsyncSession]
"""Gives a session; who opens it ends it. Tests hand out sessions inside a transaction that is rolled back."""


@asynccontextmanager
async def connected(url: str, pool_size: int = 10) -> AsyncIterator[Sessions]:
    """Sessions on the server at `url`, until the block ends."""
    engine = engine_for(url, pool_size)
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


def engine_for(url: str, pool_size: int = 10) -> AsyncEngine:
    """An engine for `url`, with asyncpg as the driver and time in UTC."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"server_settings": {"timezone": "UTC", "application_name": "tongban"}},
    )
