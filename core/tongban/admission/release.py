"""Writes the shipped decisions and their reports anew, from the departments installed: a step of every release.

`python -m tongban.admission.release` (`make history`) checks each definition that ever held with full effort, which
takes minutes; with `--quick`, as a start does, in seconds. It ends with 1 where something would wait for the office.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tongban.admission import history
from tongban.admission.history import ShippedReport
from tongban.admission.service import Setting
from tongban.catalog.editions import digest_of
from tongban.catalog.timeline import dated_versions
from tongban.centers.facts import city_facts
from tongban.centers.rows import read_city
from tongban.check import FULL, QUICK, City, Effort, chain_of
from tongban.contract.items import ItemDefinition
from tongban.registry import PluginState, Registry, open_registry


def setting_of(registry: Registry) -> Setting:
    """The shipped city as it comes from a database, and the chain over everything that is installed."""
    city = city_facts(read_city())
    centers = sorted(city.centers, key=lambda one: one.code)
    divisions = sorted(city.divisions, key=lambda one: one.code)
    return Setting(City(tuple(centers), tuple(divisions)), chain_of(registry.departments.values()))


async def reports_of(
    registry: Registry,
    definitions: Iterable[ItemDefinition],
    effort: Effort,
    progress: Callable[[int], None] = lambda _: None,
) -> list[ShippedReport]:
    """The reports as they are shipped, in the order of the definitions."""
    wanted = list(definitions)
    seen = setting_of(registry)
    found: dict[str, ShippedReport] = {}
    while left := [one for one in wanted if digest_of(one) not in found]:
        each_once = {one.code: one for one in left}  # of one item, one version after another
        reports = await history.checked(registry, each_once.values(), seen, effort, progress)
        for code, definition in each_once.items():
            plugin = registry.plugin_of(registry.owner_of(code) or "")
            assert plugin is not None  # noqa: S101 - it supplies the definition
            digest = digest_of(definition)
            found[digest] = ShippedReport(digest, plugin.code_digest, reports[code])
    return [found[digest_of(one)] for one in wanted]


def versions_of(registry: Registry) -> list[ItemDefinition]:
    """Every definition that ever held, by what the installed ones say."""
    return [
        version.definition
        for department in registry.departments.values()
        for item in department.items
        for version in dated_versions(item)
    ]


def left_waiting(registry: Registry, reports: Iterable[ShippedReport]) -> list[str]:
    """What no shipped waiver covers, in words."""
    days = {
        digest_of(version.definition): version.effective_from
        for department in registry.departments.values()
        for item in department.items
        for version in dated_versions(item)
    }
    told = []
    for one in reports:
        failed = [finding for finding in one.report.findings if finding.verdict == "FAIL"]
        definition = registry.definition_of(one.report.item)
        assert definition is not None  # noqa: S101 - it has just been checked
        day = days[one.definition_digest]
        if failed and history.waiver_of(definition, one.report, day) is None:
            told += [f"{one.report.item} {day} {finding.rule}: {finding.evidence_en}" for finding in failed]
    return told


def _as_before(reports: Iterable[ShippedReport]) -> list[ShippedReport]:
    """The reports, each as it is shipped already where only the seconds differ, so that a file stays as it was."""
    shipped = history.read_reports()
    found = []
    for one in reports:
        before = shipped.get((one.definition_digest, one.code_digest), one.report)
        same = replace(one.report, seconds=before.seconds) == before
        found.append(replace(one, report=before) if same else one)
    return found


async def release(effort: Effort, out: Console, folder: Path = history.REPORTS.parent) -> int:
    """Writes both files. Gives 0, or 1 where something would wait for the office or a plugin is in quarantine."""
    columns = (
        TextColumn("checking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    async with open_registry() as registry:
        bad = [plugin for plugin in registry.plugins if plugin.state is PluginState.QUARANTINED]
        if bad:
            out.print(*(f"{plugin.name} is quarantined: {plugin.problem}" for plugin in bad), sep="\n", markup=False)
            return 1
        versions = versions_of(registry)
        with Progress(*columns, console=out) as bar:
            task = bar.add_task("", total=len(versions))
            reports = await reports_of(registry, versions, effort, lambda steps: bar.advance(task, steps))
        items = [item for department in registry.departments.values() for item in department.items]
        history.write_decisions(history.decisions_on(items), folder / history.DECISIONS.name)
        history.write_reports(_as_before(reports), folder / history.REPORTS.name)
        waiting = left_waiting(registry, reports)
    out.print(f"{len(versions)} decisions and their reports written", highlight=False)
    for line in waiting:
        out.print(f"waits for the office: {line}", markup=False, highlight=False, soft_wrap=True)
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(release(QUICK if "--quick" in sys.argv[1:] else FULL, Console(stderr=True))))
