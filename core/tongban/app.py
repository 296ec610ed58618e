"""The ASGI app: the public API over one database, with the departments installed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from tongban.background import Background, running
from tongban.catalog.signing import Signer
from tongban.documents.files import Files
from tongban.equipment import Equipment
from tongban.events.relay import AT_ONCE
from tongban.graphql.desk import Desk
from tongban.graphql.files import Downloads, Uploads
from tongban.graphql.schema import build_schema
from tongban.graphql.server import ASSETS, BodyLimit, Endpoint, base_of, language_of
from tongban.identity.actor import DEVELOPER, Actor
from tongban.registry import Registry
from tongban.storage.database import Sessions, connected

Clock = Callable[[], datetime]
LONGEST_STATEMENT = 5_000
"""Milliseconds that a request may keep the database busy with one statement."""

BEHIND = 2 * AT_ONCE + 2
"""Connections of what runs between requests: two for each message that is handled, one to look, one for the timers."""


def real_time() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def create_app(
    sessions: Sessions,
    registry: Registry,
    signer: Signer,
    clock: Clock = real_time,
    actor: Actor = DEVELOPER,
    *,
    files: Files,
) -> Starlette:
    """The app over sessions that somebody else opens and ends. Nothing runs in it between requests."""

    def open_desk(request: HTTPConnection) -> Desk:
        language, base = language_of(request), base_of(request)
        return Desk(sessions, registry, signer, actor, clock(), files, language, base)

    return _app(open_desk, None)


def create_server_app(url: str, equipment: Equipment, pool_size: int) -> Starlette:
    """The app with connections of its own, and what runs in it between requests, from its start to its end.

    `app.state.stop()` begins the end: those who follow a stream are told to come back.
    """
    held: list[tuple[Sessions, Background]] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            connected(url, pool_size, LONGEST_STATEMENT) as sessions,
            connected(url, BEHIND, LONGEST_STATEMENT) as own,
            running(sessions, own, equipment, real_time) as background,
        ):
            held.append((sessions, background))
            app.state.stop = background.stop
            yield

    def open_desk(request: HTTPConnection) -> Desk:
        sessions, background = held[-1]
        registry, signer, files = equipment.registry, equipment.signer, equipment.files
        language, base = language_of(request), base_of(request)
        desk = Desk(sessions, registry, signer, DEVELOPER, real_time(), files, language, base)
        desk.clock, desk.feed, desk.committed = real_time, background.feed, background.wake
        return desk

    return _app(open_desk, lifespan)


def _app(open_desk: Callable[[HTTPConnection], Desk], lifespan: object) -> Starlette:
    async def health(request: Request) -> Response:
        """200 while the database answers, else 503."""
        try:
            async with open_desk(request).sessions() as session:
                await session.execute(text("SELECT 1"))
        except Exception as error:
            return JSONResponse({"status": "unavailable", "reason": type(error).__name__}, 503)
        return JSONResponse({"status": "ok"})

    endpoint = Endpoint(build_schema(), open_desk)
    return Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/graphql")),
            Route("/health", health),
            Mount("/graphql/assets", StaticFiles(directory=ASSETS)),
            Route("/graphql", BodyLimit(endpoint)),
            WebSocketRoute("/graphql", endpoint),
            Route("/uploads/{token}", Uploads(open_desk)),
            Route("/documents/{link}", Downloads(open_desk)),
        ],
        lifespan=lifespan,  # type: ignore[arg-type]
    )
