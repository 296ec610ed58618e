"""What happens by itself when its time has come. Each sweep takes what is due, some cases at once, and says how many.

Several processes may sweep at once: a case that another holds is left out and comes with the next sweep.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases import deadlines
from tongban.cases.lifecycle import SystemAction
from tongban.cases.models import Case, SupplementRequest, Transfer
from tongban.cases.review import expire_supplement
from tongban.cases.service import accept_by_law
from tongban.cases.steps import Step, finish, record
from tongban.cases.words import CaseStatus
from tongban.centers import service as centers
from tongban.identity.actor import SYSTEM

AT_ONCE = 100
"""Cases of one sweep, at most."""
Sweep = Callable[[AsyncSession, datetime], Awaitable[int]]


async def accept_late_notices(session: AsyncSession, now: datetime) -> int:
    """Accepts what nobody has accepted or returned in time: a notice late by law means accepted (行政许可法 第32条)."""
    calendar, accepted = await centers.calendar(session), 0
    earliest = now - timedelta(days=deadlines.FORMAL_REVIEW_DAYS)
    for case in await _held(session, Case.status == CaseStatus.SUBMITTED.value, Case.submitted_at < earliest):
        if deadlines.accepted_by_law_at(case.submitted_at, calendar).at < now:
            await accept_by_law(session, case, SystemAction.ACCEPTED_BY_LAW, _by_itself(now))
            accepted += 1
    return accepted


async def expire_supplements(session: AsyncSession, now: datetime) -> int:
    """Goes on with the review where a supplement didn't come in time."""
    late = select(SupplementRequest.case_id).where(
        SupplementRequest.due_at < now, SupplementRequest.answered_at.is_(None), SupplementRequest.expired_at.is_(None)
    )
    found = await _held(session, Case.status == CaseStatus.SUPPLEMENT_REQUESTED.value, Case.id.in_(late))
    for case in found:
        await expire_supplement(session, case, _by_itself(now))
    return len(found)


async def escalate_transfers(session: AsyncSession, now: datetime) -> int:
    """Tells of transfers that nobody has taken over: after 30 minutes, after 4 hours, after a working day."""
    calendar, told = await centers.calendar(session), 0
    first = now - deadlines.LATE_AFTER[0]
    open_since = (
        Transfer.sent_at <= first,
        Transfer.acknowledged_at.is_(None),
        Transfer.refused_at.is_(None),
        Transfer.canceled_at.is_(None),
        Transfer.escalation < len(deadlines.LATE_AFTER) + 1,
    )
    late = select(Transfer.case_id).where(*open_since).order_by(Transfer.sent_at).limit(10 * AT_ONCE)
    for case in await _held(session, Case.id.in_(late)):
        for transfer in await session.scalars(select(Transfer).where(Transfer.case_id == case.id, *open_since)):
            levels = deadlines.late_levels(transfer.sent_at, calendar)
            level = sum(instant <= now for instant in levels)
            if level > transfer.escalation:
                transfer.escalation = level
                data = {"transfer": str(transfer.id), "level": level, "stored": transfer.delivered_at is not None}
                await _tell(session, case, "TRANSFER_LATE", data, now)
                told += 1
    return told


async def tell_late_routing(session: AsyncSession, now: datetime) -> int:
    """Tells, once, of cases that nobody has found a center for in time."""
    late = Case.routing_due_at < now
    found = await _held(session, Case.status == CaseStatus.ROUTING_REVIEW.value, late)
    for case in found:
        data = {"dueAt": case.routing_due_at.isoformat() if case.routing_due_at else None}
        case.routing_due_at = None
        await _tell(session, case, "ROUTING_LATE", data, now)
    return len(found)


SWEEPS: tuple[Sweep, ...] = (accept_late_notices, expire_supplements, escalate_transfers, tell_late_routing)


def _by_itself(now: datetime) -> Step:
    return Step(actor=SYSTEM, now=now, expected_version=None)


async def _held(session: AsyncSession, *where: ColumnElement[bool]) -> list[Case]:
    """Cases that are due, locked; in the order of their ids, so that two sweeps don't wait for each other."""
    due = select(Case).where(*where).order_by(Case.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    return list(await session.scalars(due))


async def _tell(session: AsyncSession, case: Case, kind: str, data: dict[str, Any], now: datetime) -> None:
    record(session, case, kind, case.status, case.current_center_id, _by_itself(now), data)
    await finish(session, case, case.current_center_id, now)
