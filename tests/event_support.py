"""What tests of events work with: a case, and what happened to it, committed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from case_support import bare_case
from support import NOW, citizen_number
from tongban.cases.models import Case, CaseEvent
from tongban.catalog.models import ServiceItem
from tongban.centers.models import Center
from tongban.events import worklists
from tongban.events.words import WorklistChangeKind
from tongban.identity.actor import DEVELOPER
from tongban.residents import service as residents
from tongban.residents.service import Registration
from tongban.storage.database import Sessions
from tongban.storage.ids import new_id


async def new_case(sessions: Sessions, number: str = "") -> Case:
    """A case and its first event, as they lie in the tables after a submission."""
    async with sessions() as session:
        center = (await session.scalars(select(Center.id).order_by(Center.code).limit(1))).one()
        item = (await session.scalars(select(ServiceItem.id).order_by(ServiceItem.code).limit(1))).one()
        said = Registration(name="王小明", id_number=citizen_number())
        resident = await residents.register(session, DEVELOPER, said, NOW)
        case = bare_case(number=number or f"T-{new_id().hex}", item_id=item, applicant_id=resident.id, center=center)
        session.add(case)
        await session.commit()
    await tell(sessions, case.id, kind="SUBMITTED")
    return case


async def tell(sessions: Sessions, case: UUID, times: int = 1, **said: Any) -> list[UUID]:
    """That many more events of the case, each in a transaction of its own, as verbs write them; their ids."""
    told = []
    for _ in range(times):
        async with sessions() as session:
            await session.execute(select(Case.id).where(Case.id == case).with_for_update())
            last = await session.scalar(select(func.max(CaseEvent.sequence)).where(CaseEvent.case_id == case))
            plain = {"kind": "NOTED", "at": NOW, "actor": "test", "to_status": "SUBMITTED"}
            event = CaseEvent(id=new_id(), case_id=case, sequence=(last or 0) + 1, **plain | said)
            session.add(event)
            await session.commit()
            told.append(event.id)
    return told


async def announce(
    sessions: Sessions, center: UUID, case: UUID, kinds: Sequence[WorklistChangeKind] = (WorklistChangeKind.CHANGED,)
) -> None:
    """Changes of the center's worklist, each in a transaction of its own."""
    for kind in kinds:
        async with sessions() as session:
            await worklists.announce(session, [(center, kind)], case, NOW)
            await session.commit()
