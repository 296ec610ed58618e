"""From a case event to what a channel was given: once for each channel, in order, tried for as long as it takes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification_support import happens, new_case, receiver
from support import (
    DIRECT_ITEM,
    NOW,
)
from tongban import Delivery, NotDelivered, Notice, hookimpl
from tongban.cases.models import Case
from tongban.events.broker import Publication
from tongban.events.models import Outbox
from tongban.events.outbox import Message
from tongban.events.relay import Relay
from tongban.events.words import Topic
from tongban.notifications import models
from tongban.notifications.channels import Channel, ChannelLimits, channel_of
from tongban.notifications.service import deliver, fan_out, handlers
from tongban.notifications.webhook import WebhookChannel
from tongban.storage.database import Sessions

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the specification's example
PATIENT = ChannelLimits(failures_to_open=1000)


@dataclass(slots=True)
class Trial:
    """A channel that notes what it was given, and fails while it is told to."""

    got: list[Notice] = field(default_factory=list)
    fails: bool = False
    tried: int = 0

    @hookimpl
    def tongban_notify(self, notice: Notice) -> Delivery:
        self.tried += 1
        if self.fails:
            raise NotDelivered("the gateway is down")
        self.got.append(notice)
        return Delivery(f"no. {len(self.got)}")


@dataclass(slots=True)
class Clock:
    """Goes when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Story:
    """A case and its events; each is put into the outbox as it is written."""

    session: AsyncSession
    case: UUID
    sequence: int

    async def add(self, kind: str, after: str, before: str | None = None, **data: Any) -> None:
        self.sequence += 1
        await happens(self.session, self.case, self.sequence, kind, after, before, **data)


@pytest_asyncio.fixture
async def story(session: AsyncSession) -> Story:
    """A case that has been submitted."""
    return Story(session, (await new_case(session)).id, 1)


@dataclass(slots=True)
class Office:
    """A relay with two channels, and a clock to wait with."""

    sessions: Sessions
    first: Trial
    second: Trial
    clock: Clock
    relay: Relay

    async def wait(self, seconds: float = 3600) -> None:
        """Lets the time pass, then sends what is due."""
        self.clock.now += timedelta(seconds=seconds)
        await self.relay.drain()

    async def notices(self) -> list[models.Notice]:
        async with self.sessions() as session:
            order = models.Notice.sequence, models.Notice.channel
            return list(await session.scalars(select(models.Notice).order_by(*order)))

    async def messages(self, topic: Topic) -> list[Outbox]:
        async with self.sessions() as session:
            return list(await session.scalars(select(Outbox).where(Outbox.topic == topic).order_by(Outbox.id)))


@pytest.fixture
def office(sessions: Sessions) -> Office:
    first, second, clock = Trial(), Trial(), Clock()
    channels = {name: channel_of(name, one, PATIENT) for name, one in (("first", first), ("second", second))}

    async def stored(_session: AsyncSession, _message: Message) -> None:
        """Transfers are not looked at here."""

    return Office(sessions, first, second, clock, Relay(sessions, handlers(channels) | {Topic.TRANSFER: stored}, clock))


async def test_an_event_is_told_once_through_each_channel(office: Office, story: Story) -> None:
    await office.relay.drain()
    for trial in (office.first, office.second):
        (notice,) = trial.got
        assert notice.kind == "RECEIVED"
        assert notice.title == "已收到您的申请"
        assert notice.case_number in notice.text
    assert [(n.channel, n.kind, n.reference, n.delivered_at) for n in await office.notices()] == [
        ("first", "RECEIVED", "no. 1", NOW),
        ("second", "RECEIVED", "no. 1", NOW),
    ]
    await office.wait()
    assert (office.first.tried, office.second.tried) == (1, 1)


async def test_a_notice_has_neither_name_nor_number_nor_what_a_clerk_wrote(office: Office, story: Story) -> None:
    await story.add("REJECT", "REJECTED", "UNDER_REVIEW")
    await office.relay.drain()
    case = await story.session.get_one(Case, story.case)
    told = repr(office.first.got)
    assert len(office.first.got) == 2
    assert str(case.applicant_id) in told
    for secret in ("王小明", "13800000000", "张三", "310199"):
        assert secret not in told


async def test_what_is_missing_is_listed_by_name_with_the_day(office: Office, story: Story) -> None:
    await story.add(
        "REQUEST_SUPPLEMENT",
        "SUPPLEMENT_REQUESTED",
        "UNDER_REVIEW",
        materials=["M-ID", "M-UNHEARD"],
        dueAt="2026-12-08T16:30:00+00:00",  # the 9th in Shanghai
    )
    await office.relay.drain()
    notice = office.first.got[-1]
    assert notice.kind == "SUPPLEMENT_NEEDED"
    assert "居民身份证" in notice.text
    assert "M-UNHEARD" in notice.text
    assert "2026年12月9日" in (notice.next_step or "")


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ({"dueAt": "2026-12-30T17:00:00+08:00"}, ["DUE_CHANGED"]),
        ({"dueProvisional": False}, ["DUE_CHANGED"]),
        ({"statutoryDueAt": "2027-01-30T17:00:00+08:00"}, []),
    ],
)
async def test_only_another_promise_is_told_of_as_one(
    office: Office, story: Story, changed: dict[str, Any], kinds: list[str]
) -> None:
    before = {"dueAt": "2026-12-22T17:00:00+08:00", "dueProvisional": True, "statutoryDueAt": None}
    await story.add("DUE_CHANGED", "UNDER_REVIEW", "UNDER_REVIEW", **{"from": before, "to": before | changed})
    await office.relay.drain()
    assert [notice.kind for notice in office.first.got] == ["RECEIVED", *kinds]


async def test_what_is_not_told_makes_no_notice(office: Office, story: Story) -> None:
    await office.relay.drain()
    await story.add("TRANSFER_STORED", "IN_TRANSFER", "IN_TRANSFER")
    await office.relay.drain()
    assert len(office.first.got) == 1
    assert all(message.done_at for message in await office.messages(Topic.EVENT))


async def test_a_channel_that_fails_holds_up_no_other_and_keeps_its_order(office: Office, story: Story) -> None:
    office.first.fails = True
    await story.add("ACCEPT", "UNDER_REVIEW", "SUBMITTED")
    await story.add("WITHDRAW", "WITHDRAWN", "UNDER_REVIEW")
    await office.relay.drain()
    assert [notice.kind for notice in office.second.got] == ["RECEIVED", "IN_REVIEW", "WITHDRAWN"]
    assert office.first.tried == 1  # the later ones wait for the first one
    for _ in range(3):
        await office.wait()
    assert office.first.tried == 4
    office.first.fails = False
    for _ in range(3):
        await office.wait()
    assert [notice.kind for notice in office.first.got] == ["RECEIVED", "IN_REVIEW", "WITHDRAWN"]
    assert all(notice.delivered_at for notice in await office.notices())


async def test_a_failure_is_kept_though_its_transaction_is_not(office: Office, story: Story) -> None:
    office.first.fails = True
    await office.relay.drain()
    failing, delivered = await office.notices()
    messages = {message.id: message for message in await office.messages(Topic.NOTICE)}
    assert messages[failing.message_id].attempts == 1
    assert messages[failing.message_id].last_error == "NotYet: the gateway is down"
    assert messages[delivered.message_id].last_error is None
    assert failing.delivered_at is None
    await office.wait()
    assert {m.attempts for m in await office.messages(Topic.NOTICE) if m.id == failing.message_id} == {2}


async def test_a_webhook_that_answers_500_and_then_200_has_one_delivery(
    sessions: Sessions, office: Office, story: Story
) -> None:
    with receiver() as there:
        there.statuses = [500, 200]
        channels = {"webhook": channel_of("webhook", WebhookChannel(there.url, SECRET), ChannelLimits())}
        office.relay = Relay(sessions, handlers(channels), office.clock)
        await office.relay.drain()
        (waiting,) = await office.notices()
        assert waiting.delivered_at is None
        for _ in range(3):
            await office.wait()
    assert [headers["webhook-id"] for headers, _ in there.came] == [str(waiting.id)] * 2
    assert [body["type"] for body in there.bodies()] == ["notice.received"] * 2
    (notice,) = await office.notices()
    assert notice.delivered_at == NOW + timedelta(hours=1)


async def test_an_event_that_is_handled_again_adds_nothing(office: Office, story: Story, session: AsyncSession) -> None:
    await office.relay.drain()
    (event,) = await office.messages(Topic.EVENT)
    again = Message(
        case_id=story.case,
        id=event.id,
        topic=Topic.EVENT,
        sequence=1,
        payload={"sequence": 1},
        attempts=2,
        created_at=NOW,
        now=NOW,
    )
    await fan_out(session, again, office_channels(office))
    assert len(await office.notices()) == 2
    assert len(await office.messages(Topic.NOTICE)) == 2


async def test_a_notice_that_is_delivered_is_not_delivered_again(
    office: Office, story: Story, session: AsyncSession
) -> None:
    await office.relay.drain()
    for message in await office.messages(Topic.NOTICE):
        again = Message(
            case_id=story.case,
            id=message.id,
            topic=Topic.NOTICE,
            sequence=0,
            payload=message.payload,
            attempts=2,
            created_at=NOW,
            now=NOW,
        )
        await deliver(session, again, office_channels(office))
    assert (office.first.tried, office.second.tried) == (1, 1)


async def test_a_notice_whose_channel_was_taken_away_waits_for_it(
    sessions: Sessions, office: Office, story: Story
) -> None:
    office.first.fails = True
    await office.relay.drain()
    gone = Relay(sessions, handlers({}), office.clock)
    office.clock.now += timedelta(hours=1)
    await gone.drain()
    errors = [message.last_error for message in await office.messages(Topic.NOTICE) if not message.done_at]
    assert errors == ["NotYet: there is no channel first"]
    office.first.fails = False
    await office.wait()
    assert len(office.first.got) == 1


async def test_words_stay_as_they_were_told(office: Office, story: Story) -> None:
    """What was said stands, whatever becomes of the case."""
    office.first.fails = True
    await office.relay.drain()
    case = await story.session.get_one(Case, story.case)
    before = [notice.words for notice in await office.notices()]
    case.due_at += timedelta(days=30)
    await story.session.commit()
    office.first.fails = False
    await office.wait()
    assert [notice.words for notice in await office.notices()] == before
    assert office.first.got[0].text == before[0]["zh"]["text"]


@dataclass(slots=True)
class Shelf:
    """A broker that keeps what it gets, or is down."""

    got: list[Publication] = field(default_factory=list)
    down: bool = False

    async def publish(self, publication: Publication) -> None:
        if self.down:
            raise ConnectionError
        self.got.append(publication)


async def test_a_broker_that_is_down_delays_no_notice_and_loses_no_event(
    sessions: Sessions, office: Office, story: Story
) -> None:
    shelf = Shelf(down=True)
    office.relay = Relay(sessions, handlers(office_channels(office), shelf), office.clock)
    await story.add("ACCEPT", "UNDER_REVIEW", "SUBMITTED")
    await office.relay.drain()
    assert [notice.kind for notice in office.first.got] == ["RECEIVED", "IN_REVIEW"]
    shelf.down = False
    for _ in range(2):
        await office.wait()
    assert [publication.id for publication in shelf.got] == [f"{story.case}:1", f"{story.case}:2"]
    assert [publication.subject for publication in shelf.got] == [
        f"tongban.case.{DIRECT_ITEM}.SUBMITTED",
        f"tongban.case.{DIRECT_ITEM}.ACCEPT",
    ]


async def test_without_a_broker_what_was_meant_for_one_waits(sessions: Sessions, office: Office, story: Story) -> None:
    office.relay = Relay(sessions, handlers({}, Shelf(down=True)), office.clock)
    await office.relay.drain()
    office.relay = Relay(sessions, handlers({}), office.clock)
    await office.wait()
    assert [message.last_error for message in await office.messages(Topic.BROKER)] == [
        "NotYet: no broker is configured"
    ]
    shelf = Shelf()
    office.relay = Relay(sessions, handlers({}, shelf), office.clock)
    await office.wait()
    assert len(shelf.got) == 1


def office_channels(office: Office) -> dict[str, Channel]:
    return {
        "first": channel_of("first", office.first, PATIENT),
        "second": channel_of("second", office.second, PATIENT),
    }
