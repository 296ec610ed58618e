"""The commands that prove what must be true, over the whole database."""

import asyncio
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban import migrate, prepare
from tongban.cases.audit import Audited, audit
from tongban.cases.models import Case
from tongban.commands.terminal import err, read_settings, running_database, say
from tongban.errors import SetupError
from tongban.storage.objects import ObjectStore, StoreFailed, store_from

app = typer.Typer(help="Audits: prove over the database what must be true.", no_args_is_help=True)


@app.callback()
def audits() -> None:
    """Audits: prove over the database what must be true."""


@app.command()
def custody(
    deep: Annotated[bool, typer.Option("--deep", help="Read every file and compare its digest.")] = False,
) -> None:
    """Prove that every document is in exactly one place, and came there by its transfers; else end with 1."""
    settings = read_settings()
    store = store_from(settings)
    with running_database(settings, err) as url:
        seen, faults = asyncio.run(_custody(url, store, deep=deep))
    counted = f"{seen.cases} cases, {seen.documents} documents, {seen.transfers} transfers"
    if faults:
        say(f"{counted}: {faults} faults")
        raise typer.Exit(1)
    say(f"{counted}: every document is in exactly one place")


async def _custody(url: str, store: ObjectStore, *, deep: bool) -> tuple[Audited, int]:
    """Reads all of it as it was at one moment, and says each fault at once. What comes meanwhile is not looked at."""
    seen, faults = Audited(), 0
    columns = TextColumn("auditing cases"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    bar = Progress(*columns, console=err, transient=True, disable=not err.is_interactive)
    async with prepare.reached(url) as engine:
        await migrate.require_current(engine)
        moment = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with AsyncSession(moment) as session:
            with bar:
                task = bar.add_task("", total=await session.scalar(select(func.count()).select_from(Case)))
                try:
                    async for fault in audit(
                        session, store, seen, deep=deep, progress=lambda done: bar.advance(task, done)
                    ):
                        faults += 1
                        err.print(f"{fault.case}: {fault.what}", style="red", markup=False, highlight=False)
                except StoreFailed as error:
                    raise SetupError(f"The object store does not answer: {error}") from error
    return seen, faults
