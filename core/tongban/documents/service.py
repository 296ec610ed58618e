"""stub until merge"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers.models import Center
from tongban.contract.problems import Problem
from tongban.documents.models import Upload
from tongban.identity.actor import Actor
from tongban.messages import problem


async def handed_in(
    session: AsyncSession, actor: Actor, center: Center, places: Mapping[UUID, tuple[str, ...]]
) -> tuple[dict[UUID, Upload], list[Problem]]:
    if not places:
        return {}, []
    found = {
        u.id: u for u in await session.scalars(select(Upload).where(Upload.id.in_(places), Upload.state == "STORED"))
    }
    return found, [problem("unknown_document", *place, "document") for key, place in places.items() if key not in found]
