"""Cases as rows, for what only looks at their dates: no department and no desk is asked."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from support import citizen_number
from tongban.cases.deadlines import due, statutory_due
from tongban.cases.models import Case, CaseEvent
from tongban.cases.numbers import new_number
from tongban.cases.words import CaseStatus
from tongban.catalog.models import ServiceItem
from tongban.centers import service as centers
from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Center
from tongban.identity.actor import DEVELOPER
from tongban.residents.models import Resident
from tongban.residents.service import Registration, register


async def a_resident(session: AsyncSession, now: datetime) -> Resident:
    return await register(session, DEVELOPER, Registration(name="王小明", id_number=citizen_number()), now)


async def an_item_with(session: AsyncSession, *, statutory: bool) -> ServiceItem:
    """Some item of the city for which the law says how long it may take, or does not."""
    by_law = ServiceItem.statutory_days.is_not(None) if statutory else ServiceItem.statutory_days.is_(None)
    found = await session.scalar(select(ServiceItem).where(by_law).order_by(ServiceItem.code).limit(1))
    assert found is not None
    return found


async def a_case(
    session: AsyncSession,
    received: datetime,
    *story: tuple[datetime, CaseStatus],
    promised: int = 5,
    extra: int = 0,
    statutory: bool = True,
    resident: Resident | None = None,
    **said: Any,
) -> Case:
    """A case received then, with an event for each state that it came into; its dates by today's calendar."""
    item = await an_item_with(session, statutory=statutory)
    center = (await session.scalars(select(Center).where(Center.code == "SH0114-01"))).one()
    calendar = await centers.calendar(session)
    end, by_law = due(received, promised, extra, calendar), statutory_due(received, item.statutory_days, calendar)
    passed = [(received, CaseStatus.SUBMITTED), *story]
    status = passed[-1][1]
    plain: dict[str, Any] = {
        "number": new_number(day_in_shanghai(received)),
        "item_id": item.id,
        "applicant_id": (resident or await a_resident(session, received)).id,
        "channel": "COUNTER",
        "mode": "DIRECT",
        "status": status.value,
        "version": len(passed),
        "last_event": len(passed),
        "receiving_center_id": center.id,
        "handling_center_id": center.id,
        "current_center_id": center.id,
        "custodian_id": center.id,
        "form": {},
        "delivery_route": "DIRECT_TO_RESIDENT",
        "submitted_at": received,
        "promised_days": promised,
        "extra_days": extra,
        "due_at": end.at,
        "due_provisional": end.provisional,
        "statutory_due_at": by_law.at if by_law else None,
        "statutory_provisional": by_law.provisional if by_law else None,
        "resting_since": passed[-1][0] if status is CaseStatus.SUPPLEMENT_REQUESTED else None,
        "visits": 1,
    }
    case = Case(**plain | said)
    session.add(case)
    await session.flush()
    session.add_all(
        CaseEvent(
            case_id=case.id,
            sequence=sequence,
            kind=after.value,
            at=when,
            actor="test",
            from_status=before.value if before else None,
            to_status=after.value,
        )
        for sequence, (before, (when, after)) in enumerate(
            zip([None, *(one for _, one in passed)], passed, strict=False), 1
        )
    )
    await session.flush()
    return case
