"""Notices in the public API: beside their case, and as the list of what operators see to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from notification_support import happens, new_case
from support import NOW, Api, statements
from tongban import Delivery, NotDelivered, Notice, hookimpl
from tongban.cases.models import Case
from tongban.events.models import Outbox
from tongban.events.relay import Relay
from tongban.events.words import Topic
from tongban.notifications.channels import ChannelLimits, channel_of
from tongban.notifications.service import handlers
from tongban.storage.database import Sessions

FIELDS = "kind title text nextStep channel status attempts lastError createdAt deliveredAt reference"
OF_CASE = f"query($number: String!) {{ case(number: $number) {{ notices {{ {FIELDS} }} }} }}"
LIST = """query($filter: NoticeFilter, $first: Int, $after: String) {
  notices(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { channel status lastError case { number } } } }"""


class Deaf:
    """A channel that never takes anything."""

    @hookimpl
    def tongban_notify(self, notice: Notice) -> Delivery:
        raise NotDelivered("nobody answers")


class Mail:
    """A channel that takes everything."""

    @hookimpl
    def tongban_notify(self, notice: Notice) -> Delivery:
        return Delivery("M-1")


@dataclass(slots=True)
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def relay(sessions: Sessions) -> Relay:
    limits = ChannelLimits(failures_to_open=1000)
    channels = {name: channel_of(name, plugin, limits) for name, plugin in (("deaf", Deaf()), ("mail", Mail()))}
    return Relay(sessions, handlers(channels), Clock())


@pytest_asyncio.fixture
async def case(session: AsyncSession, relay: Relay) -> Case:
    """A case whose notice one channel took and the other did not."""
    found = await new_case(session)
    await relay.drain()
    return found


async def notices(api: Api, **said: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api.ask(LIST, **said))["notices"]
    return found


async def test_a_case_says_what_the_resident_was_told_and_whether_it_arrived(api: Api, case: Case) -> None:
    deaf, mail = (await api.ask(OF_CASE, number=case.number))["case"]["notices"]
    assert deaf | {"text": "", "nextStep": ""} == {
        "kind": "RECEIVED",
        "title": "已收到您的申请",
        "text": "",
        "nextStep": "",
        "channel": "deaf",
        "status": "FAILING",
        "attempts": 1,
        "lastError": "nobody answers",
        "createdAt": "2026-11-24T02:30:00+00:00",
        "deliveredAt": None,
        "reference": None,
    }
    arrived = {
        "channel": "mail",
        "status": "DELIVERED",
        "lastError": None,
        "deliveredAt": "2026-11-24T02:30:00+00:00",
        "reference": "M-1",
    }
    assert mail == deaf | arrived
    assert case.number in mail["text"]


async def test_the_words_are_the_caller_s_language(api: Api, case: Case) -> None:
    api.headers["Accept-Language"] = "en"
    notice = (await api.ask(OF_CASE, number=case.number))["case"]["notices"][0]
    assert notice["title"] == "We have received your application"
    assert "to be decided by 24 November 2026" in notice["text"]


async def test_what_waits_for_its_first_try_is_pending(api: Api, session: AsyncSession, relay: Relay) -> None:
    relay.handlers = {Topic.EVENT: relay.handlers[Topic.EVENT]}
    case = await new_case(session)
    await relay.drain()
    found = (await api.ask(OF_CASE, number=case.number))["case"]["notices"]
    assert [(notice["status"], notice["attempts"], notice["lastError"]) for notice in found] == [
        ("PENDING", 0, None)
    ] * 2


@pytest.mark.parametrize(
    ("wanted", "channels"),
    [
        (None, ["deaf", "mail"]),
        ({}, ["deaf", "mail"]),
        ({"status": ["FAILING"]}, ["deaf"]),
        ({"status": ["DELIVERED"]}, ["mail"]),
        ({"status": ["DELIVERED", "FAILING"]}, ["deaf", "mail"]),
        ({"status": ["PENDING"]}, []),
        ({"status": []}, []),
        ({"channel": "mail"}, ["mail"]),
        ({"channel": "mail", "status": ["FAILING"]}, []),
        ({"olderThan": "2026-11-24T02:30:01Z"}, ["deaf", "mail"]),
        ({"olderThan": "2026-11-24T02:30:00Z"}, []),
    ],
)
async def test_operators_list_what_fits(api: Api, case: Case, wanted: Any, channels: list[str]) -> None:
    found = await notices(api, filter=wanted)
    assert sorted(notice["channel"] for notice in found["nodes"]) == channels
    assert found["totalCount"] == len(channels)
    assert all(notice["case"]["number"] == case.number for notice in found["nodes"])


async def test_the_list_comes_in_pages_the_oldest_first(api: Api, session: AsyncSession, relay: Relay) -> None:
    numbers = []
    for _ in range(3):
        numbers.append((await new_case(session)).number)
        await relay.drain()
        assert isinstance(relay.clock, Clock)
        relay.clock.now += timedelta(seconds=0.1)
    failing = {"status": ["FAILING"]}
    first = await notices(api, filter=failing, first=2)
    rest = await notices(api, filter=failing, first=2, after=first["pageInfo"]["endCursor"])
    assert [notice["case"]["number"] for notice in first["nodes"] + rest["nodes"]] == numbers
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


async def test_a_message_that_is_no_longer_kept_leaves_its_notice(api: Api, session: AsyncSession, case: Case) -> None:
    """As after a sweep of what was done long ago."""
    await session.execute(
        update(Outbox)
        .where(Outbox.topic == Topic.NOTICE)
        .values(id=Outbox.case_id, done_at=NOW)
        .where(Outbox.done_at.is_not(None))
    )
    await session.commit()
    _, mail = (await api.ask(OF_CASE, number=case.number))["case"]["notices"]
    assert (mail["status"], mail["attempts"]) == ("DELIVERED", 0)


@pytest.mark.parametrize("count", [1, 20])
async def test_notices_of_twenty_cases_take_as_many_statements_as_those_of_one(
    api: Api, session: AsyncSession, connection: AsyncConnection, relay: Relay, count: int
) -> None:
    for _ in range(count):
        case = await new_case(session)
        await happens(session, case.id, 2, "ACCEPT", "UNDER_REVIEW", "SUBMITTED")
    await relay.drain()
    document = f"query($n: Int!) {{ cases(first: $n) {{ nodes {{ number notices {{ {FIELDS} }} }} }} }}"
    with statements(connection) as seen:
        found = (await api.ask(document, n=count))["cases"]["nodes"]
    assert [len(one["notices"]) for one in found] == [4] * count
    assert len(seen) == 3  # the cases, their notices, how delivery goes
    with statements(connection) as seen:
        listed = await notices(api, first=count)
    assert len(listed["nodes"]) == count
    assert len(seen) == 4  # the page, its count, their messages, their cases
