"""The commands of department developers: a new department, and the check of one."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tongban.catalog.editions import digest_of
from tongban.check import FULL, QUICK, Effort, Finding, Verdict
from tongban.commands.terminal import err, out, say
from tongban.errors import SetupError
from tongban.kit.checks import Checked, QuarantinedError, UnknownNameError, checked, items_called
from tongban.kit.new_department import code_for, new_department
from tongban.registry import open_registry

FORMAT = "tongban-check-1"
"""What the JSON of a check calls itself; its names stay."""
COLORS = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


def write_department(
    name: Annotated[str, typer.Argument(help="Of the department's folder and package, such as city_library.")],
    code: Annotated[
        str | None, typer.Option(help="Two to four capital letters; the first ones of the name where left out.")
    ] = None,
    chinese: Annotated[str, typer.Option(help="Chinese name.")] = "试验部门",
    folder: Annotated[Path, typer.Option(help="Folder of all departments.")] = Path("plugins"),
) -> None:
    """Write a new department: a plugin that works, with a sample item, its rule, its test."""
    chosen = code_for(name) if code is None else code
    made = new_department(folder, name, chosen, chinese, asyncio.run(_taken()))
    for file in sorted(made.rglob("*")):
        if file.is_file():
            say(str(file))
    say(f"{chinese} ({chosen}) is written. Install it: python -m pip install --no-deps --no-build-isolation -e {made}")


def check(
    name: Annotated[str, typer.Argument(help="An item's code, or a department's code or plugin name.")],
    quick: Annotated[bool, typer.Option("--quick", help="Try fewer applications: a first look.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
) -> None:
    """Run the tongban check on an installed item, or on all items of a department. Ends with 1 where one fails."""
    try:
        found = asyncio.run(_checked(name, QUICK if quick else FULL))
    except UnknownNameError as error:
        err.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from None
    except QuarantinedError as error:
        raise SetupError(str(error)) from None
    if as_json:
        say(json.dumps(_as_json(found, quick), ensure_ascii=False, indent=2))
    else:
        _show(found)
    if not all(one.report.passed for one in found):
        raise typer.Exit(1)


async def _taken() -> dict[str, str]:
    """Names and codes of what is installed, each with its distribution."""
    async with open_registry() as registry:
        names = {plugin.name: plugin.distribution for plugin in registry.plugins}
        codes = {p.department.code: p.distribution for p in registry.plugins if p.department is not None}
        return names | codes


async def _checked(name: str, effort: Effort) -> list[Checked]:
    """The reports, with a bar on a terminal while one waits."""
    async with open_registry() as registry:
        plugin, items = items_called(registry, name)
        columns = TextColumn("checking {task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
        with Progress(*columns, console=err, transient=True, disable=not err.is_interactive) as bar:
            task = bar.add_task(name, total=len(items))
            parts: dict[str, float] = {}

            def show(item: str, part: float) -> None:
                parts[item] = part
                bar.update(task, completed=sum(parts.values()), description=item)

            return await checked(registry, plugin, items, effort, show)


def _show(found: Sequence[Checked]) -> None:
    """One item with all its findings; of several, a line each, and the findings of those that failed."""
    if len(found) > 1:
        table = Table("item", "name", "mode", "result", "warnings", box=None, pad_edge=False)
        for one in found:
            warnings = [f.rule for f in one.report.findings if f.verdict is Verdict.WARN and f.rule != "drilled"]
            result = Text("passed", "green") if one.report.passed else Text("failed", "bold red")
            table.add_row(one.item.code, Text(one.item.name), one.item.mode.value, result, ", ".join(warnings))
        out.print(table)
    for one in found:
        if len(found) == 1 or not one.report.passed:
            _show_one(one)
    failed = sum(not one.report.passed for one in found)
    say(f"{len(found)} checked, {len(found) - failed} passed, {failed} failed")


def _show_one(one: Checked) -> None:
    report = one.report
    out.print()
    say(f"{one.item.code} {one.item.name}: {'passed' if report.passed else 'failed'}")
    say(
        f"{report.mode.value} by its barriers; {report.applications_tried:,} applications at "
        f"{report.centers_tried} centers in {report.seconds:.1f} s"
    )
    table = Table(show_lines=True)
    for column in ("verdict", "rule", "evidence"):
        table.add_column(column, overflow="fold")  # Chinese has no spaces at which it could be wrapped
    for finding in report.findings:
        verdict = Text(finding.verdict.value, COLORS[finding.verdict])
        rule = Text(f"{finding.rule}\n{finding.title}\n{finding.title_en}")
        table.add_row(verdict, rule, Text(_evidence(finding)))
    out.print(table, soft_wrap=False)


def _evidence(finding: Finding) -> str:
    said = f"{finding.evidence}\n{finding.evidence_en}"
    if finding.example is None:
        return said
    return f"{said}\nfor example {json.dumps(finding.example, ensure_ascii=False, indent=2)}"


def _as_json(found: Sequence[Checked], quick: bool) -> dict[str, Any]:
    """The reports in the names of the public API. How long they took is left out: the same code gives the same text."""
    return {
        "format": FORMAT,
        "effort": "QUICK" if quick else "FULL",
        "passed": all(one.report.passed for one in found),
        "reports": [_report(one) for one in found],
    }


def _report(one: Checked) -> dict[str, Any]:
    report = one.report
    return {
        "item": report.item,
        "name": one.item.name,
        "passed": report.passed,
        "mode": report.mode.value,
        "barriers": [barrier.value for barrier in report.barriers],
        "findings": [_finding(finding) for finding in report.findings],
        "applicationsTried": report.applications_tried,
        "centersTried": report.centers_tried,
        "plugin": one.plugin.distribution,
        "pluginVersion": one.plugin.version,
        "definitionDigest": digest_of(one.item),
        "codeDigest": one.plugin.code_digest,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "title": finding.title,
        "titleEn": finding.title_en,
        "verdict": finding.verdict.value,
        "evidence": finding.evidence,
        "evidenceEn": finding.evidence_en,
        "barrier": None if finding.barrier is None else finding.barrier.value,
        "example": finding.example,
    }
