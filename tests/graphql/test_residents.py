"""Residents' desk: registration with every problem at once, masked numbers, moves of the hukou."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from support import HONGKOU, JIADING, OUTSIDE, PROBLEMS, UNMAPPED, Api, centers_of, citizen_number, register, statements
from tongban.residents.models import Hukou, Resident

REGISTER = f"""mutation($input: RegisterResidentInput!) {{ registerResident(input: $input) {{
  resident {{ id idNumber }} {PROBLEMS} }} }}"""
MOVE = f"""mutation($input: ChangeHukouInput!) {{ changeHukou(input: $input) {{
  resident {{ hukou {{ divisionCode address since }} hukouCenter {{ code }} livesAwayFromHukou }} {PROBLEMS} }} }}"""
SEE = """query($id: ID, $idNumber: IdNumber) { resident(id: $id, idNumber: $idNumber) { id name documentKind idNumber
  hukou { divisionCode address since } hukouCenter { code } residenceAddress residenceDivisionCode telephone
  residencePermit { number validFrom validTo reportedLost } livesAwayFromHukou cases { totalCount } } }"""


async def problems(api: Api, **said: Any) -> list[tuple[str, list[str]]]:
    payload = (await api.ask(REGISTER, input={"name": "王小明", "idNumber": citizen_number()} | said))[
        "registerResident"
    ]
    assert (payload["resident"] is None) is bool(payload["problems"])
    return [(problem["code"], problem["path"]) for problem in payload["problems"]]


async def count(session: AsyncSession) -> tuple[int, int]:
    people = await session.scalar(select(func.count()).select_from(Resident)) or 0
    return people, await session.scalar(select(func.count()).select_from(Hukou)) or 0


async def test_a_whole_resident(api: Api) -> None:
    [center, *_] = await centers_of(api, HONGKOU)
    number = citizen_number()
    said = {
        "name": "  王小明 ",
        "idNumber": number,
        "hukouDivisionCode": center["divisionCode"],
        "hukouAddress": "虹口区某路1号",
        "hukouSince": "2015-06-01",
        "residenceAddress": "嘉定区某路2号",
        "residenceDivisionCode": "310114001000",
        "residencePermitNumber": "310000000001",
        "residencePermitValidFrom": "2026-01-01",
        "residencePermitValidTo": "2026-12-31",
        "telephone": "02100000000",
    }
    resident = await register(api, **said)
    shown = (await api.ask(SEE, id=resident["id"]))["resident"]
    assert shown == {
        "id": resident["id"],
        "name": "王小明",
        "documentKind": "CITIZEN_ID",
        "idNumber": f"310***********{number[-4:]}",
        "hukou": {"divisionCode": center["divisionCode"], "address": "虹口区某路1号", "since": "2015-06-01"},
        "hukouCenter": {"code": center["code"]},
        "residenceAddress": "嘉定区某路2号",
        "residenceDivisionCode": "310114001000",
        "telephone": "02100000000",
        "residencePermit": {
            "number": "310000000001",
            "validFrom": "2026-01-01",
            "validTo": "2026-12-31",
            "reportedLost": False,
        },
        "livesAwayFromHukou": True,
        "cases": {"totalCount": 0},
    }


async def test_found_by_number_by_id_or_by_both(api: Api) -> None:
    number, other = citizen_number(), citizen_number()
    mine, theirs = await register(api, idNumber=number), await register(api, idNumber=other)
    for variables in ({"id": mine["id"]}, {"idNumber": f" {number} "}, {"id": mine["id"], "idNumber": number}):
        assert (await api.ask(SEE, **variables))["resident"]["id"] == mine["id"]
    for variables in ({}, {"id": theirs["id"], "idNumber": number}, {"idNumber": number[:-4]}, {"id": "nonsense"}):
        assert (await api.ask(SEE, **variables))["resident"] is None


async def test_the_full_number_is_nowhere_in_what_comes_back(api: Api) -> None:
    number = citizen_number()
    resident = await register(api, idNumber=number)
    again = await api.answer(REGISTER, input={"name": "王小明", "idNumber": number})
    assert [problem["path"] for problem in again["data"]["registerResident"]["problems"]] == [["idNumber"]]
    for answer in (resident, again, await api.answer(SEE, idNumber=number)):
        assert number[6:14] not in str(answer)


@pytest.mark.parametrize(
    ("kind", "number", "shown"),
    [
        ("PASSPORT", "E12345678", "*******78"),
        ("OTHER", "AB1234567890", "AB1*****7890"),
        ("OTHER", "A", "A"),
        ("OTHER", "XY", "XY"),
    ],
)
async def test_other_documents_are_masked_too(api: Api, kind: str, number: str, shown: str) -> None:
    resident = await register(api, documentKind=kind, idNumber=number, birthDate="1990-01-01")
    assert resident["idNumber"] == shown


async def test_one_number_one_resident(api: Api, session: AsyncSession) -> None:
    number = next(n for n in (citizen_number() for _ in range(500)) if n.endswith("X"))
    await register(api, idNumber=number.lower())
    before = await count(session)
    assert await problems(api, idNumber=number) == [("INVALID_INPUT", ["idNumber"])]
    assert await problems(api, idNumber=f" {number} ") == [("INVALID_INPUT", ["idNumber"])]
    assert await count(session) == before


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"idNumber": "310199197505200001"}, ["idNumber"]),
        ({"idNumber": ""}, ["idNumber"]),
        ({"idNumber": "123"}, ["idNumber"]),
        ({"name": "   "}, ["name"]),
        ({"name": "王" * 101}, ["name"]),
        ({"documentKind": "LIBRARY_CARD"}, ["documentKind"]),
        ({"hukouDivisionCode": "310199999999"}, ["hukouDivisionCode"]),
        ({"hukouDivisionCode": "31"}, ["hukouDivisionCode"]),
        ({"hukouDivisionCode": "abcdef"}, ["hukouDivisionCode"]),
        ({"residenceDivisionCode": "310199999999"}, ["residenceDivisionCode"]),
        ({"hukouDivisionCode": OUTSIDE, "hukouSince": "2026-11-25"}, ["hukouSince"]),
        (
            {
                "residencePermitNumber": "1",
                "residencePermitValidFrom": "2026-02-01",
                "residencePermitValidTo": "2026-01-31",
            },
            ["residencePermitValidTo"],
        ),
        ({"birthDate": "2026-11-25", "documentKind": "PASSPORT"}, ["birthDate"]),
        ({"telephone": "1" * 31}, ["telephone"]),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_written(
    api: Api, session: AsyncSession, said: dict[str, Any], path: list[str]
) -> None:
    found = await problems(api, **said)
    assert ("INVALID_INPUT", path) in found
    assert await count(session) == (0, 0)


async def test_all_problems_come_at_once(api: Api, session: AsyncSession) -> None:
    wrong = {"name": "", "idNumber": "1", "hukouDivisionCode": "310199999999", "residenceDivisionCode": "x"}
    assert {path[0] for _, path in await problems(api, **wrong)} == set(wrong)
    assert await count(session) == (0, 0)


async def test_problems_in_english(api: Api) -> None:
    english = Api(api.client, api.settle, {"Accept-Language": "en-GB"})
    payload = (await english.ask(REGISTER, input={"name": "Wang", "idNumber": "1"}))["registerResident"]
    assert payload["problems"][0]["message"].startswith("The identity number is not valid")


@pytest.mark.parametrize(
    ("hukou", "residence", "away"),
    [
        (None, None, False),
        ("310109009000", None, False),
        (None, "310114001000", False),
        ("310109009000", "310109009000", False),
        ("310109009000", "310109010000", True),
        (OUTSIDE, "310114001000", True),
    ],
)
async def test_who_lives_away_from_the_hukou(api: Api, hukou: str | None, residence: str | None, away: bool) -> None:
    resident = await register(api, hukouDivisionCode=hukou, residenceDivisionCode=residence)
    assert resident["livesAwayFromHukou"] is away


@pytest.mark.parametrize("division", [OUTSIDE, UNMAPPED])
async def test_a_hukou_without_a_center_names_none(api: Api, division: str) -> None:
    assert (await register(api, hukouDivisionCode=division))["hukouCenter"] is None


async def test_a_move_of_the_hukou(api: Api, session: AsyncSession) -> None:
    old, new = (await centers_of(api, HONGKOU))[0], (await centers_of(api, JIADING))[0]
    resident = await register(
        api,
        hukouDivisionCode=old["divisionCode"],
        hukouSince="2015-06-01",
        residenceDivisionCode=new["divisionCode"],
    )
    said = {"resident": resident["id"], "divisionCode": new["divisionCode"], "address": "嘉定区某路2号"}
    moved = (await api.ask(MOVE, input=said | {"since": "2026-11-24"}))["changeHukou"]
    assert moved == {
        "problems": [],
        "resident": {
            "hukou": {"divisionCode": new["divisionCode"], "address": "嘉定区某路2号", "since": "2026-11-24"},
            "hukouCenter": {"code": new["code"]},
            "livesAwayFromHukou": False,
        },
    }
    assert await count(session) == (1, 2)

    for wrong, path in (
        ({"since": "2026-11-25"}, ["since"]),
        ({"since": "2026-11-23"}, ["since"]),
        ({"since": "2026-11-24", "divisionCode": "310199999999"}, ["divisionCode"]),
        ({"since": "2026-11-24", "address": "x" * 301}, ["address"]),
        ({"since": "2026-11-24", "resident": "nobody"}, ["resident"]),
    ):
        payload = (await api.ask(MOVE, input=said | wrong))["changeHukou"]
        assert payload["resident"] is None
        assert path in [problem["path"] for problem in payload["problems"]]
    assert await count(session) == (1, 2)
    shown = (await api.ask(SEE, id=resident["id"]))["resident"]
    assert shown["hukou"]["since"] == "2026-11-24"


async def test_many_residents_cost_as_many_statements_as_few(api: Api, connection: AsyncConnection) -> None:
    centers = await centers_of(api, HONGKOU)
    ids = [
        (await register(api, hukouDivisionCode=center["divisionCode"], residenceDivisionCode=UNMAPPED))["id"]
        for center in centers
    ]
    document = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Resident { name hukou { since }
      hukouCenter { code district { code } } livesAwayFromHukou cases { totalCount nodes { number } } } } }"""
    counts = []
    for some in (ids[:2], ids):
        with statements(connection) as seen:
            nodes = (await api.ask(document, ids=some))["nodes"]
        assert [node["hukouCenter"]["code"] for node in nodes] == [center["code"] for center in centers[: len(some)]]
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[1] <= 9
