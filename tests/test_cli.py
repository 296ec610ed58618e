"""Every command but `serve`, as a process of its own: what it says, what it leaves, how it ends."""

import asyncio
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner

from programs import PROGRAM, environment, started, tongban, waiting
from support import SIGNER, new_database
from tongban import cli, prepare
from tongban.centers.rows import SHIPPED
from tongban.errors import SetupError
from tongban.graphql.schema import build_schema
from tongban.migrate import LOCK
from tongban.registry import Registry
from tongban.storage.database import engine_for
from tongban.storage.embedded import embedded_postgres
from tongban.tables import METADATA

COMMANDS = [
    command.name or command.callback.__name__
    for command in cli.app.registered_commands
    if command.callback and not command.hidden
]
"""What people use; a worker is started by its server only."""


@pytest_asyncio.fixture
async def empty(server_url: str) -> AsyncIterator[str]:
    """An empty database of the test's own."""
    async with new_database(server_url) as url:
        yield url


@pytest_asyncio.fixture
async def migrated(server_url: str, migrated_url: str) -> AsyncIterator[str]:
    """A database of the test's own, migrated and not loaded."""
    async with new_database(server_url, migrated_url) as url:
        yield url


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = engine_for(url, 1)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def run(url: str, statement: str) -> None:
    async with connected(url) as connection:
        await connection.execute(text(statement))
        await connection.commit()


async def rows(url: str) -> dict[str, int]:
    """How many rows each table has, empty ones left out."""
    found = {}
    async with connected(url) as connection:
        for name in METADATA.tables:
            if count := await connection.scalar(text(f'SELECT count(*) FROM "{name}"')):  # noqa: S608 - our own names
                found[name] = count
    return found


def refusal(*command: str) -> str:
    """What the command refuses, which `main` prints as it is."""
    answer = CliRunner().invoke(cli.app, command)
    assert isinstance(answer.exception, SetupError), answer
    assert "\n" not in str(answer.exception)
    return str(answer.exception)


def one_line(said: str) -> str:
    """The only line of it."""
    assert "Traceback" not in said
    assert said.count("\n") == 1, said
    return said.strip()


# What is there


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    answer = CliRunner().invoke(cli.app, [command, "--help"])
    assert (answer.exit_code, "Usage" in answer.output) == (0, True)
    assert command in CliRunner().invoke(cli.app, ["--help"]).output


def test_there_are_these_commands() -> None:
    assert COMMANDS == ["serve", "migrate", "load", "schema", "plugins", "demo", "new-department", "check"]


@pytest.mark.parametrize(
    "wrong", [["nonsense"], ["load", "--nonsense"], ["serve", "--port", "70000"], ["demo", "more"]]
)
def test_wrong_usage_ends_with_2(wrong: list[str]) -> None:
    answer = CliRunner().invoke(cli.app, wrong)
    assert (answer.exit_code, "Usage" in answer.output) == (2, True)


def test_the_script_is_the_module() -> None:
    """Started by its text, as a virtual environment may have been moved since its scripts were written."""
    [script] = entry_points(group="console_scripts", name="tongban")
    assert script.load() is cli.main
    as_script = tongban(
        "load", "--data", "nowhere", program=(sys.executable, str(Path(sys.executable).with_name("tongban")))
    )
    assert as_script == tongban("load", "--data", "nowhere")
    assert (as_script.code, as_script.out, as_script.err) == (1, "", "There is no folder nowhere.\n")


# The schema and the plugins, which need no database


def test_schema_prints_the_sdl() -> None:
    said = tongban("schema")
    assert (said.code, said.out, said.err) == (0, build_schema().as_str() + "\n", "")


def test_schema_counts_what_is_missing_from_a_promise(tmp_path: Path) -> None:
    promise = tmp_path / "promise.graphql"
    promise.write_text("type Query { centers(first: Int, nearest: Int): Int, moon: Int } type Moon { phase: Int }")
    answer = CliRunner().invoke(cli.app, ["schema", "--missing-from", str(promise)])
    assert answer.exit_code == 0
    *missing, counts = answer.output.splitlines()
    assert missing == ["Query.centers(nearest)", "Query.moon", "Moon"]
    assert counts.endswith("names are there, 3 missing")


@pytest.mark.parametrize("content", [None, b"no SDL", b"type Query { a: Nowhere }", b"\xff\xfe"])
def test_schema_without_a_promise_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    promise = tmp_path / "promise.graphql"
    if content is not None:
        promise.write_bytes(content)
    assert str(promise) in refusal("schema", "--missing-from", str(promise))


def test_plugins_lists_the_departments(registry: Registry) -> None:
    answer = CliRunner().invoke(cli.app, ["plugins"])
    lines = answer.output.splitlines()
    assert answer.exit_code == 0
    assert len(lines) == 1 + len(registry.plugins) == 12
    for plugin, line in zip(registry.plugins, lines[1:], strict=True):
        assert plugin.department
        shown = line.split()
        assert shown[:4] == [plugin.name, plugin.version, "1.0.0", plugin.department.code]
        assert shown[5:] == [str(len(plugin.department.items)), str(len(plugin.department.materials)), "ACTIVE"]


def test_a_quarantined_plugin_has_its_reason_and_harms_no_other(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "tongban_broken.py").write_text("raise RuntimeError('no rules today')")
    (tmp_path / "tongban_broken-1.dist-info").mkdir()
    (tmp_path / "tongban_broken-1.dist-info" / "METADATA").write_text("Name: tongban-broken\nVersion: 1\n")
    points = tmp_path / "tongban_broken-1.dist-info" / "entry_points.txt"
    points.write_text("[tongban.plugins]\nbroken = tongban_broken\n")
    said = tongban("plugins", PYTHONPATH=str(tmp_path))
    assert (said.code, said.err) == (1, "")
    assert said.out.splitlines()[-1] == "broken does not serve: RuntimeError: no rules today"
    assert said.out.count(" ACTIVE") == len(registry.plugins)
    assert [line.split() for line in said.out.splitlines() if "QUARANTINED" in line] == [["broken", "1", "QUARANTINED"]]


# Migrations


async def test_migrate_from_nothing_then_nothing_to_do_then_altered_by_hand(empty: str) -> None:
    first, again = (tongban("migrate", *more, TONGBAN_DATABASE_URL=empty) for more in ([], ["--check"]))
    assert (first.code, again.code, first.err, again.err) == (0, 0, "", "")
    place, done = first.out.splitlines()
    assert place.startswith("database: postgresql://")
    assert done.startswith("migrations: from nothing to ")
    assert again.out.splitlines()[1:] == [
        f"migrations: nothing to do, the database is at {done.split()[-1]}",
        "database and models agree",
    ]
    await run(empty, "ALTER TABLE center ADD COLUMN mayor text, ALTER COLUMN address TYPE varchar(900)")
    await run(empty, "ALTER TABLE center ALTER COLUMN name DROP NOT NULL")
    await run(empty, "CREATE TABLE notes (note text)")
    await run(empty, "DROP INDEX ix_material_produced_by")
    altered = tongban("migrate", "--check", TONGBAN_DATABASE_URL=empty)
    assert altered.code == 1
    found = one_line(altered.err).removesuffix(".").partition("it would take: ")[2].split("; ")
    assert sorted(found) == [
        "add index material(produced_by)",
        "modify nullable center.name: True to False",
        "modify type center.address: VARCHAR(900) to TEXT",
        "remove column center.mayor",
        "remove table notes",
    ]


async def at_once(command: str, url: str) -> list[str]:
    """The last lines of two processes that do the same at the same time; both end well and show no progress bars."""
    async with connected(url) as holder:
        await holder.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        with started(command, TONGBAN_DATABASE_URL=url) as first, started(command, TONGBAN_DATABASE_URL=url) as second:
            await waiting(holder, "advisory", first, second)
            await holder.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
            said = [await asyncio.to_thread(process.communicate) for process in (first, second)]
            assert (first.returncode, second.returncode) == (0, 0)
    assert [errors for _, errors in said] == ["", ""]
    return [out.splitlines()[-1] for out, _ in said]


async def test_of_two_processes_that_migrate_at_once_one_does_it(empty: str) -> None:
    done, nothing = sorted(await at_once("migrate", empty))
    assert done.startswith("migrations: from nothing to ")
    assert nothing.startswith("migrations: nothing to do")


async def test_a_database_of_a_newer_version_is_left_alone(migrated: str, registry: Registry) -> None:
    await run(migrated, "UPDATE alembic_version SET version_num = 'from the future'")
    for attempt in (prepare.migrated(migrated), prepare.load(migrated, registry, SIGNER)):
        with pytest.raises(SetupError, match="at migration from the future, which this version does not know"):
            await attempt
    assert await rows(migrated) == {}


# Loading


async def test_load_needs_migrations(empty: str) -> None:
    said = tongban("load", TONGBAN_DATABASE_URL=empty)
    assert said.code == 1
    assert "run `tongban migrate` first" in one_line(said.err)


async def test_a_second_load_changes_nothing_even_if_begun_at_the_same_time(migrated: str) -> None:
    first, second = sorted(await at_once("load", migrated))
    assert "center 287 (287 new)" in first
    assert "edition 3 new, 307 decisions; " in first
    assert second == first.replace(" new)", " unchanged)").replace("edition 3 new, 307 decisions; ", "")


async def test_bad_rows_are_named_and_nothing_is_loaded(migrated: str, tmp_path: Path) -> None:
    data = shutil.copytree(SHIPPED, tmp_path / "data")
    for name, line, old, new in (
        ("centers.csv", 5, ",310101,", ",,"),
        ("calendar.csv", 3, "20", "the year 20"),
        ("districts.csv", 2, "310101", "Huangpu"),
    ):
        lines = (data / name).read_text(encoding="utf-8").splitlines(keepends=True)
        assert old in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(old, new, 1)
        (data / name).write_text("".join(lines), encoding="utf-8")
    (data / "branches.csv").unlink()
    said = tongban("load", "--data", str(data), TONGBAN_DATABASE_URL=migrated)
    assert said.code == 1
    *reasons, last = said.err.splitlines()
    assert sorted(":".join(reason.split(":")[:2]) for reason in reasons) == [
        "branches.csv:1",
        "calendar.csv:3",
        "centers.csv:5",
        "districts.csv:2",
    ]
    assert last == "Nothing was loaded."
    assert await rows(migrated) == {}


async def test_a_full_disk_is_one_line_and_nothing_is_half_loaded(migrated: str, registry: Registry) -> None:
    """PostgreSQL's own error for it, on the last table that a load writes: the city is written by then."""
    await run(
        migrated,
        """CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full'; END $$""",
    )
    await run(
        migrated,
        "CREATE TRIGGER full_disk BEFORE INSERT ON material_requirement FOR EACH ROW EXECUTE FUNCTION no_space()",
    )
    said = tongban("load", TONGBAN_DATABASE_URL=migrated)
    assert said.code == 1
    assert 'says: could not extend file "base/1/2": No space left on device. The disk is full' in one_line(said.err)
    assert await rows(migrated) == {}
    await run(migrated, "DROP TRIGGER full_disk ON material_requirement")
    await prepare.load(migrated, registry, SIGNER)
    assert (await rows(migrated))["center"] == 287


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
async def test_an_interrupted_load_leaves_nothing(migrated: str, number: int, code: int) -> None:
    async with connected(migrated) as holder:
        await holder.execute(text("LOCK TABLE department"))
        with started("load", TONGBAN_DATABASE_URL=migrated) as process:
            await waiting(holder, "relation", process)
            process.send_signal(number)
            _, errors = await asyncio.to_thread(process.communicate)
        assert (process.returncode, errors) == (code, "")
    assert await rows(migrated) == {}


async def test_progress_is_shown_on_a_terminal(migrated: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "load"],
        env=environment(TONGBAN_DATABASE_URL=migrated, TERM="xterm"),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    with process:
        shown = await asyncio.to_thread(_all_of, ours)
        assert process.stdout
        out = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    assert "loading centers" in shown
    assert "loading decisions" in shown
    assert "307/307" in shown
    assert "loaded: district 16 (16 new)" in out
    assert "loading" not in out


def _all_of(terminal: int) -> str:
    """What was written to a terminal until all others closed it."""
    shown = b""
    try:
        while more := os.read(terminal, 65536):
            shown += more
    except OSError:  # Linux says so that nobody is at the other end
        pass
    return shown.decode()


# Databases that can't be had


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_wrong_database_urls_are_one_line_each(
    server_url: str, free_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_url(server_url)

    def shown(**other: str) -> str:
        return server.set(**other).render_as_string(hide_password=False)  # type: ignore[arg-type]

    expected = {
        "": "is no URL of a database",
        "nonsense": "is no URL of a database",
        "postgresql://u:secret@127.0.0.1:port/x": "is no URL of a database",
        "mysql://u:secret@127.0.0.1/x": "is no URL of a database",
        f"postgresql://u:secret@127.0.0.1:{free_port}/x": "can't be reached: Connection refused. Is it running?",
        f"postgresql://u@/x?password=secret&host={tmp_path}": "can't be reached: No such file or directory.",
        shown(database="nowhere"): 'database "nowhere" does not exist. Create that database first',
        shown(username="mallory"): "Check the user and the password in TONGBAN_DATABASE_URL.",
        f"{shown()}{'&' if server.query else '?'}colour=red": "unexpected keyword argument 'colour'",
    }
    for url, part in expected.items():
        monkeypatch.setenv("TONGBAN_DATABASE_URL", url)
        said = refusal("migrate")
        assert part in said
        assert "secret" not in said


def test_a_wrong_password_is_one_line(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path / "postgres") as url:
        access = tmp_path / "postgres" / "data" / "pg_hba.conf"
        access.write_text("local all clerk scram-sha-256\n" + access.read_text())
        asyncio.run(run(url, "CREATE ROLE clerk LOGIN PASSWORD 'right'"))
        asyncio.run(run(url, "GRANT CREATE ON SCHEMA public TO clerk"))
        asyncio.run(run(url, "SELECT pg_reload_conf()"))
        asyncio.run(prepare.migrated(url.replace("postgres@", "clerk:right@")))
        said = tongban("migrate", TONGBAN_DATABASE_URL=url.replace("postgres@", "clerk:wrong@"))
    assert said.code == 1
    assert one_line(said.err).endswith(
        'says: password authentication failed for user "clerk". '
        "Check the user and the password in TONGBAN_DATABASE_URL."
    )
    assert "clerk:***@" in said.out
    assert "clerk:wrong@" not in said.out + said.err


async def test_a_server_too_old_is_refused(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(SetupError, match=r"^PostgreSQL 99 or later is needed; this is \d\d\.$"):
        await prepare.migrated(empty)


async def test_libpq_urls_are_understood(migrated: str) -> None:
    """`sslmode`, as providers of databases write it."""
    url = migrated + ("&" if "?" in migrated else "?") + "sslmode=prefer"
    assert (await prepare.migrated(url)).current is not None


def test_a_data_folder_that_can_be_none_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("TONGBAN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TONGBAN_DATA_DIR", str(tmp_path / "file"))
    assert "set TONGBAN_DATA_DIR to another folder" in refusal("migrate")


# The errand without a server


def test_the_demo_needs_a_server(free_port: int) -> None:
    said = tongban("demo", "--url", f"http://127.0.0.1:{free_port}/graphql")
    assert (said.code, said.out) == (1, "")
    assert "No server answers at" in one_line(said.err)


def test_the_demo_says_what_is_no_server() -> None:
    assert "No server answers at nonsense" in refusal("demo", "--url", "nonsense")
