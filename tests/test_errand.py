"""The errand of the source, step by step: hukou in 虹口, home in 青浦, work in 嘉定, one center, one visit."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_support import ACTIONS, SAID
from support import (
    DIRECT_ITEM,
    HONGKOU,
    JIADING,
    LOCAL_ITEM,
    NOW,
    QINGPU,
    SPLIT_ITEM,
    UNMAPPED,
    Api,
    MakeApi,
    act,
    application,
    centers_of,
    done,
    equipment_in,
    new_database,
    register,
    submit,
)
from tongban import demo
from tongban.app import create_server_app
from tongban.cases.models import Case, CaseEvent, CaseMaterial, Transfer
from tongban.cases.words import CaseAction
from tongban.errors import SetupError
from tongban.identity.actor import Actor, Role
from tongban.identity.models import IdempotencyKey
from tongban.registry import Registry

EVENTS = """query($number: String!) { case(number: $number) { events(first: 100) { nodes {
  kind fromStatus toStatus note actor center { code } } } } }"""
CASE_WORK = (Case, CaseMaterial, CaseEvent, Transfer)
BEFORE_ACCEPTANCE = ["ACCEPT", "RETURN", "WITHDRAW"]
IN_REVIEW = ["APPROVE", "REJECT", "REQUEST_SUPPLEMENT", "WITHDRAW"]
STORED_AT_B = ["ACKNOWLEDGE_TRANSFER", "REFUSE_TRANSFER", "WITHDRAW"]


@dataclass(frozen=True, slots=True)
class Errand:
    """The resident of the source, and the three centers of the story."""

    resident: dict[str, Any]
    hongkou: dict[str, Any]
    qingpu: dict[str, Any]
    jiading: dict[str, Any]

    async def wish(self, api: Api, item: str, **more: Any) -> dict[str, Any]:
        """An application of the resident in 嘉定, with everything that the item asks for."""
        return await application(api, item, self.jiading["code"], self.resident["id"], **more)


@pytest_asyncio.fixture
async def errand(api: Api) -> Errand:
    hongkou, qingpu, jiading = [(await centers_of(api, district))[1] for district in (HONGKOU, QINGPU, JIADING)]
    resident = await register(
        api,
        hukouDivisionCode=hongkou["divisionCode"],
        hukouAddress="虹口区某路1号",
        hukouSince="2015-06-01",
        residenceDivisionCode=qingpu["divisionCode"],
        residenceAddress="青浦区某路2号",
    )
    return Errand(resident, hongkou, qingpu, jiading)


async def rows_of_cases(session: AsyncSession) -> dict[str, int]:
    """How many rows there are of everything that belongs to cases, and of keys."""
    tables = (*CASE_WORK, IdempotencyKey)
    return {t.__tablename__: await session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


async def state_of(api: Api, case: dict[str, Any]) -> Any:
    """All that the public API says of a case."""
    document = """query($number: String!) { case(number: $number) { status version availableActions closedAt
      underway handlingCenter { code } decision { approved reason resultNumber at }
      transfers { purpose from { code } to { code } sentAt deliveredAt attempts acknowledgedAt }
      events(first: 100) { nodes { id } } } }"""
    return (await api.ask(document, number=case["number"]))["case"]


async def on_its_way(api: Api, case: dict[str, Any], actions: list[str]) -> None:
    """The last transfer was sent and is not stored: nobody can act on it. Then it is stored at its destination."""
    before = await state_of(api, case)
    transfer = before["transfers"][-1]
    assert (before["underway"], transfer["deliveredAt"], transfer["attempts"]) == (True, None, 0)
    assert before["availableActions"] == [action for action in actions if action == "WITHDRAW"]
    await api.settle()
    after = await state_of(api, case)
    transfer = after["transfers"][-1]
    assert (after["underway"], transfer["attempts"], transfer["acknowledgedAt"]) == (False, 1, None)
    assert datetime.fromisoformat(transfer["deliveredAt"]) == NOW
    assert (after["version"], after["status"]) == (before["version"], before["status"])
    assert after["availableActions"] == actions


def test_story(errand: Errand) -> None:
    assert errand.resident["hukouCenter"] == {"code": errand.hongkou["code"], "name": errand.hongkou["name"]}
    assert errand.resident["livesAwayFromHukou"]


async def test_direct_item_is_handled_where_it_was_received(api: Api, errand: Errand) -> None:
    a = {"code": errand.jiading["code"]}
    case = await done(submit(api, await errand.wish(api, DIRECT_ITEM)))
    assert (case["mode"], case["status"], case["availableActions"]) == ("DIRECT", "SUBMITTED", BEFORE_ACCEPTANCE)
    case = await done(act(api, "acceptCase", case))
    assert (case["status"], case["availableActions"]) == ("UNDER_REVIEW", IN_REVIEW)
    case = await done(act(api, "approveCase", case, resultNumber="档-1"))
    assert (case["status"], case["availableActions"]) == ("APPROVED", ["DELIVER_RESULT"])
    case = await done(act(api, "deliverResult", case))
    assert (case["status"], case["availableActions"], case["visits"]) == ("DELIVERED", ["RATE"], 1)
    assert (case["receivingCenter"], case["handlingCenter"], case["transfers"]) == (a, a, [])
    assert case["decision"] == {"approved": True, "reason": None, "resultNumber": "档-1", "by": a}
    assert datetime.fromisoformat(case["closedAt"]) == NOW


async def test_split_item_goes_to_the_center_of_the_hukou_and_home_directly(api: Api, errand: Errand) -> None:
    a, b = errand.jiading["code"], errand.hongkou["code"]
    said = await errand.wish(api, SPLIT_ITEM, deliveryRoute="DIRECT_TO_RESIDENT")
    case = await done(submit(api, said))
    assert (case["mode"], case["status"], case["version"]) == ("SPLIT", "SUBMITTED", 1)
    assert (case["receivingCenter"]["code"], case["handlingCenter"]["code"], case["transfers"]) == (a, b, [])
    assert case["availableActions"] == BEFORE_ACCEPTANCE

    case = await done(act(api, "acceptCase", case, note="材料齐全"))
    assert (case["status"], case["version"], case["availableActions"]) == ("IN_TRANSFER", 2, ["WITHDRAW"])
    [transfer] = case["transfers"]
    assert (transfer["purpose"], transfer["from"]["code"], transfer["to"]["code"]) == ("HANDLING", a, b)
    assert transfer["acknowledgedAt"] is None
    await on_its_way(api, case, STORED_AT_B)

    case = await done(act(api, "acknowledgeTransfer", case))
    assert (case["status"], case["version"], case["availableActions"]) == ("UNDER_REVIEW", 3, IN_REVIEW)
    assert case["transfers"][0]["acknowledgedAt"] is not None

    case = await done(act(api, "approveCase", case, resultNumber="救助-1"))
    assert (case["status"], case["version"], case["availableActions"]) == ("APPROVED", 4, ["DELIVER_RESULT"])
    assert case["decision"] == {"approved": True, "reason": None, "resultNumber": "救助-1", "by": {"code": b}}

    case = await done(act(api, "deliverResult", case))
    assert (case["status"], case["version"], case["availableActions"]) == ("DELIVERED", 5, ["RATE"])
    assert (case["visits"], len(case["transfers"])) == (1, 1)

    events = (await api.ask(EVENTS, number=case["number"]))["case"]["events"]["nodes"]
    assert [(e["kind"], e["fromStatus"], e["toStatus"], e["center"]["code"]) for e in events] == [
        ("SUBMITTED", None, "SUBMITTED", a),
        ("ACCEPT", "SUBMITTED", "IN_TRANSFER", a),
        ("TRANSFER_STORED", "IN_TRANSFER", "IN_TRANSFER", b),
        ("ACKNOWLEDGE_TRANSFER", "IN_TRANSFER", "UNDER_REVIEW", b),
        ("APPROVE", "UNDER_REVIEW", "APPROVED", b),
        ("DELIVER_RESULT", "APPROVED", "DELIVERED", b),
    ]
    assert events[1]["note"] == "材料齐全"
    assert [event["actor"] for event in events] == ["developer", "developer", "system", *["developer"] * 3]


async def test_split_item_comes_home_through_the_receiving_center(api: Api, errand: Errand) -> None:
    a, b = errand.jiading["code"], errand.hongkou["code"]
    said = await errand.wish(api, SPLIT_ITEM, deliveryRoute="VIA_RECEIVING_CENTER", accept=True)
    case = await done(submit(api, said))
    assert (case["status"], case["version"]) == ("IN_TRANSFER", 2)
    await on_its_way(api, case, STORED_AT_B)
    case = await done(act(api, "acknowledgeTransfer", case))
    case = await done(act(api, "approveCase", case))
    case = await done(act(api, "deliverResult", case))
    assert (case["status"], case["availableActions"]) == ("RESULT_IN_TRANSFER", [])
    assert case["closedAt"] is None
    await on_its_way(api, case, ["DELIVER_RESULT"])
    case = await done(act(api, "deliverResult", case))
    assert (case["status"], case["availableActions"], case["visits"]) == ("DELIVERED", ["RATE"], 1)
    there, back = case["transfers"]
    assert (there["purpose"], there["from"]["code"], there["to"]["code"]) == ("HANDLING", a, b)
    assert (back["purpose"], back["from"]["code"], back["to"]["code"]) == ("RESULT", b, a)
    assert there["acknowledgedAt"] is not None
    assert back["acknowledgedAt"] is not None

    events = (await api.ask(EVENTS, number=case["number"]))["case"]["events"]["nodes"]
    assert [(event["kind"], event["toStatus"], event["center"]["code"]) for event in events] == [
        ("SUBMITTED", "SUBMITTED", a),
        ("ACCEPT", "IN_TRANSFER", a),
        ("TRANSFER_STORED", "IN_TRANSFER", b),
        ("ACKNOWLEDGE_TRANSFER", "UNDER_REVIEW", b),
        ("APPROVE", "APPROVED", b),
        ("DELIVER_RESULT", "RESULT_IN_TRANSFER", b),
        ("TRANSFER_STORED", "RESULT_IN_TRANSFER", a),
        ("DELIVER_RESULT", "DELIVERED", a),
    ]


@pytest.mark.parametrize("route", ["DIRECT_TO_RESIDENT", "VIA_RECEIVING_CENTER"])
async def test_split_item_at_the_center_of_the_hukou_stays_there(api: Api, errand: Errand, route: str) -> None:
    b = errand.hongkou["code"]
    said = await application(api, SPLIT_ITEM, b, errand.resident["id"], deliveryRoute=route, accept=True)
    case = await done(submit(api, said))
    assert (case["mode"], case["status"]) == ("SPLIT", "UNDER_REVIEW")
    assert case["receivingCenter"] == case["handlingCenter"] == {"code": b}
    case = await done(act(api, "approveCase", case))
    case = await done(act(api, "deliverResult", case))
    assert (case["status"], case["transfers"], case["visits"]) == ("DELIVERED", [], 1)


async def test_whose_turn_it_is_shows_in_the_worklists(api: Api, errand: Errand) -> None:
    async def worklists() -> tuple[list[str], list[str]]:
        document = """query($a: String!, $b: String!) { a: center(code: $a) { worklist { nodes { number } } }
          b: center(code: $b) { worklist { nodes { number } } } }"""
        found = await api.ask(document, a=errand.jiading["code"], b=errand.hongkou["code"])
        of_a, of_b = ([case["number"] for case in found[side]["worklist"]["nodes"]] for side in "ab")
        return of_a, of_b

    case = await done(submit(api, await errand.wish(api, SPLIT_ITEM, deliveryRoute="VIA_RECEIVING_CENTER")))
    mine = [case["number"]]
    assert await worklists() == (mine, [])
    for verb, expected in (
        ("acceptCase", ([], mine)),
        ("acknowledgeTransfer", ([], mine)),
        ("approveCase", ([], mine)),
        ("deliverResult", (mine, [])),
        ("deliverResult", ([], [])),
    ):
        case = await done(act(api, verb, case))
        assert await worklists() == expected, verb


async def test_low_rent_housing_is_refused_elsewhere_and_taken_at_home(
    api: Api, errand: Errand, session: AsyncSession
) -> None:
    said = await errand.wish(api, LOCAL_ITEM)
    payload = await submit(api, said)
    assert payload["case"] is None
    [problem] = payload["problems"]
    assert (problem["code"], problem["path"]) == ("NOT_OFFERED_HERE", ["center"])
    assert problem["nextStep"] == f"请到{errand.hongkou['name']}办理"
    for reason in ("部分材料申请家庭无法直接提供", "需要实地查证", "各区补贴标准不一致"):
        assert reason in problem["message"]
    assert set((await rows_of_cases(session)).values()) == {0}

    english = replace(api, headers={"Accept-Language": "en"})
    [problem] = (await submit(english, said))["problems"]
    assert problem["nextStep"] == f"Please go to {errand.hongkou['nameEn']}"
    assert "verification on site" in problem["message"]

    case = await done(submit(api, said | {"center": errand.hongkou["code"], "accept": True}))
    assert (case["mode"], case["status"], case["transfers"]) == ("LOCAL_ONLY", "UNDER_REVIEW", [])
    assert case["handlingCenter"] == {"code": errand.hongkou["code"]}


async def test_an_unmapped_street_waits_until_the_hukou_names_a_center(
    api: Api, errand: Errand, session: AsyncSession
) -> None:
    resident = await register(api, hukouDivisionCode=UNMAPPED, hukouSince="2020-01-01")
    assert resident["hukouCenter"] is None
    a = errand.jiading["code"]
    case = await done(submit(api, await application(api, SPLIT_ITEM, a, resident["id"])))
    case = await done(act(api, "acceptCase", case))
    assert (case["status"], case["transfers"]) == ("ROUTING_REVIEW", [])
    assert case["availableActions"] == ["ACCEPT", "WITHDRAW"]

    before, rows = await state_of(api, case), await rows_of_cases(session)
    [problem] = (await act(api, "acceptCase", case))["problems"]
    assert (problem["code"], problem["nextStep"]) == ("ROUTING_UNKNOWN", "请核对户籍所在街道后再次受理")
    [problem] = (await act(api, "approveCase", case))["problems"]
    assert problem["code"] == "ACTION_NOT_ALLOWED"
    assert await state_of(api, case) == before
    assert await rows_of_cases(session) == rows

    move = """mutation($input: ChangeHukouInput!) { changeHukou(input: $input) {
      resident { hukouCenter { code } } problems { code } } }"""
    said = {"resident": resident["id"], "address": "虹口区某路3号", "since": "2026-11-01"}
    answer = await api.ask(move, input=said | {"divisionCode": errand.hongkou["divisionCode"]})
    assert answer["changeHukou"] == {"resident": {"hukouCenter": {"code": errand.hongkou["code"]}}, "problems": []}

    case = await done(act(api, "acceptCase", case))
    assert (case["status"], case["handlingCenter"]["code"]) == ("IN_TRANSFER", errand.hongkou["code"])
    [transfer] = case["transfers"]
    assert (transfer["from"]["code"], transfer["to"]["code"]) == (a, errand.hongkou["code"])


async def test_an_unmapped_street_may_turn_out_to_be_the_receiving_centers_own(api: Api, errand: Errand) -> None:
    resident = await register(api, hukouDivisionCode=UNMAPPED, hukouSince="2020-01-01")
    said = await application(api, SPLIT_ITEM, errand.jiading["code"], resident["id"], accept=True)
    case = await done(submit(api, said))
    assert case["status"] == "ROUTING_REVIEW"
    move = "mutation($input: ChangeHukouInput!) { changeHukou(input: $input) { problems { code } } }"
    division = errand.jiading["divisionCode"]
    moved = {"resident": resident["id"], "divisionCode": division, "address": "", "since": "2026-11-01"}
    assert (await api.ask(move, input=moved))["changeHukou"]["problems"] == []
    case = await done(act(api, "acceptCase", case))
    assert (case["status"], case["transfers"]) == ("UNDER_REVIEW", [])


async def test_exactly_the_available_actions_are_possible_and_a_wrong_one_changes_nothing(
    api: Api, errand: Errand, session: AsyncSession
) -> None:
    case = await done(submit(api, await errand.wish(api, SPLIT_ITEM, deliveryRoute="VIA_RECEIVING_CENTER")))
    assert set(ACTIONS.values()) == set(CaseAction)
    story = ("acceptCase", "acknowledgeTransfer", "requestSupplement", "supplementCase", "acknowledgeTransfer")
    for step in (*story, "rejectCase", "deliverResult", "deliverResult", "rateCase", None):
        for _ in ("on its way", "stored"):
            before, rows = await state_of(api, case), await rows_of_cases(session)
            for verb, action in ACTIONS.items():
                if action not in before["availableActions"]:
                    payload = await act(replace(api, settle=rest), verb, case, **SAID.get(verb, {}))
                    assert payload["case"] is None
                    assert [problem["code"] for problem in payload["problems"]] == ["ACTION_NOT_ALLOWED"], verb
            assert await state_of(api, case) == before
            assert await rows_of_cases(session) == rows
            await api.settle()
        if step is not None:
            assert ACTIONS[step] in (await state_of(api, case))["availableActions"]
            case = await done(act(api, step, case, **SAID.get(step, {})))
    assert (case["status"], case["decision"]["approved"], case["availableActions"]) == ("DELIVERED", False, [])


async def rest() -> None:
    """Sends nothing."""


async def test_a_stale_version_changes_nothing(api: Api, errand: Errand, session: AsyncSession) -> None:
    old = await done(submit(api, await errand.wish(api, SPLIT_ITEM)))
    case = await done(act(api, "acceptCase", old))
    await api.settle()
    before, rows = await state_of(api, case), await rows_of_cases(session)
    for version in (old["version"], case["version"] + 1, 0, -1):
        payload = await act(api, "acknowledgeTransfer", case, expectedVersion=version)
        assert payload["case"] is None
        [problem] = payload["problems"]
        assert (problem["code"], problem["path"]) == ("STALE_VERSION", ["expectedVersion"])
        assert "第2版" in problem["message"]
    assert await state_of(api, case) == before
    assert await rows_of_cases(session) == rows


@pytest.mark.parametrize("reason", [None, "", "  \n"])
async def test_a_rejection_needs_a_reason(api: Api, errand: Errand, reason: str | None) -> None:
    case = await done(submit(api, await errand.wish(api, DIRECT_ITEM, accept=True)))
    before = await state_of(api, case)
    payload = await act(api, "rejectCase", case, reason=reason)
    assert payload["case"] is None
    [problem] = payload["problems"]
    assert (problem["code"], problem["path"]) == ("INVALID_INPUT", ["reason"])
    assert await state_of(api, case) == before


async def test_a_rejection_is_told_with_its_reason(api: Api, errand: Errand) -> None:
    case = await done(submit(api, await errand.wish(api, DIRECT_ITEM, accept=True)))
    case = await done(act(api, "rejectCase", case, reason="查无此档"))
    assert (case["status"], case["availableActions"]) == ("REJECTED", ["DELIVER_RESULT"])
    assert (case["decision"]["approved"], case["decision"]["reason"]) == (False, "查无此档")
    case = await done(act(api, "deliverResult", case))
    assert (case["status"], case["visits"]) == ("DELIVERED", 1)


async def test_each_center_does_its_own_part_only(api: Api, make_api: MakeApi, errand: Errand) -> None:
    """A may not decide a split case, B may not accept one, and a third center may do nothing."""

    def clerk(center: dict[str, Any]) -> Api:
        actor = Actor(
            subject=center["code"], name="", roles=frozenset({Role.CLERK}), centers=frozenset({center["code"]})
        )
        return make_api(actor=actor)

    a, b, third = clerk(errand.jiading), clerk(errand.hongkou), clerk(errand.qingpu)
    said = await errand.wish(api, SPLIT_ITEM, deliveryRoute="VIA_RECEIVING_CENTER")
    assert [p["code"] for p in (await submit(third, said))["problems"]] == ["FORBIDDEN"]
    case = await done(submit(a, said))
    for verb, mine in (
        ("acceptCase", a),
        ("acknowledgeTransfer", b),
        ("approveCase", b),
        ("deliverResult", b),
        ("deliverResult", a),
    ):
        await api.settle()
        before = await state_of(api, case)
        for other in {a.client: a, b.client: b, third.client: third}.values():
            if other is not mine:
                payload = await act(other, verb, case)
                assert [problem["code"] for problem in payload["problems"]] == ["FORBIDDEN"], verb
        assert await state_of(api, case) == before
        case = await done(act(mine, verb, case))
    assert case["status"] == "DELIVERED"


async def test_every_problem_comes_at_once(api: Api, errand: Errand, session: AsyncSession) -> None:
    said = await errand.wish(api, SPLIT_ITEM)
    wanted = [document["material"] for document in said["documents"]]
    wrong = {"form": said["form"] | {"cause": "NONSENSE"}, "documents": said["documents"][:1]}
    payload = await submit(api, said | wrong | {"accept": True})
    assert payload["case"] is None
    missing = [problem["path"][-1] for problem in payload["problems"] if problem["code"] == "MATERIAL_MISSING"]
    assert missing == wanted[1:]
    assert ["form", "cause"] in [problem["path"] for problem in payload["problems"]]
    assert all(problem["nextStep"] for problem in payload["problems"] if problem["code"] == "MATERIAL_MISSING")
    assert set((await rows_of_cases(session)).values()) == {0}


# ---------------------------------------------------------------- due dates

TEN_DAYS, THREE_MORE = SPLIT_ITEM, 3
"""临时救助 promises 10 working days, and at most 3 more where the case passes to another center."""


@pytest.mark.parametrize(
    ("received", "at_home", "due", "provisional"),
    [
        # Tuesday: ten working days are two weeks.
        ("2026-11-03T10:00", True, "2026-11-17T16:30", False),
        ("2026-11-03T10:00", False, "2026-11-20T16:30", False),
        # Before the National Day holiday (1 to 7 October 2026), whose make-up workday is Saturday the 10th.
        ("2026-09-28T09:00", True, "2026-10-16T16:30", False),
        ("2026-09-28T09:00", False, "2026-10-21T16:30", False),
        # Received on the make-up workday, on a holiday, late in the evening: the next working day is the first.
        ("2026-10-10T11:00", True, "2026-10-23T16:30", False),
        ("2026-10-03T09:00", True, "2026-10-20T16:30", False),
        ("2026-11-03T23:30", True, "2026-11-17T16:30", False),
        # Over the Spring Festival of 2018, with its two make-up workdays, the 11th and the 24th of February.
        ("2018-02-09T09:00", True, "2018-02-28T16:30", False),
        # The calendar of 2027 is not published: the date says that it may move.
        ("2026-12-17T10:00", True, "2026-12-31T16:30", False),
        ("2026-12-18T10:00", True, "2027-01-01T16:30", True),
        ("2027-03-01T10:00", True, "2027-03-15T16:30", True),
    ],
)
async def test_due_in_working_days(
    make_api: MakeApi, errand: Errand, received: str, at_home: bool, due: str, provisional: bool
) -> None:
    """16:30 in Shanghai on the last promised working day; the day of receipt is not counted."""
    api = make_api(at=datetime.fromisoformat(f"{received}:00+08:00").astimezone(UTC))
    center = errand.hongkou if at_home else errand.jiading
    form = {"cause": "ACCIDENT", "happenedOn": "2018-02-01", "account": "家中失火"}
    if received < "2018-03-01":  # before the item joined it is done at home; only the dates are asked for here
        document = """query($input: SubmitCaseInput!) { casePreview(input: $input) { dueAt dueProvisional } }"""
        said = {"item": SPLIT_ITEM, "center": center["code"], "applicant": errand.resident["id"], "form": form}
        found = (await api.ask(document, input=said))["casePreview"]
    else:
        said = await application(api, SPLIT_ITEM, center["code"], errand.resident["id"], form=form, accept=True)
        found = await done(submit(api, said))
    assert datetime.fromisoformat(found["dueAt"]) == datetime.fromisoformat(f"{due}:00+08:00")
    assert found["dueProvisional"] is provisional


async def test_an_item_done_on_the_spot_is_due_on_the_same_day(api: Api, errand: Errand) -> None:
    case = await done(submit(api, await errand.wish(api, DIRECT_ITEM)))
    assert datetime.fromisoformat(case["dueAt"]) == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


async def test_overdue_from_the_moment_after_the_due_date_until_the_decision(make_api: MakeApi, errand: Errand) -> None:
    api = make_api()
    case = await done(submit(api, await errand.wish(api, DIRECT_ITEM, accept=True)))
    due = datetime.fromisoformat(case["dueAt"])
    document = (
        "query($number: String!) { case(number: $number) { overdue } cases(filter: {overdue: true}) { totalCount } }"
    )

    async def overdue(at: datetime) -> tuple[bool, int]:
        found = await make_api(at=at).ask(document, number=case["number"])
        return found["case"]["overdue"], found["cases"]["totalCount"]

    assert await overdue(due) == (False, 0)
    assert await overdue(due.replace(second=1)) == (True, 1)
    await done(act(make_api(at=due), "approveCase", case))
    assert await overdue(due.replace(year=2028)) == (False, 0)


# ---------------------------------------------------------------- once and only once


async def test_the_same_key_and_input_give_the_same_case(api: Api, errand: Errand, session: AsyncSession) -> None:
    said = await errand.wish(api, SPLIT_ITEM, accept=True) | {"idempotencyKey": "counter-7-0001"}
    first = await done(submit(api, said))
    rows = await rows_of_cases(session)
    assert rows["service_case"] == rows["idempotency_key"] == 1
    again = await done(submit(api, said))
    assert again == first
    assert await rows_of_cases(session) == rows


async def test_a_repeated_action_answers_the_case_as_it_stands_and_does_nothing(
    api: Api, errand: Errand, session: AsyncSession
) -> None:
    case = await done(submit(api, await errand.wish(api, SPLIT_ITEM, accept=True)))
    taken = await done(act(api, "acknowledgeTransfer", case, idempotencyKey="k"))
    rows = await rows_of_cases(session)
    assert await done(act(api, "acknowledgeTransfer", case, idempotencyKey="k")) == taken
    assert await rows_of_cases(session) == rows


async def test_the_same_key_with_other_input_is_a_conflict(api: Api, errand: Errand, session: AsyncSession) -> None:
    said = await errand.wish(api, SPLIT_ITEM, idempotencyKey="k")
    case = await done(submit(api, said))
    rows, before = await rows_of_cases(session), await state_of(api, case)
    for other in (
        said | {"center": errand.qingpu["code"]},
        said | {"accept": True},
        said | {"form": said["form"] | {"account": "另一件事"}},
    ):
        payload = await submit(api, other)
        assert payload["case"] is None
        [problem] = payload["problems"]
        assert (problem["code"], problem["path"]) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    payload = await act(api, "acceptCase", case, idempotencyKey="k")
    assert [problem["code"] for problem in payload["problems"]] == ["IDEMPOTENCY_CONFLICT"]
    assert await rows_of_cases(session) == rows
    assert await state_of(api, case) == before


async def test_a_refused_request_leaves_its_key_free(api: Api, errand: Errand, session: AsyncSession) -> None:
    said = await errand.wish(api, SPLIT_ITEM, idempotencyKey="k")
    payload = await submit(api, said | {"documents": []})
    assert {problem["code"] for problem in payload["problems"]} == {"MATERIAL_MISSING"}
    assert set((await rows_of_cases(session)).values()) == {0}
    case = await done(submit(api, said))
    assert case["status"] == "SUBMITTED"


async def test_keys_of_two_actors_are_two_keys(api: Api, make_api: MakeApi, errand: Errand) -> None:
    clerk = Actor(subject="clerk", name="", roles=frozenset({Role.CLERK}), everywhere=True)
    said = await errand.wish(api, SPLIT_ITEM, idempotencyKey="k", evenIfDuplicate=True)
    mine, theirs = await done(submit(api, said)), await done(submit(make_api(actor=clerk), said))
    assert mine["number"] != theirs["number"]


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_is_neither_empty_nor_endless(api: Api, errand: Errand, session: AsyncSession, key: str) -> None:
    payload = await submit(api, await errand.wish(api, SPLIT_ITEM, idempotencyKey=key))
    assert [problem["path"] for problem in payload["problems"]] == [["idempotencyKey"]]
    assert set((await rows_of_cases(session)).values()) == {0}


async def test_registration_and_moves_are_done_once_too(api: Api, errand: Errand) -> None:
    move = """mutation($input: ChangeHukouInput!) { changeHukou(input: $input) {
      resident { id hukou { since } } problems { code } } }"""
    said = {
        "resident": errand.resident["id"],
        "divisionCode": errand.qingpu["divisionCode"],
        "address": "青浦区某路2号",
        "since": "2026-11-01",
        "idempotencyKey": "move",
    }
    first = await api.ask(move, input=said)
    assert first["changeHukou"]["resident"]["hukou"] == {"since": "2026-11-01"}
    assert await api.ask(move, input=said) == first
    answer = await api.ask(move, input=said | {"since": "2026-11-02"})
    assert answer["changeHukou"] == {"resident": None, "problems": [{"code": "IDEMPOTENCY_CONFLICT"}]}


# ---------------------------------------------------------------- tongban demo


async def test_the_demo_plays_the_errand_against_a_running_server(
    server_url: str, loaded_url: str, registry: Registry
) -> None:
    """`tongban demo` tells the same story over a real connection, as often as one likes."""
    async with new_database(server_url, loaded_url) as url:
        with serving(url, registry) as address:
            for _ in range(2):
                told = StringIO()
                await demo.play(f"{address}/graphql", Console(file=told, width=200))
                story = told.getvalue()
                for words in (
                    "王小明",
                    "婚姻登记档案查询",
                    "临时救助申请",
                    "passed to 欧阳路街道社区事务受理服务中心",
                    "stored there, every digest verified",
                    "taken over by a reviewer",
                    "SUPPLEMENT_REQUESTED",
                    "sent from home, no visit",
                    "RESULT_IN_TRANSFER",
                    "廉租住房申请",
                    "请到欧阳路街道社区事务受理服务中心办理",
                    "delivered, 1 visit",
                    "★★★★★",
                    "一趟即可",
                ):
                    assert words in story
            assert await cases_at(f"{address}/graphql") == {"DELIVERED": 6}


async def test_the_demo_says_in_one_line_that_no_server_is_there() -> None:
    with pytest.raises(SetupError, match=r"No server answers at http://127\.0\.0\.1:9/graphql"):
        await demo.play("http://127.0.0.1:9/graphql", Console(file=StringIO()))


async def cases_at(url: str) -> dict[str, int]:
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, json={"query": "{ cases(first: 100) { nodes { status } } }"})
    counts: dict[str, int] = {}
    for case in answer.json()["data"]["cases"]["nodes"]:
        counts[case["status"]] = counts.get(case["status"], 0) + 1
    return counts


@contextmanager
def serving(url: str, registry: Registry) -> Iterator[str]:
    """The address of a server in a thread of its own, over that database, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="errand-"))
    app = create_server_app(url, equipment_in(folder, registry), 2)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
        shutil.rmtree(folder)
