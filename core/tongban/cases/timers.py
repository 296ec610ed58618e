"""What happens by itself when its time has come.

Each case in a transaction of its own, as people's steps are: one that fails keeps no other from its time, and
worklists are held no longer than by a person. Several processes may sweep at once: a case that another holds is left
out and comes with the next sweep.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases import deadlines
from tongban.cases.custody import open_transfer, still_open
from tongban.cases.lifecycle import SystemAction
from tongban.cases.models import Case, SupplementRequest, Transfer
from tongban.cases.review import expire_supplement
from tongban.cases.service import accept_by_law
from tongban.cases.steps import Step, finish, record
from tongban.cases.words import CaseStatus
from tongban.centers import service as centers
from tongban.centers.calendar import Calendar
from tongban.centers.hours import SHANGHAI, day_in_shanghai
from tongban.errors import traced
from tongban.identity.actor import SYSTEM
from tongban.storage.database import Sessions

LOT = 500
"""Cases of one kind in one sweep, at most; the rest comes with the next."""
NOON, MIDNIGHT = time(12), time(0)
Which: TypeAlias = Callable[[Calendar, datetime], Sequence[ColumnElement[bool]]]
Act: TypeAlias = Callable[[AsyncSession, Case, Calendar, datetime], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timer:
    """Which cases are due, exactly, and what is done with one of them."""

    name: str
    due: Which
    act: Act


async def sweep(sessions: Sessions, now: datetime, timers: Sequence[Timer] | None = None) -> int:
    """Does what is due, all timers' where none are named; says with how many cases."""
    done = 0
    async with sessions() as session:
        calendar = await centers.calendar(session)
    for timer in TIMERS if timers is None else timers:
        where = timer.due(calendar, now)
        async with sessions() as session:
            ids = (await session.scalars(select(Case.id).where(*where).limit(LOT))).all()
        for case_id in ids:
            try:
                done += await _one(sessions, timer, case_id, where, calendar, now)
            except Exception as error:
                log.warning("the timer %s failed for a case and is tried again: %s", timer.name, traced(error))
    return done


async def _one(
    sessions: Sessions,
    timer: Timer,
    case_id: UUID,
    where: Sequence[ColumnElement[bool]],
    calendar: Calendar,
    now: datetime,
) -> bool:
    """Whether the case was still due, and nobody else's."""
    async with sessions() as session, session.begin():
        held = await session.scalar(select(Case).where(Case.id == case_id).with_for_update(skip_locked=True))
        # Asked under the lock, by a statement of its own: the one that waited for it sees other tables as before.
        if held is None or await session.scalar(select(Case.id).where(Case.id == case_id, *where)) is None:
            return False
        await timer.act(session, held, calendar, now)
        return True


def _unanswered(calendar: Calendar, now: datetime) -> Sequence[ColumnElement[bool]]:
    """Neither accepted nor returned in time: a notice late by law means accepted (行政许可法 第32条)."""
    end = _end_of_last_day(now, lambda start: deadlines.accepted_by_law_at(start, calendar).at)
    return Case.status == CaseStatus.SUBMITTED.value, Case.submitted_at < end


async def _accept(session: AsyncSession, case: Case, _calendar: Calendar, now: datetime) -> None:
    await accept_by_law(session, case, SystemAction.ACCEPTED_BY_LAW, _by_itself(now))


def _not_supplied(_calendar: Calendar, now: datetime) -> Sequence[ColumnElement[bool]]:
    """The supplement didn't come in time: the review goes on."""
    asked = SupplementRequest
    late = exists().where(
        asked.case_id == Case.id, asked.due_at < now, asked.answered_at.is_(None), asked.expired_at.is_(None)
    )
    return Case.status == CaseStatus.SUPPLEMENT_REQUESTED.value, late


async def _expire(session: AsyncSession, case: Case, _calendar: Calendar, now: datetime) -> None:
    await expire_supplement(session, case, _by_itself(now))


def _not_taken_over(calendar: Calendar, now: datetime) -> Sequence[ColumnElement[bool]]:
    """Nobody took the transfer over: told after 30 minutes, after 4 hours, after a working day."""
    end = _end_of_last_day(now, lambda start: deadlines.late_levels(start, calendar)[-1])
    reached = [*(Transfer.sent_at <= now - after for after in deadlines.LATE_AFTER), Transfer.sent_at < end]
    behind = or_(*(and_(Transfer.escalation < level, late) for level, late in enumerate(reached, 1)))
    return (exists().where(Transfer.case_id == Case.id, *still_open(), behind),)


async def _escalate(session: AsyncSession, case: Case, calendar: Calendar, now: datetime) -> None:
    transfer = await open_transfer(session, case)
    assert transfer is not None  # noqa: S101 - the case is due for it
    transfer.escalation = sum(instant <= now for instant in deadlines.late_levels(transfer.sent_at, calendar))
    stored = transfer.delivered_at is not None
    data = {"transfer": str(transfer.id), "level": transfer.escalation, "stored": stored}
    await _tell(session, case, "TRANSFER_LATE", data, now)


def _not_routed(_calendar: Calendar, now: datetime) -> Sequence[ColumnElement[bool]]:
    """Nobody has found a center for it in time: told once."""
    return Case.status == CaseStatus.ROUTING_REVIEW.value, Case.routing_due_at < now


async def _tell_of_routing(session: AsyncSession, case: Case, _calendar: Calendar, now: datetime) -> None:
    data = {"dueAt": case.routing_due_at.isoformat() if case.routing_due_at else None}
    case.routing_due_at = None
    await _tell(session, case, "ROUTING_LATE", data, now)


TIMERS = (
    Timer("accepted by law", _unanswered, _accept),
    Timer("supplement expired", _not_supplied, _expire),
    Timer("transfer late", _not_taken_over, _escalate),
    Timer("routing late", _not_routed, _tell_of_routing),
)


def _end_of_last_day(now: datetime, due: Callable[[datetime], datetime]) -> datetime:
    """The end of the last day of which all that began has become due: deadlines count by days."""
    day = day_in_shanghai(now)
    while due(datetime.combine(day, NOON, SHANGHAI)) > now:
        day -= timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), MIDNIGHT, SHANGHAI)


def _by_itself(now: datetime) -> Step:
    return Step(actor=SYSTEM, now=now, expected_version=None)


async def _tell(session: AsyncSession, case: Case, kind: str, data: dict[str, Any], now: datetime) -> None:
    record(session, case, kind, case.status, case.current_center_id, _by_itself(now), data)
    await finish(session, case, case.current_center_id, now)
