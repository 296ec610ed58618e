"""The table of moves: every state, action and path by itself, and what no history can do."""

from itertools import product

import pytest

from tongban.cases.lifecycle import CLOSED, MOVES, Path, Side, available_actions, move_for, path_of, turn_of
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
    while available_actions(seen[-1], path):
        move = move_for(seen[-1], available_actions(seen[-1], path)[0], path)
        if move is None:
            break
        seen.append(move.target)
    assert seen == states


def test_there_is_one_move_at_most_for_each_state_action_and_path() -> None:
    for state, action, path in product(Is, Do, Path):
        found = [move for move in MOVES if (move.source, move.action) == (state, action) and path in move.paths]
        assert len(found) <= 1
        assert move_for(state, action, path) == (found[0] if found else None)


def test_what_is_available_can_be_done_and_nothing_else() -> None:
    """But for a case that waits for its route: it may be accepted again once the record names a center."""
    for state, path in product(Is, Path):
        possible = {action for action in Do if move_for(state, action, path)}
        said = available_actions(state, path)
        assert len(said) == len(set(said))
        assert set(said) == ({Do.ACCEPT} if state is Is.ROUTING_REVIEW else possible)


def test_there_is_no_way_out_of_a_closed_state() -> None:
    for state, path in product(CLOSED, Path):
        assert available_actions(state, path) == ()
        assert turn_of(state) is None


def test_every_open_state_is_somebodys_turn_who_can_act() -> None:
    for move in MOVES:
        assert turn_of(move.source) is move.by


def test_a_decides_no_split_case_and_b_none_before_acknowledging() -> None:
    assert {move.by for move in MOVES if move.action in DECISIONS} == {Side.HANDLING}
    for path in TWO:
        into_review = [move for move in MOVES if move.target is Is.UNDER_REVIEW and path in move.paths]
        assert {(move.action, move.by) for move in into_review} == {(Do.ACKNOWLEDGE_TRANSFER, Side.HANDLING)}
    assert all(move.source is Is.UNDER_REVIEW for move in MOVES if move.action in DECISIONS)


def test_nobody_decides_a_case_without_a_route() -> None:
    reached, todo = {Is.SUBMITTED}, [Is.SUBMITTED]
    while todo:
        state = todo.pop()
        for move in MOVES:
            if move.source is state and Path.UNROUTED in move.paths and move.target not in reached:
                reached.add(move.target)
                todo.append(move.target)
    assert reached == {Is.SUBMITTED, Is.ROUTING_REVIEW}
    assert not [move for move in MOVES if move.action in DECISIONS and Path.UNROUTED in move.paths]


def test_from_every_state_of_a_path_there_is_a_way_to_the_end() -> None:
    for path in (Path.ONE_CENTER, *TWO):
        ends = set(CLOSED)
        for _ in Is:
            ends |= {move.source for move in MOVES if path in move.paths and move.target in ends}
        assert {move.source for move in MOVES if path in move.paths} <= ends
