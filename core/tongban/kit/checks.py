"""The tongban check of what is installed, over the shipped city, without a database."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tongban.centers.facts import shipped_city
from tongban.check import Effort, Report, Verdict, chain_of, finding
from tongban.contract.items import ItemDefinition
from tongban.registry import Plugin, PluginState, Registry

NOT_REHEARSED = finding(
    "drilled",
    Verdict.WARN,
    (
        "未在此演练：演练需要数据库，由runTongbanCheck进行",
        "not rehearsed here, which takes a database (runTongbanCheck)",
    ),
)
PROCESSES = 2
"""How many processes of one department check side by side."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An item with its report."""

    plugin: Plugin
    item: ItemDefinition
    report: Report


class UnknownNameError(Exception):
    """No plugin, department or item has the name; the known ones are told in words."""


class QuarantinedError(Exception):
    """The plugin is there, and does not serve; the reason is told in words."""


def items_called(registry: Registry, name: str) -> tuple[Plugin, Sequence[ItemDefinition]]:
    """The item with that code, or all items of the department with that code or plugin name.

    Raises UnknownNameError, or QuarantinedError where the plugin does not serve.
    """
    for plugin in registry.plugins:
        if plugin.department is not None:
            if name in (plugin.name, plugin.department.code):
                return plugin, plugin.department.items
            if found := [item for item in plugin.department.items if item.code == name]:
                return plugin, found
        elif name == plugin.name and plugin.state is PluginState.QUARANTINED:
            raise QuarantinedError(f"plugin {plugin.name} is quarantined: {plugin.problem}")
    raise UnknownNameError(f"Nothing installed is called {name[:60]!r}. {_known(registry, name)}")


def _known(registry: Registry, name: str) -> str:
    """The departments; the items too of the one whose items the name looks like."""
    departments = {plugin.name: plugin.department for plugin in registry.plugins if plugin.department is not None}
    alike = next((one for one in departments.values() if name.upper().startswith(f"{one.code}-")), None)
    if alike is not None:
        return f"Items of {alike.code} are {', '.join(item.code for item in alike.items)}."
    told = ", ".join(f"{plugin} ({department.code})" for plugin, department in departments.items())
    return f"Departments are {told or 'none'}; an item goes by its code, such as MZ-009."


async def checked(
    registry: Registry,
    plugin: Plugin,
    items: Sequence[ItemDefinition],
    effort: Effort,
    progress: Callable[[str, float], None] = lambda _item, _part: None,
) -> list[Checked]:
    """The report of each item, in their order; `progress` is told which part of an item is done.

    The rules run in processes of the department's own, with the limits that the host sets them.
    """
    assert plugin.department is not None  # noqa: S101 - it serves
    code, chain = plugin.department.code, chain_of(registry.departments.values())
    reports: dict[str, Report] = {}
    left = iter(items)

    async def work() -> None:
        async with registry.checker(code) as checker:
            for item in left:

                def told(done: int, total: int, item: str = item.code) -> None:
                    progress(item, done / total)

                reports[item.code] = await checker.check(item, shipped_city(), chain, effort, NOT_REHEARSED, told)
                progress(item.code, 1)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(PROCESSES, len(items))):
            group.create_task(work())
    return [Checked(plugin, item, reports[item.code]) for item in items]
