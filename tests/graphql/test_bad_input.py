"""Bad input: it gets `problems` or an error with a code, nothing of ours breaks, and no row is left behind."""

import base64
import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from support import (
    DIRECT_ITEM,
    HONGKOU,
    JIADING,
    LOCAL_ITEM,
    SPLIT_ITEM,
    Api,
    act,
    application,
    centers_of,
    citizen_number,
    done,
    register,
    row_counts,
    submit,
)

REGISTER = """mutation($input: RegisterResidentInput!) { registerResident(input: $input) {
  resident { id } problems { code path message nextStep } } }"""
MOVE = """mutation($input: ChangeHukouInput!) { changeHukou(input: $input) {
  resident { id } problems { code path message nextStep } } }"""
SUBMIT = """mutation($input: SubmitCaseInput!) { submitCase(input: $input) {
  case { id form } problems { code path message } } }"""
LONG = "长" * 300_000
NUL = "a\0b"
AS_JSON = {"content-type": "application/json"}
CALLERS_FAULT = {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COSTLY", "BAD_REQUEST"}
"""The codes of an error that says: the request is at fault, not the server."""


def problems_of(payload: dict[str, Any]) -> dict[str, list[list[str]]]:
    """The problems' paths by their codes; each says something."""
    found: dict[str, list[list[str]]] = {}
    for problem in payload["problems"]:
        assert problem["message"]
        assert len(problem["message"]) < 500
        found.setdefault(problem["code"], []).append(problem["path"])
    return found


def sent(document: str, **variables: Any) -> str:
    """A request's body, also where the variables hold what JSON has no words for."""
    return json.dumps({"query": document, "variables": variables}, ensure_ascii=False)


async def codes(api: Api, document: str, **variables: Any) -> set[str]:
    """The codes of the errors that a request gets, whatever its status."""
    response = await api.client.post("/graphql", content=sent(document, **variables), headers=AS_JSON)
    assert response.status_code in (200, 400)
    return {error["extensions"]["code"] for error in response.json()["errors"]}


@pytest.fixture
async def resident(api: Api) -> dict[str, Any]:
    """A citizen with hukou in Hongkou."""
    return await register(api, hukouDivisionCode=(await centers_of(api, HONGKOU))[0]["divisionCode"])


@pytest.fixture
async def said(api: Api, resident: dict[str, Any]) -> dict[str, Any]:
    """An application that would be accepted."""
    return await application(api, SPLIT_ITEM, (await centers_of(api, JIADING))[0]["code"], resident["id"])


# --- residents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"idNumber": "310101197505200000"}, ["idNumber"]),
        ({"idNumber": "31010119750520000"}, ["idNumber"]),
        ({"idNumber": "310101197513400017"}, ["idNumber"]),
        ({"idNumber": "000000000000000000"}, ["idNumber"]),
        ({"idNumber": "３１０１０１１９７５０５２０００１Ｘ"}, ["idNumber"]),
        ({"idNumber": "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨"}, ["idNumber"]),
        ({"idNumber": ""}, ["idNumber"]),
        ({"idNumber": LONG}, ["idNumber"]),
        ({"name": ""}, ["name"]),
        ({"name": " \t\n"}, ["name"]),
        ({"name": LONG}, ["name"]),
        ({"documentKind": "LIBRARY_CARD"}, ["documentKind"]),
        ({"documentKind": LONG}, ["documentKind"]),
        ({"hukouDivisionCode": "310199999999"}, ["hukouDivisionCode"]),
        ({"hukouDivisionCode": ""}, ["hukouDivisionCode"]),
        ({"hukouDivisionCode": "34"}, ["hukouDivisionCode"]),
        ({"hukouDivisionCode": "３４０１０２"}, ["hukouDivisionCode"]),
        ({"residenceDivisionCode": LONG}, ["residenceDivisionCode"]),
        ({"hukouDivisionCode": "340102", "hukouSince": "2026-11-25"}, ["hukouSince"]),
        ({"documentKind": "PASSPORT", "idNumber": "E1234567", "birthDate": "2030-01-01"}, ["birthDate"]),
        (
            {
                "residencePermitNumber": "1",
                "residencePermitValidFrom": "2026-05-01",
                "residencePermitValidTo": "2026-04-30",
            },
            ["residencePermitValidTo"],
        ),
        ({"telephone": LONG}, ["telephone"]),
        ({"residenceAddress": LONG}, ["residenceAddress"]),
        ({"hukouAddress": LONG, "hukouDivisionCode": "340102"}, ["hukouAddress"]),
        ({"residencePermitNumber": LONG}, ["residencePermitNumber"]),
        ({"idempotencyKey": ""}, ["idempotencyKey"]),
        ({"idempotencyKey": LONG}, ["idempotencyKey"]),
    ],
)
async def test_a_wrong_registration_gives_problems(
    api: Api, connection: AsyncConnection, wrong: dict[str, Any], path: list[str]
) -> None:
    before = await row_counts(connection)
    said = {"name": "王小明", "idNumber": citizen_number()} | wrong
    payload = (await api.ask(REGISTER, input=said))["registerResident"]
    assert payload["resident"] is None
    assert path in problems_of(payload)["INVALID_INPUT"]
    assert await row_counts(connection) == before


async def test_all_that_is_wrong_with_a_registration_is_told_at_once(api: Api, connection: AsyncConnection) -> None:
    before = await row_counts(connection)
    said = {"name": "", "idNumber": "1", "hukouDivisionCode": "310000000000", "residenceDivisionCode": "x"}
    payload = (await api.ask(REGISTER, input=said))["registerResident"]
    paths = [["name"], ["idNumber"], ["hukouDivisionCode"], ["residenceDivisionCode"]]
    assert problems_of(payload) == {"INVALID_INPUT": paths}
    assert await row_counts(connection) == before


async def test_a_number_is_registered_once(api: Api, connection: AsyncConnection) -> None:
    number = citizen_number()
    await register(api, idNumber=number)
    before = await row_counts(connection)
    payload = (await api.ask(REGISTER, input={"name": "李四", "idNumber": f" {number.lower()} "}))["registerResident"]
    assert problems_of(payload) == {"INVALID_INPUT": [["idNumber"]]}
    assert payload["problems"][0]["nextStep"]
    assert await row_counts(connection) == before


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"divisionCode": "310199999999"}, {"INVALID_INPUT": [["divisionCode"]]}),
        ({"address": LONG}, {"INVALID_INPUT": [["address"]]}),
        ({"since": "2026-11-25"}, {"INVALID_INPUT": [["since"]]}),
        ({"since": "1900-01-01"}, {"INVALID_INPUT": [["since"]]}),
        ({"resident": "x"}, {"NOT_FOUND": [["resident"]]}),
    ],
)
async def test_a_wrong_move_gives_problems(
    api: Api,
    connection: AsyncConnection,
    resident: dict[str, Any],
    wrong: dict[str, Any],
    expected: dict[str, list[list[str]]],
) -> None:
    before = await row_counts(connection)
    said = {"resident": resident["id"], "divisionCode": "340102", "address": "某路1号", "since": "2026-11-24"} | wrong
    payload = (await api.ask(MOVE, input=said))["changeHukou"]
    assert (payload["resident"], problems_of(payload)) == (None, expected)
    assert await row_counts(connection) == before


# --- cases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        ({"item": "XX-999"}, "NOT_FOUND", ["item"]),
        ({"item": ""}, "NOT_FOUND", ["item"]),
        ({"item": LONG}, "NOT_FOUND", ["item"]),
        ({"center": "SH9999-99"}, "NOT_FOUND", ["center"]),
        ({"center": LONG}, "NOT_FOUND", ["center"]),
        ({"applicant": "x"}, "NOT_FOUND", ["applicant"]),
        ({"applicant": LONG}, "NOT_FOUND", ["applicant"]),
        ({"documents": [{"material": "nothing"}]}, "MATERIAL_INVALID", ["documents", "0", "material"]),
        ({"documents": [{"material": "x", "document": LONG}]}, "MATERIAL_INVALID", ["documents", "0", "document"]),
        ({"documents": [{"material": "x"}] * 5_000}, "INVALID_INPUT", ["documents"]),
        ({"documents": []}, "MATERIAL_MISSING", None),
        ({"agent": {"name": LONG, "idNumber": "1", "relation": "子女"}}, "INVALID_INPUT", ["agent", "name"]),
        ({"agent": {"name": "张三", "idNumber": LONG, "relation": "子女"}}, "INVALID_INPUT", ["agent", "idNumber"]),
        ({"agent": {"name": "张三", "idNumber": "1", "relation": LONG}}, "INVALID_INPUT", ["agent", "relation"]),
        ({"item": LOCAL_ITEM}, "NOT_OFFERED_HERE", ["center"]),
        ({"idempotencyKey": LONG}, "INVALID_INPUT", ["idempotencyKey"]),
    ],
)
async def test_a_wrong_application_gives_problems(
    api: Api, connection: AsyncConnection, said: dict[str, Any], wrong: dict[str, Any], code: str, path: Any
) -> None:
    before = await row_counts(connection)
    payload = await submit(api, said | wrong)
    assert payload["case"] is None
    found = problems_of(payload)
    assert code in found
    assert path is None or path in found[code]
    assert len(payload["problems"]) < 200
    assert await row_counts(connection) == before


@pytest.mark.parametrize(
    "form",
    [
        None,
        True,
        0,
        -1.5,
        2**53 - 1,
        "",
        "text",
        LONG,
        [],
        [{}],
        {},
        {"": None},
        {"unknown": 1},
        {"unknown": LONG},
        {"__proto__": {"a": 1}, "constructor": 1},
        {str(n): n for n in range(20_000)},
        json.loads("[" * 30 + "]" * 30),
    ],
)
async def test_a_form_of_any_type_gives_problems(
    api: Api, connection: AsyncConnection, said: dict[str, Any], form: Any
) -> None:
    before = await row_counts(connection)
    if form is None:
        assert await codes(api, SUBMIT, input=said | {"form": None}) <= CALLERS_FAULT
    else:
        payload = await submit(api, said | {"form": form})
        assert payload["case"] is None
        assert "FORM_INVALID" in problems_of(payload)
    assert await row_counts(connection) == before


@pytest.mark.parametrize(
    "literal",
    [
        "1e400",
        "{a: 1e999}",
        "{a: " + "9" * 5_000 + "}",
        "{a: 9007199254740992}",
        "{a: -9007199254740992}",
        "[" * 100 + "]" * 100,
        "{a: " * 40 + "1" + "}" * 40,
        '"\\u0000"',
        '{a: "x\\u0000"}',
    ],
)
async def test_a_form_that_could_not_be_given_back_is_refused(
    api: Api, connection: AsyncConnection, said: dict[str, Any], literal: str
) -> None:
    """JSON in the document itself may be more than JSON in a body can: too large, too deep, endless."""
    before = await row_counts(connection)
    document = f"""mutation {{ submitCase(input: {{item: "{SPLIT_ITEM}", center: "{said["center"]}",
      applicant: "{said["applicant"]}", form: {literal}, idempotencyKey: "k"}}) {{ problems {{ code }} }} }}"""
    assert await codes(api, document) == {"BAD_USER_INPUT"}
    assert await row_counts(connection) == before


@given(
    changed=st.dictionaries(
        st.sampled_from(["filedBy", "category", "incomes", "x"]) | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 10**20) | st.floats(allow_nan=False) | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_changed_form_is_accepted_or_gets_problems(
    api: Api, connection: AsyncConnection, said: dict[str, Any], changed: dict[str, Any]
) -> None:
    before = await row_counts(connection)
    form = said["form"] | changed
    body = (
        await api.client.post("/graphql", content=sent(SUBMIT, input=said | {"form": form}), headers=AS_JSON)
    ).json()
    if "errors" in body:
        assert {error["extensions"]["code"] for error in body["errors"]} <= CALLERS_FAULT
        assert await row_counts(connection) == before
    elif body["data"]["submitCase"]["problems"]:
        assert await row_counts(connection) == before
    else:
        assert body["data"]["submitCase"]["case"]["form"] == form


async def test_a_closed_item_is_not_received(api: Api, connection: AsyncConnection) -> None:
    """One that is no longer in force, and one that is not yet; an item that never was is another matter."""
    await connection.execute(
        text("UPDATE service_item SET effective_to = '2026-11-24' WHERE code = :code"), {"code": DIRECT_ITEM}
    )
    person = await register(api)
    before = await row_counts(connection)
    said = {"item": DIRECT_ITEM, "center": "SH0114-01", "applicant": person["id"], "form": {}}
    assert problems_of(await submit(api, said)) == {"ITEM_NOT_IN_FORCE": [["item"]]}
    assert problems_of(await submit(api, said | {"item": "DA-999"})) == {"NOT_FOUND": [["item"]]}
    assert await row_counts(connection) == before


@pytest.mark.parametrize(
    ("verb", "more", "code", "path"),
    [
        ("acceptCase", {"expectedVersion": 7}, "STALE_VERSION", ["expectedVersion"]),
        ("acceptCase", {"expectedVersion": -(2**31)}, "STALE_VERSION", ["expectedVersion"]),
        ("acceptCase", {"note": LONG}, "INVALID_INPUT", ["note"]),
        ("acknowledgeTransfer", {}, "ACTION_NOT_ALLOWED", ["case"]),
        ("deliverResult", {}, "ACTION_NOT_ALLOWED", ["case"]),
        ("approveCase", {}, "ACTION_NOT_ALLOWED", ["case"]),
        ("approveCase", {"resultNumber": LONG}, "INVALID_INPUT", ["resultNumber"]),
        ("rejectCase", {}, "INVALID_INPUT", ["reason"]),
        ("rejectCase", {"reason": "\u3000 "}, "INVALID_INPUT", ["reason"]),
        ("rejectCase", {"reason": LONG}, "INVALID_INPUT", ["reason"]),
    ],
)
async def test_a_wrong_move_of_a_case_changes_nothing(
    api: Api, connection: AsyncConnection, said: dict[str, Any], verb: str, more: dict[str, Any], code: str, path: Any
) -> None:
    case = await done(submit(api, said))
    before = await row_counts(connection)
    payload = await act(api, verb, case, **more)
    assert (payload["case"], problems_of(payload)) == (None, {code: [path]})
    assert await row_counts(connection) == before
    kept = await api.ask("query($number: String!) { case(number: $number) { status version } }", number=case["number"])
    assert kept["case"] == {"status": case["status"], "version": case["version"]}


@pytest.mark.parametrize("field", ["item", "center", "applicant", "idempotencyKey", "agent", "documents"])
async def test_text_that_the_database_cannot_hold_is_refused(
    api: Api, connection: AsyncConnection, said: dict[str, Any], field: str
) -> None:
    wrong: dict[str, Any] = {
        "agent": {"name": NUL, "idNumber": "1", "relation": "子女"},
        "documents": [*said["documents"], {"material": NUL}],
    }
    before = await row_counts(connection)
    answer = await api.answer(SUBMIT, input=said | {field: wrong.get(field, NUL)})
    if "errors" in answer:
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    else:
        assert answer["data"]["submitCase"]["problems"]
    assert await row_counts(connection) == before


async def test_what_cannot_be_read_does_not_fail_the_other_fields(api: Api) -> None:
    """The reads of a request share a transaction: one that fails is undone, the others go on."""
    document = """query($nul: String!) { before: center(code: "SH0114-01") { code } bad: center(code: $nul) { code }
      after: center(code: "SH0114-02") { code } last: serviceItem(code: "DA-001") { code } }"""
    answer = await api.answer(document, nul=NUL)
    assert [error["path"] for error in answer["errors"]] == [["bad"]]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer["data"]["before"]
    assert answer["data"]["after"]
    assert answer["data"]["last"]


# --- ids, cursors, pages, dates --------------------------------------------------------------------------------------


def global_id(kind: str, key: object) -> str:
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


WRONG_IDS = [
    "",
    "x",
    "====",
    "Center:1",
    "中心",
    NUL,
    LONG,
    base64.b64encode(b"\xff\xfe\x00").decode(),
    base64.b64encode(b"nonsense").decode(),
    global_id("Center", ""),
    global_id("Center", "1"),
    global_id("Center", f"{uuid.UUID(int=1)}.{uuid.UUID(int=2)}"),
    global_id("CaseEvent", uuid.UUID(int=1)),
    global_id("Nothing", uuid.UUID(int=1)),
    global_id("Query", uuid.UUID(int=1)),
    global_id("__Type", uuid.UUID(int=1)),
    global_id("Hukou", uuid.UUID(int=1)),
    global_id("Decision", uuid.UUID(int=1)),
    global_id("Stored", uuid.UUID(int=1)),
]


@pytest.mark.parametrize("wrong", WRONG_IDS, ids=range(len(WRONG_IDS)))
async def test_what_is_no_id_is_refused(api: Api, wrong: str) -> None:
    assert await codes(api, "query($id: ID!) { node(id: $id) { id } }", id=wrong) == {"BAD_USER_INPUT"}
    assert await codes(api, "query($id: ID!) { nodes(ids: [$id]) { id } }", id=wrong) == {"BAD_USER_INPUT"}
    assert await api.ask("query($id: ID!) { resident(id: $id) { name } }", id=wrong) == {"resident": None}
    found = await api.ask("query($id: ID!) { cases(filter: {resident: $id}) { totalCount } }", id=wrong)
    assert found == {"cases": {"totalCount": 0}}


async def test_an_id_of_nothing_is_null(api: Api, connection: AsyncConnection, resident: dict[str, Any]) -> None:
    gone = await register(api)
    key = base64.b64decode(gone["id"]).decode().partition(":")[2]
    await connection.execute(text("DELETE FROM resident WHERE id = CAST(:key AS uuid)"), {"key": key})
    ids = [gone["id"], *(global_id(kind, uuid.uuid4()) for kind in ("Center", "Case", "ServiceItem", "Resident"))]
    assert (await api.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids))["nodes"] == [None] * 5
    assert (await api.ask("query($id: ID!) { node(id: $id) { id } }", id=gone["id"]))["node"] is None
    before = await row_counts(connection)
    move = {"resident": gone["id"], "divisionCode": "340102", "address": "", "since": "2026-01-01"}
    assert problems_of((await api.ask(MOVE, input=move))["changeHukou"]) == {"NOT_FOUND": [["resident"]]}
    said = {"item": DIRECT_ITEM, "center": "SH0114-01", "applicant": gone["id"], "form": {}}
    assert ["applicant"] in problems_of(await submit(api, said))["NOT_FOUND"]
    assert await row_counts(connection) == before


async def test_an_id_of_another_type_is_no_id(api: Api, connection: AsyncConnection, said: dict[str, Any]) -> None:
    center = (await api.ask('{ center(code: "SH0114-01") { id } }'))["center"]["id"]
    case = await done(submit(api, said))
    before = await row_counts(connection)
    assert ["applicant"] in problems_of(await submit(api, said | {"applicant": center}))["NOT_FOUND"]
    for wrong in (center, said["applicant"]):
        payload = await act(api, "acceptCase", case | {"id": wrong})
        assert problems_of(payload) == {"NOT_FOUND": [["case"]]}
    assert await row_counts(connection) == before


async def test_so_many_ids_at_once_and_no_more(api: Api) -> None:
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [global_id("Center", uuid.uuid4()) for _ in range(101)]
    assert len((await api.ask(document, ids=ids[:100]))["nodes"]) == 100
    assert await codes(api, document, ids=ids) == {"BAD_USER_INPUT"}
    assert await codes(api, document, ids=ids * 100) == {"BAD_USER_INPUT"}


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


WRONG_CURSORS = [
    "",
    "x",
    "中",
    LONG,
    base64.urlsafe_b64encode(b"null").decode(),
    base64.urlsafe_b64encode(b"{}").decode(),
    base64.urlsafe_b64encode(b"[" * 2_000).decode(),
    base64.urlsafe_b64encode(b"\xff").decode(),
    cursor(),
    cursor("SH0114-01"),
    cursor("SH0114-01", "no uuid"),
    cursor(1, str(uuid.UUID(int=1))),
    cursor(None, str(uuid.UUID(int=1))),
    cursor(["SH0114-01"], str(uuid.UUID(int=1))),
    cursor("SH0114-01", str(uuid.UUID(int=1)), "more"),
    cursor(NUL, str(uuid.UUID(int=1))),
]


@pytest.mark.parametrize("wrong", WRONG_CURSORS, ids=range(len(WRONG_CURSORS)))
async def test_what_is_no_cursor_is_refused(api: Api, wrong: str) -> None:
    document = "query($after: String) { centers(after: $after) { nodes { code } } }"
    assert await codes(api, document, after=wrong) == {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "wrong",
    ["2026", "not a time", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00", 5, 10**30, True, None],
)
async def test_a_cursor_of_another_order_is_refused(api: Api, said: dict[str, Any], wrong: object) -> None:
    """Cursors hold values of the order, so one of another type or beyond the calendar is none."""
    case = await done(submit(api, said))
    document = "query($after: String, $orderBy: CaseOrder) { cases(after: $after, orderBy: $orderBy) { nodes { id } } }"
    key = base64.b64decode(case["id"]).decode().partition(":")[2]
    answer = await api.answer(document, after=cursor(wrong, key), orderBy="DUE_ASC")
    assert {error["extensions"]["code"] for error in answer.get("errors", [])} <= {"BAD_USER_INPUT"}
    events = """query($number: String!, $after: String) { case(number: $number) {
      events(after: $after) { nodes { kind } } } }"""
    answer = await api.answer(events, number=case["number"], after=cursor(wrong, key))
    assert {error["extensions"]["code"] for error in answer.get("errors", [])} <= {"BAD_USER_INPUT"}


@pytest.mark.parametrize("size", [-1, 101, 2**31 - 1, -(2**31), 2**31, 1.5, "1", True, [1, 2], {}])
async def test_a_wrong_page_size_is_refused(api: Api, size: object) -> None:
    document = "query($n: Int) { centers(first: $n) { nodes { code } } }"
    assert await codes(api, document, n=size) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    document = "query($n: Int) { cases(last: $n) { nodes { number } } }"
    assert await codes(api, document, n=size) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    "moment",
    [
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "1849-12-31T00:00:00Z",
        "2200-01-01T00:00:00Z",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-11-24T25:00:00Z",
        "",
        NUL,
        LONG,
        5,
        True,
        {},
    ],
)
@pytest.mark.parametrize(
    "field",
    [
        'center(code: "SH0114-01") { isOpen(at: $at) }',
        'center(code: "SH0114-01") { nextOpening(after: $at) }',
        "centers(filter: {openAt: $at}) { totalCount }",
        "cases(filter: {submittedFrom: $at, submittedTo: $at}) { totalCount }",
    ],
)
async def test_a_moment_beyond_the_calendar_is_refused(api: Api, moment: object, field: str) -> None:
    found = await codes(api, f"query($at: DateTime!) {{ {field} }}", at=moment)
    assert found <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("moment", ["1850-01-01T00:00:00Z", "2199-12-31T23:59:59-12:00", "2026-11-24T08:30:00"])
async def test_any_other_moment_is_answered(api: Api, moment: str) -> None:
    document = """query($at: DateTime!) { center(code: "SH0114-01") { isOpen(at: $at) nextOpening(after: $at) }
      centers(filter: {openAt: $at}) { totalCount } cases(filter: {submittedFrom: $at}) { totalCount } }"""
    await api.ask(document, at=moment)


@pytest.mark.parametrize(
    ("from_", "to"),
    [("2026-11-24", "2026-11-23"), ("2026-01-01", "2027-01-02"), ("1850-01-01", "2199-12-31")],
)
async def test_inverted_and_endless_spans_are_refused(api: Api, from_: str, to: str) -> None:
    document = """query($from: Date!, $to: Date!) { center(code: "SH0114-01") {
      hours(from: $from, to: $to) { date } } }"""
    assert await codes(api, document, **{"from": from_, "to": to}) == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "24.11.2026", "", NUL, LONG, 20261124, True])
async def test_a_date_beyond_the_calendar_is_refused(api: Api, connection: AsyncConnection, day: object) -> None:
    before = await row_counts(connection)
    for document in (
        "query($on: Date!) { catalog(asOf: $on) { totalCount planned } }",
        "query($on: Date!) { exceptions(dueBefore: $on) { reviewOn } }",
        """mutation($on: Date!) { registerResident(input: {name: "A", idNumber: "E1", documentKind: "PASSPORT",
          residencePermitNumber: "1", residencePermitValidFrom: $on}) { resident { id } } }""",
    ):
        assert await codes(api, document, on=day) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert await row_counts(connection) == before


@pytest.mark.parametrize(
    "field",
    [
        "cases(filter: {status: [NOTHING]}) { totalCount }",
        'cases(filter: {status: ["DELIVERED"]}) { totalCount }',
        "cases(orderBy: 5) { totalCount }",
        "centers(filter: {kind: CASTLE}) { totalCount }",
        "serviceItems(filter: {mode: direct}) { totalCount }",
        "serviceItems(filter: {nothing: 1}) { totalCount }",
        "centers(near: {latitude: 91, longitude: 0}) { totalCount }",
        "centers(near: {latitude: 1e400, longitude: 0}) { totalCount }",
        "centers(near: {latitude: 31}) { totalCount }",
        'centers(near: "31,121") { totalCount }',
        "centers(first: 5, last: 5) { totalCount }",
        "cases(first: 5, last: 5) { totalCount }",
        'cases(first: 5, before: "x") { totalCount }',
        "node(id: null) { id }",
        "nodes(ids: [null]) { id }",
        "resident(idNumber: 5) { name }",
        "resident(id: {a: 1}) { name }",
        "case(number: 5) { number }",
    ],
)
async def test_values_of_a_wrong_type_are_refused(api: Api, field: str) -> None:
    assert await codes(api, f"{{ {field} }}") <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


async def test_a_list_of_states_may_be_long(api: Api) -> None:
    document = "query($in: [CaseStatus!]) { cases(filter: {status: $in}) { totalCount } }"
    assert await api.ask(document, **{"in": ["DELIVERED"] * 50_000}) == {"cases": {"totalCount": 0}}
