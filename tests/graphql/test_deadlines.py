"""What the API says of time: both due dates, rest, clocks, and the lists of what is overdue and due soon."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from deadline_support import a_case, a_resident
from support import Api, MakeApi, statements
from tongban.cases.words import CaseStatus as Is
from tongban.centers.hours import SHANGHAI

FIELDS = """number promisedDays extraDays dueAt dueProvisional statutoryDueAt statutoryProvisional resting overdue
  clocks { kind startedAt endedAt daysUsed daysAllowed dueAt dueProvisional overdue resting }"""
CASE = f"query($number: String!) {{ case(number: $number) {{ {FIELDS} }} }}"
LIST = "query($filter: CaseFilter, $by: CaseOrder) { cases(filter: $filter, orderBy: $by) { nodes { number } } }"


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)


async def listed(api: Api, **filter_: Any) -> list[str]:
    found = await api.ask(LIST, filter=filter_, by="DUE_ASC")
    return [case["number"] for case in found["cases"]["nodes"]]


async def test_a_case_tells_both_dates_and_its_clocks(make_api: MakeApi, session: AsyncSession) -> None:
    received = at("2026-11-24T10:30")
    case = await a_case(
        session,
        received,
        (at("2026-11-25T09:00"), Is.IN_TRANSFER),
        (at("2026-11-26T09:00"), Is.UNDER_REVIEW),
        extra=2,
    )
    bare = await a_case(session, received, statutory=False)
    await session.commit()
    api = make_api(at=at("2026-11-26T12:00"))
    found = (await api.ask(CASE, number=case.number))["case"]
    assert case.statutory_due_at is not None
    assert (found["promisedDays"], found["extraDays"], found["resting"], found["overdue"]) == (5, 2, False, False)
    assert found["dueAt"] == "2026-12-03T08:30:00+00:00"
    assert datetime.fromisoformat(found["statutoryDueAt"]) == case.statutory_due_at
    assert found["statutoryProvisional"] is case.statutory_provisional
    plain = {"dueProvisional": False, "overdue": False, "resting": False}
    assert found["clocks"] == [
        plain
        | {
            "kind": "RECEIVING",
            "startedAt": "2026-11-24T02:30:00+00:00",
            "endedAt": "2026-11-25T01:00:00+00:00",
            "daysUsed": 1,
            "daysAllowed": 5,
            "dueAt": "2026-12-01T08:30:00+00:00",
        },
        plain
        | {
            "kind": "TRANSIT",
            "startedAt": "2026-11-25T01:00:00+00:00",
            "endedAt": "2026-11-26T01:00:00+00:00",
            "daysUsed": 1,
            "daysAllowed": 1,
            "dueAt": "2026-11-26T08:30:00+00:00",
        },
        plain
        | {
            "kind": "HANDLING",
            "startedAt": "2026-11-26T01:00:00+00:00",
            "endedAt": None,
            "daysUsed": 0,
            "daysAllowed": 5,
            "dueAt": "2026-12-03T08:30:00+00:00",
        },
    ]
    other = (await api.ask(CASE, number=bare.number))["case"]
    assert (other["statutoryDueAt"], other["statutoryProvisional"]) == (None, None)


async def test_what_rests_is_not_overdue_until_it_goes_on(make_api: MakeApi, session: AsyncSession) -> None:
    received, asked = at("2026-11-24T10:30"), at("2026-11-26T09:00")
    resting = await a_case(session, received, (asked, Is.SUPPLEMENT_REQUESTED))
    running = await a_case(session, received, (asked, Is.UNDER_REVIEW))
    late = await a_case(session, received, (at("2026-12-01T16:31"), Is.SUPPLEMENT_REQUESTED))
    withdrawn = await a_case(session, received, (asked, Is.WITHDRAWN), closed_at=asked)
    decided = await a_case(session, received, (asked, Is.APPROVED), decided_at=asked, approved=True)
    await session.commit()
    api = make_api(at=at("2027-02-01T12:00"))
    found = {}
    for case in (resting, running, late, withdrawn, decided):
        answer = (await api.ask(CASE, number=case.number))["case"]
        found[case.number] = (answer["overdue"], answer["resting"])
    assert list(found.values()) == [(False, True), (True, False), (True, True), (False, False), (False, False)]
    assert set(await listed(api, overdue=True)) == {running.number, late.number}
    assert set(await listed(api, overdue=False)) == {resting.number, withdrawn.number, decided.number}


async def test_what_is_due_soon_comes_first_and_undecided_only(make_api: MakeApi, session: AsyncSession) -> None:
    received = at("2026-11-24T10:30")
    later = await a_case(session, received, promised=5)
    soon = await a_case(session, received, promised=2)
    await a_case(session, received, (received, Is.APPROVED), promised=1, decided_at=received, approved=True)
    await a_case(session, received, (received, Is.WITHDRAWN), promised=1, closed_at=received)
    await a_case(session, received, promised=9)
    await session.commit()
    api = make_api(at=at("2026-11-27T12:00"))
    before = "2026-12-02T00:00:00+08:00"
    assert await listed(api, center="SH0114-01", dueBefore=before) == [soon.number, later.number]
    assert await listed(api, center="SH0114-01", dueBefore=before, overdue=True) == [soon.number]
    assert await listed(api, center="SH0109-01", dueBefore=before) == []
    assert await listed(api, dueBefore="2026-11-26T16:30:00+08:00") == []
    assert await listed(api, dueBefore="2026-11-26T16:30:01+08:00") == [soon.number]


async def test_the_routing_review_list_is_by_status(make_api: MakeApi, session: AsyncSession) -> None:
    received = at("2026-11-24T10:30")
    waiting = await a_case(session, received, (received, Is.ROUTING_REVIEW))
    await a_case(session, received)
    await session.commit()
    api = make_api(at=received)
    assert await listed(api, center="SH0114-01", status=["ROUTING_REVIEW"]) == [waiting.number]


async def test_clocks_of_many_cases_cost_no_more_statements_than_of_one(
    api: Api, session: AsyncSession, connection: AsyncConnection
) -> None:
    received = at("2026-11-23T10:30")
    resident = await a_resident(session, received)
    for n in range(5):
        await a_case(session, received + timedelta(minutes=n), (received, Is.UNDER_REVIEW), resident=resident)
    await session.commit()
    document = f"query($first: Int!) {{ cases(first: $first) {{ nodes {{ {FIELDS} }} }} }}"
    seen = []
    for first in (1, 5):
        with statements(connection) as ran:
            nodes = (await api.ask(document, first=first))["cases"]["nodes"]
        assert [len(node["clocks"]) for node in nodes] == [2] * first
        seen.append(len(ran))
    assert seen == [3, 3]
