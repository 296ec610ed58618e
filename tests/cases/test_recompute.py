"""A year published later: open cases are due as if it had been known, once, with an event each."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from deadline_support import a_case
from tongban.cases import recompute
from tongban.cases.deadlines import Rest, due_after_rests, statutory_due
from tongban.cases.models import Case, CaseEvent
from tongban.cases.recompute import publish_calendar, recompute_provisional
from tongban.cases.words import CaseStatus as Is
from tongban.catalog.models import ServiceItem
from tongban.centers import service as centers
from tongban.centers.calendar import NamedDay
from tongban.centers.hours import SHANGHAI
from tongban.centers.publishing import Publication
from tongban.centers.rows import read_city
from tongban.centers.words import CalendarKind
from tongban.events.models import Outbox, WorklistChange
from tongban.identity.actor import DEVELOPER

LAST_YEAR = [NamedDay(row.day, row.kind, row.name) for row in read_city().calendar if row.day.year == 2026]
HOLIDAY = CalendarKind.STATUTORY_HOLIDAY


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)


NOW = at("2026-12-31T12:00")


def next_year() -> Publication:
    """2027 as a test has it: the first fifteen weekdays off but two, so that every date moves far."""
    weekdays = [at("2027-01-01T00:00").date() + timedelta(days=n) for n in range(40)]
    days = [NamedDay(day, HOLIDAY, "元旦") for day in weekdays if day.weekday() < 5][:13]
    return Publication(year=2027, days=days, source="made up for a test")


async def events(session: AsyncSession, case: Case) -> list[CaseEvent]:
    return list(
        await session.scalars(
            select(CaseEvent)
            .where(CaseEvent.case_id == case.id, CaseEvent.kind == "DUE_CHANGED")
            .order_by(CaseEvent.sequence)
        )
    )


async def read(session: AsyncSession, case: Case) -> Case:
    return await session.get_one(Case, case.id, populate_existing=True)


async def test_what_was_provisional_becomes_what_it_would_have_been(session: AsyncSession) -> None:
    opened = at("2026-12-30T10:00")
    rest = Rest(at("2026-12-30T11:00"), at("2027-01-04T09:00"))
    plain = await a_case(session, opened)
    rested = await a_case(
        session, opened, (opened, Is.UNDER_REVIEW), (rest.since, Is.SUPPLEMENT_REQUESTED), (rest.until, Is.UNDER_REVIEW)
    )
    split = await a_case(session, opened, extra=2, statutory=False)
    final = await a_case(session, at("2026-12-01T10:00"), statutory=False)
    closed = await a_case(session, opened, (opened, Is.WITHDRAWN), closed_at=opened)
    before = {case.id: case.due_at for case in (plain, rested, split, final, closed)}
    assert [case.due_provisional for case in (plain, rested, split, final, closed)] == [True, True, True, False, True]

    publication, changed = await publish_calendar(session, DEVELOPER, next_year(), NOW)
    assert (publication.version, changed) == (1, 3)
    calendar = await centers.calendar(session)
    for case, rests in ((plain, []), (rested, [rest]), (split, [])):
        now = await read(session, case)
        item = await session.get_one(ServiceItem, now.item_id)
        fresh, rested_days = due_after_rests(opened, now.promised_days, now.extra_days, rests, calendar)
        by_law = statutory_due(opened, item.statutory_days, calendar)
        assert (now.due_at, now.due_provisional, now.rested_days) == (fresh.at, False, rested_days)
        assert (now.statutory_due_at, now.statutory_provisional) == (
            (by_law.at, by_law.provisional) if by_law else (None, None)
        )
        [event] = await events(session, case)
        assert event.sequence == now.version + 1
        assert (event.from_status, event.to_status, event.at) == (now.status, now.status, NOW)
        assert event.data is not None
        assert event.data["from"]["dueProvisional"] is True
        assert event.data["to"]["dueProvisional"] is False
        assert datetime.fromisoformat(event.data["from"]["dueAt"]) == before[case.id]
        assert datetime.fromisoformat(event.data["to"]["dueAt"]) == now.due_at
    for case in (final, closed):
        assert (await read(session, case)).due_at == before[case.id]
        assert await events(session, case) == []


async def test_each_change_is_told_to_the_outbox_and_to_the_worklist(session: AsyncSession) -> None:
    cases = {(await a_case(session, at("2026-12-30T10:00"))).id for _ in range(3)}
    await publish_calendar(session, DEVELOPER, next_year(), NOW)
    changes = (await session.scalars(select(WorklistChange).order_by(WorklistChange.sequence))).all()
    assert [(one.sequence, one.kind) for one in changes] == [(1, "CHANGED"), (2, "CHANGED"), (3, "CHANGED")]
    assert {one.case_id for one in changes} == cases
    told = (await session.scalars(select(Outbox))).all()
    assert {(one.case_id, one.topic, one.sequence, one.payload["sequence"]) for one in told} == {
        (case, "EVENT", 2, 2) for case in cases
    }


async def test_a_second_time_nothing_changes(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks smaller than what there is to do, so that none is left out between them."""
    monkeypatch.setattr(recompute, "CHUNK", 2)
    for hour in range(9, 16):
        await a_case(session, at(f"2026-12-30T{hour:02}:00"))
    assert await recompute_provisional(session, NOW) == 0
    assert (await publish_calendar(session, DEVELOPER, next_year(), NOW))[1] == 7
    assert (await publish_calendar(session, DEVELOPER, next_year(), NOW))[1] == 0
    assert await recompute_provisional(session, NOW) == 0


async def test_a_case_submitted_by_the_old_calendar_meanwhile_is_found_by_the_timer(session: AsyncSession) -> None:
    late = await a_case(session, at("2026-12-30T10:00"))
    old = (late.due_at, late.due_provisional)
    await publish_calendar(session, DEVELOPER, next_year(), NOW)
    now = await read(session, late)
    new = (now.due_at, now.due_provisional)
    now.due_at, now.due_provisional = old
    await session.flush()
    assert await recompute_provisional(session, NOW) == 1
    now = await read(session, late)
    assert (now.due_at, now.due_provisional) == new


async def test_a_year_that_is_replaced_moves_what_was_final(session: AsyncSession) -> None:
    case = await a_case(session, at("2026-11-24T10:00"), statutory=False)
    other = await a_case(session, at("2026-09-01T10:00"), promised=1, statutory=False)
    assert case.due_at == at("2026-12-01T16:30")
    more = [*LAST_YEAR, NamedDay(at("2026-12-01T00:00").date(), HOLIDAY, "临时放假")]
    wanted = Publication(year=2026, days=more, source="made up for a test", replace=True)
    assert (await publish_calendar(session, DEVELOPER, wanted, NOW))[1] == 1
    assert (await read(session, case)).due_at == at("2026-12-02T16:30")
    assert await events(session, other) == []
    back = replace(wanted, days=LAST_YEAR)
    assert (await publish_calendar(session, DEVELOPER, back, NOW))[1] == 1
    assert (await read(session, case)).due_at == at("2026-12-01T16:30")
    assert len(await events(session, case)) == 2


async def test_a_year_further_on_stays_provisional(session: AsyncSession) -> None:
    """2027 is out, but the time runs into 2028."""
    case = await a_case(session, at("2026-12-30T10:00"), promised=300, statutory=False)
    assert (await publish_calendar(session, DEVELOPER, next_year(), NOW))[1] == 1
    now = await read(session, case)
    assert (now.due_at.astimezone(SHANGHAI).year, now.due_provisional) == (2028, True)
    assert await recompute_provisional(session, NOW) == 0
