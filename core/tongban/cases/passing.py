"""Where a case goes on: the route computed, the move made, and the documents sent where they have to go."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases import deadlines
from tongban.cases.assessment import route_again
from tongban.cases.custody import documents_held, send
from tongban.cases.lifecycle import Move, Path, SystemAction, move_for
from tongban.cases.models import Case, SupplementRequest
from tongban.cases.routing import Route
from tongban.cases.steps import Step, moved, path
from tongban.cases.words import CaseStatus, DocumentPurpose, TransferPurpose
from tongban.catalog.models import ServiceItem
from tongban.centers import service as centers
from tongban.centers.models import Center
from tongban.residents.models import Resident

HANDED_IN = (DocumentPurpose.APPLICATION, DocumentPurpose.SUPPLEMENT)
"""What the handling center reviews."""


async def pass_on(
    session: AsyncSession, case: Case, move: Move, step: Step, data: dict[str, Any] | None = None
) -> None:
    """Makes a move by which the case goes on from A: to B with the documents that A holds, or into routing review.

    Where one center acts for both by now, nothing travels: it is there already.
    """
    source, target = case.custodian_id, case.handling_center_id
    with session.no_autoflush:  # what the verb has changed so far goes with the new state
        if await centers.same(session, source, target):  # B has the application already; this is a supplement
            source = await centers.acting(session, case.receiving_center_id)
        if move.target is CaseStatus.IN_TRANSFER and await centers.same(session, source, target):
            move = move_for(move.source, move.action, Path.ONE_CENTER) or move
    if move.target is CaseStatus.ROUTING_REVIEW:
        case.routing_due_at = deadlines.routing_review_due(step.now, await centers.calendar(session)).at
    await moved(session, case, move, step, data)
    if move.target is CaseStatus.IN_TRANSFER:
        documents = await documents_held(session, case, source, *HANDED_IN)
        await send(session, case, TransferPurpose.HANDLING, source, target, documents, step)


async def try_route(session: AsyncSession, case: Case, now: datetime, refused_by: UUID | None = None) -> bool:
    """Computes the route of a waiting case by what is recorded now; where that names no center, nothing changes.

    The center that has just refused is no answer either, nor is the one that acts for it.
    """
    item = await session.get_one(ServiceItem, case.item_id)
    resident = await session.get_one(Resident, case.applicant_id)
    receiving = await session.get_one(Center, case.receiving_center_id)
    way = await route_again(session, item, resident, receiving)
    if way.center is None or (refused_by is not None and await centers.same(session, way.center, refused_by)):
        return False
    take(case, way, now)
    if await _has_asked(session, case):
        case.supplement_asked_by = case.handling_center_id
    return True


async def _has_asked(session: AsyncSession, case: Case) -> bool:
    """Whether the center that handles the case now has asked for a supplement before it went elsewhere."""
    asked = select(SupplementRequest.id).where(
        SupplementRequest.case_id == case.id, SupplementRequest.center_id == case.handling_center_id
    )
    return await session.scalar(asked) is not None


def take(case: Case, way: Route, now: datetime) -> None:
    """Writes the route, and what it was computed from, into the case."""
    if way.center is not None:
        case.handling_center_id = way.center
    case.routed_by = way.division if way.center else None
    case.routing = way.stored(now)
    case.routing_due_at = None


async def route_on(session: AsyncSession, case: Case, step: Step, refused_by: UUID) -> None:
    """Routes a refused case that has come home, by itself; without another center it waits for A to look into it."""
    if await try_route(session, case, step.now, refused_by):
        move = move_for(CaseStatus(case.status), SystemAction.ROUTE, path(case))
        assert move is not None  # noqa: S101
        await pass_on(session, case, move, step, {"refusedBy": str(refused_by)})


async def follow_merger(session: AsyncSession, case: Case, acting: UUID, step: Step) -> None:
    """B was merged into another center while the case was on its way to it: the case follows (S31)."""
    merged = case.handling_center_id
    case.handling_center_id = acting
    if case.supplement_asked_by == merged or await _has_asked(session, case):
        case.supplement_asked_by = acting  # what one of them has asked for, the other has
    case.routing = (case.routing or {}) | {"mergedInto": str(acting)}
    move = move_for(CaseStatus(case.status), SystemAction.ROUTE, path(case))
    assert move is not None  # noqa: S101
    await pass_on(session, case, move, step, {"merged": str(merged)})
