"""Attacks on the way between two centers: nothing is lost, doubled, damaged, or taken by another center."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from cases.drill import Drilled, drill
from cases.lossy import Attack, LossyCourier
from cases.play import B, Play, centers_by_code
from support import NOW, SPLIT_ITEM
from tongban.cases import arrivals, timers
from tongban.cases.custody import deliver
from tongban.cases.models import CaseEvent, Transfer
from tongban.cases.words import CaseAction, Channel
from tongban.contract.items import DeliveryRoute
from tongban.events.models import Outbox
from tongban.events.relay import Relay
from tongban.events.words import Topic
from tongban.registry import Registry
from tongban.storage.database import Sessions
from tongban.storage.objects import FolderStore

FEW = range(8)
"""Histories of a control, which sees what it is for in many of them."""


@pytest.mark.long
async def test_nothing_is_lost_on_the_way(engine: AsyncEngine, store: FolderStore, registry: Registry) -> None:
    done = Drilled()
    await drill(engine, store, registry, range(40), done)
    assert set(done.seen.attacks) == set(Attack), "an attack that was never made"
    assert done.harmed == 0, (done.seen, done.lost, "\n\n".join(done.said))
    assert done.stored > 40
    assert min(done.merged, done.moved, done.refused, done.supplements, done.withdrawn) > 3


# A drill that sees nothing proves nothing: without each of the receiver's checks it sees what they are for


@pytest.mark.long
async def test_without_a_look_into_the_files_damage_is_stored(
    engine: AsyncEngine, store: FolderStore, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def intact(*_: object) -> bool:
        return True

    monkeypatch.setattr(arrivals, "_intact", intact)
    done = Drilled()
    await drill(engine, store, registry, FEW, done, attacks=(Attack.FLIP_FILE, Attack.LOSE_FILE))
    assert done.seen.damaged > 2


@pytest.mark.long
async def test_without_the_digest_another_manifest_is_stored(
    engine: AsyncEngine, store: FolderStore, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_as_sent", lambda *_: True)
    done = Drilled()
    await drill(engine, store, registry, FEW, done, attacks=(Attack.FLIP_MANIFEST, Attack.FORGE_MANIFEST))
    assert done.seen.damaged > 2


@pytest.mark.long
async def test_without_the_address_another_center_takes_it(
    engine: AsyncEngine, store: FolderStore, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_ours", lambda *_: True)
    done = Drilled()
    await drill(engine, store, registry, FEW, done, attacks=(Attack.ELSEWHERE, Attack.READDRESS))
    assert done.seen.misdelivered > 2


@pytest.mark.long
async def test_without_a_memory_it_is_stored_twice(
    engine: AsyncEngine, store: FolderStore, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_before", lambda *_: None)
    done = Drilled()
    await drill(engine, store, registry, FEW, done, attacks=(Attack.DUPLICATE, Attack.REORDER, Attack.LOSE_RECEIPT))
    assert done.seen.doubled > 2


# A day without the destination


@pytest.mark.long
async def test_after_a_day_without_the_destination_everything_is_delivered(
    city: Sessions, city_store: FolderStore, registry: Registry
) -> None:
    clock = [NOW]
    async with city() as session:
        centers = await centers_by_code(session)
    courier = LossyCourier(city, city_store, {}, Random(0), down=True)
    play = Play(city, city_store, registry, courier, centers)
    await play.submit(SPLIT_ITEM, B, DeliveryRoute.DIRECT_TO_RESIDENT, Channel.COUNTER, accept=True)
    ours = {play.case}
    relay = Relay(city, {Topic.TRANSFER: deliver(city, courier)}, lambda: clock[0])
    while clock[0] < NOW + timedelta(hours=24):
        await relay.drain()
        assert await _latest(city, ours) <= clock[0] + timedelta(minutes=5), "tried at least every five minutes"
        if clock[0].minute % 30 == 0:
            await timers.sweep(city, clock[0])
        clock[0] += timedelta(minutes=5)
    attempts = courier.seen.attacks[Attack.DOWN]
    assert attempts > 250
    assert await _told(city, ours) == [1, 2]

    courier.down, courier.well = False, True
    await relay.drain()
    async with city() as session:
        waiting = select(func.count()).where(Transfer.case_id.in_(ours), Transfer.delivered_at.is_(None))
        assert await session.scalar(waiting) == 0
        assert await session.scalar(select(func.count()).where(*_open(ours))) == 0
    assert courier.seen.attacks[Attack.DOWN] == attempts

    clock[0] = NOW + timedelta(days=8)
    for _ in range(3):
        await timers.sweep(city, clock[0])
    assert await _told(city, ours) == [1, 2, 3], "nobody has taken it over in a working day"
    play.now = clock[0]
    assert await play.do(CaseAction.ACKNOWLEDGE_TRANSFER, (B,), (await play.look()).case.version)
    play.check(await play.look())
    await timers.sweep(city, clock[0] + timedelta(days=30))
    assert len(await _told(city, ours)) == 3
    assert await play.faults(deep=True) == []


def _open(cases: set[UUID]) -> tuple[ColumnElement[bool], ...]:
    return Outbox.case_id.in_(cases), Outbox.topic == Topic.TRANSFER.value, Outbox.done_at.is_(None)


async def _latest(sessions: Sessions, cases: set[UUID]) -> datetime:
    """When the last of their transfers is tried again."""
    async with sessions() as session:
        due = await session.scalar(select(func.max(Outbox.due_at)).where(*_open(cases)))
        assert due is not None
        return due


async def _told(sessions: Sessions, cases: set[UUID]) -> list[int]:
    """The levels of lateness that were told of."""
    level = CaseEvent.data["level"].as_integer()
    async with sessions() as session:
        late = select(level).where(CaseEvent.case_id.in_(cases), CaseEvent.kind == "TRANSFER_LATE")
        return sorted(await session.scalars(late))
