"""The process in which one department's code runs: no database, no credentials, limited memory, no files written.

`python -m tongban.registry.worker FD NAME` reads questions from a socket and answers them, one after another. The
limits contain faults, not an enemy: a plugin is installed by the operator, and runs as the operator's user. Once it is
loaded it can't start processes. A write to a file fails with an OSError (SIGXFSZ is ignored by Python), and leaves the
file empty; that a rule reads files or asks the network is for the tongban check to find.
"""

import ctypes
import hashlib
import importlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pluggy
from pydantic import TypeAdapter

from tongban.contract.applications import Application
from tongban.contract.hooks import CONTRACT_VERSION, PROJECT, DepartmentHooks
from tongban.contract.items import Department, ProcessingMode
from tongban.contract.problems import Problem, ProblemCode
from tongban.definitions import faults_of
from tongban.registry.frames import HEADER, BadFrame, answer_frame, question_in

APPLICATION: TypeAdapter[Application] = TypeAdapter(Application)
DEPARTMENT: TypeAdapter[Department] = TypeAdapter(Department)
PROBLEMS: TypeAdapter[tuple[Problem, ...]] = TypeAdapter(tuple[Problem, ...])
PR_SET_PDEATHSIG = 1
STARTS_A_PROCESS = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"}
"""Audit events of the interpreter."""


class Unfit(Exception):
    """Why a plugin can't be loaded, or what it answers can't be taken. In our words: they quote no application."""


class Worker:
    """One plugin, loaded, and the answers that it gives."""

    def __init__(self, name: str, target: str) -> None:
        module = importlib.import_module(target)
        self.contract = _agreed(getattr(module, "TONGBAN_CONTRACT", CONTRACT_VERSION))
        self.host = pluggy.PluginManager(PROJECT)
        self.host.add_hookspecs(DepartmentHooks)
        self.host.register(module, name=name)
        self.host.check_pending()
        department = self.host.hook.tongban_department()
        if not isinstance(department, Department):
            raise Unfit("tongban_department gives no Department")
        faults = [f"{item.code}: {fault}" for item in department.items for fault in faults_of(item)]
        if faults:
            raise Unfit("; ".join(faults))
        self.department = department
        self.hooks = sorted(caller.name for caller in self.host.get_hookcallers(module) or ())
        self.file = Path(str(module.__file__))
        self.root = self.file.parent if self.file.name == "__init__.py" else self.file

    def described(self) -> dict[str, Any]:
        """What the host learns of the plugin when it starts."""
        return {
            "department": DEPARTMENT.dump_python(self.department, mode="json"),
            "contract": self.contract,
            "hooks": self.hooks,
            "code_digest": code_digest(self.file),
        }

    def judge(self, question: dict[str, Any]) -> dict[str, Any]:
        """Problems and mode of one application."""
        application = APPLICATION.validate_python(question["application"])
        problems = PROBLEMS.dump_python(self.problems_of(application), mode="json")
        return {"problems": problems, "mode": self.mode_of(application)}

    def check(self, question: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The report of the tongban check on a definition, with this plugin's rules."""
        from tongban.registry import checking

        return checking.answer(question, self.problems_of, self.mode_of, tell)

    def problems_of(self, application: Application) -> tuple[Problem, ...]:
        """The department's answer, whose parts are really problems. Raises Unfit where they are not."""
        answer = self.host.hook.tongban_validate(application=application)
        if answer is None:
            return ()
        if not isinstance(answer, Iterable):
            raise Unfit(f"tongban_validate gave {type(answer).__name__}, no problems")
        problems = tuple(answer)
        for problem in problems:
            if not isinstance(problem, Problem):
                raise Unfit(f"tongban_validate gave {type(problem).__name__}, no Problem")
            if not isinstance(problem.code, ProblemCode) or not isinstance(problem.message, str):
                raise Unfit("tongban_validate gave a Problem without a ProblemCode or without words")
        return problems

    def mode_of(self, application: Application) -> ProcessingMode | None:
        """The mode where the rules say one. Raises Unfit where it is none."""
        mode = self.host.hook.tongban_processing_mode(application=application)
        if mode is not None and not isinstance(mode, ProcessingMode):
            raise Unfit(f"tongban_processing_mode gave {type(mode).__name__}, no ProcessingMode")
        return mode


def code_digest(module: Path) -> str:
    """SHA-256 over the files of a package, or over a single module: names and contents, but for `data/*.toml`.

    `module` is the file that was imported: `__init__.py` of a package.
    """
    root = module.parent
    files = sorted(path for path in root.rglob("*") if path.is_file()) if module.name == "__init__.py" else [module]
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(root)
        if "__pycache__" in name.parts or (name.parts[0] == "data" and name.suffix == ".toml"):
            continue
        content = file.read_bytes()
        digest.update(f"{name.as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _agreed(wanted: object) -> str:
    """The contract version that a plugin was written for. Raises Unfit where it is not ours to speak (semver)."""
    try:
        major, minor = (int(part) for part in str(wanted).split(".")[:2])
    except ValueError:
        raise Unfit(f"TONGBAN_CONTRACT is {wanted!r}, not a version such as '1.0'") from None
    ours = [int(part) for part in CONTRACT_VERSION.split(".")]
    if major < ours[0]:
        raise Unfit(f"written for contract {wanted}, too old for {CONTRACT_VERSION}: adapt the plugin")
    if (major, minor) > (ours[0], ours[1]):
        raise Unfit(f"written for contract {wanted}, newer than {CONTRACT_VERSION}: upgrade tongban")
    return str(wanted)


def _limit(memory: int) -> None:
    """No core dumps, no files written, no more memory than agreed (but on Linux alone)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    sys.dont_write_bytecode = True


def _starts_nothing(event: str, _: object) -> None:
    """Hears what the interpreter is about to do. Raises PermissionError where a rule would start a process."""
    if event in STARTS_A_PROCESS:
        raise PermissionError("rules may not start processes")


def _die_with_host() -> None:
    """Ends this process when the host is killed, even if a rule hangs then (on Linux; elsewhere after the rule)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _failure(error: BaseException, root: Path | None) -> dict[str, Any]:
    """What went wrong: `error` in full, and `kind` without the error's own words, which may quote an application."""
    if isinstance(error, Unfit | BadFrame):
        return {"error": _clean(str(error)), "kind": _clean(str(error))}
    kind, place, trace = type(error).__name__, "", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if root is not None and file.is_relative_to(root):
            place = f" in {file.name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    try:
        words = str(error)
    except BaseException:
        words = "(no words)"
    return {"error": _clean(f"{kind}: {words}"), "kind": _clean(f"{kind}{place}")}


def _clean(text: str) -> str:
    """The text, not too long, and such as can travel."""
    return text[:4000].replace("\0", " ").encode("utf-8", "replace").decode()


def _receive(channel: socket.socket) -> dict[str, Any] | None:
    """The next question; None when the host has gone."""
    header = _exactly(channel, HEADER.size)
    return None if header is None else question_in(_exactly(channel, HEADER.unpack(header)[0]) or b"")


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = channel.recv(min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def main(descriptor: int) -> None:
    """Answers until the host goes. Whatever a plugin raises, BaseException included, is an answer too."""
    _die_with_host()
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    os.register_at_fork(after_in_child=channel.close)  # a plugin's child has nothing to say to the host
    worker: Worker | None = None
    number = 0

    def tell(message: dict[str, Any]) -> None:
        channel.sendall(answer_frame({**message, "n": number}))

    while (question := _receive(channel)) is not None:
        number = question["n"]
        try:
            match question["op"]:
                case "load":
                    sys.path[:] = question["path"]
                    _limit(question["memory"])
                    worker = Worker(question["name"], question["target"])
                    answer = worker.described()
                    sys.addaudithook(_starts_nothing)
                case "judge":
                    assert worker is not None  # noqa: S101 - the host loads first
                    answer = worker.judge(question)
                case _:
                    assert worker is not None  # noqa: S101
                    answer = worker.check(question, tell)
            tell(answer)
        except BaseException as error:
            tell(_failure(error, None if worker is None else worker.root))


if __name__ == "__main__":
    main(int(sys.argv[1]))
