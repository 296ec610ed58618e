"""The real program, started as an operator starts it: a process of its own, with settings of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PROGRAM = (sys.executable, "-m", "tongban")
LONGEST = 120
"""Seconds after which a process that hangs is killed, so that its test fails."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Tests that run in the background of a shell ignore Ctrl-C, and what they start would too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def environment(**settings: str) -> dict[str, str]:
    """Ours with no settings of Tongban but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TONGBAN_")}
    if kept.pop("PYTHONDONTWRITEBYTECODE", None):
        kept["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), f"tongban-bytecode-{os.getuid()}"))
    return kept | {"COLUMNS": "80"} | settings


def tongban(*arguments: str, program: tuple[str, ...] = PROGRAM, **settings: str) -> Said:
    """Runs a command to its end."""
    done = subprocess.run(
        [*program, *arguments],
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(*arguments: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs while the block does; its output is in pipes."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process, watched(process):
        yield process


async def waiting(connection: AsyncConnection, kind: str, *processes: "subprocess.Popen[str]") -> None:
    """Returns when that many sessions of this database wait for a lock of that kind. Fails when a process ended."""
    query = text("""SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = :kind
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")
    while await connection.scalar(query, {"kind": kind}) != len(processes):
        assert [process.poll() for process in processes] == [None] * len(processes)
        await asyncio.sleep(0.02)


@contextmanager
def watched(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Ends the process with the block; kills it where it hangs, so that nobody waits for what it says."""
    watch = threading.Timer(LONGEST, process.kill)
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()


@dataclass(slots=True)
class Serving:
    """A server that takes requests."""

    process: "subprocess.Popen[str]"
    errors: Path
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it said that it serves, without `/graphql`."""
        return self.said[-1].partition("serves on ")[2].partition("/graphql")[0]

    def end(self, number: int = signal.SIGTERM) -> Said:
        """Sends it a signal, waits for its end, and gives all that it said."""
        self.process.send_signal(number)
        assert self.process.stdout
        rest = self.process.stdout.read()
        code = self.process.wait(LONGEST)
        return Said(code, "".join(self.said) + rest, self.errors.read_text())


@contextmanager
def serving(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None, program: tuple[str, ...] = PROGRAM
) -> Iterator[Serving]:
    """`tongban serve` on a free port with its state in `folder`, ready for requests; ended with the block.

    What it scans documents with finds them all clean.
    """
    folder.mkdir(parents=True, exist_ok=True)
    errors = folder / "errors"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [*program, "serve", "--port", "0", *arguments],
            env=environment(TONGBAN_DATA_DIR=str(folder), TONGBAN_SCAN_COMMAND="true") | dict(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    with process, watched(process):
        server = Serving(process, errors)
        assert process.stdout
        for line in process.stdout:
            server.said.append(line)
            if "serves on" in line:
                break
        else:
            raise AssertionError(f"it does not serve: {server.said} {errors.read_text()}")
        yield server
