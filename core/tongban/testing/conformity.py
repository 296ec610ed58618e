"""Whether a plugin conforms: it is loaded as the host loads it, and each of its items is put to a quick check."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from hypothesis import strategies as st

from tongban.centers.facts import shipped_city
from tongban.check import QUICK, Chain, Effort, Finding, Verdict, chain_of, check
from tongban.check.applications import Applications
from tongban.contract.applications import Application
from tongban.contract.items import Department, ItemDefinition
from tongban.registry import GROUP
from tongban.registry.worker import Worker


def conforms(plugin: ModuleType | str, effort: Effort = QUICK) -> None:
    """Raises AssertionError with all that keeps a plugin from being admitted; `plugin` is its module, or its name.

    It must load as the host loads it, claim no code that is taken, and each of its items must pass the tongban check,
    over the shipped city and beside the departments installed. The rules run in this process, without its limits.
    """
    __tracebackhide__ = True
    name = plugin if isinstance(plugin, str) else plugin.__name__
    try:
        worker = Worker(name, name)
    except Exception as error:
        raise AssertionError(f"{name} can't be loaded: {error}") from error
    department = worker.department
    others = [other for other in _installed() if other.code != department.code]
    chain = chain_of([*others, department])
    faults = list(_taken(department, others))
    for item in department.items:
        report = check(item, worker.problems_of, worker.mode_of, shipped_city(), chain, effort=effort)
        failed = [_told(finding) for finding in report.findings if finding.verdict is Verdict.FAIL]
        faults += [f"{item.code} {item.name}\n{told}" for told in failed]
    if faults:
        raise AssertionError(f"{name} does not conform:\n" + "\n".join(faults))


def applications(item: ItemDefinition) -> st.SearchStrategy[Application]:
    """Applications for an item as the check tries them: people of all kinds, forms good and bad, any materials."""
    return Applications.of(item, shipped_city(), _installed_chain()).strategy()


@cache
def _installed() -> tuple[Department, ...]:
    """The departments installed that can be loaded."""
    found = []
    for point in entry_points(group=GROUP):
        with suppress(Exception, SystemExit):  # another plugin's fault is not this one's
            found.append(Worker(point.name, point.value).department)
    return tuple(found)


@cache
def _installed_chain() -> Chain:
    return chain_of(_installed())


def _claims(department: Department) -> list[str]:
    materials = [f"material {material.code}" for material in department.materials]
    return [department.code, *(item.code for item in department.items), *materials]


def _taken(department: Department, others: list[Department]) -> Iterator[str]:
    """A sentence for each code that is claimed twice."""
    owners = {code: other.name for other in others for code in _claims(other)}
    for code, count in Counter(_claims(department)).items():
        if count > 1:
            yield f"{code} is claimed twice"
        if code in owners:
            yield f"{code} is claimed by {owners[code]} too"


def _told(finding: Finding) -> str:
    """A finding as a developer reads it."""
    lines = [
        f"  {finding.rule}: {finding.title} / {finding.title_en}",
        f"    {finding.evidence}",
        f"    {finding.evidence_en}",
    ]
    if finding.example is not None:
        lines.append(f"    for example {json.dumps(finding.example, ensure_ascii=False)}")
    return "\n".join(lines)
