"""What a request may cost: hostile ones are refused before they run, those that frontends send are not."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from graphql import get_introspection_query, parse
from support import Api, statements
from tongban import demo
from tongban.graphql.cost import DEEPEST, JSON, LIST, MOST, OBJECT, ROOT, cost_of
from tongban.graphql.pages import LONGEST_PAGE, PAGE
from tongban.graphql.schema import MOST_TOKENS, build_schema

SCHEMA = build_schema()._schema
A_PAGE = """{ serviceItems(first: 100) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node {
  code name nameEn mode barriers audiences promisedDays statutoryDays form guide { summary steps conditions fee }
  department { code name } materials { necessity condition copies material { code name issuer } } } } } }"""
ALL_ITEMS = """{ departments { code name plugin { name state } items { code name mode audiences promisedDays form
  guide { summary fee questions { question answer } } materials { necessity material { code name issuer } } } } }"""
WEEK = """{ centers(first: 100) { nodes { code name hours(from: "2026-11-24", to: "2026-11-30") { date kind
  intervals { opens closes } } } } }"""
WORKLIST = """{ cases(first: 100) { nodes { number status item { name } applicant { name } receivingCenter { name }
  handlingCenter { name } transfers { purpose to { name } } events(last: 20) { nodes { kind at } } } } }"""


def doubled(links: int) -> str:
    """Fragments that each spread the next one twice."""
    chain = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(links))
    return f"{{ ...f0 }} {chain} fragment f{links} on Query {{ viewer {{ name }} }}"


def in_a_row(links: int) -> str:
    """Fragments that each spread the next one."""
    chain = "".join(f"fragment f{n} on Query {{ ...f{n + 1} }} " for n in range(links))
    return f"{{ ...f0 }} {chain} fragment f{links} on Query {{ viewer {{ name }} }}"


def aliases(count: int, field: str) -> str:
    return "{ " + " ".join(f"a{n}: {field}" for n in range(count)) + " }"


def cost(document: str, **variables: Any) -> int:
    return cost_of(parse(document), SCHEMA, variables)


def test_an_object_costs_more_than_a_value_and_a_list_as_often_as_it_is_long() -> None:
    assert cost("{ viewer { name subject } }") == ROOT + OBJECT + 2
    assert cost('{ center(code: "x") { branches { code } } }') == ROOT + OBJECT + LIST * (OBJECT + 1)
    assert cost('{ serviceItem(code: "x") { form } }') == ROOT + OBJECT + JSON
    page = OBJECT + (OBJECT + 1)
    assert cost("{ centers { nodes { code } } }") == ROOT + PAGE * page
    assert cost("{ centers(first: 7) { edges { cursor } } }") == ROOT + 7 * page
    assert cost("{ cases(last: 7) { nodes { number } } }") == ROOT + 7 * page
    assert cost('{ nodes(ids: ["a", "b", "c"]) { id } }') == ROOT + 3 * (OBJECT + 1)


@pytest.mark.parametrize(
    ("head", "variables", "size"),
    [
        ("", {"n": 50}, 50),
        ("", {"n": 10**9}, LONGEST_PAGE),
        ("", {"n": -5}, 1),
        ("", {"n": None}, PAGE),
        ("", {"n": "a string"}, PAGE),
        ("", {}, PAGE),
        (" = 30", {}, 30),
        (" = 30", {"n": 40}, 40),
    ],
)
def test_a_page_is_as_long_as_its_variable_says(head: str, variables: dict[str, Any], size: int) -> None:
    document = f"query($n: Int{head}) {{ centers(first: $n) {{ nodes {{ code }} }} }}"
    assert cost(document, **variables) == ROOT + size * (2 * OBJECT + 1)


def test_a_fragment_costs_wherever_it_is_spread() -> None:
    inline = cost("{ a: centers(first: 9) { nodes { code } } b: centers(first: 4) { nodes { code } } }")
    spread = """{ a: centers(first: 9) { ...p } b: centers(first: 4) { ... on CenterConnection { ...p } } }
      fragment p on CenterConnection { nodes { ...c } } fragment c on Center { code }"""
    assert cost(spread) == inline


def test_only_the_operation_that_runs_costs() -> None:
    document = parse(f"query Small {{ viewer {{ name }} }} query Large {aliases(200, 'viewer { name }')}")
    assert cost_of(document, SCHEMA, {}, "Small") == ROOT + OBJECT + 1
    assert cost_of(document, SCHEMA, {}, "Large") > MOST
    assert cost_of(document, SCHEMA, {}, "Neither") == 0


def test_what_does_not_exist_costs_next_to_nothing() -> None:
    assert (
        cost("{ viewer { nothing { at { all } } name { first } ...nobody ... on Nowhere { to { go } } } }") < ROOT + 100
    )


@pytest.mark.parametrize(
    "document",
    [
        get_introspection_query(input_value_deprecation=True, specified_by_url=True, schema_description=True),
        A_PAGE,
        ALL_ITEMS,
        WEEK,
        WORKLIST,
    ],
    ids=["introspection", "page of 100 items", "all 174 items", "a week of 100 centers", "worklist"],
)
async def test_what_frontends_ask_is_answered(api: Api, document: str) -> None:
    await api.ask(document)


async def test_all_174_items_come_in_one_answer(api: Api) -> None:
    found = await api.ask(ALL_ITEMS)
    assert sum(len(department["items"]) for department in found["departments"]) == 174


def test_the_demo_asks_for_little() -> None:
    for document in (demo.CENTERS, demo.REGISTER, demo.ITEM, demo.PREVIEW, demo.SUBMIT):
        assert cost(document) < MOST / 10


@pytest.mark.parametrize(
    "document",
    [
        doubled(20),
        doubled(45),
        doubled(150),
        in_a_row(DEEPEST),
        in_a_row(150),
        aliases(140, "viewer { name }"),
        aliases(60, "centers(first: 100) { nodes { district { centers { code } } } }"),
        "{ centers(first: 100) { nodes { worklist(first: 100) { nodes { number } } } } }",
        "{ departments { items { department { items { department { items { department { items { code } } } } } } } } }",
        "{ serviceItems(first: 100) { nodes { materials { material { neededBy { materials { copies } } } } } } }",
        "{ serviceItems(first: 100) { nodes { " + " ".join(f"a{n}: form" for n in range(400)) + " } } }",
        "{ cases(first: 100) { nodes { " + " ".join(f"a{n}: applicant {{ name }}" for n in range(200)) + " } } }",
    ],
)
async def test_hostile_requests_are_refused_before_the_database_is_asked(
    api: Api, connection: AsyncConnection, document: str
) -> None:
    with statements(connection) as seen:
        answer = await api.answer(document)
    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["QUERY_TOO_COSTLY"]
    assert "first" in answer["errors"][0]["message"]
    assert seen == []


@pytest.mark.parametrize(
    "document",
    [
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
        "{ ...a } fragment a on Query { viewer { name } ...a }",
        "{ viewer { " + "name " * (MOST_TOKENS - 10) + "} }",
        "{ viewer { name " + "@include(if: true) " * 200 + "} }",
        "{ " + "viewer { name } " * 5_000 + "}",
        "{ " + "x " * 500 + "}",
        "{ viewer " + "{ x " * 300 + "}" * 301,
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
        "query($a: Int = " + "[" * 190 + "]" * 190 + ") { centers(first: $a) { totalCount } }",
        "subscription { anything }",
        "fragment a on Query { viewer { name } }" * 2 + " { ...a }",
        "{ a",
        "",
        "#" * 500_000,
        "\0",
    ],
)
async def test_malformed_documents_are_refused(api: Api, connection: AsyncConnection, document: str) -> None:
    with statements(connection) as seen:
        response = await api.client.post("/graphql", json={"query": document})
    assert response.status_code in (200, 400)
    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes <= {"GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COSTLY", "BAD_REQUEST"}
    assert response.json().get("data") is None
    assert seen == []


async def test_a_document_has_so_many_tokens_and_no_more(api: Api) -> None:
    around = len(["{", "viewer", "{", "}", "}"])
    fits, too_long = (f"{{ viewer {{ {'name ' * (MOST_TOKENS - around + more)} }} }}" for more in (0, 1))
    assert f"more than {MOST_TOKENS} tokens" not in (await api.answer(fits))["errors"][0]["message"]
    assert f"more than {MOST_TOKENS} tokens" in (await api.answer(too_long))["errors"][0]["message"]
