"""The table of moves: every state, action and path by itself, and what no history can do."""

from itertools import product

import pytest

from tongban.cases.lifecycle import (
    CLOSED,
    MOVES,
    Facts,
    Path,
    Side,
    SystemAction,
    available_actions,
    move_for,
    path_of,
    turn_of,
)
from tongban.cases.words import CaseAction as Do
from tongban.cases.words import CaseStatus as Is
from tongban.contract.items import DeliveryRoute

HOME, THROUGH_A = DeliveryRoute.DIRECT_TO_RESIDENT, DeliveryRoute.VIA_RECEIVING_CENTER
DECISIONS = frozenset({Do.APPROVE, Do.REJECT})
TWO = (Path.TWO_CENTERS, Path.TWO_CENTERS_AND_BACK)


@pytest.mark.parametrize(
    ("same_center", "routed", "route", "path"),
    [
        (True, True, HOME, Path.ONE_CENTER),
        (True, True, THROUGH_A, Path.ONE_CENTER),
        (False, True, HOME, Path.TWO_CENTERS),
        (False, True, THROUGH_A, Path.TWO_CENTERS_AND_BACK),
        (True, False, HOME, Path.UNROUTED),
        (False, False, THROUGH_A, Path.UNROUTED),
    ],
)
def test_the_path_of_a_case(same_center: bool, routed: bool, route: DeliveryRoute, path: Path) -> None:
    assert path_of(same_center=same_center, routed=routed, route=route) is path


@pytest.mark.parametrize(
    ("path", "states"),
    [
        (Path.ONE_CENTER, [Is.SUBMITTED, Is.UNDER_REVIEW, Is.APPROVED, Is.DELIVERED]),
        (Path.TWO_CENTERS, [Is.SUBMITTED, Is.IN_TRANSFER, Is.UNDER_REVIEW, Is.APPROVED, Is.DELIVERED]),
        (
            Path.TWO_CENTERS_AND_BACK,
            [Is.SUBMITTED, Is.IN_TRANSFER, Is.UNDER_REVIEW, Is.APPROVED, Is.RESULT_IN_TRANSFER, Is.DELIVERED],
        ),
        (Path.UNROUTED, [Is.SUBMITTED, Is.ROUTING_REVIEW]),
    ],
)
def test_the_way_of_an_approved_case(path: Path, states: list[Is]) -> None:
    seen = [Is.SUBMITTED]
    while seen[-1] not in CLOSED:
        move = move_for(seen[-1], available_actions(seen[-1], path)[0], path)
        if move is None:
            break
        seen.append(move.target)
    assert seen == states


def test_there_is_one_move_at_most_for_each_state_action_and_path() -> None:
    for state, action, path in product(Is, (*Do, *SystemAction), Path):
        found = [move for move in MOVES if (move.source, move.action) == (state, action) and path in move.paths]
        assert len(found) <= 1
        assert move_for(state, action, path) == (found[0] if found else None)


def test_what_is_available_can_be_done_and_nothing_else() -> None:
    """But for a case that waits for its route: it may be accepted again once the record names a center."""
    for state, path in product(Is, Path):
        possible = {action for action in Do if move_for(state, action, path)}
        said = available_actions(state, path)
        assert len(said) == len(set(said))
        assert set(said) == ({Do.ACCEPT, Do.WITHDRAW} if state is Is.ROUTING_REVIEW else possible)


def test_nobody_takes_over_what_has_not_arrived() -> None:
    underway = Facts(underway=True)
    for path in Path:
        assert set(available_actions(Is.IN_TRANSFER, path, underway)) <= {Do.WITHDRAW}
        assert available_actions(Is.ROUTING_REVIEW, path, underway) == (Do.WITHDRAW,)
        assert available_actions(Is.RESULT_IN_TRANSFER, path, underway) == ()


def test_what_is_done_once_is_not_available_again() -> None:
    assert Do.RATE in available_actions(Is.DELIVERED, Path.ONE_CENTER)
    assert available_actions(Is.DELIVERED, Path.ONE_CENTER, Facts(rated=True)) == ()
    asked = available_actions(Is.UNDER_REVIEW, Path.ONE_CENTER, Facts(supplement_asked=True))
    assert asked == (Do.APPROVE, Do.REJECT, Do.WITHDRAW)


def test_there_is_no_way_out_of_a_closed_state() -> None:
    assert {move.target for move in MOVES if move.source in CLOSED} == {Is.DELIVERED}, "only rating, which stays"
    for state, path in product(CLOSED, Path):
        assert set(available_actions(state, path)) <= ({Do.RATE} if state is Is.DELIVERED else set())
        assert turn_of(state) is None


def test_every_open_state_is_somebodys_turn_who_can_act() -> None:
    """The applicant acts at A, or from home; the system, at its time."""
    for move in MOVES:
        if move.source not in CLOSED and move.by in (Side.RECEIVING, Side.HANDLING):
            assert turn_of(move.source) is move.by


def test_whoever_wants_it_no_longer_can_say_so_until_it_is_decided() -> None:
    decided = {Is.APPROVED, Is.REJECTED, Is.RESULT_IN_TRANSFER} | CLOSED
    assert {move.source for move in MOVES if move.action is Do.WITHDRAW} == set(Is) - decided


def test_a_decides_no_split_case_and_b_none_before_acknowledging() -> None:
    assert {move.by for move in MOVES if move.action in DECISIONS} == {Side.HANDLING}
    for path in TWO:
        into_review = [move for move in MOVES if move.target is Is.UNDER_REVIEW and path in move.paths]
        assert {(move.source, move.action, move.by) for move in into_review} == {
            (Is.IN_TRANSFER, Do.ACKNOWLEDGE_TRANSFER, Side.HANDLING),
            (Is.SUPPLEMENT_REQUESTED, SystemAction.SUPPLEMENT_EXPIRED, Side.SYSTEM),
        }
    assert all(move.source is Is.UNDER_REVIEW for move in MOVES if move.action in DECISIONS)


def test_nobody_decides_a_case_without_a_route() -> None:
    reached, todo = {Is.SUBMITTED}, [Is.SUBMITTED]
    while todo:
        state = todo.pop()
        for move in MOVES:
            if move.source is state and Path.UNROUTED in move.paths and move.target not in reached:
                reached.add(move.target)
                todo.append(move.target)
    assert reached == {Is.SUBMITTED, Is.ROUTING_REVIEW, Is.RETURNED, Is.WITHDRAWN}
    assert not [move for move in MOVES if move.action in DECISIONS and Path.UNROUTED in move.paths]


def test_from_every_state_of_a_path_there_is_a_way_to_the_end() -> None:
    for path in (Path.ONE_CENTER, *TWO):
        ends = set(CLOSED)
        for _ in Is:
            ends |= {move.source for move in MOVES if path in move.paths and move.target in ends}
        assert {move.source for move in MOVES if path in move.paths} <= ends
