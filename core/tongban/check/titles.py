"""The rules of the check by name, in the order of a report, with their titles in Chinese and English."""

from collections.abc import Mapping
from typing import Any

from tongban.check.report import Finding, Verdict
from tongban.contract.items import Barrier

TITLES = {
    "same-verdict": ("全市同标准", "The same verdict everywhere"),
    "mode-from-barriers": ("受理方式与障碍相符", "The mode follows from the barriers"),
    "nothing-asked-twice": ("已有信息不再填写", "Nothing is asked twice"),
    "all-at-once": ("问题一次性告知", "All problems at once"),
    "chain-closed": ("材料链完整", "The chain of materials is closed"),
    "guide-complete": ("办事指南完整", "The guide is complete"),
    "well-behaved": ("规则运行正常", "The rules are well-behaved"),
    "routing-decided": ("流转去向明确", "The routing is decided"),
    "drilled": ("已经演练", "Drilled"),
}
Words = tuple[str, str]
"""A sentence in Chinese and the same in English."""


def finding(
    rule: str,
    verdict: Verdict,
    *evidence: Words,
    barrier: Barrier | None = None,
    example: Mapping[str, Any] | None = None,
) -> Finding:
    """The finding of a rule, its evidence put together of sentences."""
    title, title_en = TITLES[rule]
    return Finding(
        rule=rule,
        title=title,
        title_en=title_en,
        verdict=verdict,
        evidence="；".join(zh for zh, _ in evidence),
        evidence_en="; ".join(en for _, en in evidence),
        barrier=barrier,
        example=example,
    )


def graded(rule: str, fails: list[Words], warns: list[Words], passes: Words, **more: Any) -> Finding:
    """FAIL where there is a fault, WARN where there is a doubt, else PASS with what was looked at."""
    if fails:
        return finding(rule, Verdict.FAIL, *fails, *warns, **more)
    if warns:
        return finding(rule, Verdict.WARN, *warns, **more)
    return finding(rule, Verdict.PASS, passes, **more)
