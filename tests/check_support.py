"""What tests of the check share: a small item with good rules, the shipped city, and the shipped departments."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from tongban.centers.rows import read_city
from tongban.check import (
    FULL,
    QUICK,
    CenterFacts,
    Chain,
    City,
    DivisionFacts,
    Finding,
    MaterialFacts,
    Report,
    chain_of,
    check,
)
from tongban.contract.applications import Application
from tongban.contract.form_values import date_in, integer_in
from tongban.contract.items import (
    Audience,
    Department,
    Guide,
    GuideQuestion,
    ItemDefinition,
    MaterialRequirement,
    ProcessingMode,
    RoutingBasis,
    Sample,
)
from tongban.contract.problems import Problem
from tongban.contract.rules import form_invalid, not_eligible
from tongban.definitions import JSON_SCHEMA
from tongban.registry import GROUP

Judge = Callable[[Application], Any]
THOROUGH = FULL._replace(seeded=300, explored=300)
"""A full check on fewer applications."""


@cache
def shipped_city() -> City:
    """The city as it is shipped, former divisions too."""
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
def installed() -> tuple[tuple[Any, Department], ...]:
    """The departments' modules, with what they define."""
    modules = [point.load() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)]
    return tuple((module, module.tongban_department()) for module in modules)


def shipped_items() -> dict[str, tuple[ItemDefinition, Judge]]:
    """Every shipped item with its department's rules, by code."""
    return {
        item.code: (item, module.tongban_validate) for module, department in installed() for item in department.items
    }


@cache
def shipped_chain() -> Chain:
    """The chain over all shipped departments."""
    return chain_of(department for _, department in installed())


FORM: dict[str, Any] = {
    "$schema": JSON_SCHEMA,
    "type": "object",
    "additionalProperties": False,
    "required": ["ground", "since"],
    "properties": {
        "ground": {
            "title": "申请理由",
            "oneOf": [{"const": "ILLNESS", "title": "患病"}, {"const": "AGE", "title": "高龄"}],
        },
        "since": {"title": "需要照护的起始日期", "type": "string", "format": "date"},
        "hours": {"title": "每周照护时数", "type": "integer", "minimum": 1, "maximum": 168},
    },
}
GUIDE = Guide(
    summary="需要照护的老人登记照护需求。",
    steps=("提交申请和身份证", "窗口登记"),
    conditions=("年满60周岁",),
    fee="不收费",
    result_name="照护需求登记告知书",
    questions=(GuideQuestion(question="多久有结果？", answer="五个工作日。"),),
)
ITEM = ItemDefinition(
    code="CS-001",
    name="照护需求登记",
    themes=("为老服务",),
    mode=ProcessingMode.DIRECT,
    audiences=(Audience.HUKOU, Audience.RESIDENCE_PERMIT),
    routing_basis=RoutingBasis.NONE,
    guide=GUIDE,
    form=FORM,
    materials=(MaterialRequirement(material="M-ID"), MaterialRequirement(material="M-CARE")),
    promised_days=5,
    provenance="test",
    legal_basis=("《中华人民共和国老年人权益保障法》",),
    sample=Sample(form={"ground": "AGE", "since": "2016-01-01"}, age=70),
)
"""A small item that keeps every rule."""
CHAIN = Chain(
    materials={
        "M-ID": MaterialFacts("M-ID", "公安"),
        "M-CARE": MaterialFacts("M-CARE", "医院", "CS-002"),
    },
    items=frozenset({"CS-001", "CS-002"}),
    needs={"CS-002": ("M-ID",)},
)


def rules(application: Application) -> Iterator[Problem]:
    """Three rules that have nothing to do with each other."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < 60:
        yield not_eligible("care.age", "未满60周岁", "Younger than 60")
    since = date_in(application.form, "since")
    if since is not None and since > application.received_on:
        yield form_invalid("care.since", "since", "起始日期在将来", "The first day is in the future")
    hours = integer_in(application.form, "hours")
    if hours is not None and hours > 100:
        yield form_invalid("care.hours", "hours", "时数过多", "Too many hours")


def good(application: Application) -> Sequence[Problem]:
    """All problems by these rules."""
    return tuple(rules(application))


REFUSED = not_eligible("care.refused", "不予受理", "Refused")


def also(condition: Callable[[Application], object]) -> Judge:
    """The good rules, and a refusal where the condition holds."""
    return lambda application: (*rules(application), *([REFUSED] if condition(application) else []))


def checked(
    judge: Judge = good, *, chain: Chain = CHAIN, city: City | None = None, mode_of: Any = None, **more: Any
) -> Report:
    """The report on `ITEM`, changed as said, by these rules; quick unless said otherwise."""
    options = {name: more.pop(name) for name in ("effort", "drilled", "limit", "progress") if name in more}
    return check(
        replace(ITEM, **more),
        judge,
        mode_of or (lambda application: None),
        city or shipped_city(),
        chain,
        **{"effort": QUICK, **options},
    )


def of_rule(report: Report, rule: str) -> Finding:
    """The report's finding of that rule."""
    return next(finding for finding in report.findings if finding.rule == rule)


def failed(report: Report) -> set[str]:
    """The rules that failed."""
    return {finding.rule for finding in report.findings if finding.verdict == "FAIL"}
