"""Notifications' desk: what residents were told, and what has not reached its channel."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, exists, false, or_, select, tuple_

from tongban.contract.notices import NoticeKind
from tongban.events import models as events
from tongban.events.relay import NotYet
from tongban.graphql.connections import Connection
from tongban.graphql.desk import Desk, Row
from tongban.graphql.fields import batch, column, connection, one
from tongban.graphql.node import Node
from tongban.graphql.sources import Selection
from tongban.graphql.stored import Stored
from tongban.messages.notices import NoticeText
from tongban.notifications import models
from tongban.notifications.wording import Wording
from tongban.notifications.words import NoticeStatus

if TYPE_CHECKING:
    from tongban.graphql.cases import Case


async def titles(desk: Desk, rows: Sequence[Row]) -> list[str]:
    """What the notices are called, in the caller's language."""
    return [_words(desk, row).title for row in rows]


async def texts(desk: Desk, rows: Sequence[Row]) -> list[str]:
    """What they say."""
    return [_words(desk, row).text for row in rows]


async def next_steps(desk: Desk, rows: Sequence[Row]) -> list[str | None]:
    """What they ask the resident to do."""
    return [_words(desk, row).next_step for row in rows]


async def statuses(desk: Desk, rows: Sequence[Row]) -> list[NoticeStatus]:
    """Where the notices stand."""
    return [
        NoticeStatus.DELIVERED
        if row["delivered_at"]
        else NoticeStatus.FAILING
        if message["last_error"]
        else NoticeStatus.PENDING
        for row, message in zip(rows, await _messages(desk, rows), strict=True)
    ]


async def attempts(desk: Desk, rows: Sequence[Row]) -> list[int]:
    """How often each was tried."""
    return [message["attempts"] for message in await _messages(desk, rows)]


async def last_errors(desk: Desk, rows: Sequence[Row]) -> list[str | None]:
    """Why each failed last, while it fails."""
    found = (message["last_error"] for message in await _messages(desk, rows))
    return [error and error.removeprefix(f"{NotYet.__name__}: ") for error in found]


@strawberry.type(description="A notice to the resident, through one channel.")
class Notice(Stored, Node, model=models.Notice):
    case: Annotated["Case", strawberry.lazy("tongban.graphql.cases")] = one("Case", "case_id")
    kind: NoticeKind = column()
    channel: str = column()
    title: str = batch(titles)
    text: str = batch(texts)
    next_step: str | None = batch(next_steps, description="What the resident may do now.")
    status: NoticeStatus = batch(statuses)
    attempts: int = batch(attempts, description="How often delivery was tried.")
    last_error: str | None = batch(last_errors, description="Why it failed last; null once it is delivered.")
    created_at: dt.datetime = column()
    delivered_at: dt.datetime | None = column()
    reference: str | None = column(description="The channel's own number for it, for inquiries there.")


@strawberry.input(description="Which notices: those that fit everything that is said.")
class NoticeFilter:
    status: list[NoticeStatus] | None = None
    channel: str | None = None
    older_than: dt.datetime | None = strawberry.field(default=None, description="Made before then.")


FilterArgument = Annotated[NoticeFilter | None, strawberry.argument(name="filter")]


def chosen_notices(_desk: Desk, filter_: FilterArgument = None) -> Selection:
    """Notices by filter."""
    notice = models.Notice
    where: list[ColumnElement[bool]] = []
    if filter_ is None:
        return Selection()
    if filter_.status is not None:
        tried = exists().where(
            events.Outbox.case_id == notice.case_id,
            events.Outbox.id == notice.message_id,
            events.Outbox.last_error.is_not(None),
        )
        fits = {
            NoticeStatus.PENDING: notice.delivered_at.is_(None) & ~tried,
            NoticeStatus.FAILING: notice.delivered_at.is_(None) & tried,
            NoticeStatus.DELIVERED: notice.delivered_at.is_not(None),
        }
        where.append(or_(false(), *(fits[status] for status in set(filter_.status))))
    if filter_.channel is not None:
        where.append(notice.channel == filter_.channel)
    if filter_.older_than is not None:
        where.append(notice.created_at < filter_.older_than)
    return Selection(where)


@strawberry.type
class NotificationsQuery:
    notices: Connection[Notice] = connection(
        "Notice",
        order=["created_at"],
        select=chosen_notices,
        description="Notices to residents, the oldest first: with `status: [FAILING]`, what operators see to.",
    )


def _words(desk: Desk, row: Row) -> NoticeText:
    return Wording.read(row["kind"], row["words"]).by(desk.language)


async def _messages(desk: Desk, rows: Sequence[Row]) -> list[Row]:
    """The notices' messages in the outbox, which know how delivery goes; one statement for all fields that ask."""
    message = events.Outbox

    async def load(keys: list[tuple[UUID, UUID]]) -> list[Row]:
        wanted = tuple_(message.case_id, message.id).in_(keys)
        found = await desk.rows(select(message.id, message.attempts, message.last_error).where(wanted))
        by_id = {row["id"]: row for row in found}
        return [by_id.get(message_id, _FORGOTTEN) for _, message_id in keys]

    loader = desk.loader("messages of notices", load)
    return list(await asyncio.gather(*(loader.load((row["case_id"], row["message_id"])) for row in rows)))


_FORGOTTEN: Any = {"attempts": 0, "last_error": None}
"""Of a message that is no longer kept."""
