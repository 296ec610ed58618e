"""The state machine of a case: one pure table of moves. Who may do what, from where to where, on which path.

A decides no split case, and B decides nothing before it has taken over (S26): the table has no such move. What leaves A
for B comes back to A before it goes elsewhere: custody has one path, whatever B says.
"""

from dataclasses import dataclass
from enum import StrEnum

from tongban.cases.words import CaseAction as Do
from tongban.cases.words import CaseStatus as Is
from tongban.contract.items import DeliveryRoute


class Side(StrEnum):
    """Who moves: A, B, the applicant (at A, or from home), or the system by itself."""

    RECEIVING = "RECEIVING"
    HANDLING = "HANDLING"
    APPLICANT = "APPLICANT"
    SYSTEM = "SYSTEM"


class SystemAction(StrEnum):
    """What nobody asks for: the system does it, at its time."""

    ACCEPTED_BY_LAW = "ACCEPTED_BY_LAW"
    """No notice of what is missing came in time: by law the application is accepted (行政许可法 第32条)."""
    ROUTE = "ROUTE"
    """The route was computed anew, after a refusal or since the center was merged into another."""
    SUPPLEMENT_EXPIRED = "SUPPLEMENT_EXPIRED"
    """The supplement didn't come in time; the reviewer decides on what is there."""


Action = Do | SystemAction


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
    action: Action
    target: Is
    by: Side
    paths: frozenset[Path]


ONE = frozenset({Path.ONE_CENTER})
TWO = frozenset({Path.TWO_CENTERS, Path.TWO_CENTERS_AND_BACK})
BACK = frozenset({Path.TWO_CENTERS_AND_BACK})
UNROUTED = frozenset({Path.UNROUTED})
ROUTED = ONE | TWO
ANY = ROUTED | UNROUTED
A, B, APPLICANT, SYSTEM = Side.RECEIVING, Side.HANDLING, Side.APPLICANT, Side.SYSTEM
BY_LAW, ROUTE, EXPIRED = SystemAction.ACCEPTED_BY_LAW, SystemAction.ROUTE, SystemAction.SUPPLEMENT_EXPIRED

MOVES = (
    Move(Is.SUBMITTED, Do.ACCEPT, Is.UNDER_REVIEW, A, ONE),
    Move(Is.SUBMITTED, Do.ACCEPT, Is.IN_TRANSFER, A, TWO),
    Move(Is.SUBMITTED, Do.ACCEPT, Is.ROUTING_REVIEW, A, UNROUTED),
    Move(Is.SUBMITTED, BY_LAW, Is.UNDER_REVIEW, SYSTEM, ONE),
    Move(Is.SUBMITTED, BY_LAW, Is.IN_TRANSFER, SYSTEM, TWO),
    Move(Is.SUBMITTED, BY_LAW, Is.ROUTING_REVIEW, SYSTEM, UNROUTED),
    Move(Is.SUBMITTED, Do.RETURN, Is.RETURNED, A, ANY),
    Move(Is.SUBMITTED, Do.WITHDRAW, Is.WITHDRAWN, APPLICANT, ANY),
    Move(Is.ROUTING_REVIEW, Do.ACCEPT, Is.UNDER_REVIEW, A, ONE),
    Move(Is.ROUTING_REVIEW, Do.ACCEPT, Is.IN_TRANSFER, A, TWO),
    Move(Is.ROUTING_REVIEW, ROUTE, Is.UNDER_REVIEW, SYSTEM, ONE),
    Move(Is.ROUTING_REVIEW, ROUTE, Is.IN_TRANSFER, SYSTEM, TWO),
    Move(Is.ROUTING_REVIEW, Do.WITHDRAW, Is.WITHDRAWN, APPLICANT, ANY),
    Move(Is.IN_TRANSFER, Do.ACKNOWLEDGE_TRANSFER, Is.UNDER_REVIEW, B, TWO),
    Move(Is.IN_TRANSFER, Do.REFUSE_TRANSFER, Is.ROUTING_REVIEW, B, TWO),
    Move(Is.IN_TRANSFER, ROUTE, Is.UNDER_REVIEW, SYSTEM, ONE),
    Move(Is.IN_TRANSFER, ROUTE, Is.IN_TRANSFER, SYSTEM, TWO),
    Move(Is.IN_TRANSFER, Do.WITHDRAW, Is.WITHDRAWN, APPLICANT, TWO),
    Move(Is.UNDER_REVIEW, Do.APPROVE, Is.APPROVED, B, ROUTED),
    Move(Is.UNDER_REVIEW, Do.REJECT, Is.REJECTED, B, ROUTED),
    Move(Is.UNDER_REVIEW, Do.REQUEST_SUPPLEMENT, Is.SUPPLEMENT_REQUESTED, B, ROUTED),
    Move(Is.UNDER_REVIEW, Do.WITHDRAW, Is.WITHDRAWN, APPLICANT, ROUTED),
    Move(Is.SUPPLEMENT_REQUESTED, Do.SUPPLEMENT, Is.UNDER_REVIEW, APPLICANT, ONE),
    Move(Is.SUPPLEMENT_REQUESTED, Do.SUPPLEMENT, Is.IN_TRANSFER, APPLICANT, TWO),
    Move(Is.SUPPLEMENT_REQUESTED, EXPIRED, Is.UNDER_REVIEW, SYSTEM, ROUTED),
    Move(Is.SUPPLEMENT_REQUESTED, Do.WITHDRAW, Is.WITHDRAWN, APPLICANT, ROUTED),
    Move(Is.APPROVED, Do.DELIVER_RESULT, Is.DELIVERED, B, ROUTED - BACK),
    Move(Is.APPROVED, Do.DELIVER_RESULT, Is.RESULT_IN_TRANSFER, B, BACK),
    Move(Is.REJECTED, Do.DELIVER_RESULT, Is.DELIVERED, B, ROUTED - BACK),
    Move(Is.REJECTED, Do.DELIVER_RESULT, Is.RESULT_IN_TRANSFER, B, BACK),
    Move(Is.RESULT_IN_TRANSFER, Do.DELIVER_RESULT, Is.DELIVERED, A, BACK),
    Move(Is.DELIVERED, Do.RATE, Is.DELIVERED, APPLICANT, ROUTED),
)
CLOSED = frozenset({Is.DELIVERED, Is.RETURNED, Is.WITHDRAWN})
_TURN_OF_A = frozenset({Is.SUBMITTED, Is.ROUTING_REVIEW, Is.SUPPLEMENT_REQUESTED, Is.RESULT_IN_TRANSFER})
_IN_TWO_HANDS = frozenset({Is.IN_TRANSFER, Is.ROUTING_REVIEW, Is.RESULT_IN_TRANSFER})


def path_of(*, same_center: bool, routed: bool, route: DeliveryRoute) -> Path:
    """The path of a case: whether A and B are one center, whether B is known, how the result goes home."""
    if not routed:
        return Path.UNROUTED
    if same_center:
        return Path.ONE_CENTER
    back = route is DeliveryRoute.VIA_RECEIVING_CENTER
    return Path.TWO_CENTERS_AND_BACK if back else Path.TWO_CENTERS


def move_for(status: Is, action: Action, path: Path) -> Move | None:
    """The move that `action` makes from `status` on `path`; None where there is none."""
    found = (move for move in MOVES if move.source is status and move.action is action and path in move.paths)
    return next(found, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What else bears on what may be done: something on its way, and what can be done only once."""

    underway: bool = False
    supplement_asked: bool = False
    """By the center that handles the case now."""
    rated: bool = False

    def forbid(self, status: Is, action: Action) -> bool:
        """Whether the action has to wait until what is on its way is stored, or was done already."""
        waits = self.underway and status in _IN_TWO_HANDS and action is not Do.WITHDRAW
        again = (self.supplement_asked and action is Do.REQUEST_SUPPLEMENT) or (self.rated and action is Do.RATE)
        return waits or again


def available_actions(status: Is, path: Path, facts: Facts | None = None) -> tuple[Do, ...]:
    """What people may do now, in the order of the table. A case that waits for its route may be accepted again."""
    known = facts or Facts()
    moves = [move for move in MOVES if move.source is status]
    if status is Is.ROUTING_REVIEW:
        actions = [move.action for move in moves]
    else:
        actions = [move.action for move in moves if path in move.paths]
    return tuple(
        action for action in dict.fromkeys(actions) if isinstance(action, Do) and not known.forbid(status, action)
    )


def turn_of(status: Is) -> Side | None:
    """The side whose turn it is in `status`; None once the case is closed."""
    if status in CLOSED:
        return None
    return Side.RECEIVING if status in _TURN_OF_A else Side.HANDLING
