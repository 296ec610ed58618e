"""Streams' desk: subscriptions, which answer again and again. Each answer is read as that of a request of its own."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

import strawberry
from sqlalchemy import select

from tongban.cases import models as cases
from tongban.centers import models as centers
from tongban.events import models
from tongban.events.feed import WORKLISTS, Behind, Feed, Stream, head
from tongban.events.words import WorklistChangeKind
from tongban.graphql.cases import Case, CaseEvent
from tongban.graphql.desk import Desk, Info
from tongban.graphql.errors import BadInput, NotThere, Resume, Unavailable
from tongban.graphql.fields import column, one
from tongban.graphql.problems import shown
from tongban.graphql.stored import Stored, global_id, key_of
from tongban.messages.problems import problem

CASE_EVENTS = Stream.of(cases.CaseEvent.case_id, cases.CaseEvent.sequence)


@strawberry.type(description="What happened to a case on a center's worklist.")
class WorklistChange(Stored, model=models.WorklistChange):
    kind: WorklistChangeKind = column()
    case: Case = one("Case", "case_id")
    sequence: int = column(
        description="Counts from 1 within the center, without a gap; who comes back names the last one as `since`."
    )


@strawberry.type(
    description="What is told as it happens. One that has to end says so with the code RESUME, and from where to go on "
    "in `extensions.since`."
)
class Subscription:
    @strawberry.subscription(
        description="Every event of one case, from the one after `since`; a client that reconnects misses none."
    )
    async def case_events(
        self, info: Info, case: strawberry.ID, since: strawberry.ID | None = None
    ) -> AsyncGenerator[CaseEvent, None]:
        desk = info.context
        feed = await _feed(desk)
        key = await _case(desk, case)
        last, after = since, 0
        if since is not None:
            after = await _number(desk, key, since)
        await desk.rest()
        try:
            async with aclosing(feed.follow(CASE_EVENTS, key, after)) as rows:
                async for row in rows:
                    last = global_id(CaseEvent, row)
                    await desk.anew()
                    yield CaseEvent.of(row)
        except Behind as behind:
            raise Resume(last) from behind

    @strawberry.subscription(
        description="What arrives at, changes in and leaves a center's worklist: from the change after `since`, or "
        "from now on."
    )
    async def worklist(self, info: Info, center: str, since: int | None = None) -> AsyncGenerator[WorklistChange, None]:
        desk = info.context
        feed = await _feed(desk)
        key = await _center(desk, center)
        last = await desk.read(lambda session: head(session, WORKLISTS, key))
        if since is not None and not 0 <= since <= last:
            raise BadInput(f"`since` must be from 0 to {last}, the last change of this worklist.")
        await desk.rest()
        try:
            async with aclosing(feed.follow(WORKLISTS, key, last if since is None else since)) as rows:
                async for row in rows:
                    await desk.anew()
                    yield WorklistChange.of(row)
        except Behind as behind:
            raise Resume(behind.sequence) from behind


async def _feed(desk: Desk) -> Feed:
    """The feed to follow, once it is this subscription's turn to look up what it names."""
    if desk.feed is None:
        raise Unavailable
    await desk.anew()
    return desk.feed


async def _case(desk: Desk, text: str) -> UUID:
    """The case's id. Raises NotThere."""
    key = key_of(Case, text)
    if key is None or not await desk.rows(select(cases.Case.id).where(cases.Case.id == key)):
        raise NotThere(shown([problem("unknown_case", "case")], desk.language)[0].message)
    return key


async def _number(desk: Desk, case: UUID, text: str) -> int:
    """The number of the case's event with that id. Raises BadInput where the case has none."""
    event = cases.CaseEvent
    found = await desk.rows(select(event.sequence).where(event.case_id == case, event.id == key_of(CaseEvent, text)))
    if not found:
        raise BadInput("`since` is no event of this case. Use the id of one.")
    return int(found[0]["sequence"])


async def _center(desk: Desk, code: str) -> UUID:
    """The center's id. Raises NotThere."""
    found = await desk.rows(select(centers.Center.id).where(centers.Center.code == code))
    if not found:
        raise NotThere(shown([problem("unknown_center", "center", center=code)], desk.language)[0].message)
    key: UUID = found[0]["id"]
    return key
