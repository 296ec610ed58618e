"""What a server needs before it serves: a database reached, migrated, and loaded with the city and the departments."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from tongban import migrate
from tongban.catalog.load import load_catalog
from tongban.centers.hours import day_in_shanghai
from tongban.centers.load import load_city, row_count
from tongban.centers.rows import SHIPPED, read_city
from tongban.errors import SetupError
from tongban.registry import Registry
from tongban.settings import Settings
from tongban.storage.changes import Changes
from tongban.storage.database import engine_for
from tongban.storage.embedded import embedded_postgres

OLDEST_POSTGRESQL = 15
Progress = Callable[[str, int, int], None]
"""`(what, done, total)`, each time some of it is done."""


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL of the database: the one that the settings name, or the embedded one, running until the block ends."""
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with embedded_postgres(settings.data_dir / "postgres") as url:
            yield url
        return
    try:
        make_url(settings.database_url)
    except ArgumentError:
        raise SetupError(
            "TONGBAN_DATABASE_URL is no URL: write it as postgresql://user:password@host:5432/name."
        ) from None
    yield settings.database_url


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load changed."""

    city: Changes
    catalog: Changes

    def __str__(self) -> str:
        return f"{self.city}; {self.catalog}"


async def load(
    url: str, registry: Registry, folder: Path = SHIPPED, progress: Progress = lambda _what, _done, _total: None
) -> Loaded:
    """Loads the city from `folder` and the catalog from the departments, all or nothing."""
    city = read_city(folder)
    items = sum(len(department.items) for department in registry.departments.values())
    engine = engine_for(url, 1)
    try:
        with explained(url):
            await migrate.require_current(engine)
            async with async_sessionmaker(engine)() as session, session.begin():
                steps = _counting(progress, "centers", row_count(city))
                of_city = await load_city(session, city, steps)
                today = day_in_shanghai(datetime.now(UTC))
                steps = _counting(progress, "items", items)
                of_catalog = await load_catalog(session, registry, today, steps)
        return Loaded(of_city, of_catalog)
    finally:
        await engine.dispose()


async def migrated(url: str) -> migrate.Revisions:
    """Applies the migrations that are missing; gives where the database stood before."""
    engine = engine_for(url, 1)
    try:
        with explained(url):
            await _require_version(engine)
            return await migrate.upgrade(engine)
    finally:
        await engine.dispose()


async def differences(url: str) -> list[str]:
    """Where models and the migrated database differ."""
    engine = engine_for(url, 1)
    try:
        with explained(url):
            return await migrate.differences(engine)
    finally:
        await engine.dispose()


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turns what the driver says of an unreachable, full or locked database into one clear line."""
    place = make_url(url).render_as_string(hide_password=True)
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise SetupError(
            f"The database {place} can't be reached: {error or type(error).__name__}. Is it running?"
        ) from error
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0].rpartition(">: ")[2]
        state = str(getattr(error.orig, "sqlstate", None) or "")
        advice = _ADVICE.get(state) or _ADVICE.get(state[:2]) or "See the log of the database server."
        raise SetupError(f"The database {place} says: {reason}. {advice}") from error


_ADVICE = {
    "53100": "The disk is full: make room, then start again; nothing was half-written.",
    "53": "It lacks resources (disk, memory or connections): make room, then start again.",
    "28": "Check the user and the password in TONGBAN_DATABASE_URL.",
    "3D": "Create that database first (`createdb`), or name another one in TONGBAN_DATABASE_URL.",
    "42501": "The user needs the right to create tables there.",
    "55P03": "Another session holds a lock: wait until it ends, then try again.",
    "25006": "It is read-only: name the primary in TONGBAN_DATABASE_URL.",
}


async def _require_version(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        number = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
    if number < OLDEST_POSTGRESQL * 10_000:
        raise SetupError(f"PostgreSQL {OLDEST_POSTGRESQL} or later is needed; this is {number // 10_000}.")


def _counting(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    done = 0

    def count(steps: int) -> None:
        nonlocal done
        done += steps
        progress(what, done, total)

    return count
