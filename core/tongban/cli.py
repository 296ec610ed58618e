"""The command line. Each command ends with 0, with 1 where it refused (one clear line), with 2 on wrong usage."""

import asyncio
import logging
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from tongban import prepare
from tongban.app import create_server_app
from tongban.centers.rows import SHIPPED
from tongban.demo import play
from tongban.errors import DataError, SetupError
from tongban.graphql.names import missing_names
from tongban.graphql.schema import build_schema
from tongban.registry import PluginState, load_plugins
from tongban.settings import Settings

app = typer.Typer(
    help="Tongban: apply for any service item at any center of the city (全市通办).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)
GRACE = 10
"""Seconds that open requests get to end when the server stops."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 where left out.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8000 where left out.")] = None,
) -> None:
    """Start the database if none is named, migrate, load the city, and serve until Ctrl-C."""
    settings = Settings()
    host, port = host or settings.host, settings.port if port is None else port
    with _listening(host, port) as listener, prepare.database(settings) as url:
        registry = load_plugins()
        asyncio.run(prepare.migrated(url))
        with _progress() as bar:
            loaded = asyncio.run(prepare.load(url, registry, progress=_shown_on(bar)))
        out.print(f"loaded: {loaded}")
        for plugin in registry.plugins:
            if plugin.problem:
                err.print(f"[yellow]plugin {plugin.name} is quarantined:[/] {plugin.problem}", highlight=False)
        out.print(f"Tongban serves on http://{host}:{listener.getsockname()[1]}/graphql (Ctrl-C ends it)")
        server = create_server_app(url, registry, settings.pool_size)
        config = uvicorn.Config(server, log_level="warning", timeout_graceful_shutdown=GRACE)
        uvicorn.Server(config).run(sockets=[listener])


@app.command()
def migrate(
    check: Annotated[bool, typer.Option(help="Say whether models and migrations agree; change nothing else.")] = False,
) -> None:
    """Bring the database to the schema of this version."""
    with prepare.database(Settings()) as url:
        before = asyncio.run(prepare.migrated(url))
        if check:
            found = asyncio.run(prepare.differences(url))
            if found:
                raise SetupError("Models and migrations differ: " + "; ".join(found))
            out.print(f"models and migrations agree at {before.wanted}")
        elif before.current == before.wanted:
            out.print(f"nothing to do: the database is at {before.wanted}")
        else:
            out.print(f"migrated from {before.current or 'nothing'} to {before.wanted}")


@app.command()
def load(
    data: Annotated[
        Path, typer.Option(help="Folder with districts.csv, divisions.csv, centers.csv, branches.csv, calendar.csv.")
    ] = SHIPPED,
) -> None:
    """Load the city and the departments' items: all or nothing; a second time changes nothing."""
    registry = load_plugins()
    with prepare.database(Settings()) as url, _progress() as bar:
        loaded = asyncio.run(prepare.load(url, registry, data, _shown_on(bar)))
    out.print(f"loaded: {loaded}")


@app.command()
def schema(
    missing_from: Annotated[
        Path | None, typer.Option(help="Print the names in this SDL file that the schema does not have yet.")
    ] = None,
) -> None:
    """Print the public API's schema (SDL)."""
    sdl = build_schema().as_str()
    if missing_from is None:
        sys.stdout.write(sdl + "\n")
        return
    if not missing_from.exists():
        raise SetupError(f"There is no file {missing_from}.")
    names = missing_names(missing_from.read_text(encoding="utf-8"), sdl)
    for name in names.missing:
        out.print(name, highlight=False)
    out.print(f"{names.total - len(names.missing)} of {names.total} names are there, {len(names.missing)} missing")


@app.command()
def plugins() -> None:
    """List the departments' plugins, and why one does not serve. Ends with 1 where one is quarantined."""
    registry = load_plugins()
    table = Table("plugin", "version", "department", "items", "materials", "hooks", "state", "reason")
    for plugin in registry.plugins:
        department = plugin.department
        table.add_row(
            plugin.distribution,
            plugin.version,
            f"{department.name} {department.code}" if department else "",
            str(len(department.items)) if department else "",
            str(len(department.materials)) if department else "",
            "\n".join(hook.removeprefix("tongban_") for hook in plugin.hooks),
            plugin.state.value,
            plugin.problem or "",
        )
    out.print(table)
    if any(plugin.state is PluginState.QUARANTINED for plugin in registry.plugins):
        raise typer.Exit(1)


@app.command()
def demo(
    url: Annotated[str, typer.Option(help="The server to play against.")] = "http://127.0.0.1:8000/graphql",
) -> None:
    """Play the errand of the source against a server: hukou in Hongkou, home in Qingpu, work in Jiading."""
    asyncio.run(play(url, out))


def main() -> None:
    """Runs a command; what it refuses is one line on standard error."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        app()
    except (SetupError, DataError) as error:
        err.print(str(error), style="red", highlight=False, markup=False)
        raise SystemExit(1) from None


def _listening(host: str, port: int) -> socket.socket:
    """A socket bound before anything else is begun. Raises SetupError where the port can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise SetupError(
            f"Can't listen on {host}:{port}: {error.strerror or error}. Choose another with --port."
        ) from error
    return listener


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=err, transient=True)


def _shown_on(bar: Progress) -> prepare.Progress:
    tasks: dict[str, object] = {}

    def show(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(f"loading {what}", total=total)
        bar.update(tasks[what], completed=done)  # type: ignore[arg-type]

    return show
