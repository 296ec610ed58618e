"""The calendar's desk: which years are published, and publishing one."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from deadline_support import a_case
from support import NOW, Api, MakeApi, row_counts
from tongban.centers.hours import SHANGHAI
from tongban.identity.actor import Actor, Role

PUBLISH = """mutation($input: PublishCalendarInput!) { publishCalendar(input: $input) {
  problems { code message path nextStep }
  calendarYear { year published holidays makeUpWorkdays source version publishedAt } } }"""
YEARS = (
    "{ calendarYears { year published holidays makeUpWorkdays source version publishedAt days { date kind name } } }"
)
OFF = ["01-01", "02-05", "02-08", "02-09", "02-10", "02-11", "02-12", "04-05", "05-03", "06-09", "09-15", "10-01", "10-04", "10-05", "10-06"]  # noqa: E501 # fmt: skip


def a_year(off: Sequence[str] = OFF, worked: Sequence[str] = ("02-14",), **said: Any) -> dict[str, Any]:
    days = [{"date": f"2027-{day}", "kind": "STATUTORY_HOLIDAY", "name": "节"} for day in off]
    days += [{"date": f"2027-{day}", "kind": "MAKE_UP_WORKDAY", "name": "节"} for day in worked]
    return {"year": 2027, "days": days, "source": "made up for a test"} | said


async def publish(api: Api, said: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = (await api.ask(PUBLISH, input=said))["publishCalendar"]
    return payload


async def test_the_years_say_whether_they_are_published(api: Api) -> None:
    years = {year["year"]: year for year in (await api.ask(YEARS))["calendarYears"]}
    assert list(years) == list(range(2018, 2028))
    assert [year for year, one in years.items() if not one["published"]] == [2027]
    assert years[2027] == {
        "year": 2027,
        "published": False,
        "holidays": 0,
        "makeUpWorkdays": 0,
        "source": None,
        "version": 0,
        "publishedAt": None,
        "days": [],
    }
    assert (years[2026]["holidays"], years[2026]["makeUpWorkdays"], years[2026]["version"]) == (33, 6, 0)
    assert years[2026]["source"] == "pypi:chinesecalendar@1.11.0"
    assert years[2026]["days"][0] == {"date": "2026-01-01", "kind": "STATUTORY_HOLIDAY", "name": "New Year's Day"}


async def test_publishing_a_year_makes_final_what_was_provisional(
    api: Api, session: AsyncSession, connection: AsyncConnection
) -> None:
    received = NOW.astimezone(SHANGHAI).replace(month=12, day=30)
    case = await a_case(session, received, statutory=False)
    await session.commit()
    document = """query($number: String!) { case(number: $number) { dueAt dueProvisional
      events(last: 1) { nodes { kind actor data } } } }"""
    before = (await api.ask(document, number=case.number))["case"]
    assert before["dueProvisional"] is True

    said = a_year(idempotencyKey="calendar-2027")
    payload = await publish(api, said)
    assert payload["problems"] == []
    year = payload["calendarYear"]
    assert (year["year"], year["published"], year["holidays"], year["makeUpWorkdays"]) == (2027, True, 15, 1)
    assert (year["source"], year["version"]) == ("made up for a test", 1)
    after = (await api.ask(document, number=case.number))["case"]
    assert (before["dueAt"], after["dueAt"]) == ("2027-01-06T08:30:00+00:00", "2027-01-07T08:30:00+00:00")
    assert after["dueProvisional"] is False
    [event] = after["events"]["nodes"]
    assert event["kind"] == "DUE_CHANGED"
    assert event["data"]["to"]["dueAt"] == "2027-01-07T16:30:00+08:00"

    rows = await row_counts(connection)
    assert await publish(api, said) == payload
    assert await publish(api, said | {"idempotencyKey": None}) == payload
    assert await row_counts(connection) == rows


async def test_every_problem_at_once_and_nothing_written(api: Api, connection: AsyncConnection) -> None:
    before = await row_counts(connection)
    said = a_year(["01-01", "01-01", "02-14"], ["02-14", "02-16"], source=" ")
    said["days"].append({"date": "2028-01-01", "kind": "STATUTORY_HOLIDAY", "name": ""})
    payload = await publish(api, said)
    assert payload["calendarYear"] is None
    assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [
        ("INVALID_INPUT", ["source"]),
        ("INVALID_INPUT", ["days"]),
        ("INVALID_INPUT", ["days", "1", "date"]),
        ("INVALID_INPUT", ["days", "3", "date"]),
        ("INVALID_INPUT", ["days", "4", "date"]),
        ("INVALID_INPUT", ["days", "5", "date"]),
        ("INVALID_INPUT", ["days", "5", "name"]),
    ]
    assert await row_counts(connection) == before


async def test_a_year_published_differently_is_replaced_only_where_that_is_said(api: Api) -> None:
    assert (await publish(api, a_year()))["problems"] == []
    [problem] = (await publish(api, a_year(OFF[:-1])))["problems"]
    assert (problem["code"], problem["path"]) == ("ACTION_NOT_ALLOWED", ["year"])
    assert "replace" in problem["nextStep"]
    payload = await publish(api, a_year(OFF[:-1], replace=True))
    assert (payload["calendarYear"]["version"], payload["calendarYear"]["holidays"]) == (2, 14)


async def test_the_same_key_for_another_year_is_refused(api: Api) -> None:
    assert (await publish(api, a_year(idempotencyKey="k")))["problems"] == []
    [problem] = (await publish(api, a_year(OFF[:-1], idempotencyKey="k")))["problems"]
    assert problem["code"] == "IDEMPOTENCY_CONFLICT"


async def test_a_clerk_does_not_publish(make_api: MakeApi) -> None:
    clerk = Actor(subject="c", name="C", roles=frozenset({Role.CLERK}), everywhere=True)
    [problem] = (await publish(make_api(actor=clerk), a_year()))["problems"]
    assert problem["code"] == "FORBIDDEN"


async def test_opening_hours_follow_the_published_year(api: Api) -> None:
    await publish(api, a_year())
    document = """query($day: Date!) { center(code: "SH0114-01") { hours(from: $day, to: $day) {
      kind provisional intervals { closes } } } }"""
    worked = (await api.ask(document, day=str(date(2027, 2, 14))))["center"]["hours"]
    assert worked == [{"kind": "MAKE_UP_WORKDAY", "provisional": False, "intervals": [{"closes": "16:30"}]}]
