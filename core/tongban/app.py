"""The ASGI app: the public API over one database, with the departments installed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tongban.catalog.signing import Signer
from tongban.documents.files import Files
from tongban.graphql.desk import Desk
from tongban.graphql.files import Downloads, Uploads
from tongban.graphql.schema import build_schema
from tongban.graphql.server import ASSETS, BodyLimit, Endpoint, language_of
from tongban.identity.actor import DEVELOPER, Actor
from tongban.registry import Registry
from tongban.storage.database import Sessions, connected

Clock = Callable[[], datetime]
LONGEST_STATEMENT = 5_000
"""Milliseconds that a request may keep the database busy with one statement."""


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
    """The app over sessions that somebody else opens and ends."""
    return _app(lambda: sessions, registry, signer, clock, actor, files, None)


def create_server_app(url: str, registry: Registry, signer: Signer, pool_size: int, *, files: Files) -> Starlette:
    """The app with connections of its own, from its start to its end."""
    held: list[Sessions] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with connected(url, pool_size, LONGEST_STATEMENT) as sessions:
            held.append(sessions)
            yield

    return _app(lambda: held[-1], registry, signer, real_time, DEVELOPER, files, lifespan)


def _app(
    sessions: Callable[[], Sessions],
    registry: Registry,
    signer: Signer,
    clock: Clock,
    actor: Actor,
    files: Files,
    lifespan: object,
) -> Starlette:
    def open_desk(request: Request) -> Desk:
        language, base = language_of(request), str(request.base_url)
        return Desk(sessions(), registry, signer, actor, clock(), files, language, base)

    async def health(_: Request) -> Response:
        """200 while the database answers, else 503."""
        try:
            async with sessions()() as session:
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
            Route("/uploads/{token}", Uploads(open_desk)),
            Route("/documents/{link}", Downloads(open_desk)),
        ],
        lifespan=lifespan,  # type: ignore[arg-type]
    )
