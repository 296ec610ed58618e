"""The host of departments' plugins: loads them, keeps bad ones out with a reason, addresses the one concerned.

The installed distributions that offer an entry point in the group `tongban.plugins` are the departments; nothing else
decides what there is. A plugin that can't be loaded is quarantined; the server starts and serves the others.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points

import pluggy

from tongban.contract.applications import Application
from tongban.contract.hooks import PROJECT, DepartmentHooks
from tongban.contract.items import Department, ProcessingMode
from tongban.contract.problems import Problem, ProblemCode
from tongban.definitions import faults_of
from tongban.errors import traced

GROUP = "tongban.plugins"
log = logging.getLogger(__name__)


class PluginState(StrEnum):
    """Whether a plugin serves."""

    ACTIVE = "ACTIVE"
    QUARANTINED = "QUARANTINED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One distribution's plugin, and its department where it could be loaded."""

    name: str
    distribution: str
    version: str
    state: PluginState
    department: Department | None = None
    hooks: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a department says of an application."""

    problems: tuple[Problem, ...]
    mode: ProcessingMode | None


@dataclass(slots=True)
class Registry:
    """The plugins found, and the hooks of those that serve."""

    plugins: tuple[Plugin, ...] = ()
    _hosts: dict[str, pluggy.PluginManager] = field(default_factory=dict)

    @property
    def departments(self) -> Mapping[str, Department]:
        """The departments that serve, by code, in the order of their codes."""
        return {plugin.department.code: plugin.department for plugin in self.plugins if plugin.department is not None}

    def plugin_of(self, department: str) -> Plugin | None:
        """The plugin that serves the department with that code."""
        return next((p for p in self.plugins if p.department is not None and p.department.code == department), None)

    def judge(self, department: str, application: Application) -> Verdict:
        """Asks the department concerned, and no other. A department that fails gives PLUGIN_FAILED, never an error."""
        host = self._hosts.get(department)
        if host is None:
            return Verdict((_failed(department, "no plugin"),), None)
        try:
            problems = host.hook.tongban_validate(application=application) or ()
            mode = host.hook.tongban_processing_mode(application=application)
            return Verdict(_checked(problems), None if mode is None else ProcessingMode(mode))
        except (Exception, SystemExit) as error:
            log.error("department %s failed on an application for %s: %s", department, application.item, traced(error))
            return Verdict((_failed(department, type(error).__name__),), None)


def load_plugins(found: Iterable[EntryPoint] | None = None) -> Registry:
    """The registry of the plugins installed (or of those `found`), loaded in the order of their names."""
    registry = Registry()
    taken: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name):
        plugin, host = _load(point)
        if plugin.department is not None:
            claims = [plugin.department.code, *(item.code for item in plugin.department.items)]
            claims += [f"material {material.code}" for material in plugin.department.materials]
            doubles = [f"{code} (claimed by {taken[code]} too)" for code in claims if code in taken]
            doubles += sorted({f"{code} (within itself)" for code in claims if claims.count(code) > 1})
            if doubles:
                plugin, host = _quarantined(point, f"codes claimed twice: {', '.join(doubles)}"), None
            else:
                taken.update(dict.fromkeys(claims, plugin.distribution))
        registry.plugins += (plugin,)
        if plugin.department is not None and host is not None:
            registry._hosts[plugin.department.code] = host
        elif plugin.problem:
            log.warning("plugin %s is quarantined: %s", plugin.name, plugin.problem)
    return registry


def _load(point: EntryPoint) -> tuple[Plugin, pluggy.PluginManager | None]:
    """One plugin on a host of its own, so that a call can reach nobody else."""
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(DepartmentHooks)
    try:
        module = point.load()
        host.register(module, name=point.name)
        host.check_pending()
        department = host.hook.tongban_department()
        faults = _faults_of(department)
    except (Exception, SystemExit) as error:
        return _quarantined(point, f"{type(error).__name__}: {error}"), None
    if faults:
        return _quarantined(point, "; ".join(faults)), None
    hooks = tuple(sorted(caller.name for caller in host.get_hookcallers(module) or ()))
    plugin = Plugin(
        name=point.name,
        distribution=_distribution(point),
        version=point.dist.version if point.dist else "?",
        state=PluginState.ACTIVE,
        department=department,
        hooks=hooks,
    )
    return plugin, host


def _faults_of(department: object) -> list[str]:
    """What contradicts itself in a department, which may have been written without `read_department`."""
    if not isinstance(department, Department):
        return ["tongban_department gives no Department"]
    return [f"{item.code}: {fault}" for item in department.items for fault in faults_of(item)]


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


def _checked(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems as a tuple. Raises TypeError where a department gives something else."""
    found = tuple(problems)
    for problem in found:
        if not isinstance(problem, Problem):
            raise TypeError(f"tongban_validate gave {type(problem).__name__}, not Problem")
        if not isinstance(problem.code, ProblemCode) or not isinstance(problem.message, str):
            raise TypeError("tongban_validate gave a Problem without a ProblemCode or without words")
    return found


def _failed(department: str, reason: str) -> Problem:
    return Problem(
        code=ProblemCode.PLUGIN_FAILED,
        message=f"{department}部门的规则暂时无法执行",
        message_en=f"The rules of department {department} can't be run at the moment",
        detail=reason,
        next_step="请稍后再试，或拨打962200咨询",
        next_step_en="Please try again later, or call 962200",
    )
