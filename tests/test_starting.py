"""A PostgreSQL that is starting up is waited for; one that says anything else is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from tongban import prepare


class Says(Exception):
    """What the driver raises."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


async def connections(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, *states: str) -> int:
    """How many connections were tried, where the server answers the first of them with these states."""
    tried, real = 0, engine.connect

    @asynccontextmanager
    async def connect() -> AsyncIterator[object]:
        nonlocal tried
        tried += 1
        if tried <= len(states):
            raise DBAPIError(None, None, Says(states[tried - 1]))
        async with real() as connection:
            yield connection

    monkeypatch.setattr(type(engine), "connect", lambda _: connect())
    await prepare._started(engine)
    return tried


async def test_it_is_waited_for(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await connections(engine, monkeypatch, "57P03", "57P03") == 3


async def test_not_for_ever(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "STARTING", 0.1)
    with pytest.raises(DBAPIError):
        await connections(engine, monkeypatch, *["57P03"] * 10)


async def test_not_for_anything_else(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DBAPIError):
        await connections(engine, monkeypatch, "28P01")
