"""Catalog's desk: items by filter and date, versions, guides, materials, exceptions; statements that don't grow."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from support import Api, MakeApi, statements

GO_LIVE = "2018-03-01"


async def codes(api: Api, as_of: str | None = None, **filter_: Any) -> set[str]:
    """The items that a filter finds, all pages."""
    document = """query($asOf: Date, $filter: ServiceItemFilter, $after: String) {
      serviceItems(asOf: $asOf, filter: $filter, first: 100, after: $after) {
        totalCount nodes { code } pageInfo { hasNextPage endCursor } } }"""
    found: list[str] = []
    after = None
    while True:
        page = (await api.ask(document, asOf=as_of, filter=filter_, after=after))["serviceItems"]
        found += [node["code"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(found) == len(set(found)) == page["totalCount"]
            return set(found)
        after = page["pageInfo"]["endCursor"]


async def test_filters(api: Api) -> None:
    everything = await codes(api)
    by_department = [await codes(api, department=code) for code in ("GA", "RS", "ZJ")]
    assert [len(items) for items in by_department] == [22, 71, 8]
    assert by_department[2] == {f"ZJ-00{n}" for n in range(1, 9)}
    modes = [await codes(api, mode=mode) for mode in ("DIRECT", "SPLIT", "LOCAL_ONLY")]
    assert modes[2] == {"ZJ-001", "ZJ-002"}
    assert sum(map(len, modes)) == len(everything)
    assert set().union(*modes) == everything
    assert await codes(api, tongban=False) == modes[2]
    assert await codes(api, tongban=True) == modes[0] | modes[1]
    assert await codes(api, tongban=True, department="ZJ") == by_department[2] - modes[2]
    assert await codes(api, department="nobody") == set()
    assert await codes(api, status="IN_FORCE") == everything
    assert await codes(api, status="PLANNED") == await codes(api, status="WITHDRAWN") == set()


async def test_a_filter_by_audience_finds_what_somebody_may_apply_for(api: Api) -> None:
    anyone, permit = await codes(api, audience="ANYONE"), await codes(api, audience="RESIDENCE_PERMIT")
    assert anyone == {"GA-001", "GA-010", "GA-011", "GA-012", "GA-013"}
    assert anyone < permit
    assert "GA-002" in permit
    assert "MZ-009" not in permit
    assert "MZ-009" in await codes(api, audience="HUKOU")


async def test_themes_are_a_filter(api: Api) -> None:
    document = "query($code: String!) { serviceItem(code: $code) { themes } }"
    themes = (await api.ask(document, code="MZ-009"))["serviceItem"]["themes"]
    assert themes
    for theme in themes:
        assert "MZ-009" in await codes(api, theme=theme)
    assert await codes(api, theme="no such theme") == set()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("敬老卡", {"MZ-009", "MZ-010"}),
        ("MZ-009", {"MZ-009"}),
        ("廉租住房", {"ZJ-001"}),
        ("%", set()),
        ("_", set()),
        ("\\", set()),
        ("'; DROP TABLE service_item; --", set()),
    ],
)
async def test_search(api: Api, words: str, found: set[str]) -> None:
    assert await codes(api, search=words) == found


async def test_search_finds_english_names_too(api: Api) -> None:
    document = "{ serviceItems(first: 100) { nodes { code nameEn } } }"
    named = [item for item in (await api.ask(document))["serviceItems"]["nodes"] if item["nameEn"]]
    for item in named[:3]:
        assert item["code"] in await codes(api, search=item["nameEn"].upper())


async def test_as_of_gives_the_version_of_that_day(api: Api) -> None:
    document = """query($asOf: Date) { serviceItem(code: "GA-001", asOf: $asOf) {
      name mode version audiences effectiveFrom effectiveTo status tongbanFrom versions { version mode status } } }"""
    before, after, today = [
        (await api.ask(document, asOf=day))["serviceItem"] for day in ("2018-06-30", "2018-07-01", None)
    ]
    assert (before["mode"], before["version"], before["status"]) == ("LOCAL_ONLY", 1, "WITHDRAWN")
    assert (before["effectiveFrom"], before["effectiveTo"]) == ("2017-01-01", "2018-07-01")
    assert (after["mode"], after["version"], after["status"]) == ("DIRECT", 2, "IN_FORCE")
    assert (after["effectiveFrom"], after["effectiveTo"]) == ("2018-07-01", None)
    assert after == today
    versions = [(version["version"], version["mode"]) for version in today["versions"]]
    assert versions == [(1, "LOCAL_ONLY"), (2, "DIRECT")]
    assert (await api.ask(document, asOf="2016-12-31"))["serviceItem"] is None


async def test_what_lies_ahead_is_planned(make_api: MakeApi) -> None:
    """Asked on the day of the press conference."""
    api = make_api(at=datetime(2018, 2, 27, 2, tzinfo=UTC))
    document = """query($asOf: Date) { catalog(asOf: $asOf) { asOf planned tongbanCount }
      serviceItem(code: "MZ-004", asOf: $asOf) { mode status versions { status } } }"""
    today = await api.ask(document)
    assert today["catalog"] == {"asOf": "2018-02-27", "planned": False, "tongbanCount": 66}
    assert (today["serviceItem"]["mode"], today["serviceItem"]["status"]) == ("LOCAL_ONLY", "IN_FORCE")
    thursday = await api.ask(document, asOf=GO_LIVE)
    assert thursday["catalog"] == {"asOf": GO_LIVE, "planned": True, "tongbanCount": 161}
    assert (thursday["serviceItem"]["mode"], thursday["serviceItem"]["status"]) == ("SPLIT", "PLANNED")
    assert [version["status"] for version in today["serviceItem"]["versions"]] == ["IN_FORCE", "PLANNED"]


async def test_the_days_of_a_catalog_are_reproducible_side_by_side(api: Api) -> None:
    document = """{ a: catalog(asOf: "2017-06-01") { tongbanCount items(first: 1) { totalCount nodes { version } } }
      b: catalog(asOf: "2018-03-01") { tongbanCount items(filter: {mode: SPLIT}, first: 1) { totalCount } }
      c: catalog(asOf: "2018-07-01") { tongbanCount splitCount } }"""
    data = await api.ask(document)
    assert data["a"] == {"tongbanCount": 66, "items": {"totalCount": 174, "nodes": [{"version": 1}]}}
    assert data["b"] == {"tongbanCount": 161, "items": {"totalCount": 26}}
    assert data["c"] == {"tongbanCount": 172, "splitCount": 26}


async def test_a_whole_item(api: Api) -> None:
    document = """{ serviceItem(code: "MZ-009") { code name department { code name } mode barriers
      exception { analysis } audiences routingBasis deliveryRoutes guide { summary steps conditions fee
      feeBasis resultName questions { question answer } } form formUi
      materials { material { code name issuer provenance } necessity
      condition copies originalShown acceptsCertificate } legalBasis statutoryDays promisedDays extraDaysForSplit
      immediate provenance } }"""
    item = (await api.ask(document))["serviceItem"]
    assert (item["name"], item["department"]) == ("敬老卡申领和发放", {"code": "MZ", "name": "民政"})
    assert (item["mode"], item["barriers"], item["exception"]) == ("DIRECT", [], None)
    assert (item["promisedDays"], item["immediate"], item["extraDaysForSplit"]) == (30, False, 0)
    assert item["form"]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert item["form"]["additionalProperties"] is False
    assert item["form"]["examples"]
    assert item["guide"]["steps"]
    assert item["guide"]["conditions"]
    assert [need["material"]["code"] for need in item["materials"]] == ["M-ID"]
    assert all(need["material"]["issuer"] for need in item["materials"])


async def test_a_material_knows_who_makes_it_and_who_needs_it(api: Api) -> None:
    document = """{ serviceItem(code: "RS-046") { materials { material { code producedBy { code }
      neededBy { code materials { material { code } } } } } } }"""
    needs = (await api.ask(document))["serviceItem"]["materials"]
    [review] = [need["material"] for need in needs if need["material"]["code"] == "M-MATCHK"]
    assert review["producedBy"] == {"code": "WJ-004"}
    assert "RS-046" in {item["code"] for item in review["neededBy"]}
    for item in review["neededBy"]:
        assert "M-MATCHK" in {need["material"]["code"] for need in item["materials"]}


async def test_exceptions_by_the_day_of_their_review(api: Api, make_api: MakeApi) -> None:
    document = """query($due: Date) { exceptions(dueBefore: $due) {
      item { code exception { analysis } } barriers analysis reviewOn overdue } }"""
    found = (await api.ask(document))["exceptions"]
    assert {entry["item"]["code"] for entry in found} == {"ZJ-001", "ZJ-002"}
    days = sorted(entry["reviewOn"] for entry in found)
    assert (await api.ask(document, due=days[0]))["exceptions"] == []
    assert len((await api.ask(document, due="2199-12-31"))["exceptions"]) == 2
    later = make_api(at=datetime.fromisoformat(f"{days[-1]}T12:00:00+08:00").replace(year=2190))
    assert all(entry["overdue"] for entry in (await later.ask(document))["exceptions"])


async def test_unknown_codes_are_null(api: Api) -> None:
    document = '{ serviceItem(code: "XX-999") { code } department(code: "XX") { code } }'
    assert await api.ask(document) == {"serviceItem": None, "department": None}


NESTED = """query($first: Int!) { serviceItems(first: $first, filter: {department: "WJ"}) { totalCount nodes { code name
  department { name plugin { name } items { code } }
  exception { analysis item { code } }
  materials { necessity material { name neededBy { code } producedBy { code guide { fee } } } }
  versions { version } } } }"""


async def test_a_page_costs_as_many_statements_whatever_its_length(api: Api, connection: AsyncConnection) -> None:
    counts = []
    for first in (2, 20):
        with statements(connection) as seen:
            data = await api.ask(NESTED, first=first)
        assert len(data["serviceItems"]["nodes"]) == first
        counts.append(len(seen))
    assert counts == [10, 10]


async def test_a_page_of_50_items_with_six_types_below(api: Api, connection: AsyncConnection) -> None:
    """One statement for each field that leads to other rows, and one for the count."""
    document = """{ serviceItems(first: 50) { totalCount nodes { name department { name plugin { state } }
      materials { material { name } } versions { version } exception { reviewOn } guide { summary } } } }"""
    with statements(connection) as seen:
        data = await api.ask(document)
    assert len(data["serviceItems"]["nodes"]) == 50
    assert len(seen) == 7
