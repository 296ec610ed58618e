"""The state machine of a case: one pure table of moves. Who may do what, from where to where, on which path.

A decides no split case, and B decides nothing before it has taken over (S26): the table has no such move.
"""

from dataclasses import dataclass
from enum import StrEnum

from tongban.cases.words import CaseAction as Do
from tongban.cases.words import CaseStatus as Is
from tongban.contract.items import DeliveryRoute


class Side(StrEnum):
    """A or B."""

    RECEIVING = "RECEIVING"
    HANDLING = "HANDLING"


class Path(StrEnum):
    """Which way a case goes, read off its mode, its centers and its delivery route."""

    ONE_CENTER = "ONE_CENTER"
    """A does it all: a direct case, or a split one whose hukou is A's own (S28)."""
    TWO_CENTERS = "TWO_CENTERS"
    """B handles, and its result goes to the resident directly."""
    TWO_CENTERS_AND_BACK = "TWO_CENTERS_AND_BACK"
    """B handles, and its result goes home through A."""
    UNROUTED = "UNROUTED"
    """A split case of a street that has no center: it waits, nobody guesses (S27)."""


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the table."""

    source: Is
    action: Do
    target: Is
    by: Side
    paths: frozenset[Path]


ONE = frozenset({Path.ONE_CENTER})
TWO = frozenset({Path.TWO_CENTERS, Path.TWO_CENTERS_AND_BACK})
BACK = frozenset({Path.TWO_CENTERS_AND_BACK})
ROUTED = ONE | TWO
A, B = Side.RECEIVING, Side.HANDLING

MOVES = (
    Move(Is.SUBMITTED, Do.ACCEPT, Is.UNDER_REVIEW, A, ONE),
    Move(Is.SUBMITTED, Do.ACCEPT, Is.IN_TRANSFER, A, TWO),
    Move(Is.SUBMITTED, Do.ACCEPT, Is.ROUTING_REVIEW, A, frozenset({Path.UNROUTED})),
    Move(Is.ROUTING_REVIEW, Do.ACCEPT, Is.UNDER_REVIEW, A, ONE),
    Move(Is.ROUTING_REVIEW, Do.ACCEPT, Is.IN_TRANSFER, A, TWO),
    Move(Is.IN_TRANSFER, Do.ACKNOWLEDGE_TRANSFER, Is.UNDER_REVIEW, B, TWO),
    Move(Is.UNDER_REVIEW, Do.APPROVE, Is.APPROVED, B, ROUTED),
    Move(Is.UNDER_REVIEW, Do.REJECT, Is.REJECTED, B, ROUTED),
    Move(Is.APPROVED, Do.DELIVER_RESULT, Is.DELIVERED, B, ROUTED - BACK),
    Move(Is.APPROVED, Do.DELIVER_RESULT, Is.RESULT_IN_TRANSFER, B, BACK),
    Move(Is.REJECTED, Do.DELIVER_RESULT, Is.DELIVERED, B, ROUTED - BACK),
    Move(Is.REJECTED, Do.DELIVER_RESULT, Is.RESULT_IN_TRANSFER, B, BACK),
    Move(Is.RESULT_IN_TRANSFER, Do.DELIVER_RESULT, Is.DELIVERED, A, BACK),
)
CLOSED = frozenset({Is.DELIVERED, Is.RETURNED, Is.WITHDRAWN})
_TURN_OF_A = frozenset({Is.SUBMITTED, Is.ROUTING_REVIEW, Is.RESULT_IN_TRANSFER})


def path_of(*, same_center: bool, routed: bool, route: DeliveryRoute) -> Path:
    """The path of a case: whether A and B are one center, whether B is known, how the result goes home."""
    if not routed:
        return Path.UNROUTED
    if same_center:
        return Path.ONE_CENTER
    back = route is DeliveryRoute.VIA_RECEIVING_CENTER
    return Path.TWO_CENTERS_AND_BACK if back else Path.TWO_CENTERS


def move_for(status: Is, action: Do, path: Path) -> Move | None:
    """The move that `action` makes from `status` on `path`; None where there is none."""
    found = (move for move in MOVES if move.source is status and move.action is action and path in move.paths)
    return next(found, None)


def available_actions(status: Is, path: Path) -> tuple[Do, ...]:
    """What may be done now, in the order of the table. A case that waits for its route may be accepted again."""
    if status is Is.ROUTING_REVIEW:
        return (Do.ACCEPT,)
    actions = (move.action for move in MOVES if move.source is status and path in move.paths)
    return tuple(dict.fromkeys(actions))


def turn_of(status: Is) -> Side | None:
    """The side whose turn it is in `status`; None once the case is closed."""
    if status in CLOSED:
        return None
    return Side.RECEIVING if status in _TURN_OF_A else Side.HANDLING
