"""The lifecycle of a proposal as a table, and the gate before an approval."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.admission.lifecycle import MOVES, OPEN, Do, Gate, Waiver, after, first_status, gate
from tongban.admission.words import ProposalKind
from tongban.admission.words import ProposalStatus as Is

TODAY = date(2026, 11, 24)
LATER = TODAY + timedelta(days=1)
RULES = st.frozensets(st.sampled_from(["same-verdict", "guide-complete", "mode-from-barriers"]))
WAIVERS = st.builds(
    Waiver,
    rules=RULES,
    reason=st.sampled_from(["", " ", "试点"]),
    expires_on=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)


def test_the_whole_way_and_the_ways_out() -> None:
    way = [first_status(ProposalKind.ADMIT)]
    for action in (Do.GIVE_OPINION, Do.BEGIN_CHECK, Do.PASS_CHECK, Do.GIVE_OPINION, Do.APPROVE, Do.PUBLISH):
        way.append(after(way[-1], action) or pytest.fail(f"{action} is not possible from {way[-1]}"))
    assert way == [Is.DRAFT, Is.DRAFT, Is.CHECKING, Is.READY, Is.READY, Is.APPROVED, Is.PUBLISHED]
    assert after(Is.CHECKING, Do.FAIL_CHECK) is Is.CHECK_FAILED
    assert after(Is.CHECK_FAILED, Do.BEGIN_CHECK) is Is.CHECKING
    assert {status for status in Is if after(status, Do.REJECT)} == {Is.DRAFT, Is.CHECK_FAILED, Is.READY}


def test_a_withdrawal_has_nothing_to_check() -> None:
    assert {kind: first_status(kind) for kind in ProposalKind} == {
        ProposalKind.ADMIT: Is.DRAFT,
        ProposalKind.ADJUST: Is.DRAFT,
        ProposalKind.EXIT: Is.READY,
    }


@given(actions=st.lists(st.sampled_from(Do), max_size=30), kind=st.sampled_from(ProposalKind))
def test_whatever_is_done(actions: list[Do], kind: ProposalKind) -> None:
    """There is no way out of REJECTED and PUBLISHED, and none to APPROVED but from a check or for a withdrawal."""
    status, before = first_status(kind), [first_status(kind)]
    for action in actions:
        target = after(status, action)
        if target is None:
            continue
        assert status not in (Is.REJECTED, Is.PUBLISHED)
        if target is Is.APPROVED:
            assert status in (Is.READY, Is.CHECK_FAILED)
            assert kind is ProposalKind.EXIT or Is.CHECKING in before
        if target is Is.PUBLISHED:
            assert status is Is.APPROVED
        status = target
        before.append(status)


def test_open_is_whatever_can_still_be_decided() -> None:
    decided = {Is.APPROVED, Is.REJECTED, Is.PUBLISHED}
    assert set(Is) - decided == OPEN
    assert not any(target in OPEN for (status, _), target in MOVES.items() if status in decided)


def waiver(*rules: str, reason: str = "试点", until: date = LATER) -> Waiver:
    return Waiver(frozenset(rules), reason, until)


@pytest.mark.parametrize(
    ("status", "failed", "said", "fresh", "reasons"),
    [
        (Is.READY, [], None, True, ()),
        (Is.READY, None, None, True, ()),
        (Is.DRAFT, None, None, True, (Gate.NOT_CHECKED,)),
        (Is.DRAFT, None, waiver("a"), True, (Gate.NOT_CHECKED,)),
        (Is.READY, [], None, False, (Gate.CHECK_IS_STALE,)),
        (Is.CHECK_FAILED, ["a"], None, True, (Gate.RULES_FAILED,)),
        (Is.CHECK_FAILED, ["a", "b"], waiver("a"), True, (Gate.RULES_FAILED,)),
        (Is.CHECK_FAILED, ["a", "b"], waiver("a", "b"), True, ()),
        (Is.CHECK_FAILED, ["a"], waiver("a", until=TODAY), True, (Gate.WAIVER_EXPIRED,)),
        (Is.CHECK_FAILED, ["a"], waiver("a", reason="\n "), True, (Gate.WAIVER_WITHOUT_REASON,)),
        (Is.CHECK_FAILED, ["a"], waiver("a", "b"), True, (Gate.NOTHING_TO_WAIVE,)),
        (Is.READY, [], waiver(), True, (Gate.NOTHING_TO_WAIVE,)),
        (Is.READY, None, waiver("a"), True, (Gate.NOTHING_TO_WAIVE,)),
        (
            Is.CHECK_FAILED,
            ["a"],
            waiver("b", reason="", until=TODAY),
            False,
            (
                Gate.CHECK_IS_STALE,
                Gate.RULES_FAILED,
                Gate.WAIVER_WITHOUT_REASON,
                Gate.WAIVER_EXPIRED,
                Gate.NOTHING_TO_WAIVE,
            ),
        ),
    ],
)
def test_every_reason_of_the_gate(
    status: Is, failed: list[str] | None, said: Waiver | None, fresh: bool, reasons: tuple[Gate, ...]
) -> None:
    assert gate(status, failed, said, TODAY, fresh=fresh) == reasons


@given(failed=RULES, said=st.none() | WAIVERS, fresh=st.booleans())
def test_nothing_passes_the_gate_but_a_fresh_check_whose_failures_are_waived_for_a_time(
    failed: frozenset[str], said: Waiver | None, fresh: bool
) -> None:
    status = Is.CHECK_FAILED if failed else Is.READY
    passes = gate(status, failed, said, TODAY, fresh=fresh) == ()
    if said is None:
        assert passes is (fresh and not failed)
    else:
        good = bool(said.reason.strip()) and said.expires_on > TODAY
        assert passes is (fresh and good and bool(failed) and said.rules == failed)
