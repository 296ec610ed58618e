"""The lifecycle of a proposal: one pure table of moves, and the question whether it may be approved."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tongban.admission.words import ProposalKind
from tongban.admission.words import ProposalStatus as Is


class Do(StrEnum):
    """What is done with a proposal."""

    BEGIN_CHECK = "BEGIN_CHECK"
    PASS_CHECK = "PASS_CHECK"  # noqa: S105 - no password
    FAIL_CHECK = "FAIL_CHECK"
    GIVE_OPINION = "GIVE_OPINION"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    PUBLISH = "PUBLISH"


OPEN = frozenset({Is.DRAFT, Is.CHECKING, Is.CHECK_FAILED, Is.READY})
"""States in which a proposal is still to be decided."""
MOVES: dict[tuple[Is, Do], Is] = {
    # A check that was cut off is begun again.
    **{(status, Do.BEGIN_CHECK): Is.CHECKING for status in OPEN},
    (Is.CHECKING, Do.PASS_CHECK): Is.READY,
    (Is.CHECKING, Do.FAIL_CHECK): Is.CHECK_FAILED,
    **{(status, Do.GIVE_OPINION): status for status in OPEN},
    (Is.READY, Do.APPROVE): Is.APPROVED,
    (Is.CHECK_FAILED, Do.APPROVE): Is.APPROVED,
    (Is.DRAFT, Do.REJECT): Is.REJECTED,
    (Is.READY, Do.REJECT): Is.REJECTED,
    (Is.CHECK_FAILED, Do.REJECT): Is.REJECTED,
    (Is.APPROVED, Do.PUBLISH): Is.PUBLISHED,
}


def after(status: Is, action: Do) -> Is | None:
    """The state that `action` leads to from `status`; None where it is not possible."""
    return MOVES.get((status, action))


def first_status(kind: ProposalKind) -> Is:
    """A withdrawal has no definition to check: it is ready at once."""
    return Is.READY if kind is ProposalKind.EXIT else Is.DRAFT


@dataclass(frozen=True, slots=True)
class Waiver:
    """A failed rule approved over: which rules, why, and until when (S14)."""

    rules: frozenset[str]
    reason: str
    expires_on: date


class Gate(StrEnum):
    """Why an approval does not pass."""

    NOT_CHECKED = "NOT_CHECKED"
    CHECK_IS_STALE = "CHECK_IS_STALE"
    RULES_FAILED = "RULES_FAILED"
    WAIVER_WITHOUT_REASON = "WAIVER_WITHOUT_REASON"
    WAIVER_EXPIRED = "WAIVER_EXPIRED"
    NOTHING_TO_WAIVE = "NOTHING_TO_WAIVE"


def gate(
    status: Is, failed_rules: Collection[str] | None, waiver: Waiver | None, today: date, *, fresh: bool
) -> tuple[Gate, ...]:
    """Every reason why an approval does not pass; none, where it does.

    `failed_rules` are those of the last check, None where there was none; `fresh` says that it saw the definition and
    the code that are proposed now.
    """
    if failed_rules is None and status is not Is.READY:
        return (Gate.NOT_CHECKED,)
    reasons: list[Gate] = []
    failed = frozenset(failed_rules or ())
    if not fresh:
        reasons.append(Gate.CHECK_IS_STALE)
    waived = waiver.rules if waiver else frozenset()
    if failed - waived:
        reasons.append(Gate.RULES_FAILED)
    if waiver is not None:
        if not waiver.reason.strip():
            reasons.append(Gate.WAIVER_WITHOUT_REASON)
        if waiver.expires_on <= today:
            reasons.append(Gate.WAIVER_EXPIRED)
        if not waived or waived - failed:
            reasons.append(Gate.NOTHING_TO_WAIVE)
    return tuple(reasons)
