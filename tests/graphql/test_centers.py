"""Centers' desk: filters, nearest first, hours, districts; statements that don't grow."""

import math
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from support import HONGKOU, JIADING, SPLIT_ITEM, Api, application, centers_of, many, register, statements

FIND = """query($filter: CenterFilter, $near: GeoPointInput, $first: Int) {
  centers(filter: $filter, near: $near, first: $first) { totalCount
    edges { distanceMeters node { code name kind tongban district { code } } } } }"""
QUYANG = (31.294694, 121.50052)
"""Latitude and longitude of the one center whose place is known: 曲阳路街道."""


async def found(api: Api, **filter_: Any) -> list[dict[str, Any]]:
    page = (await api.ask(FIND, filter=filter_, first=100))["centers"]
    return [edge["node"] for edge in page["edges"]]


async def count(api: Api, **filter_: Any) -> int:
    total: int = (await api.ask(FIND, filter=filter_, first=0))["centers"]["totalCount"]
    return total


async def refused(api: Api, document: str, **variables: Any) -> list[str]:
    answer = await api.answer(document, **variables)
    return [error["extensions"]["code"] for error in answer["errors"]]


async def test_filters(api: Api) -> None:
    assert await count(api) == 287
    assert await count(api, kind="MAIN") == await count(api, tongban=True) == 220
    assert await count(api, kind="BRANCH") == await count(api, tongban=False) == 67
    assert await count(api, kind="BRANCH", tongban=True) == 0
    jiading = await found(api, district=JIADING, kind="MAIN")
    assert len(jiading) == 12
    assert {center["district"]["code"] for center in jiading} == {JIADING}
    assert await count(api, district="999999") == 0


async def test_offering_finds_the_centers_that_receive_an_item(api: Api) -> None:
    assert await count(api, offering="DA-001") == 220
    assert await count(api, offering="XX-999") == 0
    document = 'query($code: String!) { center(code: $code) { offers(item: "DA-001") x: offers(item: "XX-999") } }'
    [branch] = (await found(api, kind="BRANCH"))[:1]
    assert (await api.ask(document, code=branch["code"]))["center"] == {"offers": False, "x": False}
    assert (await api.ask(document, code="SH0114-01"))["center"] == {"offers": True, "x": False}


@pytest.mark.parametrize("words", ["曲阳路", "曲阳路街道社区", "SH0109-02"])
async def test_search(api: Api, words: str) -> None:
    assert [center["code"] for center in await found(api, search=words)] == ["SH0109-02"]


async def test_search_takes_english_and_no_wildcards(api: Api) -> None:
    assert "SH0109-02" in {center["code"] for center in await found(api, search="quyang")}
    for wildcard in ("%", "_", "\\", "曲%路"):
        assert await found(api, search=wildcard) == []
    assert await count(api, search="") == 287


async def test_nearest_first(api: Api) -> None:
    latitude, longitude = QUYANG
    near = {"latitude": latitude + 0.01, "longitude": longitude}
    edges = (await api.ask(FIND, near=near, filter={"kind": "MAIN"}, first=100))["centers"]["edges"]
    [known] = [edge for edge in edges if edge["distanceMeters"] is not None]
    assert known["node"]["code"] == "SH0109-02"
    assert known["distanceMeters"] == pytest.approx(math.radians(0.01) * 6_371_000, rel=1e-6)
    districts = [edge["node"]["district"]["code"] for edge in edges]
    assert districts[0] == HONGKOU
    here = (await api.ask(FIND, near={"latitude": latitude, "longitude": longitude}, first=1))["centers"]["edges"]
    assert (here[0]["node"]["code"], here[0]["distanceMeters"]) == ("SH0109-02", pytest.approx(0, abs=1e-3))


async def test_near_orders_what_a_filter_leaves(api: Api) -> None:
    near = {"latitude": 31.0, "longitude": 121.0}
    page = (await api.ask(FIND, near=near, filter={"district": JIADING, "kind": "MAIN"}, first=100))["centers"]
    assert page["totalCount"] == len(page["edges"]) == 12


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (-90.1, 0), (0, 180.5), (0, -181)])
async def test_no_such_place_on_earth(api: Api, latitude: float, longitude: float) -> None:
    near = {"latitude": latitude, "longitude": longitude}
    assert await refused(api, FIND, near=near) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(("latitude", "longitude"), [(90, 180), (-90, -180), (0, 0), (-31.29, -58.5)])
async def test_any_place_on_earth_will_do(api: Api, latitude: float, longitude: float) -> None:
    near = {"latitude": latitude, "longitude": longitude}
    assert len((await api.ask(FIND, near=near, first=100))["centers"]["edges"]) == 100


async def test_branches_and_their_main_centers(api: Api) -> None:
    document = """{ centers(filter: {kind: BRANCH}, first: 100) { nodes { code kind divisionCode parent { code
      divisionCode district { code } branches { code } } district { code } branches { code } } } }"""
    for branch in (await api.ask(document))["centers"]["nodes"]:
        parent = branch["parent"]
        assert branch["code"] in {other["code"] for other in parent["branches"]}
        assert (branch["district"], branch["divisionCode"]) == (parent["district"], parent["divisionCode"])
        assert branch["branches"] == []


async def test_districts_in_order_with_their_centers_by_kind(api: Api) -> None:
    document = """{ districts { code name nameEn centers { code }
      main: centers(kind: MAIN) { code } branch: centers(kind: BRANCH) { code } } }"""
    districts = (await api.ask(document))["districts"]
    assert [district["code"] for district in districts] == sorted(district["code"] for district in districts)
    assert {"虹口区", "青浦区", "嘉定区"} <= {district["name"] for district in districts}
    assert sum(len(district["centers"]) for district in districts) == 287
    for district in districts:
        assert district["nameEn"]
        codes = [center["code"] for center in district["main"] + district["branch"]]
        assert sorted(codes) == [center["code"] for center in district["centers"]]


async def test_an_unknown_center_is_null(api: Api) -> None:
    assert await api.ask('{ center(code: "SH9999-99") { code } }') == {"center": None}


@pytest.mark.parametrize(
    ("first", "last"), [("2026-11-24", "2026-11-23"), ("2026-01-01", "2027-01-02"), ("1850-01-01", "2199-12-31")]
)
async def test_hours_are_asked_for_a_year_at_most(api: Api, first: str, last: str) -> None:
    document = """query($from: Date!, $to: Date!) { center(code: "SH0114-01") {
      hours(from: $from, to: $to) { date } } }"""
    assert await refused(api, document, **{"from": first, "to": last}) == ["BAD_USER_INPUT"]


async def test_hours_of_the_longest_span(api: Api) -> None:
    document = '{ center(code: "SH0114-01") { hours(from: "2024-01-01", to: "2024-12-31") { date } } }'
    assert len((await api.ask(document))["center"]["hours"]) == 366


async def test_now_is_the_default_moment(api: Api) -> None:
    center = (await api.ask('{ center(code: "SH0114-01") { isOpen nextOpening } }'))["center"]
    assert center["isOpen"]
    assert center["nextOpening"].startswith("2026-11-24T02:30:00")


NESTED = """query($first: Int!) { centers(first: $first, filter: {district: "310114", kind: MAIN}) { totalCount nodes {
  code parent { code } branches { code } district { name centers { code } } isOpen nextOpening
  hours(from: "2026-11-24", to: "2026-11-25") { kind } offers(item: "DA-001")
  worklist(first: 2) { totalCount nodes { number item { name department { name } } applicant { name }
    handlingCenter { code } } } } } }"""


async def test_a_page_costs_as_many_statements_whatever_its_length(api: Api, connection: AsyncConnection) -> None:
    centers = await centers_of(api, JIADING)
    [home, *_] = await centers_of(api, HONGKOU)
    resident = await register(api, hukouDivisionCode=home["divisionCode"])
    said = await application(api, SPLIT_ITEM, centers[0]["code"], resident["id"])
    cases = [said | {"center": center["code"], "evenIfDuplicate": True} for center in centers for _ in range(2)]
    await many(api, "mutation", "submitCase", "SubmitCaseInput", "case { number }", cases)
    counts = []
    for first in (2, 12):
        with statements(connection) as seen:
            nodes = (await api.ask(NESTED, first=first))["centers"]["nodes"]
        assert [node["worklist"]["totalCount"] for node in nodes] == [2] * first
        counts.append(len(seen))
    assert counts == [13, 13]


async def test_a_page_of_50_centers_with_six_types_below(api: Api, connection: AsyncConnection) -> None:
    document = """{ centers(first: 50) { totalCount nodes { name district { name } parent { name } branches { name }
      location { latitude } hours(from: "2026-11-24", to: "2026-11-24") { intervals { opens } }
      worklist { nodes { number } } } } }"""
    with statements(connection) as seen:
        data = await api.ask(document)
    assert len(data["centers"]["nodes"]) == 50
    assert len(seen) == 6
