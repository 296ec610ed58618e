"""The tongban check as it travels to a department's process and back.

Only who checks loads this: what the check is made of (Hypothesis above all) takes a worker's start twice as long.
"""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from tongban.check import Chain, City, Effort, Finding, Report, check
from tongban.check.court import Judge, ModeOf
from tongban.contract.items import ItemDefinition

ITEM: TypeAdapter[ItemDefinition] = TypeAdapter(ItemDefinition)
CITY: TypeAdapter[City] = TypeAdapter(City)
CHAIN: TypeAdapter[Chain] = TypeAdapter(Chain)
REPORT: TypeAdapter[Report] = TypeAdapter(Report)
FINDING: TypeAdapter[Finding | None] = TypeAdapter(Finding | None)


def question(
    definition: ItemDefinition, city: City, chain: Chain, effort: Effort, drilled: Finding | None
) -> dict[str, Any]:
    """What a worker is asked."""
    return {
        "op": "check",
        "definition": ITEM.dump_python(definition, mode="json"),
        "city": CITY.dump_python(city, mode="json"),
        "chain": CHAIN.dump_python(chain, mode="json"),
        "effort": list(effort),
        "drilled": FINDING.dump_python(drilled, mode="json"),
    }


def answer(
    question: dict[str, Any], judge: Judge, mode_of: ModeOf, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """What a worker answers: the report on the definition, by these rules."""
    report = check(
        ITEM.validate_python(question["definition"]),
        judge,
        mode_of,
        CITY.validate_python(question["city"]),
        CHAIN.validate_python(question["chain"]),
        effort=Effort(*question["effort"]),
        drilled=FINDING.validate_python(question["drilled"]),
        progress=lambda done, total: tell({"done": done, "total": total}),
    )
    return {"report": REPORT.dump_python(report, mode="json")}
