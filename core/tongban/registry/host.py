"""The registry: loads every plugin found, quarantines the bad, and addresses the one department concerned."""

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tongban.check import Chain, City, Effort, Finding, Report, Verdict, derived_mode, finding
from tongban.contract.applications import Application
from tongban.contract.items import Department, ItemDefinition, ProcessingMode
from tongban.contract.problems import Problem, ProblemCode
from tongban.registry.breaker import Breaker
from tongban.registry.process import WorkerFailed, WorkerProcess
from tongban.registry.words import Judgment, Limits, Plugin, PluginState

GROUP = "tongban.plugins"
log = logging.getLogger(__name__)
APPLICATION: TypeAdapter[Application] = TypeAdapter(Application)
DEPARTMENT: TypeAdapter[Department] = TypeAdapter(Department)
ITEM: TypeAdapter[ItemDefinition] = TypeAdapter(ItemDefinition)
PROBLEMS: TypeAdapter[tuple[Problem, ...]] = TypeAdapter(tuple[Problem, ...])
CITY: TypeAdapter[City] = TypeAdapter(City)
CHAIN: TypeAdapter[Chain] = TypeAdapter(Chain)
REPORT: TypeAdapter[Report] = TypeAdapter(Report)
FINDING: TypeAdapter[Finding | None] = TypeAdapter(Finding | None)


@dataclass(slots=True)
class _Seat:
    """One plugin's place: its process while it lives, and how its calls went."""

    point: EntryPoint
    limits: Limits
    breaker: Breaker
    process: WorkerProcess | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    calls: int = 0
    failures: int = 0
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    last_problem: str | None = None

    async def load(self) -> dict[str, Any]:
        """Starts a process and loads the plugin in it. Raises WorkerFailed."""
        self.process = WorkerProcess()
        request = {
            "op": "load",
            "name": self.point.name,
            "target": self.point.value,
            "path": sys.path,
            "memory": self.limits.memory_bytes,
        }
        answer = await self.asked(request, self.limits.start_seconds, self.limits.definition_bytes)
        if "error" in answer:
            self.close()
            raise WorkerFailed(str(answer["error"]))
        return answer

    async def judge(self, application: Application) -> Judgment:
        """The department's verdict. Raises WorkerFailed, at once while the breaker is open."""
        if not self.breaker.allows(time.monotonic()):
            raise WorkerFailed(f"paused after {self.breaker.failures} failures: {self.last_problem}")
        self.calls += 1
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.limits.call_seconds + self.limits.start_seconds), self.turn:
                if self.process is None:
                    await self.load()
                request = {"op": "judge", "application": APPLICATION.dump_python(application, mode="json")}
                answer = await self.asked(request, self.limits.call_seconds, self.limits.answer_bytes)
            verdict = _verdict(answer)
        except (WorkerFailed, TimeoutError) as error:
            reason = str(error) or "others were waited for too long"
            self.failures += 1
            self.last_problem = reason
            self.breaker.failed(time.monotonic())
            raise WorkerFailed(reason) from None
        self.seconds.append(time.monotonic() - began)
        self.breaker.succeeded()
        return verdict

    async def asked(
        self,
        request: dict[str, Any],
        seconds: float,
        limit: int,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> dict[str, Any]:
        """The process's answer. Raises WorkerFailed; the process is gone then."""
        assert self.process is not None  # noqa: S101 - loaded before
        try:
            return await self.process.ask(request, seconds, limit, progress)
        except BaseException:
            self.process = None  # it ended itself
            raise

    def close(self) -> None:
        if self.process is not None:
            self.process.end()
            self.process = None


@dataclass(slots=True)
class Registry:
    """The plugins found, and the processes of those that serve."""

    plugins: tuple[Plugin, ...] = ()
    limits: Limits = field(default_factory=Limits)
    _seats: dict[str, _Seat] = field(default_factory=dict)

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
            return Judgment((_failed(department, "no plugin"),), None)
        try:
            return await seat.judge(application)
        except WorkerFailed as error:
            log.warning("department %s failed on an application for %s: %s", department, application.item, error)
            return Judgment((_failed(department, str(error)),), None)

    @asynccontextmanager
    async def checker(self, department: str) -> AsyncIterator["Checker"]:
        """Runs the tongban check by the department's rules, in a process that serves nobody else."""
        seat = self._seats.get(department)
        aside = None if seat is None else _Seat(seat.point, seat.limits, Breaker(1, 0))
        try:
            yield Checker(aside)
        finally:
            if aside is not None:
                aside.close()

    def close(self) -> None:
        """Ends every process."""
        for seat in self._seats.values():
            seat.close()


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
        seat = self._seat
        if seat is None:
            return unanswered(definition, "no plugin is installed for the department")
        request = {
            "op": "check",
            "definition": ITEM.dump_python(definition, mode="json"),
            "city": CITY.dump_python(city, mode="json"),
            "chain": CHAIN.dump_python(chain, mode="json"),
            "effort": list(effort),
            "drilled": FINDING.dump_python(drilled, mode="json"),
        }
        try:
            if seat.process is None:
                await seat.load()
            answer = await seat.asked(request, seat.limits.check_seconds, seat.limits.definition_bytes, progress)
            if "error" in answer:
                return unanswered(definition, str(answer["error"]))
            return REPORT.validate_python(answer["report"])
        except (WorkerFailed, ValidationError) as error:
            return unanswered(definition, str(error).partition("\n")[0])


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
    limits = limits or Limits()
    points = sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name)
    seats = [_Seat(point, limits, Breaker(limits.failures_to_open, limits.open_seconds)) for point in points]
    registry = Registry(limits=limits)
    try:
        loaded = await asyncio.gather(*(_loaded(seat) for seat in seats))
        taken: dict[str, str] = {}
        for seat, plugin in zip(seats, loaded, strict=True):
            registry.plugins += (_admitted(registry, seat, plugin, taken),)
        yield registry
    finally:
        for seat in seats:
            seat.close()


def _admitted(registry: Registry, seat: _Seat, plugin: Plugin, taken: dict[str, str]) -> Plugin:
    """The plugin with a seat in the registry, or in quarantine where it claims what another has claimed."""
    if plugin.department is None:
        log.warning("plugin %s is quarantined: %s", plugin.name, plugin.problem)
        return plugin
    claims = [plugin.department.code, *(item.code for item in plugin.department.items)]
    claims += [f"material {material.code}" for material in plugin.department.materials]
    doubles = [f"{code} (claimed by {taken[code]} too)" for code in claims if code in taken]
    doubles += sorted({f"{code} (within itself)" for code in claims if claims.count(code) > 1})
    if doubles:
        seat.close()
        log.warning("plugin %s is quarantined: codes claimed twice", plugin.name)
        return _quarantined(seat.point, f"{_distribution(seat.point)} claims codes twice: {', '.join(doubles)}")
    taken.update(dict.fromkeys(claims, plugin.distribution))
    registry._seats[plugin.department.code] = seat
    return plugin


async def _loaded(seat: _Seat) -> Plugin:
    try:
        answer = await seat.load()
        department = DEPARTMENT.validate_python(answer["department"])
    except WorkerFailed as error:
        return _quarantined(seat.point, str(error))
    except (ValidationError, KeyError) as error:
        seat.close()
        return _quarantined(seat.point, f"its department can't be read: {str(error).partition(chr(10))[0]}")
    return Plugin(
        name=seat.point.name,
        distribution=_distribution(seat.point),
        version=seat.point.dist.version if seat.point.dist else "?",
        state=PluginState.ACTIVE,
        department=department,
        contract=answer["contract"],
        hooks=tuple(answer["hooks"]),
        code_digest=answer["code_digest"],
    )


def _quarantined(point: EntryPoint, problem: str) -> Plugin:
    return Plugin(
        name=point.name,
        distribution=_distribution(point),
        version=point.dist.version if point.dist else "?",
        state=PluginState.QUARANTINED,
        problem=problem,
    )


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _verdict(answer: dict[str, Any]) -> Judgment:
    """The answer as values. Raises WorkerFailed where it is none."""
    if "error" in answer:
        raise WorkerFailed(str(answer["error"]))
    try:
        mode = answer["mode"]
        return Judgment(PROBLEMS.validate_python(answer["problems"]), None if mode is None else ProcessingMode(mode))
    except (ValidationError, KeyError, ValueError):
        raise WorkerFailed("an answer that is no verdict") from None


def _failed(department: str, reason: str) -> Problem:
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
