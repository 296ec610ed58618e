"""What tests work with beside the fixtures: the public API as a frontend uses it, and a look at its statements."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import event, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection
from tongban.storage.database import engine_for

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
"""When tests happen, unless they say otherwise: a Tuesday, 10:30 in Shanghai."""


@dataclass(slots=True)
class Api:
    """The public API over HTTP, as a frontend uses it."""

    client: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, document: str, **variables: Any) -> Any:
        """The whole answer: `data` and `errors`."""
        body = {"query": document, "variables": variables}
        response = await self.client.post("/graphql", json=body, headers=self.headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def ask(self, document: str, **variables: Any) -> Any:
        """The answer's data; a top-level error fails the test."""
        answer = await self.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]




MakeApi = Callable[..., Api]
"""Makes the public API at another time, for another actor, or with other departments."""


@contextmanager
def statements(connection: AsyncConnection) -> Iterator[list[str]]:
    """The SQL statements that run while the block lasts, savepoints left out."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    sync = connection.sync_connection
    event.listen(sync, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(sync, "before_cursor_execute", note)


@asynccontextmanager
async def new_database(server: str) -> AsyncIterator[str]:
    """The URL of an empty database on the server, dropped at the end."""
    name = f"tongban_test_{uuid.uuid4().hex[:12]}"
    await _run(server, f'CREATE DATABASE "{name}" TEMPLATE template0 ENCODING \'UTF8\'')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        await _run(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _run(server: str, statement: str) -> None:
    engine = engine_for(server, 1)
    try:
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
