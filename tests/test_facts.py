"""Every figure and every mechanism of the source, asked of the public API.

The source is the press conference on 全市通办 of 2018-02-27. Not served yet, and left to later capabilities: the joint
meeting of 16 commissions and 16 districts with its office and decisions, signed editions of the catalog and its
changes, drills, visits a year and the workload of centers, staffing by workload, hours that a center sets itself,
branches as pilots, appointments, the checklist that resolves a whole chain of materials, sign-in, work that goes on
while a district's network is down, and one look of direct and split cases state by state.
"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from support import (
    DIRECT_ITEM,
    HONGKOU,
    JIADING,
    LOCAL_ITEM,
    OUTSIDE,
    PROBLEMS,
    QINGPU,
    SPLIT_ITEM,
    Api,
    MakeApi,
    act,
    application,
    centers_of,
    citizen_number,
    done,
    many,
    register,
    register_for,
    submit,
)
from tongban import ProcessingMode
from tongban.registry import GROUP, Registry, open_registry
from tongban.testing import needed_materials

GO_LIVE, POLICE_JOIN = "2018-03-01", "2018-07-01"
DEPARTMENTS = {
    "GA": "公安",
    "MZ": "民政",
    "RS": "人社",
    "WJ": "卫计",
    "ZJ": "住建",
    "LS": "粮食",
    "GH": "工会",
    "CL": "残联",
    "DA": "档案",
    "JX": "经信",
    "GJ": "住房公积金",
}
POLICE_ITEMS_OF_JULY = {
    "居住证新办",
    "居住证签注",
    "居住证补办",
    "居住证换领",
    "居住证信息变更",
    "居住证注销",
    "居住证领取",
    "来沪人员居住登记",
    "来沪人员居住登记信息变更",
    "来沪人员居住登记注销",
    "来沪人员居住登记凭证开具",
}
NEVER_YET = {
    "廉租住房申请": ["APPLICANT_CANNOT_PROVIDE", "FIELD_VERIFICATION", "DISTRICT_VARIANT_AMOUNT"],
    "共有产权保障住房申请": ["APPLICANT_CANNOT_PROVIDE", "FIELD_VERIFICATION", "DISTRICT_BATCH_WINDOWS"],
}
ITEMS = """query($asOf: Date!, $filter: ServiceItemFilter) { catalog(asOf: $asOf) {
  planned totalCount tongbanCount directCount splitCount localOnlyCount
  first: items(filter: $filter, first: 100) { totalCount nodes { ...item } pageInfo { endCursor } } } }
  fragment item on ServiceItem { code name mode barriers audiences tongbanFrom department { code } }"""
MORE = """query($asOf: Date!, $filter: ServiceItemFilter, $after: String) {
  serviceItems(asOf: $asOf, filter: $filter, first: 100, after: $after) { nodes {
    code name mode barriers audiences tongbanFrom department { code } } } }"""


async def items_on(api: Api, day: str, **filter_: Any) -> dict[str, dict[str, Any]]:
    """The items in force on a day, by name."""
    page = (await api.ask(ITEMS, asOf=day, filter=filter_))["catalog"]["first"]
    more = await api.ask(MORE, asOf=day, filter=filter_, after=page["pageInfo"]["endCursor"])
    items = page["nodes"] + more["serviceItems"]["nodes"]
    assert len(items) == page["totalCount"]
    return {item["name"]: item for item in items}


# ---------------------------------------------------------------- centers


async def all_centers(api: Api, kind: str, fields: str) -> list[dict[str, Any]]:
    document = f"""query($kind: CenterKind!, $after: String) {{ centers(filter: {{kind: $kind}}, first: 100,
      after: $after) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await api.ask(document, kind=kind, after=after))["centers"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_220_centers_one_in_each_street_that_has_one(api: Api) -> None:
    data = await api.ask(
        "{ centers(filter: {kind: MAIN}) { totalCount } districts { code centers(kind: MAIN) { code } } }"
    )
    assert data["centers"]["totalCount"] == 220
    assert len(data["districts"]) == 16
    assert sum(len(district["centers"]) for district in data["districts"]) == 220
    assert all(district["centers"] for district in data["districts"])

    centers = await all_centers(api, "MAIN", "code name divisionCode tongban parent { code } district { code }")
    assert len({center["code"] for center in centers}) == len({center["name"] for center in centers}) == 220
    assert len({center["divisionCode"] for center in centers}) == 220
    assert all(center["divisionCode"].startswith(center["district"]["code"]) for center in centers)
    assert all(center["tongban"] and center["parent"] is None for center in centers)


async def test_67_branches_not_in_tongban(api: Api) -> None:
    data = await api.ask("{ centers(filter: {kind: BRANCH}) { totalCount } }")
    assert data["centers"]["totalCount"] == 67
    branches = await all_centers(api, "BRANCH", 'tongban offers(item: "DA-001") parent { kind tongban }')
    assert len(branches) == 67
    assert all(not branch["tongban"] and not branch["offers"] for branch in branches)
    assert all(branch["parent"] == {"kind": "MAIN", "tongban": True} for branch in branches)


async def test_a_branch_sends_people_to_its_main_center(api: Api) -> None:
    document = "{ centers(filter: {kind: BRANCH}, first: 1) { nodes { code parent { name divisionCode } } } }"
    [branch] = (await api.ask(document))["centers"]["nodes"]
    resident = await register(api, hukouDivisionCode=branch["parent"]["divisionCode"])
    payload = await submit(api, await application(api, DIRECT_ITEM, branch["code"], resident["id"]))
    assert payload["case"] is None
    [problem] = payload["problems"]
    assert problem["code"] == "NOT_OFFERED_HERE"
    assert problem["nextStep"] == f"请到{branch['parent']['name']}办理"


async def test_about_50_staff_a_center(api: Api) -> None:
    centers = await all_centers(api, "MAIN", "staff counters provenance")
    mean = sum(center["staff"] for center in centers) / len(centers)
    assert mean == pytest.approx(50, abs=5)
    assert all(center["counters"] > 0 for center in centers)
    assert all("compiled" in center["provenance"] for center in centers)


async def test_addresses_and_telephones_are_published_where_they_are_known(api: Api) -> None:
    centers = await all_centers(api, "MAIN", "name address telephone location { latitude longitude }")
    assert [(center["name"], center["address"]) for center in centers if center["address"]] == [
        ("曲阳路街道社区事务受理服务中心", "伊敏河路88号")
    ]
    assert [center["name"] for center in centers if center["location"]] == ["曲阳路街道社区事务受理服务中心"]


# ---------------------------------------------------------------- departments and items


async def test_11_departments(api: Api) -> None:
    data = await api.ask("{ departments { code name nameEn items { code } plugin { state } } }")
    assert {department["code"]: department["name"] for department in data["departments"]} == DEPARTMENTS
    assert all(department["nameEn"] and department["items"] for department in data["departments"])
    assert {department["plugin"]["state"] for department in data["departments"]} == {"ACTIVE"}


async def test_174_items_of_11_departments(api: Api) -> None:
    data = await api.ask("{ catalog { totalCount } departments { code items { code } } }")
    assert data["catalog"]["totalCount"] == 174
    assert len(data["departments"]) == 11
    assert sum(len(department["items"]) for department in data["departments"]) == 174


@pytest.mark.parametrize(
    ("day", "tongban", "direct", "split"),
    [
        ("2017-01-01", 66, 66, 0),
        ("2017-12-31", 66, 66, 0),
        ("2018-02-28", 66, 66, 0),
        ("2018-03-01", 161, 135, 26),
        ("2018-06-30", 161, 135, 26),
        ("2018-07-01", 172, 146, 26),
        ("2026-11-24", 172, 146, 26),
    ],
)
async def test_the_catalog_over_time(api: Api, day: str, tongban: int, direct: int, split: int) -> None:
    """66 in 2017, 161 with 135 direct and 26 split from 2018-03-01, 172 from 2018-07-01; always 174 in all."""
    catalog = (await api.ask(ITEMS, asOf=day, filter={"tongban": True}))["catalog"]
    assert not catalog["planned"]
    assert catalog["tongbanCount"] == catalog["first"]["totalCount"] == tongban
    assert (catalog["directCount"], catalog["splitCount"]) == (direct, split)
    assert (catalog["totalCount"], catalog["localOnlyCount"]) == (174, 174 - tongban)
    modes = Counter(item["mode"] for item in (await items_on(api, day, tongban=True)).values())
    assert modes == Counter({"DIRECT": direct, "SPLIT": split})


async def test_the_11_police_items_join_on_2018_07_01(api: Api) -> None:
    before, after = [await items_on(api, day, tongban=True) for day in ("2018-06-30", POLICE_JOIN)]
    joined = after.keys() - before.keys()
    assert joined == POLICE_ITEMS_OF_JULY
    assert len(joined) == 11
    assert before.keys() <= after.keys()
    assert {after[name]["department"]["code"] for name in joined} == {"GA"}
    assert {after[name]["tongbanFrom"] for name in joined} == {POLICE_JOIN}


async def test_two_items_are_never_done_city_wide_yet_and_each_is_argued(api: Api) -> None:
    for day in ("2017-06-01", GO_LIVE, POLICE_JOIN, "2026-11-24", "2030-01-01"):
        local = await items_on(api, day, mode="LOCAL_ONLY")
        assert NEVER_YET.keys() <= local.keys()
        assert {name: local[name]["barriers"] for name in NEVER_YET} == NEVER_YET
        assert all(local[name]["tongbanFrom"] is None for name in NEVER_YET)
    assert (await items_on(api, POLICE_JOIN, mode="LOCAL_ONLY")).keys() == NEVER_YET.keys()

    found = (
        await api.ask("{ exceptions { item { name exception { reviewOn } } barriers analysis reviewOn overdue } }")
    )["exceptions"]
    assert {entry["item"]["name"]: entry["barriers"] for entry in found} == NEVER_YET
    assert all(len(entry["analysis"]) > 30 and entry["reviewOn"] for entry in found)
    assert all(entry["item"]["exception"] == {"reviewOn": entry["reviewOn"]} for entry in found)


async def test_tongban_is_the_rule_and_each_split_has_its_reason(api: Api) -> None:
    for item in (await items_on(api, POLICE_JOIN)).values():
        assert bool(item["barriers"]) is (item["mode"] != "DIRECT"), item["name"]


async def test_51_items_open_to_permit_holders_from_2018_03_01(api: Api) -> None:
    """Before that day nothing was open to them beside people with hukou; four items have no other applicants."""
    before = await items_on(api, "2018-02-28", audience="RESIDENCE_PERMIT")
    assert all(item["audiences"] == ["RESIDENCE_PERMIT"] for item in before.values())
    assert len(before) == 4
    items = await items_on(api, GO_LIVE, audience="RESIDENCE_PERMIT")
    assert len(items) == 51
    by_department = Counter(item["department"]["code"] for item in items.values())
    assert by_department == {"GA": 4, "RS": 27, "ZJ": 6, "WJ": 8, "DA": 6}
    assert await items_on(api, GO_LIVE, audience="ANYONE") == {}


async def test_from_2018_07_01_police_items_are_open_without_a_permit_too(api: Api) -> None:
    items = await items_on(api, POLICE_JOIN)
    anyone = {name for name, item in items.items() if "ANYONE" in item["audiences"]}
    assert anyone == {name for name in POLICE_ITEMS_OF_JULY if name.startswith("来沪人员")} | {"居住证新办"}
    assert len(await items_on(api, POLICE_JOIN, audience="RESIDENCE_PERMIT")) == 51 + 11


async def test_a_person_without_a_permit_registers_at_any_center_from_2018_07_01(make_api: MakeApi) -> None:
    def at(day: str) -> Api:
        return make_api(at=datetime.fromisoformat(f"{day}T10:00:00+08:00").astimezone(UTC))

    [center, *_] = await centers_of(at(POLICE_JOIN), JIADING)
    resident = await register(at(GO_LIVE), hukouDivisionCode=OUTSIDE)
    said = await application(at(POLICE_JOIN), "GA-010", center["code"], resident["id"])
    assert (await submit(at("2018-06-30"), said))["case"] is None
    assert (await done(submit(at(POLICE_JOIN), said | {"accept": True})))["status"] == "UNDER_REVIEW"


async def test_a_permit_holder_gets_what_was_opened_and_is_refused_the_rest(make_api: MakeApi) -> None:
    api = make_api(at=datetime(2018, 3, 1, 2, tzinfo=UTC))
    [center, *_] = await centers_of(api, JIADING)
    holder = await register(
        api,
        hukouDivisionCode=OUTSIDE,
        residencePermitNumber="310000000001",
        residencePermitValidFrom="2017-09-01",
        residencePermitValidTo="2018-08-31",
    )
    opened = await application(api, "DA-001", center["code"], holder["id"])
    assert (await done(submit(api, opened)))["status"] == "SUBMITTED"
    closed = await submit(api, await application(api, "DA-009", center["code"], holder["id"]))
    assert "NOT_ELIGIBLE" in {problem["code"] for problem in closed["problems"]}
    stranger = await register(api, hukouDivisionCode=OUTSIDE)
    refused = await submit(api, opened | {"applicant": stranger["id"]})
    assert "NOT_ELIGIBLE" in {problem["code"] for problem in refused["problems"]}


async def test_nothing_is_asked_that_the_residents_record_answers(api: Api) -> None:
    """A resident's name, number and addresses are entered once, for whatever number of departments."""
    known = await api.ask("""{ __type(name: "RegisterResidentInput") { inputFields { name } } }""")
    entered_once = {field["name"] for field in known["__type"]["inputFields"]} - {"documentKind", "idempotencyKey"}
    entered_once |= {"sex", "gender", "age", "fullName", "phone", "mobile", "homeAddress"}
    document = """query($after: String) { serviceItems(first: 100, after: $after) { nodes { code form }
      pageInfo { endCursor } } }"""
    items: list[Any] = []
    after = None
    while len(items) < 174:
        page = (await api.ask(document, after=after))["serviceItems"]
        items, after = items + page["nodes"], page["pageInfo"]["endCursor"]
    assert {item["code"]: entered_once & item["form"]["properties"].keys() for item in items} == {
        item["code"]: set() for item in items
    }


async def test_a_compiled_row_never_passes_for_official(api: Api) -> None:
    """10 items are named by the source, 60 were found in public material, 104 are compiled; each row says so."""
    items = (await api.ask("{ departments { provenance items { provenance } } }"))["departments"]
    names = Counter(item["provenance"].split(":")[1].split()[0].rstrip(";") for d in items for item in d["items"])
    assert names == {"seed": 10, "found": 60, "compiled": 104}
    assert all(department["provenance"].startswith("name: seed") for department in items)
    assert all("found" in center["provenance"] for center in await all_centers(api, "MAIN", "provenance"))
    assert all("illustrative" in center["provenance"] for center in await all_centers(api, "BRANCH", "provenance"))


# ---------------------------------------------------------------- hours


HOURS = """query($code: String!, $from: Date!, $to: Date!) { center(code: $code) { hours(from: $from, to: $to) {
  date kind provisional intervals { opens closes } } } }"""
WORKDAY, OTHER_DAY = [{"opens": "08:30", "closes": "16:30"}], [{"opens": "08:30", "closes": "11:30"}]


async def test_open_every_day_of_every_year(api: Api) -> None:
    """Monday to Friday 08:30-16:30, weekends and holidays 08:30-11:30, 365 days a year."""
    day = date(2017, 12, 31)
    for year in range(2018, 2031):
        days = (await api.ask(HOURS, code="SH0114-01", **{"from": f"{year}-01-01", "to": f"{year}-12-31"}))["center"][
            "hours"
        ]
        for found in days:
            day += timedelta(days=1)
            assert found["date"] == day.isoformat()
            works = found["kind"] in ("WORKDAY", "MAKE_UP_WORKDAY")
            assert found["intervals"] == (WORKDAY if works else OTHER_DAY)
            assert found["provisional"] is (year > 2026)
            if found["kind"] in ("WORKDAY", "WEEKEND"):
                assert found["kind"] == ("WEEKEND" if day.weekday() >= 5 else "WORKDAY")
            elif found["kind"] == "MAKE_UP_WORKDAY":
                assert day.weekday() >= 5
    assert day == date(2030, 12, 31)


async def test_every_center_is_open_every_day(api: Api) -> None:
    fields = 'hours(from: "2026-09-26", to: "2026-10-11") { kind intervals { opens closes } }'
    weeks = [center["hours"] for kind in ("MAIN", "BRANCH") for center in await all_centers(api, kind, fields)]
    assert len(weeks) == 220 + 67
    holiday, weekend, work, make_up = "STATUTORY_HOLIDAY", "WEEKEND", "WORKDAY", "MAKE_UP_WORKDAY"
    kinds = [holiday] * 2 + [work] * 3 + [holiday] * 7 + [work] * 2 + [make_up, weekend]
    for week in weeks:
        assert [day["kind"] for day in week] == kinds
        assert all(day["intervals"] == (WORKDAY if "WORKDAY" in day["kind"] else OTHER_DAY) for day in week)


@pytest.mark.parametrize(
    ("moment", "open_", "next_"),
    [
        ("2026-11-24T08:29:59", False, "2026-11-24T08:30:00"),
        ("2026-11-24T08:30:00", True, "2026-11-24T08:30:00"),
        ("2026-11-24T12:15:00", True, "2026-11-24T12:15:00"),  # no noon break
        ("2026-11-24T16:29:59", True, "2026-11-24T16:29:59"),
        ("2026-11-24T16:30:00", False, "2026-11-25T08:30:00"),
        ("2026-11-28T11:29:00", True, "2026-11-28T11:29:00"),  # Saturday
        ("2026-11-28T11:30:00", False, "2026-11-29T08:30:00"),
        ("2026-10-01T10:00:00", True, "2026-10-01T10:00:00"),  # National Day
        ("2026-10-01T15:00:00", False, "2026-10-02T08:30:00"),
        ("2026-10-10T15:00:00", True, "2026-10-10T15:00:00"),  # make-up Saturday
        ("2018-02-24T15:00:00", True, "2018-02-24T15:00:00"),
    ],
)
async def test_open_at_a_moment(api: Api, moment: str, open_: bool, next_: str) -> None:
    document = """query($at: DateTime!) { center(code: "SH0114-01") { isOpen(at: $at) nextOpening(after: $at) }
      centers(filter: {openAt: $at}) { totalCount } }"""
    data = await api.ask(document, at=f"{moment}+08:00")
    assert data["center"]["isOpen"] is open_
    assert datetime.fromisoformat(data["center"]["nextOpening"]) == datetime.fromisoformat(f"{next_}+08:00")
    assert data["centers"]["totalCount"] == (287 if open_ else 0)


# ---------------------------------------------------------------- mechanisms


async def test_nothing_is_misrouted_from_any_street_of_the_city(api: Api) -> None:
    """Split cases received in 嘉定 go to the one center of the applicant's own street, for all 220."""
    centers = await all_centers(api, "MAIN", "code divisionCode")
    [a, *_] = await centers_of(api, JIADING)
    pattern = await register(api, hukouDivisionCode=a["divisionCode"])
    said = await application(api, SPLIT_ITEM, a["code"], pattern["id"], accept=True)
    people = [
        {"name": "张三", "idNumber": citizen_number(), "hukouDivisionCode": center["divisionCode"]}
        for center in centers
    ]
    registered = await many(api, "mutation", "registerResident", "RegisterResidentInput", "resident { id }", people)
    cases = [said | {"applicant": answer["resident"]["id"]} for answer in registered]
    fields = f"case {{ status handlingCenter {{ code }} transfers {{ to {{ code }} }} }} {PROBLEMS}"
    answers = await many(api, "mutation", "submitCase", "SubmitCaseInput", fields, cases)
    went: dict[str, str] = {}
    for center, answer in zip(centers, answers, strict=True):
        assert answer["problems"] == []
        b, own = answer["case"]["handlingCenter"]["code"], center["code"] == a["code"]
        went[center["code"]] = b
        assert answer["case"]["status"] == ("UNDER_REVIEW" if own else "IN_TRANSFER")
        assert answer["case"]["transfers"] == ([] if own else [{"to": {"code": b}}])
    assert went == {center["code"]: center["code"] for center in centers}


async def test_a_former_code_of_a_street_leads_to_the_center_of_today(api: Api) -> None:
    """菊园新区 has a new division code; records still carry the old one."""
    resident = await register(api, hukouDivisionCode="310114003000")
    assert resident["hukouCenter"]["name"] == "菊园新区社区事务受理服务中心"


@pytest.mark.parametrize(
    ("item", "good"), [(DIRECT_ITEM, True), (SPLIT_ITEM, True), ("MZ-009", False), ("ZJ-005", False)]
)
async def test_one_standard_at_all_220_centers(api: Api, registry: Registry, item: str, good: bool) -> None:
    """The same application is judged alike everywhere: problems, materials, mode and center that decides."""
    centers = [center["code"] for center in await all_centers(api, "MAIN", "code")]
    definition = next(i for d in registry.departments.values() for i in d.items if i.code == item)
    hukou = (await centers_of(api, HONGKOU))[2]
    resident = await register_for(api, definition, date(2026, 11, 24), hukou["divisionCode"])
    said = await application(api, item, centers[0], resident["id"])
    if not good:
        young = await register(api, idNumber=citizen_number(date(2012, 1, 1)), hukouDivisionCode=hukou["divisionCode"])
        said |= {"applicant": young["id"], "documents": said["documents"][1:], "form": {"nonsense": 1}}
    fields = f"mode handlingCenter {{ code }} missing {{ material {{ code }} }} {PROBLEMS}"
    inputs = [said | {"center": center} for center in centers]
    answers = await many(api, "query", "casePreview", "SubmitCaseInput", fields, inputs)
    verdicts = dict(zip(centers, answers, strict=True))
    assert len(verdicts) == 220
    expected = verdicts[centers[0]]
    assert bool(expected["problems"]) is not good
    for center, verdict in verdicts.items():
        here = {"code": center} if expected["mode"] == "DIRECT" else {"code": hukou["code"]}
        assert verdict == expected | {"handlingCenter": here}, center


async def test_every_tongban_item_takes_an_eligible_resident_at_any_center(api: Api, registry: Registry) -> None:
    """Each of the 172, put to two centers at opposite ends of the city's list; the verdict is the same."""
    centers = [center["code"] for center in await all_centers(api, "MAIN", "code")]
    b = (await centers_of(api, HONGKOU))[0]
    today = date(2026, 11, 24)
    fields = f"mode handlingCenter {{ code }} {PROBLEMS}"
    tried = 0
    for position, item in enumerate(i for d in registry.departments.values() for i in d.items):
        if item.mode is ProcessingMode.LOCAL_ONLY:
            continue
        resident = await register_for(api, item, today, b["divisionCode"])
        documents = [{"material": code} for code in sorted(needed_materials(item, item.sample.form))]
        said = {"item": item.code, "applicant": resident["id"], "form": dict(item.sample.form), "documents": documents}
        two = [centers[position], centers[-1 - position]]
        inputs = [said | {"center": center} for center in two]
        answers = await many(api, "query", "casePreview", "SubmitCaseInput", fields, inputs)
        for center, found in zip(two, answers, strict=True):
            assert found["problems"] == [], item.code
            assert found["mode"] == item.mode.value
            assert found["handlingCenter"]["code"] == (center if found["mode"] == "DIRECT" else b["code"])
        tried += 1
    assert tried == 172


async def test_the_resident_sees_no_difference_between_direct_and_split(api: Api) -> None:
    """One center, one visit, the same three things to do, and the result in hand: the modes look alike from outside."""
    a, b = (await centers_of(api, JIADING))[0], (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=b["divisionCode"])
    seen = []
    for item in (DIRECT_ITEM, SPLIT_ITEM):
        said = await application(api, item, a["code"], resident["id"], deliveryRoute="DIRECT_TO_RESIDENT", accept=True)
        case = await done(submit(api, said))
        if case["mode"] == "SPLIT":
            case = await done(act(api, "acknowledgeTransfer", case))
        case = await done(act(api, "approveCase", case))
        seen.append(await done(act(api, "deliverResult", case)))
    direct, split = seen
    assert (direct["mode"], split["mode"]) == ("DIRECT", "SPLIT")
    alike = ("receivingCenter", "status", "visits", "deliveryRoute", "availableActions", "overdue", "dueProvisional")
    assert {name: direct[name] for name in alike} == {name: split[name] for name in alike}
    assert direct["receivingCenter"] == {"code": a["code"]}
    assert (direct["status"], direct["visits"]) == ("DELIVERED", 1)


async def test_the_chain_of_materials_is_told_at_once(api: Api) -> None:
    """The journalist's errand: what is missing is named in one answer, and where to get each of it."""
    a, b = (await centers_of(api, JIADING))[0], (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=b["divisionCode"])
    complete = await application(api, "RS-046", a["code"], resident["id"])
    payload = await submit(api, complete | {"documents": []})
    missing = [problem for problem in payload["problems"] if problem["code"] == "MATERIAL_MISSING"]
    assert [problem["path"][-1] for problem in missing] == [d["material"] for d in complete["documents"]]
    assert len(missing) == 8
    assert all(problem["nextStep"] for problem in missing)

    chain = """{ serviceItem(code: "RS-046") { materials { material { code producedBy { code name
      materials { material { code producedBy { code name } } } } } } } }"""
    needs = {n["material"]["code"]: n["material"] for n in (await api.ask(chain))["serviceItem"]["materials"]}
    review = needs["M-MATCHK"]["producedBy"]
    assert (review["code"], review["name"]) == ("WJ-004", "申请享受生育保险待遇计划生育情况审核")
    assert len(review["materials"]) == 4
    assert "WJ-001" in {(n["material"]["producedBy"] or {}).get("code") for n in review["materials"]}


async def test_where_a_departments_plugin_fails_the_hotline_is_named(
    make_api: MakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One department's failure is a problem of its own items; 962200 helps on, and the others are served."""
    (tmp_path / "broken_archives.py").write_text(
        "from tongban_archives import hookimpl, tongban_department\n"
        "@hookimpl\n"
        "def tongban_validate(application):\n"
        "    raise RuntimeError('the register is down')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    served = [point for point in entry_points(group=GROUP) if point.name == "civil_affairs"]
    async with open_registry([*served, EntryPoint("archives", "broken_archives", GROUP)]) as departments:
        api = make_api(departments=departments)
        [center, *_] = await centers_of(api, QINGPU)
        resident = await register(api, hukouDivisionCode=center["divisionCode"])
        payload = await submit(api, await application(api, DIRECT_ITEM, center["code"], resident["id"]))
        assert payload["case"] is None
        [problem] = payload["problems"]
        assert (problem["code"], problem["detail"]) == (
            "PLUGIN_FAILED",
            "RuntimeError in broken_archives.py, line 4",
        )
        assert "962200" in problem["nextStep"]
        assert "register is down" not in str(payload)
        assert (await done(submit(api, await application(api, SPLIT_ITEM, center["code"], resident["id"]))))["number"]


async def test_local_only_items_are_served_only_where_the_household_is_registered(api: Api) -> None:
    a, b = (await centers_of(api, JIADING))[0], (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=b["divisionCode"])
    refused = await submit(api, await application(api, LOCAL_ITEM, a["code"], resident["id"]))
    assert [problem["code"] for problem in refused["problems"]] == ["NOT_OFFERED_HERE"]
    assert b["name"] in refused["problems"][0]["nextStep"]
    assert (await done(submit(api, await application(api, LOCAL_ITEM, b["code"], resident["id"]))))["number"]
