"""A case event as it is published to a message broker: what happened, and nobody's data."""

import re
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tongban.cases.models import Case, CaseEvent
from tongban.catalog.models import ServiceItem
from tongban.centers.models import Center
from tongban.events.broker import Broker, Publication
from tongban.events.outbox import Message
from tongban.events.relay import NotYet


async def publish(session: AsyncSession, message: Message, broker: Broker | None) -> None:
    """Handles a message of topic BROKER: it is done when the broker has the event.

    Raises NotYet where none is configured any more: what was to be published waits for it.
    """
    if broker is None:
        raise NotYet("no broker is configured")
    publication = await publication_of(session, message.case_id, message.payload["sequence"])
    if publication is not None:
        await broker.publish(publication)


async def publication_of(session: AsyncSession, case_id: UUID, sequence: int) -> Publication | None:
    """The event, ready to be published; None where there is none."""
    receiving, handling, acting, first = aliased(Center), aliased(Center), aliased(Center), aliased(CaseEvent)
    found = await session.execute(
        select(
            CaseEvent,
            Case.number,
            Case.mode,
            ServiceItem.code.label("item"),
            receiving.code.label("receiving"),
            handling.code.label("handling"),
            acting.code.label("acting"),
            first.data.label("submitted"),
        )
        .join(Case, Case.id == CaseEvent.case_id)
        .join(ServiceItem, ServiceItem.id == Case.item_id)
        .join(receiving, receiving.id == Case.receiving_center_id)
        .join(handling, handling.id == Case.handling_center_id)
        .outerjoin(acting, acting.id == CaseEvent.center_id)
        .outerjoin(first, (first.case_id == CaseEvent.case_id) & (first.sequence == 1))
        .where(CaseEvent.case_id == case_id, CaseEvent.sequence == sequence)
    )
    row = found.one_or_none()
    if row is None:
        return None
    event: CaseEvent = row.CaseEvent
    body = {
        "id": f"{case_id}:{sequence}",
        "case": str(case_id),
        "number": row.number,
        "sequence": sequence,
        "kind": event.kind,
        "at": event.at,
        "fromStatus": event.from_status,
        "toStatus": event.to_status,
        "item": row.item,
        "mode": row.mode,
        "center": row.acting,
        "receivingCenter": row.receiving,
        "handlingCenter": row.handling,
        "plugin": _plugin(event.data) or _plugin(row.submitted),
    }
    return Publication(
        id=f"{case_id}:{sequence}",
        subject=f"tongban.case.{_token(row.item)}.{_token(event.kind)}",
        body=orjson.dumps(body, option=orjson.OPT_UTC_Z),
    )


def _plugin(data: dict[str, Any] | None) -> dict[str, str] | None:
    """The distribution whose rules judged, if the event says so; nothing else of its data goes out."""
    if not data or "plugin" not in data:
        return None
    return {"distribution": str(data["plugin"]), "version": str(data.get("version"))}


def _token(text: str) -> str:
    """A part of a subject: dots, stars and blanks have a meaning there."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)
