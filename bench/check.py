"""How long the tongban check takes: one item, and all items of the installed departments, over all main centers.

    .venv/bin/python bench/check.py [--quick] [--warnings] [CODE ...]

Each item runs in full (or with --quick) in one of as many processes as there are cores; nothing is extrapolated.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from importlib.metadata import entry_points
from time import perf_counter, process_time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tongban.centers.rows import read_city
from tongban.check import FULL, QUICK, CenterFacts, Chain, City, DivisionFacts, Report, Verdict, chain_of, check
from tongban.contract.items import Department, ItemDefinition
from tongban.registry import GROUP

ONE_ITEM, ALL_ITEMS = 10, 600
"""Seconds that one item and all of them may take."""


@cache
def city() -> City:
    """The shipped city."""
    rows = read_city()
    center_of = {row.division_code: row.code for row in rows.centers}
    today = [DivisionFacts(row.code, row.district_code, center_of.get(row.code)) for row in rows.divisions]
    former = [
        DivisionFacts(row.former_division_code, row.district_code, row.code, current=False)
        for row in rows.centers
        if row.former_division_code
    ]
    centers = tuple(CenterFacts(row.code, row.district_code, row.division_code) for row in rows.centers)
    return City(centers, (*today, *former))


@cache
def departments() -> Sequence[tuple[Any, Department]]:
    """The installed plugins' modules with their departments."""
    modules = [point.load() for point in entry_points(group=GROUP)]
    return tuple((module, module.tongban_department()) for module in modules)


@cache
def items() -> dict[str, tuple[Any, ItemDefinition]]:
    """Each item by its code, with its plugin."""
    return {item.code: (module, item) for module, department in departments() for item in department.items}


@cache
def chain() -> Chain:
    """The chain over all departments."""
    return chain_of(department for _, department in departments())


def run(code: str, quick: bool) -> tuple[Report, float]:
    """Checks one item; with the seconds of processor time that it took."""
    began = process_time()
    module, item = items()[code]
    mode_of: Callable[..., Any] = getattr(module, "tongban_processing_mode", lambda application: None)
    report = check(item, module.tongban_validate, mode_of, city(), chain(), effort=QUICK if quick else FULL)
    return report, process_time() - began


def main(words: list[str]) -> int:
    """Checks the items named, or all; exit code 1 where one fails or takes too long."""
    quick = "--quick" in words
    codes = [word for word in words if not word.startswith("--")] or list(items())
    console, began = Console(), perf_counter()
    reports: list[Report] = []
    processor = 0.0
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProcessPoolExecutor(os.cpu_count()) as pool, Progress(*bars, console=console) as progress:
        task = progress.add_task("checking", total=len(codes))
        for done in as_completed([pool.submit(run, code, quick) for code in codes]):
            report, used = done.result()
            processor += used
            reports.append(report)
            progress.update(task, advance=1, description=f"{report.item} {report.seconds:.2f} s")
    took = perf_counter() - began
    for report in sorted(reports, key=lambda report: report.item):
        for finding in report.findings:
            if finding.verdict is Verdict.FAIL or (finding.verdict is Verdict.WARN and "--warnings" in words):
                console.print(
                    f"{report.item} {finding.rule}: {finding.verdict} {finding.evidence_en} {finding.example}"
                )
    slowest = max(reports, key=lambda report: report.seconds)
    mean = sum(report.seconds for report in reports) / len(reports)
    print(
        f"{len(reports)} items, {slowest.centers_tried} centers, {os.cpu_count()} processes: {took:.1f} s in all, "
        f"{processor:.1f} s of processor time"
    )
    print(f"one item: {mean:.2f} s on average, {slowest.seconds:.2f} s at most ({slowest.item})")
    print(f"applications for each item: {slowest.applications_tried}")
    slow = slowest.seconds > ONE_ITEM or took > ALL_ITEMS
    return int(slow or not all(report.passed for report in reports))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
