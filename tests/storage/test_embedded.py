"""The embedded PostgreSQL, for real: started, used, killed, refused and recovered."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tongban.errors import SetupError
from tongban.storage import embedded
from tongban.storage.embedded import _serves as serves
from tongban.storage.embedded import embedded_postgres

USER = """
import os, resource, sys, time
from pathlib import Path
from tongban.errors import SetupError
from tongban.storage.embedded import embedded_postgres
{first}
try:
    with embedded_postgres(Path(sys.argv[1])) as url:
        print(url, flush=True)
        time.sleep(60)
except SetupError as error:
    print("refused:", error, flush=True)
finally:
    print("left", flush=True)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of our own: pytest closes its folders to others, and root's PostgreSQL is somebody else."""
    top = Path(tempfile.mkdtemp(prefix="embedded-"))
    yield top / "postgres"
    shutil.rmtree(top)


def user_of(folder: Path, first: str = "") -> "subprocess.Popen[str]":
    """Another process that uses the embedded database, after doing `first`."""
    script = USER.format(first=textwrap.dedent(first))
    return subprocess.Popen(
        [sys.executable, "-c", script, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def ask(url: str, query: str) -> Any:
    async def answer() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(answer())


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def sockets_of(url: str) -> Path:
    return Path(url.split("host=")[1].split("&")[0])


@pytest.mark.parametrize("name", ["postgres", "with a space/上海 全市通办", "/".join(["a-long-folder-name" * 6] * 7)])
def test_starts_keeps_and_stops(folder: Path, name: str) -> None:
    place = folder / name
    with embedded_postgres(place) as url:
        pid, sockets = postmaster(place), sockets_of(url)
        assert sockets.stat().st_mode & 0o077 == 0
        assert ask(url, "select current_setting('listen_addresses') || current_setting('fsync')") == "on"
        ask(url, "create table kept as select '静安' as name")
    assert not serves(pid, place / "data")
    assert not sockets.exists()
    with embedded_postgres(place) as url:
        assert ask(url, "select name from kept") == "静安"


def test_the_url_suits_sqlalchemy_and_the_database_sorts_by_code_point(folder: Path) -> None:
    async def answer(url: str) -> Any:
        engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.connect() as connection:
            query = "select upper('é'), string_agg(n, '' order by n), max(encoding) from unnest('{b,Z,沪}'::text[]) n, "
            row = (await connection.execute(text(query + "pg_database where datname = current_database()"))).one()
        await engine.dispose()
        return tuple(row)

    with embedded_postgres(folder) as url:
        assert asyncio.run(answer(url)) == ("É", "Zb沪", 6)


def test_settings_of_the_environment_stay_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "6000", "PGHOST": "nowhere", "PGDATA": "/nowhere", "PGDATABASE": "other"}.items():
        monkeypatch.setenv(name, value)
    with embedded_postgres(folder) as url:
        assert ask(url, "select current_database()") == "tongban"


def test_a_second_process_is_refused_and_harms_nothing(folder: Path) -> None:
    with embedded_postgres(folder) as url:
        second = user_of(folder)
        assert first_line(second) == (
            f"refused: the embedded database under {folder} is in use by process {os.getpid()}; "
            "stop it, or set TONGBAN_DATABASE_URL to a server of your own"
        )
        second.communicate()
        assert ask(url, "select 1") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_its_user_stops_it(folder: Path, number: signal.Signals) -> None:
    process = user_of(folder)
    sockets, pid = sockets_of(first_line(process)), postmaster(folder)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert output == "left\n"
    assert process.returncode != 0
    assert not serves(pid, folder / "data")
    assert not sockets.exists()
    assert not (folder / "data" / "postmaster.pid").exists()


def test_it_is_left_without_signals_in_another_thread(folder: Path) -> None:
    answers = []

    def use() -> None:
        with embedded_postgres(folder) as url:
            answers.append(ask(url, "select 1"))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert answers == [1]


def test_recovers_when_postgres_was_killed(folder: Path) -> None:
    with embedded_postgres(folder) as url:
        ask(url, "create table kept as select 1 as one")
        os.kill(postmaster(folder), signal.SIGKILL)
    with embedded_postgres(folder) as url:
        assert ask(url, "select one from kept") == 1


def test_recovers_when_its_user_was_killed(folder: Path) -> None:
    process = user_of(folder)
    url = first_line(process)
    ask(url, "create table kept as select 1 as one")
    process.kill()
    process.communicate()
    orphan = postmaster(folder)
    assert serves(orphan, folder / "data")
    with embedded_postgres(folder) as now:
        assert not serves(orphan, folder / "data")
        assert not sockets_of(url).exists()
        assert ask(now, "select one from kept") == 1


def test_recovers_when_both_were_killed_and_the_number_is_somebody_elses_now(folder: Path) -> None:
    with embedded_postgres(folder):
        os.kill(postmaster(folder), signal.SIGKILL)
    stale = folder / "data" / "postmaster.pid"
    owner = stale.stat()
    change = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **change) as bystander:  # type: ignore[call-overload]
        lines = stale.read_text().splitlines()
        stale.write_text("\n".join([str(bystander.pid), *lines[1:], ""]))
        with embedded_postgres(folder) as url:
            assert ask(url, "select 1") == 1
        assert bystander.poll() is None
        bystander.kill()


def test_a_new_database_that_was_cut_off_is_made_anew(folder: Path) -> None:
    (folder / "data.new" / "base").mkdir(parents=True)
    with embedded_postgres(folder) as url:
        assert ask(url, "select 1") == 1
    assert not (folder / "data.new").exists()


def refusal(folder: Path) -> str:
    with pytest.raises(SetupError) as refused, embedded_postgres(folder):
        pass
    message = str(refused.value)
    assert "\n" not in message
    assert "TONGBAN_DATABASE_URL" in message
    return message


@pytest.mark.parametrize("version", ["16", None])
def test_data_of_another_server_is_refused(folder: Path, version: str | None) -> None:
    (folder / "data").mkdir(parents=True)
    if version:
        (folder / "data" / "PG_VERSION").write_text(f"{version}\n")
    assert f"PostgreSQL {version or 'unknown origin'}" in refusal(folder)
    assert len(list((folder / "data").iterdir())) == bool(version)


def test_a_platform_without_programs_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    assert "no embedded PostgreSQL" in refusal(folder)
    assert not folder.exists()


def test_a_file_in_the_place_of_the_folder_is_refused(folder: Path) -> None:
    folder.write_text("")
    assert "File exists" in refusal(folder)


@pytest.mark.parametrize("name", ["lock", "log"])
def test_a_link_to_a_file_elsewhere_is_refused_and_not_followed(folder: Path, name: str) -> None:
    folder.mkdir()
    elsewhere = folder.parent / "elsewhere"
    elsewhere.write_text("kept")
    (folder / name).symlink_to(elsewhere)
    assert "symbolic link" in refusal(folder)
    assert elsewhere.read_text() == "kept"


def test_broken_settings_are_refused_with_the_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embedded.SETTINGS, "shared_buffers", "much")
    assert 'invalid value for parameter "shared_buffers"' in refusal(folder)


def test_no_room_for_a_new_database_is_refused_and_leaves_nothing(folder: Path) -> None:
    """A limit on the size of files stands for the full disk: both make a write fall short."""
    process = user_of(folder, "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))")
    line = first_line(process)
    _, errors = process.communicate()
    assert line.startswith(f"refused: the embedded database under {folder} can't be used: ")
    assert "Traceback" not in errors
    assert sorted(path.name for path in folder.iterdir()) == ["lock"]
    with embedded_postgres(folder) as url:
        assert ask(url, "select 1") == 1


def test_a_folder_that_may_not_be_written_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o555)
    folder.parent.chmod(0o755)
    # Root may write everywhere: become an ordinary user, once everything is imported.
    nobody = pwd.getpwnam("nobody")
    become = f"if os.geteuid() == 0: os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})"
    process = user_of(folder, become)
    line = first_line(process)
    _, errors = process.communicate()
    assert "Permission denied" in line
    assert "Traceback" not in errors


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_root_opens_closed_folders_to_passing_only(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = folder / "closed" / "postgres"
    place.parent.mkdir(parents=True)
    folder.chmod(0o755)
    place.parent.chmod(0o700)
    with embedded_postgres(place) as url:
        assert ask(url, "select 1") == 1
    assert folder.stat().st_mode & 0o777 == 0o755
    assert place.parent.stat().st_mode & 0o777 == 0o701
    assert (place / "data").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    passed = [record.getMessage() for record in caplog.records if "pass through" in record.getMessage()]
    assert len(passed) == 1
    assert str(place.parent) in passed[0]


def test_it_starts_within_seconds(folder: Path) -> None:
    with embedded_postgres(folder):
        pass
    start = time.monotonic()
    with embedded_postgres(folder):
        assert time.monotonic() - start < 10
