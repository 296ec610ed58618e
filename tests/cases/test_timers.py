"""What happens by itself: before its time not at all, at its time once, whoever else sweeps."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from cases.play import A, B, Look, Play, centers_by_code, local
from support import DIRECT_ITEM, SPLIT_ITEM
from tongban.cases import review, timers
from tongban.cases.models import Case, SupplementRequest
from tongban.cases.words import CaseAction, CaseStatus, Channel
from tongban.centers.hours import SHANGHAI
from tongban.contract.items import DeliveryRoute
from tongban.registry import Registry
from tongban.storage.database import Sessions
from tongban.storage.objects import ObjectStore

A_MINUTE = timedelta(minutes=1)


def at(local_time: str) -> datetime:
    return datetime.fromisoformat(local_time).replace(tzinfo=SHANGHAI)


@pytest.fixture
async def play(sessions: Sessions, store: ObjectStore, registry: Registry) -> Play:
    """No case yet; a Tuesday in November, 10:30."""
    async with sessions() as session:
        return Play(sessions, store, registry, local(sessions, store), await centers_by_code(session))


async def submitted(play: Play, item: str = SPLIT_ITEM, home: str | None = B, *, accept: bool = False) -> None:
    await play.submit(item, home, DeliveryRoute.DIRECT_TO_RESIDENT, Channel.COUNTER, accept=accept)


async def done(play: Play, action: CaseAction, by: str) -> None:
    assert await play.do(action, (by,), (await play.look()).case.version)


async def swept(play: Play, moment: datetime) -> Look:
    """The case after a sweep at that moment."""
    play.now = moment
    await timers.sweep(play.sessions, moment)
    return await play.look()


def kinds(now: Look) -> list[str]:
    return [event.kind for event in now.events]


async def once(play: Play, moment: datetime, kind: str) -> Look:
    """It happens at that moment, not the minute before, and not again."""
    before = kinds(await swept(play, moment - A_MINUTE))
    assert kinds(await swept(play, moment + A_MINUTE)) == [*before, kind]
    after = await swept(play, moment + 2 * A_MINUTE)
    assert kinds(after) == [*before, kind]
    play.check(after)
    return after


async def test_without_an_answer_it_is_accepted_by_law(play: Play) -> None:
    await submitted(play)
    after = await once(play, at("2026-12-01T16:30"), "ACCEPTED_BY_LAW")
    assert (after.status, after.case.accepted_at) == (CaseStatus.IN_TRANSFER, play.now - A_MINUTE)
    assert after.events[-1].actor == "system"
    assert len(after.pending()) == 1, "it goes to B like any other"


@pytest.mark.parametrize(
    ("received", "end"),
    [
        ("2026-02-12T10:00", "2026-02-26T16:30"),  # Spring Festival and a Saturday worked
        ("2026-09-28T10:00", "2026-10-10T16:30"),  # the National Day, and the Saturday worked for it
    ],
)
async def test_five_working_days_are_counted_over_holidays(play: Play, received: str, end: str) -> None:
    play.now = at(received)
    await submitted(play, DIRECT_ITEM)
    assert (await once(play, at(end), "ACCEPTED_BY_LAW")).status is CaseStatus.UNDER_REVIEW


@pytest.mark.parametrize(("action", "status"), [("RETURN", "RETURNED"), ("ACCEPT", "UNDER_REVIEW")])
async def test_what_was_answered_in_time_is_not_accepted_again(play: Play, action: str, status: str) -> None:
    await submitted(play, DIRECT_ITEM)
    await done(play, CaseAction(action), A)
    after = await swept(play, at("2027-03-01T10:00"))
    assert kinds(after) == ["SUBMITTED", action]
    assert after.status == status


async def asked(play: Play) -> None:
    """Under review at A since Tuesday, a supplement asked for."""
    await submitted(play, DIRECT_ITEM, accept=True)
    await done(play, CaseAction.REQUEST_SUPPLEMENT, A)


async def test_a_supplement_that_does_not_come_lets_the_time_run_again(play: Play) -> None:
    await asked(play)
    due = (await play.look()).case.due_at
    after = await once(play, at("2026-12-01T16:30"), "SUPPLEMENT_EXPIRED")
    assert (after.status, after.case.resting_since) == (CaseStatus.UNDER_REVIEW, None)
    assert (after.case.rested_days, after.case.due_at - due) == (5, timedelta(days=7))
    async with play.sessions() as session:
        request = (await session.scalars(select(SupplementRequest).filter_by(case_id=play.case))).one()
        assert request.expired_at == at("2026-12-01T16:31")
    await done(play, CaseAction.APPROVE, A)


async def test_a_supplement_that_came_does_not_expire(play: Play) -> None:
    await asked(play)
    await done(play, CaseAction.SUPPLEMENT, A)
    assert kinds(await swept(play, at("2027-03-01T10:00")))[-1] == "SUPPLEMENT"


async def test_a_late_transfer_is_told_of_three_times(play: Play) -> None:
    await submitted(play, accept=True)
    sent = play.now
    for level, moment in enumerate(
        (sent + timedelta(minutes=30), sent + timedelta(hours=4), at("2026-11-25T16:30")), 1
    ):
        after = await once(play, moment, "TRANSFER_LATE")
        assert after.events[-1].data == {"transfer": str(after.transfers[0].id), "level": level, "stored": level == 3}
        if level == 2:  # it is there by now, and nobody takes it over
            assert await play.carry(after.pending()[0])
    assert kinds(await swept(play, at("2027-03-01T10:00"))).count("TRANSFER_LATE") == 3


async def test_after_a_long_pause_only_the_last_level_is_told(play: Play) -> None:
    await submitted(play, accept=True)
    after = await swept(play, at("2026-11-30T10:00"))
    assert [e.data["level"] for e in after.events if e.kind == "TRANSFER_LATE" and e.data] == [3]


async def test_a_transfer_taken_over_is_not_late(play: Play) -> None:
    await submitted(play, accept=True)
    assert await play.carry((await play.look()).pending()[0])
    await done(play, CaseAction.ACKNOWLEDGE_TRANSFER, B)
    assert "TRANSFER_LATE" not in kinds(await swept(play, at("2027-03-01T10:00")))


async def test_a_case_that_nobody_routes_is_told_of_once(play: Play) -> None:
    await submitted(play, home=None, accept=True)
    after = await once(play, at("2026-11-25T16:30"), "ROUTING_LATE")
    assert after.events[-1].data == {"dueAt": "2026-11-25T08:30:00+00:00"}
    assert kinds(await swept(play, at("2027-03-01T10:00"))).count("ROUTING_LATE") == 1


async def test_late_ones_keep_no_other_from_being_told(
    play: Play, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait for their next level, the next one is told of its first."""
    monkeypatch.setattr(timers, "LOT", 2)
    plays = [play, *(Play(play.sessions, play.store, registry, play.courier, play.centers) for _ in range(4))]
    for one in plays:
        await submitted(one, accept=True)
    for _ in range(3):
        await timers.sweep(play.sessions, play.now + timedelta(minutes=31))
    assert [kinds(await one.look()).count("TRANSFER_LATE") for one in plays] == [1] * 5


async def test_one_that_fails_keeps_no_other_from_its_time(
    play: Play, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Play(play.sessions, play.store, registry, play.courier, play.centers)
    for one in (play, other):
        await asked(one)
    expire = review.expire_supplement

    async def failing(session: object, case: Case, *more: object) -> None:
        if case.id == play.case:
            raise RuntimeError
        await expire(session, case, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(timers, "expire_supplement", failing)
    for _ in range(2):
        await timers.sweep(play.sessions, at("2026-12-02T10:00"))
    assert [(await one.look()).status for one in (play, other)] == ["SUPPLEMENT_REQUESTED", "UNDER_REVIEW"]
    monkeypatch.undo()
    assert (await swept(play, at("2026-12-02T10:00"))).status is CaseStatus.UNDER_REVIEW


async def test_several_processes_sweep_and_each_case_is_done_once(
    city: Sessions, city_store: ObjectStore, registry: Registry
) -> None:
    async with city() as session:
        centers = await centers_by_code(session)
    plays = [Play(city, city_store, registry, local(city, city_store), centers) for _ in range(8)]
    for play in plays:
        play.now = at("2026-06-01T10:00")  # nobody else's cases of this database are due then
        await submitted(play)
    counts: Sequence[int] = await asyncio.gather(*(timers.sweep(city, at("2026-06-09T10:00")) for _ in range(4)))
    assert sum(counts) == len(plays)
    for play in plays:
        after = await play.look()
        assert kinds(after) == ["SUBMITTED", "ACCEPTED_BY_LAW"]
        assert await play.carry(after.pending()[0])


async def test_a_case_that_somebody_holds_is_left_to_them(
    city: Sessions, city_store: ObjectStore, registry: Registry
) -> None:
    async with city() as session:
        play = Play(city, city_store, registry, local(city, city_store), await centers_by_code(session))
    play.now = at("2026-06-01T10:00")
    await submitted(play, DIRECT_ITEM)
    async with city() as holder, holder.begin():
        await holder.get_one(Case, play.case, with_for_update=True)
        assert await timers.sweep(city, at("2026-06-09T10:00")) == 0
    assert await timers.sweep(city, at("2026-06-09T10:00")) == 1
