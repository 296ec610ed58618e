"""Brings a database to the schema of this version, or says how far it is from it."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from tongban.errors import SetupError
from tongban.tables import METADATA

_PACKAGED = Path(__file__).parent / "migrations"
_CHECKED_OUT = Path(__file__).parents[2] / "migrations"
LOCK = 0x746F6E67
"""Key of the advisory lock that lets one process at a time migrate or load ("tong" in ASCII)."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Where a database stands, and where this version wants it."""

    current: str | None
    wanted: str | None


def migrations_folder() -> Path:
    """Where the migrations are: inside an installed package, or beside `core/` in a checkout."""
    return _PACKAGED if _PACKAGED.exists() else _CHECKED_OUT


async def upgrade(engine: AsyncEngine) -> Revisions:
    """Applies what is missing. One process at a time; waits at most 5 s for a lock that others hold on a table."""

    def apply(connection: sa.Connection) -> Revisions:
        before = _revisions(connection)
        connection.commit()
        if before.current != before.wanted:
            command.upgrade(_config(connection), "head")
        return before

    async with engine.connect() as connection:
        await connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
        await connection.execute(sa.text("SET lock_timeout = '5s'"))
        await connection.commit()
        try:
            return await connection.run_sync(apply)
        finally:
            await connection.rollback()
            await connection.execute(sa.text("RESET lock_timeout"))
            await connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK)))
            await connection.commit()


async def require_current(engine: AsyncEngine) -> None:
    """Raises SetupError where the database is behind or ahead of this version."""
    found = await _on(engine, _revisions)
    if found.current != found.wanted:
        where = f"at migration {found.current}" if found.current else "empty"
        raise SetupError(f"The database is {where}, this version needs {found.wanted}: run `tongban migrate` first.")


async def differences(engine: AsyncEngine) -> list[str]:
    """What would bring the migrated database to the models, change by change; empty where they agree."""

    def compare(connection: sa.Connection) -> list[str]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        with warnings.catch_warnings(record=True) as unmendable:  # a computed column that differs, for one
            warnings.simplefilter("always", UserWarning)
            found = compare_metadata(context, METADATA)
        said = [_said(change) for entry in found for change in (entry if isinstance(entry, list) else [entry])]
        return said + [str(warning.message) for warning in unmendable if warning.category is UserWarning]

    return cast("list[str]", await _on(engine, compare))


def _said(change: tuple[Any, ...]) -> str:
    """One of alembic's differences for a person, such as `modify type center.address: VARCHAR(5) to TEXT`."""
    verb = str(change[0]).replace("_", " ")
    match change[1:]:
        case (sa.Table() as table,):
            return f"{verb} {table.name}"
        case (_, table, sa.Column() as column):
            return f"{verb} {table}.{column.name}"
        case (_, table, column, _, before, after):
            return f"{verb} {table}.{column}: {before} to {after}"
        case (sa.Index() | sa.Constraint() as part,):
            return f"{verb} {part.table}({', '.join(column.name for column in part.columns)})"  # type: ignore[union-attr]
        case rest:
            return f"{verb} {rest}"


def _revisions(connection: sa.Connection) -> Revisions:
    """Raises SetupError where the database's or this version's last migration is in doubt."""
    scripts = ScriptDirectory(str(migrations_folder()))
    wanted = scripts.get_heads()
    if len(wanted) > 1:
        raise SetupError(f"Several migrations claim to be the last, chain them: {', '.join(sorted(wanted))}.")
    current = MigrationContext.configure(connection).get_current_heads()
    strange = set(current) - {script.revision for script in scripts.walk_revisions()}
    if strange or len(current) > 1:
        raise SetupError(
            f"The database is at migration {', '.join(sorted(current))}, which this version does not know: "
            "run the newer version of Tongban that made it."
        )
    return Revisions(next(iter(current), None), next(iter(wanted), None))


async def _on(engine: AsyncEngine, ask: Callable[[sa.Connection], Any]) -> Any:
    async with engine.connect() as connection:
        return await connection.run_sync(ask)


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
