"""Every argument that the API has, with generated values: no fault of ours, and no row where it was refused."""

import base64
import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from support import (
    DIRECT_ITEM,
    HONGKOU,
    SPLIT_ITEM,
    Api,
    application,
    centers_of,
    done,
    register,
    row_counts,
    submit,
)
from tongban.graphql.schema import build_schema
from tongban.graphql.stored import STORED

SCHEMA = build_schema()._schema
A_CURSOR = base64.urlsafe_b64encode(json.dumps(["SH0114-01", str(uuid.UUID(int=1))]).encode()).decode()
KNOWN = ["SH0114-01", DIRECT_ITEM, SPLIT_ITEM, HONGKOU, "310109009000", "MZ", "1", "虹口", "CITIZEN_ID", "PASSPORT"]
TEXT = (
    st.sampled_from(KNOWN) | st.text(max_size=20) | st.sampled_from(["a\0b", "%", "'", "\\", "", "\ufffe", "😀" * 50])
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from(sorted(STORED)).flatmap(
    lambda kind: st.uuids().map(lambda key: base64.b64encode(f"{kind}:{key}".encode()).decode())
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "Boolean": st.booleans(),
    "Int": st.integers(-5, 110) | st.integers(-(2**31), 2**31 - 1),
    "Float": st.floats(allow_nan=False, allow_infinity=False),
    "ID": st.sampled_from(["@case", "@resident"]) | IDS | TEXT,
    "String": TEXT | IDS | st.just(A_CURSOR),
    "IdNumber": TEXT | st.just("310101197505200017"),
    "Date": st.dates().map(str) | TEXT,
    "DateTime": st.datetimes().map(lambda at: at.isoformat() + "Z") | TEXT,
    "JSON": JUNK,
}


def values(kind: GraphQLInputType) -> st.SearchStrategy[Any]:
    """Values of the type, most of them well-formed."""
    if isinstance(kind, GraphQLNonNull):
        return values(kind.of_type)
    return st.none() | _values(kind)


def _values(kind: GraphQLInputType) -> st.SearchStrategy[Any]:
    if isinstance(kind, GraphQLList):
        return st.lists(values(kind.of_type), max_size=3)
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from(sorted(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        needed = {name: field for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        return st.fixed_dictionaries(
            {name: values(field.type) for name, field in needed.items()},
            optional={name: values(field.type) for name, field in kind.fields.items() if name not in needed},
        )
    return SCALARS[get_named_type(kind).name]


def paths() -> dict[str, str]:
    """How each object type is reached from Query without arguments: `departments { items { % } }`."""
    found = {"Query": "%"}
    waiting = [SCHEMA.query_type]
    while waiting:
        kind = waiting.pop(0)
        assert isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items():
            to = get_named_type(field.type)
            needs = any(isinstance(argument.type, GraphQLNonNull) for argument in field.args.values())
            if isinstance(to, GraphQLObjectType) and to.name not in found and not needs:
                found[to.name] = found[kind.name].replace("%", f"{name} {{ % }}")
                waiting.append(to)
    return found


def selection(kind: Any) -> str:
    """The plain fields of a type, and of what lies one level below."""
    if is_leaf_type(get_named_type(kind)):
        return ""
    named = get_named_type(kind)
    fields = [
        name + ("" if is_leaf_type(get_named_type(field.type)) else " { __typename }")
        for name, field in named.fields.items()
        if not field.args
    ]
    return "{ " + " ".join(fields) + " }"


PATHS = paths()
ASKED = [
    (kind.name, name)
    for kind in SCHEMA.type_map.values()
    if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
    for name, field in kind.fields.items()
    if field.args
]


def question(kind: str, name: str) -> tuple[str, dict[str, GraphQLArgument]]:
    """The document that asks for one field with variables for all its arguments."""
    owner = SCHEMA.type_map[kind]
    assert isinstance(owner, GraphQLObjectType)
    field = owner.fields[name]
    heads = ", ".join(f"${argument}: {given.type}" for argument, given in field.args.items())
    arguments = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    asked = f"{name}({arguments}) {selection(field.type)}"
    if kind == "Mutation":
        return f"mutation({heads}) {{ {asked} }}", field.args
    return f"query({heads}) {{ {PATHS[kind].replace('%', asked)} }}", field.args


@pytest.fixture
async def real(api: Api) -> dict[str, str]:
    """The ids of a case and of its applicant, by the marks that stand for them in generated values."""
    home = (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=home["divisionCode"])
    case = await done(submit(api, await application(api, SPLIT_ITEM, "SH0114-01", resident["id"])))
    return {"@case": case["id"], "@resident": resident["id"]}


def test_every_argument_can_be_reached() -> None:
    assert {kind for kind, _ in ASKED} <= {*PATHS, "Mutation"}
    assert {"Query", "Mutation", "Center", "Catalog", "District", "Case", "Resident"} <= {kind for kind, _ in ASKED}


@pytest.mark.parametrize(("kind", "name"), ASKED, ids=[f"{kind}.{name}" for kind, name in ASKED])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_argument_gets_an_answer(
    api: Api, connection: AsyncConnection, real: dict[str, str], kind: str, name: str, data: st.DataObject
) -> None:
    document, arguments = question(kind, name)
    variables = {
        argument: data.draw(values(given.type) | values(given.type) | values(given.type) | JUNK, label=argument)
        for argument, given in arguments.items()
    }
    before = await row_counts(connection)
    body = json.dumps({"query": document, "variables": variables})
    for mark, known in real.items():
        body = body.replace(mark, known)
    response = await api.client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert response.status_code in (200, 400)
    answer = response.json()
    errors = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert errors <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COSTLY", "BAD_REQUEST"}
    accepted = kind == "Mutation" and not errors and not answer["data"][name]["problems"]
    assert accepted or await row_counts(connection) == before
