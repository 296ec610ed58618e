"""The command line. Each command ends with 0, with 1 where it refused (one clear line), with 2 on wrong usage.

Interrupted, a command leaves nothing half-done and ends as the signal says (130, 143). A server that was serving ends
with 0: that it was told to stop is no failure.
"""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from starlette.applications import Starlette

from graphql import GraphQLError
from tongban import background, prepare
from tongban.app import create_server_app
from tongban.catalog.signing import Signer, signer_from
from tongban.centers.rows import SHIPPED
from tongban.commands import audit, calendar, catalog, kit, workers
from tongban.commands.terminal import err, out, read_settings, running_database, say
from tongban.demo import play
from tongban.equipment import Equipment, equipped
from tongban.errors import DataError, SetupError
from tongban.graphql.names import missing_names
from tongban.graphql.schema import build_schema
from tongban.graphql.sockets import FOR_UVICORN
from tongban.migrate import Revisions
from tongban.registry import Plugin, PluginState, Registry, open_registry
from tongban.settings import Settings

app = typer.Typer(
    help="Tongban: apply for any service item at any center of the city (全市通办).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
GRACE = 10
"""Seconds that open requests get to end when the server stops."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 where left out.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 8000 where left out, 0 for a free one.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--workers", min=1, max=64, help="Server processes on one database; 1 where left out.")
    ] = None,
) -> None:
    """Start the database if none is named, migrate, load the city, and serve until Ctrl-C or SIGTERM."""
    settings = read_settings()
    host, port = host or settings.host, settings.port if port is None else port
    processes = processes or settings.workers
    city = _city(settings.city_data)
    with _listening(host, port) as listener, running_database(settings) as url:
        if not ip_address(listener.getsockname()[0]).is_loopback:
            err.print(f"Listening on {host}, with no sign-in yet: whoever reaches it may do anything.", style="yellow")
        where = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/graphql"
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            if processes == 1:
                runner.run(_serve(url, settings, city, listener, where))
            else:
                runner.run(_serve_by(processes, url, settings, city, listener, where))
    say("stopped")


@app.command(hidden=True)
def worker(
    listener: Annotated[int, typer.Option(help="File descriptor of the listening socket.")],
    lead: Annotated[int, typer.Option(help="File descriptor of the socket to the parent.")],
) -> None:
    """Serve as one of several processes; started by `serve`, which names the database by its settings."""
    settings = read_settings()
    assert settings.database_url is not None  # noqa: S101
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_work(settings.database_url, settings, socket.socket(fileno=listener), socket.socket(fileno=lead)))


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Then say whether database and models agree.")] = False,
) -> None:
    """Bring the database to the schema of this version; one process at a time does it."""
    with running_database(read_settings()) as url:
        before = asyncio.run(prepare.migrated(url))
        say(_told(before))
        if check:
            if changes := asyncio.run(prepare.differences(url)):
                raise SetupError(f"Database and models differ; it would take: {'; '.join(changes)}.")
            say("database and models agree")


@app.command()
def load(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with districts.csv, divisions.csv, centers.csv, branches.csv, calendar.csv."),
    ] = None,
) -> None:
    """Load the city and the departments' items: all or nothing; a second time changes nothing."""
    settings = read_settings()
    city = _city(data or settings.city_data)
    with running_database(settings) as url:
        asyncio.run(_only_load(url, settings, city))


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
    try:
        names = missing_names(missing_from.read_text(encoding="utf-8"), sdl)
    except OSError as error:
        raise SetupError(f"Can't read {missing_from}: {error.strerror}.") from error
    except (GraphQLError, TypeError, UnicodeDecodeError) as error:
        raise SetupError(f"{missing_from} is no SDL: {str(error).partition(chr(10))[0]}") from error
    for name in names.missing:
        say(name)
    say(f"{names.total - len(names.missing)} of {names.total} names are there, {len(names.missing)} missing")


@app.command()
def plugins() -> None:
    """List the departments' plugins, and why one does not serve. Ends with 1 where one is quarantined."""
    found = asyncio.run(_plugins())
    columns = ("plugin", "version", "contract", "department", "items", "materials", "state")
    table = Table(*columns, box=None, pad_edge=False)
    for plugin in found:
        department = plugin.department
        table.add_row(
            plugin.name,
            plugin.version,
            plugin.contract or "",
            f"{department.code} {department.name}" if department else "",
            str(len(department.items)) if department else "",
            str(len(department.materials)) if department else "",
            plugin.state.value,
        )
    out.print(table)
    bad = [plugin for plugin in found if plugin.state is PluginState.QUARANTINED]
    for plugin in bad:
        say(f"{plugin.name} does not serve: {plugin.problem}")
    if bad:
        raise typer.Exit(1)


@app.command()
def demo(
    url: Annotated[str, typer.Option(help="The server to play against.")] = "http://127.0.0.1:8000/graphql",
) -> None:
    """Play the errand of the source against a server: hukou in Hongkou, home in Qingpu, work in Jiading."""
    asyncio.run(play(url, out))


app.command("new-department")(kit.write_department)
app.command()(kit.check)
app.add_typer(audit.app, name="audit")
app.add_typer(calendar.app, name="calendar")
app.add_typer(catalog.app, name="catalog")


def main() -> None:
    """Runs a command; what it refuses is one line on standard error."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING, handlers=[_Log()])
    logging.getLogger("tongban").setLevel(logging.INFO)
    try:
        app()
    except SetupError as error:
        _refuse(str(error))
    except DataError as error:
        _refuse(f"{error}\nNothing was loaded.")


class _Log(logging.Handler):
    """Puts what is logged above a progress bar, not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        err.print(self.format(record), markup=False, highlight=False)


class _Server(uvicorn.Server):
    """Tells once it serves. Ends by returning, where uvicorn would send itself the signal again."""

    def __init__(self, server: Starlette, serves: Callable[[], None]) -> None:
        super().__init__(uvicorn.Config(server, log_config=None, timeout_graceful_shutdown=GRACE, **FOR_UVICORN))
        self.state, self.serves = server.state, serves

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        ending = [
            number
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if signal.getsignal(number) is not signal.SIG_IGN  # as under nohup
        ]
        before = {number: signal.signal(number, self.handle_exit) for number in ending}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serves()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.state.stop()
        if self.server_state.tasks:
            say(f"open requests have {GRACE} s to end (Ctrl-C ends them now)")
        await super().shutdown(sockets)


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
            f"Can't listen on {host}:{port}: {error.strerror or error}. Choose another with --host or --port."
        ) from error
    return listener


def _told(before: Revisions) -> str:
    if before.current == before.wanted:
        return f"migrations: nothing to do, the database is at {before.wanted}"
    return f"migrations: from {before.current or 'nothing'} to {before.wanted}"


async def _serve(url: str, settings: Settings, city: Path, listener: socket.socket, where: str) -> None:
    """Prepares the database and serves, on one event loop with the departments' processes."""
    async with equipped(settings) as equipment:
        await _prepared(url, equipment, city)
        server = create_server_app(url, equipment, settings.pool_size)
        await _Server(server, lambda: _say_where(where)).serve(sockets=[listener])


async def _serve_by(number: int, url: str, settings: Settings, city: Path, listener: socket.socket, where: str) -> None:
    """Prepares the database, and has that many processes serve it."""
    async with equipped(settings) as equipment:
        await _prepared(url, equipment, city)
    given = {"TONGBAN_DATABASE_URL": url}
    await workers.supervise(number, ("worker",), listener, given, lambda: _say_where(where), GRACE + background.ENDING)


async def _work(url: str, settings: Settings, listener: socket.socket, lead: socket.socket) -> None:
    """Serves until it is told to end, or the parent has ended."""
    async with equipped(settings) as equipment:
        server = _Server(create_server_app(url, equipment, settings.pool_size), lambda: workers.tell_ready(lead))
        with workers.following(lead, server):
            await server.serve(sockets=[listener])


async def _prepared(url: str, equipment: Equipment, city: Path) -> None:
    """Brings the database up to date. Says so where nobody scans documents."""
    if equipment.files.scanner is None:
        err.print("No scanner is set (TONGBAN_SCAN_COMMAND): documents are stored unscanned.", style="yellow")
    say(_told(await prepare.migrated(url)))
    await _load(url, equipment.registry, equipment.signer, city)


def _say_where(where: str) -> None:
    say(f"Tongban serves on {where} (Ctrl-C ends it)")


async def _only_load(url: str, settings: Settings, city: Path) -> None:
    async with open_registry() as registry:
        await _load(url, registry, signer_from(settings.signing_key_file), city)


async def _plugins() -> tuple[Plugin, ...]:
    log = logging.getLogger("tongban.registry.host")
    log.disabled = True  # what it would warn of is said below the table
    try:
        async with open_registry() as registry:
            return registry.plugins
    finally:
        log.disabled = False


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's loop where it is installed, as uvicorn would choose."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _city(folder: Path | None) -> Path:
    """The folder of the city's data, that of this version where none is named. Raises SetupError if it isn't there."""
    if folder is not None and not folder.is_dir():
        raise SetupError(f"There is no folder {folder}.")
    return folder or SHIPPED


async def _load(url: str, registry: Registry, signer: Signer, city: Path) -> None:
    """Loads and says what changed; on a terminal with bars, which are gone when it is done."""
    columns = TextColumn("loading {task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_interactive) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        loaded = await prepare.load(url, registry, signer, city, show)
    say(f"loaded: {loaded}")


def _refuse(reason: str) -> None:
    err.print(reason, style="red", markup=False, highlight=False)
    raise SystemExit(1)
