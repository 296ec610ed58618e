"""The tongban check (全市通办准入检查): "whether an item can be done city-wide is a condition of its admission"."""

from tongban.check.admission import check
from tongban.check.chain import Chain, MaterialFacts, chain_of
from tongban.check.city import CenterFacts, City, DivisionFacts
from tongban.check.report import Finding, Report, Verdict
from tongban.check.rules.mode_from_barriers import derived_mode
from tongban.check.titles import finding
from tongban.check.trial import FULL, QUICK, Effort

__all__ = [
    "FULL",
    "QUICK",
    "CenterFacts",
    "Chain",
    "City",
    "DivisionFacts",
    "Effort",
    "Finding",
    "MaterialFacts",
    "Report",
    "Verdict",
    "chain_of",
    "check",
    "derived_mode",
    "finding",
]
