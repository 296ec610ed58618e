"""The separate clocks of a case: who has taken how much of the time (S33). Pure.

Each day of a case counts on one clock only: A's, the way's, B's or the delivery's; none, while a supplement is awaited.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tongban.cases.deadlines import (
    DELIVERY_DAYS,
    FORMAL_REVIEW_DAYS,
    TRANSIT_DAYS,
    Due,
    Rest,
    due_after_pauses,
)
from tongban.cases.words import CaseStatus
from tongban.centers.calendar import Calendar
from tongban.centers.hours import day_in_shanghai


class ClockKind(StrEnum):
    """Whose time it is."""

    RECEIVING = "RECEIVING"
    TRANSIT = "TRANSIT"
    HANDLING = "HANDLING"
    DELIVERY = "DELIVERY"


KIND_OF = {
    CaseStatus.SUBMITTED: ClockKind.RECEIVING,
    CaseStatus.ROUTING_REVIEW: ClockKind.RECEIVING,
    CaseStatus.IN_TRANSFER: ClockKind.TRANSIT,
    CaseStatus.UNDER_REVIEW: ClockKind.HANDLING,
    CaseStatus.APPROVED: ClockKind.DELIVERY,
    CaseStatus.REJECTED: ClockKind.DELIVERY,
    CaseStatus.RESULT_IN_TRANSFER: ClockKind.DELIVERY,
}
"""Whose time a state is. In `SUPPLEMENT_REQUESTED` the clock rests that ran before; closed cases have none."""
ALLOWED = {
    ClockKind.RECEIVING: FORMAL_REVIEW_DAYS,
    ClockKind.TRANSIT: TRANSIT_DAYS,
    ClockKind.DELIVERY: DELIVERY_DAYS,
}
"""Working days that each clock has; B has what is left of the promise."""


@dataclass(frozen=True, slots=True)
class Passage:
    """When a case came into a state."""

    at: datetime
    status: CaseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One clock that has begun. `ended_at` is None while it runs or rests; several stretches of it add up."""

    kind: ClockKind
    started_at: datetime
    ended_at: datetime | None
    days_used: int
    days_allowed: int
    due_at: datetime
    due_provisional: bool
    overdue: bool
    resting: bool


def clocks(
    passages: Sequence[Passage], promised_days: int, case_due: Due, calendar: Calendar, now: datetime
) -> list[Clock]:
    """The clocks that have begun, in the order of `ClockKind`.

    `promised_days` are those of the case, with what a split adds; `case_due` is the end of the whole promise, which
    B's clock ends with, whatever the others took.
    """
    runs = _runs(passages)
    found: list[Clock] = []
    left = promised_days
    for kind in ClockKind:
        if kind not in runs:
            continue
        run = runs[kind]
        if kind is ClockKind.HANDLING:
            clock = _clock(kind, run, max(left, 0), case_due, calendar, now)
        else:
            allowed = ALLOWED[kind]
            own = due_after_pauses(run.started_at, allowed, run.pauses, calendar)
            clock = _clock(kind, run, allowed, own, calendar, now)
        left -= clock.days_used
        found.append(clock)
    return found


def rests(passages: Iterable[Passage]) -> list[Rest]:
    """The times, now over, for which a supplement was awaited."""
    over: list[Rest] = []
    since: datetime | None = None
    for passage in passages:
        if since is not None:
            over.append(Rest(since, passage.at))
        since = passage.at if passage.status is CaseStatus.SUPPLEMENT_REQUESTED else None
    return over


@dataclass(slots=True)
class _Run:
    """A clock as it ran: when it stopped last, why, and the pauses that are over."""

    started_at: datetime
    stopped_at: datetime | None = None
    resting: bool = False
    pauses: list[Rest] = field(default_factory=list)

    def start(self, at: datetime) -> None:
        if self.stopped_at is not None:
            self.pauses.append(Rest(self.stopped_at, at))
        self.stopped_at, self.resting = None, False

    def stop(self, at: datetime, *, resting: bool) -> None:
        self.stopped_at, self.resting = self.stopped_at or at, resting


def _runs(passages: Sequence[Passage]) -> dict[ClockKind, _Run]:
    runs: dict[ClockKind, _Run] = {}
    running: ClockKind | None = None
    for passage in passages:
        resting = passage.status is CaseStatus.SUPPLEMENT_REQUESTED
        kind = running if resting else KIND_OF.get(passage.status)
        if running is not None and (resting or kind is not running):
            runs[running].stop(passage.at, resting=resting)
        if kind is not None and not resting:
            runs.setdefault(kind, _Run(passage.at)).start(passage.at)
        running = kind
    return runs


def _clock(kind: ClockKind, run: _Run, allowed: int, due: Due, calendar: Calendar, now: datetime) -> Clock:
    until = run.stopped_at or now
    paused = sum(_days(pause.since, pause.until, calendar) for pause in run.pauses)
    return Clock(
        kind=kind,
        started_at=run.started_at,
        ended_at=None if run.resting else run.stopped_at,
        days_used=_days(run.started_at, until, calendar) - paused,
        days_allowed=allowed,
        due_at=due.at,
        due_provisional=due.provisional,
        overdue=until > due.at,
        resting=run.resting,
    )


def _days(start: datetime, end: datetime, calendar: Calendar) -> int:
    return calendar.workdays_between(day_in_shanghai(start), day_in_shanghai(end))
