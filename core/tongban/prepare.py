"""What a server needs before it serves: a database reached, migrated, and loaded with the city and the departments."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from tongban import migrate
from tongban.admission.history import Progressed, decision_count, load_history
from tongban.admission.members import load_members
from tongban.admission.reconcile import Reconciled, reconcile
from tongban.catalog.load import load_departments
from tongban.catalog.signing import Signer
from tongban.centers.load import load_city, row_count
from tongban.centers.rows import SHIPPED, read_city
from tongban.errors import SetupError
from tongban.registry import Registry
from tongban.settings import Settings
from tongban.storage.changes import Changes
from tongban.storage.database import engine_for
from tongban.storage.embedded import embedded_postgres

OLDEST_POSTGRESQL = 15
STARTING_UP = "57P03"
"""What a PostgreSQL says that is starting, or recovering from a crash."""
STARTING = 60
"""Seconds that it gets for that."""
Progress = Callable[[str, int, int], None]
"""`(what, done, total)`, each time some of it is done."""


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL of the database: the one that the settings name, or the embedded one, running until the block ends."""
    if settings.database_url is None:
        with embedded_postgres(_embedded(settings)) as url:
            yield url
    else:
        yield _usable(settings.database_url)


def place(settings: Settings) -> str:
    """Which database that is, for a person; a password is not shown."""
    if settings.database_url is None:
        return f"the embedded PostgreSQL under {_embedded(settings)}"
    return _shown(_usable(settings.database_url))


def _embedded(settings: Settings) -> Path:
    return settings.data_dir / "postgres"


def _usable(url: str) -> str:
    """The URL itself. Raises SetupError where it is none of a PostgreSQL."""
    try:
        backend = make_url(url).get_backend_name()
    except (ArgumentError, ValueError):
        backend = None
    if backend not in ("postgresql", "postgres"):
        raise SetupError(
            "TONGBAN_DATABASE_URL is no URL of a database: write postgresql://user:password@host:5432/name."
        )
    return url


def _shown(url: str) -> str:
    return make_url(url).difference_update_query(["password"]).render_as_string(hide_password=True)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load changed."""

    city: Changes
    departments: Changes
    history: Progressed
    code: Reconciled

    def __str__(self) -> str:
        parts = (str(self.city), str(self.departments), str(self.history), f"items: {self.code}")
        return "; ".join(filter(None, parts))


async def load(
    url: str,
    registry: Registry,
    signer: Signer,
    folder: Path = SHIPPED,
    progress: Progress = lambda _what, _done, _total: None,
) -> Loaded:
    """Loads the city from `folder` and the departments, takes the shipped decisions, and holds the installed code
    against the approved: all or nothing, one process at a time. No item comes into force but by an edition.
    """
    city = read_city(folder)
    now = datetime.now(UTC)
    items = sum(len(department.items) for department in registry.departments.values())
    async with reached(url) as engine:
        await migrate.require_current(engine)
        async with async_sessionmaker(engine)() as session, session.begin():
            await session.execute(select(func.pg_advisory_xact_lock(migrate.LOCK)))
            steps = _counting(progress, "centers", row_count(city))
            of_city = await load_city(session, city, steps)
            await load_members(session)
            of_departments = await load_departments(session, registry)
            steps = _counting(progress, "decisions", decision_count(registry))
            history = await load_history(session, registry, signer, steps)
            steps = _counting(progress, "items", items)
            code = await reconcile(session, registry, now, steps)
    return Loaded(of_city, of_departments, history, code)


async def migrated(url: str) -> migrate.Revisions:
    """Applies the migrations that are missing; gives where the database stood before."""
    async with reached(url) as engine:
        return await migrate.upgrade(engine)


async def differences(url: str) -> list[str]:
    """What would bring the migrated database to the models; empty where they agree."""
    async with reached(url) as engine:
        return await migrate.differences(engine)


@asynccontextmanager
async def reached(url: str) -> AsyncIterator[AsyncEngine]:
    """An engine of one connection to a PostgreSQL that is new enough; what the database refuses is one clear line."""
    engine = engine_for(url, 1)
    try:
        with explained(url):
            await _started(engine)
            await _require_version(engine)
            yield engine
    finally:
        await engine.dispose()


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turns what the driver says of an unreachable, full or locked database into one clear line."""
    place = _shown(url)
    try:
        yield
    except OSError as error:
        raise SetupError(f"The database {place} can't be reached: {_reason(error)}. Is it running?") from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        advice = _ADVICE.get(state) or _ADVICE.get(state[:2]) or "See the log of the database server."
        reason = re.sub(r"^<class '.*?'>: ", "", str(error.orig)).partition("\n")[0].rstrip(".")
        raise SetupError(f"The database {place} says: {reason}. {advice}") from error


def _reason(error: OSError) -> str:
    if error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error) or "no answer"


_ADVICE = {
    "53100": "The disk is full: make room, then start again; nothing was half-written.",
    "53": "It lacks resources (disk, memory or connections): make room, then start again.",
    "28": "Check the user and the password in TONGBAN_DATABASE_URL.",
    "3D": "Create that database first (`createdb`), or name another one in TONGBAN_DATABASE_URL.",
    "42501": "The user needs the right to create tables there.",
    "55P03": "Another session holds a lock: wait until it ends, then try again.",
    "25006": "It is read-only: name the primary in TONGBAN_DATABASE_URL.",
}


async def _started(engine: AsyncEngine) -> None:
    """Waits for a server that is starting up, as it does after a crash; nobody has to start us in the right order."""
    until = time.monotonic() + STARTING
    while True:
        try:
            async with engine.connect():
                return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != STARTING_UP or time.monotonic() > until:
                raise
        except (TypeError, ValueError) as error:  # of a parameter in the URL, by the driver
            raise SetupError(f"TONGBAN_DATABASE_URL has a parameter that can't be used: {error}.") from error
        await asyncio.sleep(0.2)


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
