"""The process in which one department's code runs: no database, no credentials, limited memory, no files to write.

`python -m tongban.registry.worker FD` reads requests from a socket and answers them, one after another.
"""

import hashlib
import importlib
import resource
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pluggy
from pydantic import TypeAdapter

from tongban.check import Chain, City, Effort, Finding, Report, check
from tongban.contract.applications import Application
from tongban.contract.hooks import CONTRACT_VERSION, PROJECT, DepartmentHooks
from tongban.contract.items import Department, ItemDefinition, ProcessingMode
from tongban.contract.problems import Problem, ProblemCode
from tongban.definitions import faults_of
from tongban.registry.frames import HEADER, packed, unpacked

APPLICATION: TypeAdapter[Application] = TypeAdapter(Application)
DEPARTMENT: TypeAdapter[Department] = TypeAdapter(Department)
ITEM: TypeAdapter[ItemDefinition] = TypeAdapter(ItemDefinition)
PROBLEMS: TypeAdapter[tuple[Problem, ...]] = TypeAdapter(tuple[Problem, ...])
CITY: TypeAdapter[City] = TypeAdapter(City)
CHAIN: TypeAdapter[Chain] = TypeAdapter(Chain)
REPORT: TypeAdapter[Report] = TypeAdapter(Report)
FINDING: TypeAdapter[Finding | None] = TypeAdapter(Finding | None)


class Unfit(Exception):
    """Why a plugin can't be loaded, in words."""


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
        self.code_digest = code_digest(Path(str(module.__file__)))
        self._city: City | None = None

    def described(self) -> dict[str, Any]:
        """What the host learns of the plugin when it starts."""
        return {
            "department": DEPARTMENT.dump_python(self.department, mode="json"),
            "contract": self.contract,
            "hooks": self.hooks,
            "code_digest": self.code_digest,
        }

    def judge(self, request: dict[str, Any]) -> dict[str, Any]:
        """Problems and mode of one application."""
        application = APPLICATION.validate_python(request["application"])
        problems = PROBLEMS.dump_python(tuple(self.problems_of(application)), mode="json")
        return {"problems": problems, "mode": self.mode_of(application)}

    def check(self, request: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The report of the tongban check on a definition, with this plugin's rules."""
        report = check(
            ITEM.validate_python(request["definition"]),
            self.problems_of,
            self.mode_of,
            CITY.validate_python(request["city"]),
            CHAIN.validate_python(request["chain"]),
            effort=Effort(*request["effort"]),
            drilled=FINDING.validate_python(request["drilled"]),
            progress=lambda done, total: tell({"done": done, "total": total}),
        )
        return {"report": REPORT.dump_python(report, mode="json")}

    def problems_of(self, application: Application) -> tuple[Problem, ...]:
        """The department's answer, whose parts are really problems. Raises TypeError where they are not."""
        answer: Iterable[Problem] = self.host.hook.tongban_validate(application=application) or ()
        problems = tuple(answer)
        for problem in problems:
            if not isinstance(problem, Problem):
                raise TypeError(f"tongban_validate gave {type(problem).__name__}, not Problem")
            if not isinstance(problem.code, ProblemCode) or not isinstance(problem.message, str):
                raise TypeError("tongban_validate gave a Problem without a ProblemCode or without words")
        return problems

    def mode_of(self, application: Application) -> ProcessingMode | None:
        mode = self.host.hook.tongban_processing_mode(application=application)
        return None if mode is None else ProcessingMode(mode)


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
    """No core dumps, no files written, no more memory than agreed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _receive(channel: socket.socket) -> dict[str, Any] | None:
    """The next request; None when the host has gone."""
    header = _exactly(channel, HEADER.size)
    return None if header is None else unpacked(_exactly(channel, HEADER.unpack(header)[0]) or b"")


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
    channel = socket.socket(fileno=descriptor)
    worker: Worker | None = None

    def tell(message: dict[str, Any]) -> None:
        channel.sendall(packed(message))

    while (request := _receive(channel)) is not None:
        try:
            match request["op"]:
                case "load":
                    sys.path[:] = request["path"]
                    _limit(request["memory"])
                    worker = Worker(request["name"], request["target"])
                    answer = worker.described()
                case "judge":
                    assert worker is not None  # noqa: S101 - the host loads first
                    answer = worker.judge(request)
                case _:
                    assert worker is not None  # noqa: S101
                    answer = worker.check(request, tell)
            tell(answer)
        except BaseException as error:
            tell({"error": str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {str(error)[:500]}"})


if __name__ == "__main__":
    main(int(sys.argv[1]))
