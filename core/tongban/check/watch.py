"""Sees what rules do beside deciding: files, network, processes, new modules, the clock, chance.

Files and the like are seen by an audit hook of the interpreter, which can't be removed: it is added once for a process
and is deaf outside a `Watch`. Calls of the clock and of chance are seen by a profile function.
"""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import get_ident
from types import FrameType
from typing import Any

OUTSIDE_WORLD = (
    "builtins.input",
    "ctypes.",
    "fcntl.",
    "ftplib.",
    "glob.",
    "http.",
    "imaplib.",
    "mmap.",
    "open",
    "os.",
    "poplib.",
    "pty.",
    "shutil.",
    "smtplib.",
    "socket.",
    "sqlite3.",
    "subprocess.",
    "syslog.",
    "tempfile.",
    "urllib.",
    "webbrowser.",
)
"""Beginnings of the names of audit events that pure rules never raise."""
BY_CALL = {"_thread.start_new_thread", "time.sleep"}
CLOCK = {
    "clock_gettime",
    "clock_gettime_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "thread_time",
    "thread_time_ns",
    "time",
    "time_ns",
}
TODAY = {"now", "today", "utcnow"}
_SHARED_RANDOM = random.random.__self__  # type: ignore[attr-defined]
_LOADER = {"_frozen_importlib", "_frozen_importlib_external", "importlib._bootstrap", "importlib._bootstrap_external"}
_listening: list[tuple[int, set[str]]] = []
_hooked = False


@contextmanager
def watched(noted: set[str]) -> Iterator[None]:
    """Adds to `noted` what the block's thread does with the outside world: event and first argument."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_heard)
        _hooked = True
    entry = (get_ident(), noted)
    _listening.append(entry)
    try:
        yield
    finally:
        _listening.remove(entry)


@contextmanager
def profiled(world: set[str], clock: set[str]) -> Iterator[None]:
    """Adds to `clock` the calls of the clock and of shared chance that Python code makes in the block.

    Sleep and new threads are added to `world`: not every Python tells audit hooks of them.
    """

    def called(frame: FrameType, event: str, function: Any) -> None:
        # Hypothesis takes the time of each garbage collection, which comes whenever it likes.
        own = str(frame.f_globals.get("__name__")).startswith("hypothesis.")
        if event == "c_call" and not own and (name := _forbidden(function)) is not None:
            (world if name in BY_CALL else clock).add(name)

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(before)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if not _listening or not event.startswith(("import", *OUTSIDE_WORLD)):
        return
    here = get_ident()
    for thread, noted in _listening:
        if thread == here:
            if event == "import":
                # The standard library loads parts of itself late, as strptime does.
                if str(args[0]).partition(".")[0] not in sys.stdlib_module_names:
                    noted.add(f"import {args[0]}")
            elif not _is_loading():
                noted.add(f"{event} {args[0]!r}"[:200] if args else event)


def _is_loading() -> bool:
    """Whether an import is under way, which reads files by itself."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") in _LOADER:
            return True
        frame = frame.f_back
    return False


def _forbidden(function: Any) -> str | None:
    """The name of a built-in function that reads the clock or chance; None for any other."""
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", None)
    owner = getattr(function, "__self__", None)
    if f"{module}.{name}" in BY_CALL:
        return f"{module}.{name}"
    if name in CLOCK and module == "time":
        return f"time.{name}"
    if name in TODAY and isinstance(owner, type) and issubclass(owner, date):
        return f"{owner.__name__}.{name}"
    if owner is _SHARED_RANDOM:
        return f"random.{name}"
    return "os.urandom" if name == "urandom" else None
