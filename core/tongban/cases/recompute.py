"""Due dates computed anew once a year of the calendar is published, or published differently."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, extract, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.clocks import Passage, rests
from tongban.cases.deadlines import Rest, due_after_rests, statutory_due
from tongban.cases.models import Case, CaseEvent
from tongban.cases.steps import Step, record
from tongban.cases.words import CaseStatus
from tongban.catalog.models import ServiceItem
from tongban.centers import publishing
from tongban.centers import service as centers
from tongban.centers.calendar import Calendar
from tongban.centers.hours import SHANGHAI
from tongban.centers.models import CalendarPublication
from tongban.centers.publishing import Publication
from tongban.events import worklists
from tongban.events.words import WorklistChangeKind
from tongban.identity.actor import SYSTEM, Actor

CHUNK = 500
"""Cases that are held in memory at once."""
DUE_CHANGED = "DUE_CHANGED"


async def publish_calendar(
    session: AsyncSession, actor: Actor, wanted: Publication, now: datetime
) -> tuple[CalendarPublication, int]:
    """Publishes a year; gives how many open cases are due at another time since. Raises Refused with every problem."""
    publication = await publishing.publish(session, actor, wanted, now)
    first, after = (datetime(year, 1, 1, tzinfo=SHANGHAI) for year in (wanted.year, wanted.year + 1))
    latest = func.greatest(Case.due_at, Case.statutory_due_at)  # the one of them that there is
    return publication, await _recomputed(session, now, and_(Case.submitted_at < after, latest >= first))


async def recompute_provisional(session: AsyncSession, now: datetime) -> int:
    """Makes final what was provisional and need not be any more; gives how many cases changed.

    A timer does it beside `publish_calendar`, since a case may be submitted by the old calendar while the new one is
    being published.
    """
    years = (await centers.calendar(session)).years
    promised = and_(Case.due_provisional.is_(True), _year(Case.due_at).in_(years))
    statutory = and_(Case.statutory_provisional.is_(True), _year(Case.statutory_due_at).in_(years))
    as_indexed = text("(due_provisional OR statutory_provisional)")
    return await _recomputed(session, now, and_(as_indexed, or_(promised, statutory)))


def _year(moment: Any) -> ColumnElement[int]:
    return extract("year", func.timezone(str(SHANGHAI), moment))


async def _recomputed(session: AsyncSession, now: datetime, which: ColumnElement[bool]) -> int:
    calendar = await centers.calendar(session)
    step = Step(actor=SYSTEM, now=now, expected_version=None)
    changed: list[tuple[UUID | None, UUID]] = []
    last = UUID(int=0)
    while True:
        found = await session.execute(
            select(Case, ServiceItem.statutory_days)
            .join(ServiceItem, ServiceItem.id == Case.item_id)
            .where(Case.closed_at.is_(None), which, Case.id > last)
            .order_by(Case.id)
            .limit(CHUNK)
            .with_for_update(of=Case)
            .execution_options(populate_existing=True)
        )
        chunk = [(case, days) for case, days in found]
        if not chunk:
            break
        last = chunk[-1][0].id
        rested = await _rests(session, [case.id for case, _ in chunk])
        for case, statutory_days in chunk:
            if difference := _due_anew(case, statutory_days, rested.get(case.id, []), calendar):
                record(session, case, DUE_CHANGED, case.status, case.current_center_id, step, difference)
                changed.append((case.current_center_id, case.id))
        await session.flush()
        for case, _ in chunk:
            session.expunge(case)
    # The worklists' counters come last, all centers in one order, so that nobody waits for each other.
    for center, case_id in sorted((center, case_id) for center, case_id in changed if center is not None):
        await worklists.announce(session, [(center, WorklistChangeKind.CHANGED)], case_id, now)
    return len(changed)


def _due_anew(
    case: Case, statutory_days: int | None, rested: Sequence[Rest], calendar: Calendar
) -> dict[str, Any] | None:
    """Brings the case's due dates to the calendar; gives what they were and are, or None where they stay."""
    before = _dates(case)
    promised, case.rested_days = due_after_rests(
        case.submitted_at, case.promised_days, case.extra_days, rested, calendar
    )
    by_law = statutory_due(case.submitted_at, statutory_days, calendar)
    case.due_at, case.due_provisional = promised.at, promised.provisional
    case.statutory_due_at = by_law.at if by_law else None
    case.statutory_provisional = by_law.provisional if by_law else None
    after = _dates(case)
    return None if before == after else {"from": before, "to": after}


def _dates(case: Case) -> dict[str, Any]:
    by_law = case.statutory_due_at
    return {
        "dueAt": case.due_at.astimezone(SHANGHAI).isoformat(),
        "dueProvisional": case.due_provisional,
        "statutoryDueAt": by_law.astimezone(SHANGHAI).isoformat() if by_law else None,
        "statutoryProvisional": case.statutory_provisional,
    }


async def _rests(session: AsyncSession, cases: Sequence[UUID]) -> Mapping[UUID, list[Rest]]:
    """Each case's times for which a supplement was awaited, those that are over."""
    waiting = CaseStatus.SUPPLEMENT_REQUESTED.value
    found = await session.execute(
        select(CaseEvent.case_id, CaseEvent.at, CaseEvent.to_status)
        .where(
            CaseEvent.case_id.in_(cases),
            (CaseEvent.to_status == waiting) | (CaseEvent.from_status == waiting),
            CaseEvent.from_status.is_distinct_from(CaseEvent.to_status),
        )
        .order_by(CaseEvent.case_id, CaseEvent.sequence)
    )
    passages: dict[UUID, list[Passage]] = {}
    for case_id, at, status in found:
        passages.setdefault(case_id, []).append(Passage(at, CaseStatus(status)))
    return {case_id: rests(passed) for case_id, passed in passages.items()}
