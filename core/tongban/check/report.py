"""What a check says: one finding for each rule, and what follows from them. Plain values that go through JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tongban.contract.items import Barrier, ProcessingMode


class Verdict(StrEnum):
    """What a rule says. WARN is worth a look and stands in nobody's way."""

    PASS = "PASS"  # noqa: S105 - no password
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule's verdict. `evidence` says in words what was looked at and what was seen.

    `barrier` is what the rule found to stand in the way of the whole city; `example` the smallest counter-example.
    """

    rule: str
    title: str
    title_en: str
    verdict: Verdict
    evidence: str
    evidence_en: str
    barrier: Barrier | None = None
    example: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole check of one item. `mode` follows from `barriers`: the declared ones and those that rules found."""

    item: str
    passed: bool
    mode: ProcessingMode
    barriers: tuple[Barrier, ...]
    findings: tuple[Finding, ...]
    applications_tried: int
    centers_tried: int
    seconds: float
