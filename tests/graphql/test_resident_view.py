"""One look for the resident: a direct and a split case show the same stages, fields and texts.

`tests/golden/resident_view.json` is what was shown, and is compared exactly. After a change that is meant, write it
anew with `TONGBAN_GOLDEN=write .venv/bin/python -m pytest -n 0 tests/graphql/test_resident_view.py`, and read the diff.
"""

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncConnection

from case_support import World
from graphql import GraphQLObjectType
from graphql import build_schema as read_schema
from support import DIRECT_ITEM, NOW, SPLIT_ITEM, Api, MakeApi, act, done, many, register, statements, submit
from tongban.cases.progress import STAGES
from tongban.cases.words import CaseStatus as Is
from tongban.graphql.schema import build_schema

GOLDEN = Path(__file__).parent.parent / "golden" / "resident_view.json"
VIEW = """query($number: String!) { case(number: $number) { number item { name } visits progress { stage title whatNext
  contact { code name nameEn } dueAt steps { stage at } } } }"""
STORIES = {
    "direct": (DIRECT_ITEM, "DIRECT_TO_RESIDENT"),
    "split, home directly": (SPLIT_ITEM, "DIRECT_TO_RESIDENT"),
    "split, home through A": (SPLIT_ITEM, "VIA_RECEIVING_CENTER"),
}


@pytest_asyncio.fixture
async def world(api: Api) -> World:
    return await World.of(api)


async def rest() -> None:
    """Sends nothing."""


async def view(api: Api, number: str) -> dict[str, Any]:
    """What the resident is shown, in both languages."""
    shown = {}
    for language in ("zh", "en"):
        asked = replace(api, headers={"Accept-Language": language})
        shown[language] = (await asked.ask(VIEW, number=number))["case"]
        assert shown[language].pop("number") == number
    return shown


async def told(world: World, make_api: MakeApi, item: str, route: str) -> list[dict[str, Any]]:
    """The story of a case as its resident sees it: each view that differs from the one before."""
    views: list[dict[str, Any]] = []
    now, at = NOW, world.api
    said = await world.wish(item, deliveryRoute=route, evenIfDuplicate=True)
    case = await done(submit(at, said))
    number, material = case["number"], said["documents"][0]["material"]

    async def look() -> None:
        """Looks while something is on its way, and once more when it has arrived."""
        for settle in (rest, at.settle):
            await settle()
            if (shown := await view(at, number)) not in views[-1:]:
                views.append(shown)

    async def step(verb: str, **said: Any) -> None:
        nonlocal case
        case = await done(act(replace(at, settle=rest), verb, case, **said))
        await look()

    async def later(**time: int) -> None:
        nonlocal now, at
        now += timedelta(**time)
        at = make_api(at=now)

    await look()
    await later(hours=2)
    await step("acceptCase")
    for verb, more in (
        ("requestSupplement", {"materials": [material], "note": "复印件不清晰"}),
        ("supplementCase", {"documents": [{"material": material}]}),
        ("approveCase", {"resultNumber": "1"}),
    ):
        await later(days=1)
        if "ACKNOWLEDGE_TRANSFER" in await actions(at, number):
            await step("acknowledgeTransfer")
        await step(verb, **more)
    await later(days=1)
    while "DELIVER_RESULT" in await actions(at, number):
        await step("deliverResult")
    await later(hours=1)
    await step("rateCase", stars=5)
    return views


async def actions(api: Api, number: str) -> list[str]:
    found = await api.ask("query($n: String!) { case(number: $n) { availableActions } }", n=number)
    return list(found["case"]["availableActions"])


async def test_direct_or_split_looks_the_same(world: World, make_api: MakeApi) -> None:
    """The stories differ in the item and in the promised day, and in nothing else; B shows nowhere."""
    shown = {name: await told(world, make_api, item, route) for name, (item, route) in STORIES.items()}
    assert [one["zh"]["progress"]["stage"] for one in shown["direct"]] == [
        *("RECEIVED", "IN_REVIEW", "SUPPLEMENT_NEEDED", "IN_REVIEW", "DECIDED", "DONE", "DONE")
    ]
    parts = {name: parted(story) for name, story in shown.items()}
    views, _ = parts["direct"]
    assert {name: common for name, (common, _) in parts.items()} == dict.fromkeys(STORIES, views)

    found = {"own": {name: own for name, (_, own) in parts.items()}, "views": views}
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    assert all(str(world.b[name]) not in text for name in ("code", "name", "nameEn"))
    if os.environ.get("TONGBAN_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def parted(story: list[dict[str, Any]]) -> tuple[list[Any], dict[str, list[str]]]:
    """The story without what its item says, and that: the item's names and the promised days."""
    common = json.loads(json.dumps(story))
    own: dict[str, list[str]] = {"items": [], "dueAt": []}
    for languages in common:
        for view in languages.values():
            own["items"].append(view.pop("item")["name"])
            own["dueAt"].append(view["progress"].pop("dueAt"))
    return common, {name: list(dict.fromkeys(values)) for name, values in own.items()}


@pytest.mark.parametrize("status", Is)
async def test_every_state_is_told_in_both_languages(world: World, status: Is) -> None:
    case = await world.brought(status)
    shown = await view(world.api, case["number"])
    for language in ("zh", "en"):
        progress = shown[language]["progress"]
        assert progress["stage"] == progress["steps"][-1]["stage"] == STAGES[status]
        assert progress["contact"]["code"] == world.a["code"]
        assert progress["whatNext"]
        assert "None" not in progress["whatNext"]
    assert shown["zh"]["progress"]["title"] != shown["en"]["progress"]["title"]


def test_nothing_of_two_centers_can_be_asked_there() -> None:
    kinds = read_schema(build_schema().as_str()).type_map
    progress, step = kinds["CaseProgress"], kinds["ProgressStep"]
    assert isinstance(progress, GraphQLObjectType)
    assert isinstance(step, GraphQLObjectType)
    assert {name: str(field.type) for name, field in progress.fields.items()} == {
        "stage": "ResidentStage!",
        "title": "String!",
        "whatNext": "String!",
        "contact": "Center!",
        "dueAt": "DateTime!",
        "steps": "[ProgressStep!]!",
    }
    assert set(step.fields) == {"stage", "at"}


async def test_the_views_of_a_page_are_read_with_one_statement(
    world: World, api: Api, connection: AsyncConnection
) -> None:
    said = await world.wish(accept=True)
    people = [await register(api, hukouDivisionCode=world.b["divisionCode"]) for _ in range(10)]
    inputs = [said | {"applicant": one["id"]} for one in people]
    await many(api, "mutation", "submitCase", "SubmitCaseInput", "case { number }", inputs)
    document = """query($first: Int!) { cases(first: $first) { nodes { progress { stage title whatNext dueAt
      contact { name } steps { stage at } } } } }"""
    for first in (1, 10):
        with statements(connection) as seen:
            nodes = (await api.ask(document, first=first))["cases"]["nodes"]
        assert [len(node["progress"]["steps"]) for node in nodes] == [2] * first
        assert len([statement for statement in seen if "case_event" in statement]) == 1
        assert len(seen) <= 3
