"""Case events to a real NATS server with JetStream: acknowledged, in order, once; whatever happens to the server."""

import asyncio
import json
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
import pytest_asyncio
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification_support import happens, new_case
from support import DIRECT_ITEM, NOW
from tongban.centers.models import Center
from tongban.errors import SetupError
from tongban.events.broker import Publication, open_broker
from tongban.events.models import Outbox
from tongban.events.nats import STREAM, NatsBroker
from tongban.events.relay import NotYet, Relay
from tongban.events.words import Topic
from tongban.notifications.service import handlers
from tongban.registry.breaker import Breaker
from tongban.storage.database import Sessions

PROGRAM = Path(sysconfig.get_path("scripts")) / "nats-server"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(slots=True)
class Server:
    """A NATS server of the test's own, on one port and one folder however often it is started."""

    folder: Path
    port: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process = subprocess.Popen(
            [PROGRAM, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    def kill(self) -> None:
        """As by kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def stored(self) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        """Subject, headers and body of each message in the stream."""
        client = await nats.connect(self.url)
        try:
            stream = client.jetstream()
            count = (await stream.stream_info(STREAM)).state.messages
            found = [await stream.get_msg(STREAM, number) for number in range(1, count + 1)]
        finally:
            await client.close()
        return [(one.subject or "", one.headers or {}, json.loads(one.data or b"null")) for one in found]


@pytest.fixture
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        found = Server(Path(folder))
        try:
            yield found
        finally:
            found.kill()


@pytest_asyncio.fixture
async def broker(server: Server) -> AsyncIterator[NatsBroker]:
    found = NatsBroker(server.url, Breaker(1, 0))
    yield found
    await found.close()


def publication(number: int) -> Publication:
    return Publication(f"case:{number}", f"tongban.case.DA-001.E{number}", json.dumps({"n": number}).encode())


async def test_what_is_published_is_stored_under_its_subject_with_its_id(server: Server, broker: NatsBroker) -> None:
    await server.start()
    for number in (1, 2):
        await broker.publish(publication(number))
    assert [(subject, headers["Nats-Msg-Id"], body) for subject, headers, body in await server.stored()] == [
        ("tongban.case.DA-001.E1", "case:1", {"n": 1}),
        ("tongban.case.DA-001.E2", "case:2", {"n": 2}),
    ]


async def test_what_is_published_again_is_stored_once_also_after_a_crash(server: Server, broker: NatsBroker) -> None:
    await server.start()
    for _ in range(3):
        await broker.publish(publication(1))
    server.kill()
    await server.start()
    again = NatsBroker(server.url)
    for number in (1, 2, 1):
        await again.publish(publication(number))
    await again.close()
    assert [headers["Nats-Msg-Id"] for _, headers, _ in await server.stored()] == ["case:1", "case:2"]


async def test_without_a_server_it_says_so_soon_and_goes_on_when_there_is_one(
    server: Server, broker: NatsBroker
) -> None:
    for _ in range(2):
        async with asyncio.timeout(10):
            with pytest.raises(NoServersError):
                await broker.publish(publication(1))
    await server.start()
    await broker.publish(publication(1))
    server.kill()
    async with asyncio.timeout(10):
        with pytest.raises((NatsError, TimeoutError)):
            await broker.publish(publication(2))
    await server.start()
    await broker.publish(publication(2))
    assert [body["n"] for _, _, body in await server.stored()] == [1, 2]


async def test_after_failures_in_a_row_nobody_waits_for_a_server(server: Server) -> None:
    broker = NatsBroker(server.url, Breaker(2, 0.3))
    for _ in range(2):
        with pytest.raises(NoServersError):
            await broker.publish(publication(1))
    await server.start()
    with pytest.raises(NotYet, match="the broker does not answer"):
        await broker.publish(publication(1))
    await asyncio.sleep(0.3)
    await broker.publish(publication(1))
    await broker.publish(publication(2))
    await broker.close()
    assert len(await server.stored()) == 2


async def test_many_at_once_share_one_connection(server: Server, broker: NatsBroker) -> None:
    await server.start()
    await asyncio.gather(*(broker.publish(publication(number)) for number in range(50)))
    assert sorted(body["n"] for _, _, body in await server.stored()) == list(range(50))


async def test_a_stream_of_the_operators_is_left_as_it_is(server: Server, broker: NatsBroker) -> None:
    await server.start()
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(name=STREAM, subjects=["tongban.>"], max_msgs=7)
    await broker.publish(publication(1))
    config = (await client.jetstream().stream_info(STREAM)).config
    await client.close()
    assert (config.subjects, config.max_msgs) == (["tongban.>"], 7)


class Clock:
    now = NOW

    def __call__(self) -> Any:
        return self.now


async def test_every_event_arrives_once_and_in_order_though_the_server_is_killed(
    server: Server, broker: NatsBroker, sessions: Sessions, session: AsyncSession
) -> None:
    """Twelve events of three cases through the relay; the server dies after each round and comes back later."""
    cases = [await new_case(session) for _ in range(3)]
    clock = Clock()
    relay = Relay(sessions, handlers({}, broker), clock)
    moves = [("ACCEPT", "UNDER_REVIEW", "SUBMITTED"), ("APPROVE", "APPROVED", "UNDER_REVIEW")]
    await server.start()
    for sequence, move in enumerate([*moves, ("DELIVER_RESULT", "DELIVERED", "APPROVED")], 2):
        await relay.drain()
        server.kill()
        for case in cases:
            await happens(session, case.id, sequence, *move)
        await relay.drain()  # in vain
        clock.now += timedelta(minutes=10)
        await server.start()
    for _ in range(5):
        await relay.drain()
        clock.now += timedelta(minutes=10)
    open_ones = await session.scalars(select(Outbox.id).where(Outbox.topic == Topic.BROKER, Outbox.done_at.is_(None)))
    assert list(open_ones) == []
    stored = await server.stored()
    assert len(stored) == 12
    for case in cases:
        mine = [body for _, _, body in stored if body["case"] == str(case.id)]
        assert [body["sequence"] for body in mine] == [1, 2, 3, 4]
        assert [body["toStatus"] for body in mine] == ["SUBMITTED", "UNDER_REVIEW", "APPROVED", "DELIVERED"]


async def test_the_payload_says_what_happened_and_nobody_s_data(
    server: Server, broker: NatsBroker, sessions: Sessions, session: AsyncSession
) -> None:
    await server.start()
    case = await new_case(session)
    await happens(session, case.id, 2, "ACCEPT", "UNDER_REVIEW", "SUBMITTED", secret="王小明")  # noqa: S106
    await Relay(sessions, handlers({}, broker), Clock()).drain()
    codes = {
        center.id: center.code
        for center in await session.scalars(
            select(Center).where(Center.id.in_([case.receiving_center_id, case.handling_center_id]))
        )
    }
    (_, _, _), (subject, headers, body) = await server.stored()
    assert (subject, headers["Nats-Msg-Id"]) == (f"tongban.case.{DIRECT_ITEM}.ACCEPT", f"{case.id}:2")
    assert body == {
        "id": f"{case.id}:2",
        "case": str(case.id),
        "number": case.number,
        "sequence": 2,
        "kind": "ACCEPT",
        "at": "2026-11-24T02:30:00Z",
        "fromStatus": "SUBMITTED",
        "toStatus": "UNDER_REVIEW",
        "item": DIRECT_ITEM,
        "mode": "DIRECT",
        "center": None,
        "receivingCenter": codes[case.receiving_center_id],
        "handlingCenter": codes[case.handling_center_id],
        "plugin": {"distribution": "tongban-civil-affairs", "version": "0.1.0"},
    }


async def test_no_broker_is_none() -> None:
    async with open_broker(None) as none:
        assert none is None


async def test_without_the_client_s_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tongban.events.nats", None)
    with pytest.raises(SetupError, match=r"pip install 'tongban\[nats\]'"):
        async with open_broker("nats://127.0.0.1:4222"):
            pass
