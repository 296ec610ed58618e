"""From a case event to notices, and from a notice to its channel: what the relay calls for these topics."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import Exists, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tongban.cases.models import Case, CaseEvent
from tongban.cases.words import CaseStatus
from tongban.catalog.models import Material, ServiceItem
from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Center
from tongban.contract.items import DeliveryRoute
from tongban.contract.notices import Notice as NoticeValue
from tongban.events.broker import Broker
from tongban.events.outbox import Message, put
from tongban.events.relay import Handler, NotYet
from tongban.events.words import Topic
from tongban.notifications.channels import Channels, Undelivered
from tongban.notifications.models import Notice
from tongban.notifications.publication import publish
from tongban.notifications.wording import Happened, Name, Wording, worded
from tongban.storage.ids import new_id

LANGUAGE = "zh"
"""Of residents, as long as no other is on record for anybody."""
ANY_ORDER = 0
"""The sequence of NOTICE messages: the relay lets none of a case wait for another, since a channel that fails must not
hold up the others. Within a channel, the order is kept here."""


def handlers(channels: Channels, broker: Broker | None = None) -> dict[Topic, Handler]:
    """What the relay calls for the topics of this room."""
    return {
        Topic.EVENT: partial(fan_out, channels=channels, publishing=broker is not None),
        Topic.NOTICE: partial(deliver, channels=channels),
        Topic.BROKER: partial(publish, broker=broker),
    }


async def fan_out(session: AsyncSession, message: Message, channels: Channels, publishing: bool = False) -> None:
    """Handles a case event: a notice for each channel where residents hear of it, a message for the broker if any.

    The same event handled again adds nothing.
    """
    sequence: int = message.payload["sequence"]
    if publishing:
        put(session, message.case_id, Topic.BROKER, sequence, {"sequence": sequence}, message.now)
    told = await _told(session, message.case_id, sequence)
    if told is None:
        return
    there = set(
        await session.scalars(
            select(Notice.channel).where(Notice.case_id == message.case_id, Notice.sequence == sequence)
        )
    )
    for channel in channels:
        if channel in there:
            continue
        notice_id = new_id()
        payload = {"notice": str(notice_id)}
        message_id = put(session, message.case_id, Topic.NOTICE, ANY_ORDER, payload, message.now)
        session.add(
            Notice(
                case_id=message.case_id,
                id=notice_id,
                sequence=sequence,
                kind=told.kind.value,
                channel=channel,
                words=told.kept(),
                created_at=message.now,
                message_id=message_id,
            )
        )
    await session.flush()


async def deliver(session: AsyncSession, message: Message, channels: Channels) -> None:
    """Handles a notice: its channel takes it, once. Raises NotYet with the reason where it does not."""
    key = message.case_id, UUID(message.payload["notice"])
    notice = await session.get(Notice, key, with_for_update=True, populate_existing=True)
    if notice is None or notice.delivered_at is not None:
        return
    if await session.scalar(select(_an_earlier(notice))):
        raise NotYet("an earlier notice of the case waits for this channel")
    channel = channels.get(notice.channel)
    if channel is None:
        raise NotYet(f"there is no channel {notice.channel}")
    value = await _value(session, notice)
    try:
        delivery = await channel.deliver(value)
    except Undelivered as reason:
        raise NotYet(str(reason)) from reason
    notice.delivered_at = message.now
    notice.reference = delivery.reference
    await session.flush()


def _an_earlier(notice: Notice) -> Exists:
    """Whether one of the same case is still to be told through the same channel."""
    other = aliased(Notice)
    return exists().where(
        other.case_id == notice.case_id,
        other.channel == notice.channel,
        other.sequence < notice.sequence,
        other.delivered_at.is_(None),
    )


async def _told(session: AsyncSession, case_id: UUID, sequence: int) -> Wording | None:
    """What the resident is told of the event."""
    row = (
        await session.execute(
            select(CaseEvent, Case, ServiceItem.name, ServiceItem.name_en, Center)
            .join(Case, Case.id == CaseEvent.case_id)
            .join(ServiceItem, ServiceItem.id == Case.item_id)
            .join(Center, Center.id == Case.receiving_center_id)
            .where(CaseEvent.case_id == case_id, CaseEvent.sequence == sequence)
        )
    ).one_or_none()
    if row is None:
        return None
    event, case, center = row.CaseEvent, row.Case, row.Center
    data = event.data or {}
    return worded(
        Happened(
            event=event.kind,
            before=CaseStatus(event.from_status) if event.from_status else None,
            after=CaseStatus(event.to_status),
            number=case.number,
            item=Name.of(row.name, row.name_en),
            center=Name.of(center.name, center.name_en),
            telephone=center.telephone,
            due=day_in_shanghai(case.due_at),
            provisional=case.due_provisional,
            route=DeliveryRoute(case.delivery_route),
            one_center=case.receiving_center_id == case.handling_center_id,
            materials=await _named(session, data.get("materials") or ()),
            until=day_in_shanghai(datetime.fromisoformat(data["dueAt"])) if "dueAt" in data else None,
            same_due=_promise(data.get("from")) == _promise(data.get("to")) is not None,
        )
    )


def _promise(dates: object) -> tuple[object, object] | None:
    """Of the dates that an event tells, those that the resident was promised."""
    return (dates.get("dueAt"), dates.get("dueProvisional")) if isinstance(dates, dict) else None


async def _named(session: AsyncSession, codes: Sequence[str]) -> list[Name]:
    """The materials by their names, in the order of the codes; one that is not known by its code."""
    if not codes:
        return []
    found = await session.execute(
        select(Material.code, Material.name, Material.name_en).where(Material.code.in_(codes))
    )
    names: Mapping[str, Name] = {code: Name.of(zh, en) for code, zh, en in found}
    return [names.get(code) or Name.of(code, None) for code in codes]


async def _value(session: AsyncSession, notice: Notice) -> NoticeValue:
    """The notice as its channel sees it."""
    row = (
        await session.execute(
            select(Case.number, Case.applicant_id, ServiceItem.name, ServiceItem.name_en, Center, CaseEvent.at)
            .join(ServiceItem, ServiceItem.id == Case.item_id)
            .join(Center, Center.id == Case.receiving_center_id)
            .join(CaseEvent, (CaseEvent.case_id == Case.id) & (CaseEvent.sequence == notice.sequence))
            .where(Case.id == notice.case_id)
        )
    ).one()
    words, item, center = Wording.read(notice.kind, notice.words), Name.of(row.name, row.name_en), row.Center
    return NoticeValue(
        id=str(notice.id),
        resident=str(row.applicant_id),
        case_number=row.number,
        item=item.zh,
        item_en=item.en,
        kind=words.kind,
        stage=words.stage,
        at=row.at,
        language=LANGUAGE,
        title=words.zh.title,
        title_en=words.en.title,
        text=words.zh.text,
        text_en=words.en.text,
        next_step=words.zh.next_step,
        next_step_en=words.en.next_step,
        center=center.name,
        center_en=center.name_en or center.name,
        telephone=center.telephone,
    )
