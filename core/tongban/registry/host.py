"""The registry: loads every plugin found, quarantines the bad, and addresses the one department concerned."""

import asyncio
import hashlib
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from tongban.check import Chain, City, Effort, Finding, Report, Verdict, derived_mode, finding
from tongban.contract.applications import Application
from tongban.contract.items import Department, ItemDefinition, ProcessingMode
from tongban.contract.problems import Problem, ProblemCode
from tongban.errors import SetupError
from tongban.registry import checking
from tongban.registry.breaker import Breaker
from tongban.registry.process import WorkerFailed, WorkerProcess
from tongban.registry.words import GROUP, Judgment, Limits, Plugin, PluginState

log = logging.getLogger(__name__)
APPLICATION: TypeAdapter[Application] = TypeAdapter(Application)
PROBLEMS: TypeAdapter[tuple[Problem, ...]] = TypeAdapter(tuple[Problem, ...])


@dataclass(frozen=True, slots=True)
class _Described:
    """What a worker says of its plugin."""

    department: Department
    contract: str
    hooks: tuple[str, ...]
    code_digest: str


DESCRIBED: TypeAdapter[_Described] = TypeAdapter(_Described)


@dataclass(slots=True)
class _Seat:
    """One plugin's place: its process while it lives, and how its calls went.

    `digest` is of all that the plugin said of itself when it was first loaded. A process that is started later must
    say the same: other files have not been looked at by anybody.
    """

    point: EntryPoint
    limits: Limits
    breaker: Breaker
    digest: str | None = None
    process: WorkerProcess | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    starting: "asyncio.Task[WorkerProcess] | None" = None
    closed: bool = False
    calls: int = 0
    failures: int = 0
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    last_problem: str | None = None

    async def load(self) -> _Described:
        """Starts a process and loads the plugin in it for the first time. Raises WorkerFailed."""
        self.process, answer = await self._loaded()
        self.digest = _digest(answer)
        try:
            return DESCRIBED.validate_python(answer)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise WorkerFailed(f"what it says of itself can't be read: {place}: {first['msg']}") from None

    async def judge(self, application: Application) -> Judgment:
        """The department's judgment. Raises WorkerFailed, at once while the breaker is open."""
        if not self.breaker.allows(time.monotonic()):
            raise WorkerFailed(f"paused after {self.breaker.failures} failures, the last: {self.last_problem}")
        self.calls += 1
        began = time.monotonic()
        has_turn = False
        try:
            async with asyncio.timeout(self.limits.call_seconds), self.turn:
                has_turn = True
                process = await self.up()
                question = {"op": "judge", "application": APPLICATION.dump_python(application, mode="json")}
                answer = await process.ask(question, self.limits.call_seconds, self.limits.answer_bytes)
            judgment = _judgment(answer)
        except TimeoutError:
            self.failures += 1
            if not has_turn:  # the department is busy, which says nothing against it
                raise WorkerFailed(f"busy for {self.limits.call_seconds:g} s") from None
            raise self._failed(f"no answer within {self.limits.call_seconds:g} s") from None
        except WorkerFailed as error:
            self.failures += 1
            raise self._failed(str(error)) from None
        self.seconds.append(time.monotonic() - began)
        self.breaker.succeeded()
        return judgment

    def _failed(self, reason: str) -> WorkerFailed:
        """Remembers a failure. A process that has failed too often is not asked again."""
        log.warning("department plugin %s failed: %s", self.point.name, reason)
        self.last_problem = reason
        self.breaker.failed(time.monotonic())
        if self.breaker.is_open and self.process is not None:
            self.process.kill()
        return WorkerFailed(reason)

    async def up(self) -> WorkerProcess:
        """The process, started anew where there is none to ask. Raises WorkerFailed.

        A start goes on when the caller waits no longer, so that a slow one is of use to the next caller.
        """
        if self.closed:
            raise WorkerFailed("the server is stopping")
        if self.process is not None:
            if self.process.usable:
                return self.process
            await self.process.end()
            self.process = None
        if self.starting is None:
            self.starting = asyncio.create_task(self._started())
        return await asyncio.shield(self.starting)

    async def _started(self) -> WorkerProcess:
        try:
            process, answer = await self._loaded()
            if self.digest is not None and _digest(answer) != self.digest:
                await process.end()
                raise WorkerFailed("its files have changed since the server started: start the server again")
            self.process = process
            return process
        finally:
            self.starting = None

    async def _loaded(self) -> tuple[WorkerProcess, dict[str, Any]]:
        """A new process with the plugin loaded, and what it says of itself. Raises WorkerFailed."""
        question = {
            "op": "load",
            "name": self.point.name,
            "target": self.point.value,
            "path": sys.path,
            "memory": self.limits.memory_bytes,
        }
        process = WorkerProcess(self.point.name)
        try:
            answer = await process.ask(question, self.limits.start_seconds, self.limits.definition_bytes)
            if "error" in answer:
                raise WorkerFailed(str(answer["error"]))
        except BaseException:
            await process.end()
            raise
        return process, answer

    async def close(self) -> None:
        """Ends the process; who waits for it hears that it failed."""
        self.closed = True
        if self.starting is not None:
            self.starting.cancel()
            await asyncio.wait([self.starting])
        if self.process is not None:
            self.process.kill()
            async with self.turn:
                await self.process.end()


@dataclass(slots=True, repr=False)
class Registry:
    """The plugins found, and the processes of those that serve.

    `Registry(plugins)` has no process: it knows definitions, and each call to a department fails.
    """

    plugins: tuple[Plugin, ...] = ()
    _seats: dict[str, _Seat] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Registry({', '.join(self.departments)})"  # not all their definitions

    @property
    def departments(self) -> Mapping[str, Department]:
        """The departments that serve, by code."""
        return {plugin.department.code: plugin.department for plugin in self.plugins if plugin.department is not None}

    def plugin_of(self, department: str) -> Plugin | None:
        """The plugin that serves the department with that code."""
        return next((p for p in self.plugins if p.department is not None and p.department.code == department), None)

    def definition_of(self, item: str) -> ItemDefinition | None:
        """The definition that an installed department supplies for the item with that code."""
        return next((i for d in self.departments.values() for i in d.items if i.code == item), None)

    def owner_of(self, item: str) -> str | None:
        """The code of the department that supplies the item."""
        return next((d.code for d in self.departments.values() for i in d.items if i.code == item), None)

    def record_of(self, department: str) -> "Record":
        """How the calls to a department went."""
        seat = self._seats.get(department)
        if seat is None:
            return Record(0, 0, None, None)
        taken = sorted(seat.seconds)
        p95 = taken[int(len(taken) * 0.95)] * 1000 if taken else None
        return Record(seat.calls, seat.failures, p95, seat.last_problem)

    async def judge(self, department: str, application: Application) -> Judgment:
        """Asks the department concerned, and no other. A department that fails gives PLUGIN_FAILED, never an error."""
        seat = self._seats.get(department)
        if seat is None:
            return Judgment((_problem(department, "no plugin"),), None)
        try:
            return await seat.judge(application)
        except WorkerFailed as error:
            return Judgment((_problem(department, str(error)),), None)

    @asynccontextmanager
    async def checker(self, department: str) -> AsyncIterator["Checker"]:
        """Runs the tongban check by the department's rules, in a process that serves nobody else."""
        seat = self._seats.get(department)
        aside = None if seat is None else _Seat(seat.point, seat.limits, Breaker(1, 0), seat.digest)
        try:
            yield Checker(aside)
        finally:
            if aside is not None:
                await aside.close()


@dataclass(slots=True)
class Checker:
    """One department's process for checks. After a failure the next check starts a new one."""

    _seat: _Seat | None

    async def check(
        self,
        definition: ItemDefinition,
        city: City,
        chain: Chain,
        effort: Effort,
        drilled: Finding | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Report:
        """The report; a plugin that hangs, dies or answers out of bounds fails the rule `well-behaved`."""
        if self._seat is None:
            return unanswered(definition, "no plugin is installed for the department")
        question = checking.question(definition, city, chain, effort, drilled)
        limits = self._seat.limits
        try:
            process = await self._seat.up()
            answer = await process.ask(question, limits.check_seconds, limits.definition_bytes, progress)
            if "error" in answer:
                return unanswered(definition, str(answer["error"]))
            return checking.REPORT.validate_python(answer.get("report"))
        except WorkerFailed as error:
            return unanswered(definition, str(error))
        except ValidationError:
            return unanswered(definition, "a report that is none")


@dataclass(frozen=True, slots=True)
class Record:
    """How a department's calls went since the start; `p95_ms` of the last thousand that succeeded."""

    calls: int
    failures: int
    p95_ms: float | None
    last_problem: str | None


@asynccontextmanager
async def open_registry(
    found: Iterable[EntryPoint] | None = None, limits: Limits | None = None
) -> AsyncIterator[Registry]:
    """The registry of the plugins installed (or of those `found`); its processes end with the block."""
    if sys.platform == "win32":
        raise SetupError("Departments' processes need Linux or macOS: on Windows, run Tongban in WSL.")
    limits = limits or Limits()
    points = sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name)
    seats = [_Seat(point, limits, Breaker(limits.failures_to_open, limits.open_seconds)) for point in points]
    registry = Registry()
    try:
        loaded = await asyncio.gather(*map(_plugin_in, seats))
        taken: dict[str, str] = {}
        for seat, plugin in zip(seats, loaded, strict=True):
            registry.plugins += (await _admitted(registry, seat, plugin, taken),)
        yield registry
    finally:
        await asyncio.gather(*(seat.close() for seat in seats))


async def _admitted(registry: Registry, seat: _Seat, plugin: Plugin, taken: dict[str, str]) -> Plugin:
    """The plugin with a seat in the registry, or in quarantine where it claims what another has claimed."""
    if plugin.department is not None:
        claims = [plugin.department.code, *(item.code for item in plugin.department.items)]
        claims += [f"material {material.code}" for material in plugin.department.materials]
        doubles = [f"{code} (claimed by {taken[code]} too)" for code in dict.fromkeys(claims) if code in taken]
        doubles += sorted({f"{code} (within itself)" for code in claims if claims.count(code) > 1})
        if not doubles:
            taken.update(dict.fromkeys(claims, plugin.distribution))
            registry._seats[plugin.department.code] = seat
            return plugin
        plugin = _quarantined(seat.point, f"{plugin.distribution} claims codes twice: {', '.join(doubles)}")
    await seat.close()
    log.warning("plugin %s is quarantined: %s", plugin.name, plugin.problem)
    return plugin


async def _plugin_in(seat: _Seat) -> Plugin:
    try:
        described = await seat.load()
    except WorkerFailed as error:
        return _quarantined(seat.point, str(error))
    return Plugin(
        name=seat.point.name,
        distribution=_distribution(seat.point),
        version=_version(seat.point),
        state=PluginState.ACTIVE,
        department=described.department,
        contract=described.contract,
        hooks=described.hooks,
        code_digest=described.code_digest,
    )


def _quarantined(point: EntryPoint, problem: str) -> Plugin:
    return Plugin(
        name=point.name,
        distribution=_distribution(point),
        version=_version(point),
        state=PluginState.QUARANTINED,
        problem=problem,
    )


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _version(point: EntryPoint) -> str:
    return point.dist.version if point.dist else "?"


def _digest(answer: dict[str, Any]) -> str:
    """Of an answer but for its number."""
    return hashlib.sha256(orjson.dumps({**answer, "n": 0}, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _judgment(answer: dict[str, Any]) -> Judgment:
    """The answer as values. Raises WorkerFailed where it is none."""
    if "error" in answer:
        raise WorkerFailed(str(answer.get("kind")))
    try:
        mode = answer["mode"]
        return Judgment(PROBLEMS.validate_python(answer["problems"]), None if mode is None else ProcessingMode(mode))
    except (ValidationError, KeyError, ValueError):
        raise WorkerFailed("an answer that is no judgment") from None


def _problem(department: str, reason: str) -> Problem:
    return Problem(
        code=ProblemCode.PLUGIN_FAILED,
        message=f"{department}部门的规则暂时无法执行",
        message_en=f"The rules of department {department} can't be run at the moment",
        detail=reason,
        next_step="请稍后再试，或拨打962200咨询",
        next_step_en="Please try again later, or call 962200",
    )


def unanswered(definition: ItemDefinition, reason: str) -> Report:
    """The report of a check that the department's process did not survive."""
    said = f"部门的进程没有按约定回答：{reason}", f"The department's process did not answer as agreed: {reason}"
    return Report(
        item=definition.code,
        passed=False,
        mode=derived_mode(definition.barriers),
        barriers=definition.barriers,
        findings=(finding("well-behaved", Verdict.FAIL, said),),
        applications_tried=0,
        centers_tried=0,
        seconds=0.0,
    )
