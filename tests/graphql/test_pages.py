"""Connections: pages forwards and backwards, cursors, counts, sizes; no row twice, none left out."""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import HONGKOU, JIADING, SPLIT_ITEM, Api, act, application, centers_of, done, many, register, submit
from tongban.graphql.pages import LONGEST_PAGE, PAGE

CENTERS = """query($first: Int, $after: String, $filter: CenterFilter, $near: GeoPointInput) {
  found: centers(first: $first, after: $after, filter: $filter, near: $near) { totalCount nodes { code }
    edges { cursor node { code } distanceMeters } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
CASES = """query($first: Int, $after: String, $last: Int, $before: String, $orderBy: CaseOrder) {
  found: cases(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) { totalCount
    nodes { number } edges { cursor node { number } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
ITEMS = "query($first: Int, $after: String) { found: serviceItems(first: $first, after: $after) { nodes { code } } }"
EVENTS = """query($number: String!, $first: Int, $after: String, $last: Int, $before: String) {
  case(number: $number) { found: events(first: $first, after: $after, last: $last, before: $before) { totalCount
    nodes { kind } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
JIADINGS = {"filter": {"district": JIADING, "kind": "MAIN"}}
AGAIN = {"evenIfDuplicate": True}
with_api = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def page(api: Api, document: str, **variables: Any) -> Any:
    return (await api.ask(document, **variables))["found"]


async def refusal(api: Api, document: str, **variables: Any) -> str:
    """The code of the one error that the question gets."""
    [error] = (await api.answer(document, **variables))["errors"]
    code: str = error["extensions"]["code"]
    return code


async def seven_cases(api: Api) -> list[str]:
    """Seven cases, all submitted at the same moment, so that only the tie-break orders them."""
    a, b = (await centers_of(api, JIADING))[0], (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=b["divisionCode"])
    said = await application(api, SPLIT_ITEM, a["code"], resident["id"])
    answers = await many(api, "mutation", "submitCase", "SubmitCaseInput", "case { number }", [said | AGAIN] * 7)
    return [answer["case"]["number"] for answer in answers]


@with_api
@given(sizes=st.lists(st.integers(1, 6), min_size=12, max_size=12))
async def test_pages_of_any_sizes_give_every_row_once_and_in_order(api: Api, sizes: list[int]) -> None:
    whole = await page(api, CENTERS, first=100, **JIADINGS)
    assert [node["code"] for node in whole["nodes"]] == sorted(node["code"] for node in whole["nodes"])
    seen: list[str] = []
    after = None
    for size in sizes:
        found = await page(api, CENTERS, first=size, after=after, **JIADINGS)
        seen += [node["code"] for node in found["nodes"]]
        info = found["pageInfo"]
        assert found["totalCount"] == 12
        assert info["hasNextPage"] is (len(seen) < 12)
        assert info["hasPreviousPage"] is (after is not None)
        if not info["hasNextPage"]:
            break
        assert len(found["nodes"]) == size
        after = info["endCursor"]
    assert seen == [node["code"] for node in whole["nodes"]]


@pytest.mark.parametrize("order", ["SUBMITTED_DESC", "SUBMITTED_ASC", "DUE_ASC", None])
async def test_forwards_and_backwards_meet_whatever_the_order(api: Api, order: str | None) -> None:
    numbers = await seven_cases(api)
    forwards: list[str] = []
    backwards: list[str] = []
    after = before = None
    for _ in range(4):
        found = await page(api, CASES, first=2, after=after, orderBy=order)
        forwards += [node["number"] for node in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        found = await page(api, CASES, last=2, before=before, orderBy=order)
        backwards = [node["number"] for node in found["nodes"]] + backwards
        before = found["pageInfo"]["startCursor"]
    assert sorted(forwards) == sorted(numbers)
    assert forwards == backwards
    assert forwards == [node["number"] for node in (await page(api, CASES, orderBy=order))["nodes"]]


async def test_page_info_backwards(api: Api) -> None:
    await seven_cases(api)
    tail = await page(api, CASES, last=3)
    assert (tail["pageInfo"]["hasPreviousPage"], tail["pageInfo"]["hasNextPage"]) == (True, False)
    head = await page(api, CASES, last=100, before=tail["pageInfo"]["startCursor"])
    assert (head["pageInfo"]["hasPreviousPage"], head["pageInfo"]["hasNextPage"]) == (False, True)
    assert (len(head["nodes"]), len(tail["nodes"])) == (4, 3)
    assert [edge["node"] for edge in head["edges"]] == head["nodes"]
    assert [head["edges"][0]["cursor"], head["edges"][-1]["cursor"]] == [
        head["pageInfo"]["startCursor"],
        head["pageInfo"]["endCursor"],
    ]


async def test_pages_below_a_row(api: Api) -> None:
    """The events of one case, and of several cases at once, each with pages of its own."""
    a, b = (await centers_of(api, JIADING))[0], (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=b["divisionCode"])
    case = await done(submit(api, await application(api, SPLIT_ITEM, a["code"], resident["id"], accept=True)))
    case = await done(act(api, "acknowledgeTransfer", case))
    other = await done(submit(api, await application(api, SPLIT_ITEM, a["code"], resident["id"], **AGAIN)))

    async def kinds(**window: Any) -> tuple[list[str], Any]:
        found = (await api.ask(EVENTS, number=case["number"], **window))["case"]["found"]
        assert found["totalCount"] == 4
        return [node["kind"] for node in found["nodes"]], found["pageInfo"]

    assert (await kinds())[0] == ["SUBMITTED", "ACCEPT", "TRANSFER_STORED", "ACKNOWLEDGE_TRANSFER"]
    first, info = await kinds(first=2)
    assert (first, info["hasNextPage"]) == (["SUBMITTED", "ACCEPT"], True)
    rest, info = await kinds(first=2, after=info["endCursor"])
    assert (rest, info["hasNextPage"]) == (["TRANSFER_STORED", "ACKNOWLEDGE_TRANSFER"], False)
    last, info = await kinds(last=2)
    assert (last, info["hasPreviousPage"]) == (["TRANSFER_STORED", "ACKNOWLEDGE_TRANSFER"], True)
    assert (await kinds(last=2, before=info["startCursor"]))[0] == ["SUBMITTED", "ACCEPT"]

    found = await api.ask(
        "{ cases { nodes { number events(first: 1) { totalCount nodes { kind } pageInfo { hasNextPage } } } } }"
    )
    assert {node["number"]: node["events"] for node in found["cases"]["nodes"]} == {
        case["number"]: {"totalCount": 4, "nodes": [{"kind": "SUBMITTED"}], "pageInfo": {"hasNextPage": True}},
        other["number"]: {"totalCount": 1, "nodes": [{"kind": "SUBMITTED"}], "pageInfo": {"hasNextPage": False}},
    }


async def test_nearest_first_pages_through_centers_at_equal_distances(api: Api) -> None:
    """Centers without coordinates of their own share their district's centroid: ties, and no distance shown."""
    near = {"latitude": 31.29, "longitude": 121.5}
    seen: list[str] = []
    after = None
    for _ in range(30):
        found = await page(api, CENTERS, first=37, after=after, near=near, filter={"kind": "MAIN"})
        seen += [node["code"] for node in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == 220


async def test_sizes(api: Api) -> None:
    empty = await page(api, CENTERS, first=0)
    assert (empty["nodes"], empty["edges"], empty["totalCount"]) == ([], [], 287)
    assert empty["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }
    assert len((await page(api, CENTERS))["nodes"]) == PAGE
    assert len((await page(api, CENTERS, first=LONGEST_PAGE))["nodes"]) == LONGEST_PAGE == 100
    nothing = await page(api, CENTERS, filter={"search": "没有这样的中心"})
    assert (nothing["nodes"], nothing["totalCount"], nothing["pageInfo"]["hasNextPage"]) == ([], 0, False)


@pytest.mark.parametrize("size", [-1, 101, 2_147_483_647])
async def test_wrong_sizes_are_refused(api: Api, size: int) -> None:
    assert await refusal(api, CENTERS, first=size) == "BAD_USER_INPUT"
    assert await refusal(api, CASES, last=size) == "BAD_USER_INPUT"


async def test_both_directions_at_once_are_refused(api: Api) -> None:
    await seven_cases(api)
    cursor = (await page(api, CASES, first=3))["pageInfo"]["endCursor"]
    for window in ({"first": 1, "last": 1}, {"after": cursor, "before": cursor}, {"first": 1, "before": cursor}):
        assert await refusal(api, CASES, **window) == "BAD_USER_INPUT"


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


ID = '"018f0000-0000-7000-8000-000000000000"'
BAD_CURSORS = {
    "empty": "",
    "not base64": "§§§",
    "not JSON": cursor_of("{"),
    "no list": cursor_of('{"a": 1}'),
    "no values": cursor_of("[]"),
    "too few values": cursor_of('["SH0101-01"]'),
    "too many values": cursor_of(f'["SH0101-01", {ID}, {ID}]'),
    "wrong type": cursor_of(f"[17, {ID}]"),
    "null": cursor_of(f"[null, {ID}]"),
    "no id": cursor_of('["SH0101-01", "x"]'),
    "NUL": cursor_of(f'["\\u0000", {ID}]'),
    "nested deep": cursor_of("[" * 5_000),
    "long": "A" * 100_000,
}


@pytest.mark.parametrize("cursor", BAD_CURSORS.values(), ids=BAD_CURSORS)
async def test_a_cursor_that_is_none_is_refused(api: Api, cursor: str) -> None:
    assert await refusal(api, CENTERS, after=cursor) == "BAD_USER_INPUT"
    assert await refusal(api, ITEMS, after=cursor) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "values",
    [
        f'["SH0101-01", {ID}]',
        f'["2026-13-01T00:00:00+00:00", {ID}]',
        f'["0001-01-01T00:00:00+23:59", {ID}]',
        f"[1e400, {ID}]",
    ],
)
async def test_a_cursor_of_another_connection_is_refused(api: Api, values: str) -> None:
    for window in ({"after": cursor_of(values)}, {"before": cursor_of(values)}):
        assert await refusal(api, CASES, **window) == "BAD_USER_INPUT"


@pytest.mark.parametrize("sequence", ["1.5", "true", "99999999999", "1e30", "123456789012345678901234567890"])
async def test_a_cursor_with_an_impossible_number_is_refused(api: Api, sequence: str) -> None:
    number = (await seven_cases(api))[0]
    assert await refusal(api, EVENTS, number=number, after=cursor_of(f"[{sequence}, {ID}]")) == "BAD_USER_INPUT"


@with_api
@given(cursor=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
async def test_no_cursor_breaks_the_server(api: Api, cursor: str) -> None:
    answer = await api.answer(CENTERS, after=cursor)
    if "errors" in answer:
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
