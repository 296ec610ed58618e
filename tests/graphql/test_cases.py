"""Cases' desk: the dry run, filters and orders, documents and agents, languages; statements that don't grow."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from support import (
    DIRECT_ITEM,
    HONGKOU,
    JIADING,
    NOW,
    PROBLEMS,
    SPLIT_ITEM,
    UNMAPPED,
    Api,
    MakeApi,
    act,
    application,
    centers_of,
    citizen_number,
    done,
    many,
    register,
    statements,
    submit,
)
from tongban.cases.models import Case
from tongban.cases.numbers import is_number

PREVIEW = f"""query($input: SubmitCaseInput!) {{ casePreview(input: $input) {{ mode dueAt dueProvisional
  receivingCenter {{ code }} handlingCenter {{ code }} missing {{ necessity material {{ code }} }} {PROBLEMS} }} }}"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Two centers in 嘉定 and 虹口, and a resident with hukou in the second one's street."""

    a: str
    b: str
    resident: str


@pytest_asyncio.fixture
async def desk(api: Api) -> Desk:
    a, b = (await centers_of(api, JIADING))[0], (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=b["divisionCode"])
    return Desk(a["code"], b["code"], resident["id"])


async def count(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Case)) or 0


# ---------------------------------------------------------------- the dry run


@pytest.mark.parametrize("item", [DIRECT_ITEM, SPLIT_ITEM])
async def test_a_preview_says_what_submission_does_and_writes_nothing(
    api: Api, session: AsyncSession, desk: Desk, item: str
) -> None:
    said = await application(api, item, desk.a, desk.resident)
    preview = (await api.ask(PREVIEW, input=said))["casePreview"]
    assert await count(session) == 0
    case = await done(submit(api, said))
    assert preview == {
        "problems": [],
        "missing": [],
        **{name: case[name] for name in ("mode", "dueAt", "dueProvisional", "receivingCenter", "handlingCenter")},
    }


async def test_a_preview_names_every_missing_material(api: Api, session: AsyncSession, desk: Desk) -> None:
    said = await application(api, SPLIT_ITEM, desk.a, desk.resident)
    wanted = [document["material"] for document in said["documents"]]
    preview = (await api.ask(PREVIEW, input=said | {"documents": []}))["casePreview"]
    assert [need["material"]["code"] for need in preview["missing"]] == wanted
    assert [problem["path"] for problem in preview["problems"]] == [["documents", code] for code in wanted]
    refusal = await submit(api, said | {"documents": []})
    assert refusal == {"case": None, "problems": preview["problems"]}
    assert await count(session) == 0


async def test_a_preview_of_an_unmapped_street_names_no_center(api: Api, desk: Desk) -> None:
    resident = await register(api, hukouDivisionCode=UNMAPPED)
    said = await application(api, SPLIT_ITEM, desk.a, resident["id"])
    preview = (await api.ask(PREVIEW, input=said))["casePreview"]
    assert (preview["mode"], preview["handlingCenter"], preview["problems"]) == ("SPLIT", None, [])


async def test_a_conditional_material_is_needed_exactly_when_the_form_says_so(api: Api, desk: Desk) -> None:
    said = await application(api, "ZJ-001", desk.b, desk.resident)
    wanted = {"OWNED": "M-DEED", "PUBLIC_RENTAL": "M-PUBRENT"}
    for tenure, material in wanted.items():
        form = said["form"] | {"tenure": tenure}
        preview = (await api.ask(PREVIEW, input=said | {"form": form, "documents": []}))["casePreview"]
        missing = {need["material"]["code"] for need in preview["missing"]}
        assert missing & set(wanted.values()) == {material}
        assert "M-SURVEY" not in missing  # may be handed in later


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        ({"item": "XX-999"}, "NOT_FOUND", ["item"]),
        ({"center": "SH9999-99"}, "NOT_FOUND", ["center"]),
        ({"applicant": "nobody"}, "NOT_FOUND", ["applicant"]),
        ({"form": {"cause": 17}}, "FORM_INVALID", ["form", "cause"]),
        ({"form": "words"}, "FORM_INVALID", ["form"]),
        ({"form": []}, "FORM_INVALID", ["form"]),
        ({"documents": [{"material": "M-XX"}]}, "MATERIAL_INVALID", ["documents", "0", "material"]),
        ({"documents": [{"material": "M-ID", "document": "RG9j"}]}, "MATERIAL_INVALID", ["documents", "0", "document"]),
    ],
)
async def test_what_is_wrong_is_named_with_its_place(
    api: Api, session: AsyncSession, desk: Desk, wrong: dict[str, Any], code: str, path: list[str]
) -> None:
    said = await application(api, SPLIT_ITEM, desk.a, desk.resident) | wrong
    payload = await submit(api, said)
    assert payload["case"] is None
    assert (code, path) in [(problem["code"], problem["path"]) for problem in payload["problems"]]
    assert (code, path) in [
        (problem["code"], problem["path"])
        for problem in (await api.ask(PREVIEW, input=said))["casePreview"]["problems"]
    ]
    assert await count(session) == 0


async def test_problems_speak_the_callers_language(api: Api, desk: Desk) -> None:
    said = await application(api, DIRECT_ITEM, desk.a, desk.resident) | {"documents": []}
    for accepted, message, step in (
        (None, "缺少材料：", "签发单位："),
        ("zh-CN,zh;q=0.9", "缺少材料：", "签发单位："),
        ("fr", "缺少材料：", "签发单位："),
        ("en", "Missing: ", "Issued by "),
        ("en-US,en;q=0.9,zh;q=0.5", "Missing: ", "Issued by "),
    ):
        asked = replace(api, headers={"Accept-Language": accepted} if accepted else {})
        [problem] = (await submit(asked, said))["problems"]
        assert problem["message"].startswith(message), accepted
        assert problem["nextStep"].startswith(step), accepted


# ---------------------------------------------------------------- what a case shows


async def test_a_whole_case(api: Api, desk: Desk) -> None:
    agent = {"name": "李四", "idNumber": citizen_number(), "relation": "DAUGHTER"}
    said = await application(api, SPLIT_ITEM, desk.a, desk.resident, agent=agent, channel="PORTAL", accept=True)
    number = (await done(submit(api, said)))["number"]
    assert is_number(number)
    assert number.startswith("TB261124-")
    document = """query($number: String!) { case(number: $number) { number channel form visits submittedAt
      applicant { id } agent { name idNumber relation } item { code version } handedIn { material { code } }
      transfers { manifest { material } shown formDigest manifestDigest } decision { at } closedAt overdue } }"""
    case = (await api.ask(document, number=f"  {number.lower()} "))["case"]
    assert (case["number"], case["channel"], case["form"]) == (number, "PORTAL", said["form"])
    assert case["visits"] == 0
    assert (case["applicant"]["id"], case["item"]["code"]) == (desk.resident, SPLIT_ITEM)
    assert datetime.fromisoformat(case["submittedAt"]) == NOW
    wanted = [document["material"] for document in said["documents"]]
    assert [handed["material"]["code"] for handed in case["handedIn"]] == wanted
    [transfer] = case["transfers"]
    assert (transfer["manifest"], transfer["shown"]) == ([], wanted)
    assert len(transfer["formDigest"]) == len(transfer["manifestDigest"]) == 64
    assert (case["decision"], case["closedAt"], case["overdue"]) == (None, None, False)
    shown = case["agent"]
    assert (shown["name"], shown["relation"]) == ("李四", "DAUGHTER")
    assert shown["idNumber"] == f"310***********{agent['idNumber'][-4:]}"


@pytest.mark.parametrize(
    ("channel", "visits"), [("COUNTER", 1), ("KIOSK", 1), ("PORTAL", 0), ("WECHAT", 0), ("HOTLINE", 0)]
)
async def test_only_who_comes_has_come(api: Api, desk: Desk, channel: str, visits: int) -> None:
    case = await done(submit(api, await application(api, DIRECT_ITEM, desk.a, desk.resident, channel=channel)))
    assert case["visits"] == visits


async def test_a_case_keeps_the_version_of_its_item(api: Api, make_api: MakeApi, desk: Desk) -> None:
    """A case begun under one version of the item stays with it."""
    early = make_api(at=datetime.fromisoformat("2018-02-28T10:00:00+08:00"))
    case = await done(submit(early, await application(early, DIRECT_ITEM, desk.a, desk.resident)))
    document = """query($number: String!) { case(number: $number) { item { version status } }
      serviceItem(code: "DA-001") { version } }"""
    data = await api.ask(document, number=case["number"])
    assert data["case"]["item"] == {"version": 1, "status": "WITHDRAWN"}
    assert data["serviceItem"] == {"version": 2}


async def test_an_unknown_number_is_null(api: Api) -> None:
    assert await api.ask('{ case(number: "TB261124-000000000") { id } }') == {"case": None}


@pytest.mark.parametrize("verb", ["acceptCase", "acknowledgeTransfer", "approveCase", "rejectCase", "deliverResult"])
async def test_an_unknown_case_is_a_problem(api: Api, verb: str) -> None:
    more = {"reason": "x"} if verb == "rejectCase" else {}
    for id_ in ("", "nonsense", "Q2FzZTowMThmMDAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDA="):
        payload = await act(api, verb, {"id": id_, "version": 1}, **more)
        assert payload["case"] is None
        assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [("NOT_FOUND", ["case"])]


# ---------------------------------------------------------------- finding cases


async def found(api: Api, order_by: str | None = None, **filter_: Any) -> list[str]:
    document = """query($filter: CaseFilter, $orderBy: CaseOrder) {
      cases(filter: $filter, orderBy: $orderBy, first: 100) { totalCount nodes { number } } }"""
    page = (await api.ask(document, filter=filter_ or None, orderBy=order_by))["cases"]
    assert page["totalCount"] == len(page["nodes"])
    return [node["number"] for node in page["nodes"]]


async def test_filters_and_orders(api: Api, make_api: MakeApi, desk: Desk) -> None:
    earlier, later = make_api(at=NOW - timedelta(days=3)), make_api(at=NOW + timedelta(minutes=1))
    elder = {"idNumber": citizen_number(date(1950, 1, 1)), "hukouDivisionCode": "310114001000"}
    other = (await register(api, **elder))["id"]
    direct = (await done(submit(earlier, await application(earlier, DIRECT_ITEM, desk.a, desk.resident))))["number"]
    split = (await done(submit(api, await application(api, SPLIT_ITEM, desk.a, desk.resident, accept=True))))["number"]
    again = await application(later, SPLIT_ITEM, desk.b, desk.resident, evenIfDuplicate=True)
    home = (await done(submit(later, again)))["number"]
    others = (await done(submit(later, await application(later, "MZ-009", desk.b, other))))["number"]
    everything = {direct, split, home, others}

    assert set(await found(api)) == everything
    assert await found(api, "SUBMITTED_ASC", resident=desk.resident) == [direct, split, home]
    assert await found(api, "SUBMITTED_DESC", resident=desk.resident) == [home, split, direct]
    assert await found(api, "DUE_ASC", resident=desk.resident) == [direct, home, split]
    assert set(await found(api, center=desk.a)) == {direct, split}
    assert set(await found(api, center=desk.b)) == {split, home, others}
    assert set(await found(api, receivingCenter=desk.a)) == {direct, split}
    assert set(await found(api, handlingCenter=desk.a)) == {direct}
    assert set(await found(api, handlingCenter=desk.b)) == {split, home, others}
    assert await found(api, receivingCenter=desk.a, handlingCenter=desk.b) == [split]
    assert await found(api, resident=other) == [others]
    assert set(await found(api, item=SPLIT_ITEM)) == {split, home}
    assert set(await found(api, department="MZ")) == {split, home, others}
    assert set(await found(api, mode="SPLIT")) == {split, home}
    assert set(await found(api, status=["IN_TRANSFER", "APPROVED"])) == {split}
    assert await found(api, status=[]) == []
    assert await found(api, number=f" {home.lower()}") == [home]
    assert set(await found(api, submittedFrom=NOW.isoformat())) == {split, home, others}
    assert set(await found(api, submittedTo=NOW.isoformat())) == {direct}
    assert await found(api, overdue=True) == [direct]
    assert set(await found(api, overdue=False)) == everything - {direct}
    assert await found(api, center="SH9999-99") == await found(api, item="XX-1") == await found(api, number="x") == []


async def test_cases_of_a_resident_and_a_worklist_by_status(api: Api, desk: Desk) -> None:
    direct = await done(submit(api, await application(api, DIRECT_ITEM, desk.a, desk.resident, accept=True)))
    split = await done(submit(api, await application(api, SPLIT_ITEM, desk.a, desk.resident)))
    document = """query($id: ID!, $a: String!) { resident(id: $id) { cases { totalCount nodes { number } } }
      center(code: $a) { worklist { totalCount } waiting: worklist(status: [SUBMITTED]) { nodes { number } }
      none: worklist(status: []) { totalCount } } }"""
    data = await api.ask(document, id=desk.resident, a=desk.a)
    assert {case["number"] for case in data["resident"]["cases"]["nodes"]} == {direct["number"], split["number"]}
    assert data["center"]["worklist"] == {"totalCount": 2}
    assert data["center"]["waiting"] == {"nodes": [{"number": split["number"]}]}
    assert data["center"]["none"] == {"totalCount": 0}


# ---------------------------------------------------------------- statements

NESTED = """query($first: Int!) { cases(first: $first) { totalCount nodes { number
  item { name department { name } materials { material { name } } }
  applicant { name hukou { address } hukouCenter { code } livesAwayFromHukou cases(first: 2) { nodes { number } } }
  receivingCenter { district { name } } handlingCenter { code } handedIn { material { name } }
  transfers { from { code } to { code } manifest { material } } decision { by { code } }
  events(last: 2) { totalCount nodes { kind center { code } } } availableActions } } }"""


async def test_a_page_costs_as_many_statements_whatever_its_length(
    api: Api, connection: AsyncConnection, desk: Desk
) -> None:
    [b, *_] = await centers_of(api, HONGKOU)
    people = [{"name": "张三", "idNumber": citizen_number(), "hukouDivisionCode": b["divisionCode"]} for _ in range(20)]
    registered = await many(api, "mutation", "registerResident", "RegisterResidentInput", "resident { id }", people)
    said = await application(api, SPLIT_ITEM, desk.a, desk.resident, accept=True)
    inputs = [said | {"applicant": answer["resident"]["id"]} for answer in registered]
    await many(api, "mutation", "submitCase", "SubmitCaseInput", "case { number }", inputs)
    counts = []
    for first in (2, 20):
        with statements(connection) as seen:
            nodes = (await api.ask(NESTED, first=first))["cases"]["nodes"]
        assert len({node["number"] for node in nodes}) == first
        assert [node["events"]["totalCount"] for node in nodes] == [2] * first
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[1] <= 22


async def test_a_move_reads_the_case_once_to_lock_it_and_once_to_answer(
    api: Api, connection: AsyncConnection, desk: Desk
) -> None:
    case = await done(submit(api, await application(api, DIRECT_ITEM, desk.a, desk.resident, accept=True)))
    document = "mutation($input: DecideCaseInput!) { approveCase(input: $input) { case { status } } }"
    with statements(connection) as seen:
        await api.ask(document, input={"case": case["id"], "expectedVersion": case["version"]})
    reads = ["FOR UPDATE" in statement for statement in seen if "FROM service_case" in statement]
    assert reads == [True, False]
