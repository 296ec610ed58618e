"""The commands about the calendar: which years are published, and publish one."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import async_sessionmaker

from tongban import migrate, prepare
from tongban.cases.recompute import publish_calendar
from tongban.centers.calendar import NamedDay
from tongban.centers.hours import day_in_shanghai
from tongban.centers.publishing import Publication, day_problems, year_problems
from tongban.centers.rows import read_year
from tongban.centers.service import CalendarYear, calendar_years
from tongban.centers.words import CalendarKind
from tongban.commands.terminal import out, read_settings, running_database, say
from tongban.contract.problems import Problem
from tongban.errors import DataError, Refused
from tongban.identity.actor import Actor, Role

OPERATOR = Actor(subject="command-line", name="Command line", roles=frozenset({Role.OPERATOR}), everywhere=True)
"""Who runs commands on the server: whoever can do that may publish."""

app = typer.Typer(help="The city's calendar: which years are published, publish one.", invoke_without_command=True)


@app.callback()
def show(context: typer.Context) -> None:
    """The city's calendar: which years are published, publish one."""
    if context.invoked_subcommand is None:
        with running_database(read_settings()) as url:
            years = asyncio.run(_years(url))
        out.print(_table(years))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV file of one year with the columns day,kind,name.")],
    source: Annotated[str, typer.Option(help="Where its days come from: the number of the official notice.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Change a year that is published already, and differently.")
    ] = False,
) -> None:
    """Publish a year of the calendar; open cases are due by it from then on."""
    reasons: list[str] = []
    read = read_year(file, reasons)
    days = list(read.values())
    year = days[0].day.year if days else 0
    if days:
        reasons += _told(file, read, day_problems(year, days))
    if not reasons:
        reasons = _told(file, read, year_problems(year, days))
    if reasons:
        raise DataError(reasons)
    wanted = Publication(year=year, days=days, source=source, replace=replace)
    with running_database(read_settings()) as url:
        try:
            version, changed = asyncio.run(_published(url, wanted))
        except Refused as refusal:
            raise DataError(_told(file, read, refusal.problems)) from None
    say(f"{year}: {_counted(days)}, version {version}; open cases that are due at another time: {changed}")


def _told(file: Path, read: dict[str, NamedDay], problems: list[Problem] | tuple[Problem, ...]) -> list[str]:
    """Each problem behind the file's name, and the line of its day where it has one."""
    places = list(read)
    return [
        f"{places[int(one.path[1])] if len(one.path) > 1 else file.name}: {one.message_en}"
        + (f". {one.next_step_en}" if one.next_step_en else "")
        for one in problems
    ]


def _counted(days: list[NamedDay]) -> str:
    holidays = sum(day.kind is CalendarKind.STATUTORY_HOLIDAY for day in days)
    return f"{holidays} holidays, {len(days) - holidays} make-up workdays"


def _table(years: list[CalendarYear]) -> Table:
    table = Table("year", "published", "holidays", "make-up workdays", "source", box=None, pad_edge=False)
    for year in years:
        if year.published:
            counts = (str(year.count(kind)) for kind in CalendarKind)
            table.add_row(str(year.year), "yes", *counts, year.source)
        else:
            table.add_row(str(year.year), "no", "", "", "what is due in it is provisional")
    return table


async def _years(url: str) -> list[CalendarYear]:
    async with prepare.reached(url) as engine:
        await migrate.require_current(engine)
        async with async_sessionmaker(engine)() as session:
            return await calendar_years(session, day_in_shanghai(datetime.now(UTC)).year)


async def _published(url: str, wanted: Publication) -> tuple[int, int]:
    """The version that the year has now, and how many cases are due at another time."""
    async with prepare.reached(url) as engine:
        await migrate.require_current(engine)
        async with async_sessionmaker(engine)() as session, session.begin():
            publication, changed = await publish_calendar(session, OPERATOR, wanted, datetime.now(UTC))
            return publication.version, changed
