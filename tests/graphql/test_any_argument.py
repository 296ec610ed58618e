"""Every argument that the API has, with generated values: no fault of ours, and no row where it was refused."""

import base64
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from event_support import new_case
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
from socket_support import Client, client, live
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
from tongban.registry import Registry
from tongban.storage.database import Sessions

SCHEMA = build_schema()._schema
REFUSED = {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COSTLY", "BAD_REQUEST"}
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
    "Digest": st.binary(min_size=32, max_size=32).map(bytes.hex) | TEXT,
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
FOLLOWED = [name for kind, name in ASKED if kind == "Subscription"]
PLAIN = [(kind, name) for kind, name in ASKED if kind != "Subscription"]


def question(kind: str, name: str) -> tuple[str, dict[str, GraphQLArgument]]:
    """The document that asks for one field with variables for all its arguments."""
    owner = SCHEMA.type_map[kind]
    assert isinstance(owner, GraphQLObjectType)
    field = owner.fields[name]
    heads = ", ".join(f"${argument}: {given.type}" for argument, given in field.args.items())
    arguments = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    asked = f"{name}({arguments}) {selection(field.type)}"
    if kind in ("Mutation", "Subscription"):
        return f"{kind.lower()}({heads}) {{ {asked} }}", field.args
    return f"query({heads}) {{ {PATHS[kind].replace('%', asked)} }}", field.args


@pytest.fixture
async def real(api: Api) -> dict[str, str]:
    """The ids of a case and of its applicant, by the marks that stand for them in generated values."""
    home = (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=home["divisionCode"])
    case = await done(submit(api, await application(api, SPLIT_ITEM, "SH0114-01", resident["id"])))
    return {"@case": case["id"], "@resident": resident["id"]}


def test_every_argument_can_be_reached() -> None:
    assert {kind for kind, _ in ASKED} <= {*PATHS, "Mutation", "Subscription"}
    assert len(FOLLOWED) == 2
    assert {"Query", "Mutation", "Center", "Catalog", "District", "Case", "Resident"} <= {kind for kind, _ in ASKED}


@pytest.mark.parametrize(("kind", "name"), PLAIN, ids=[f"{kind}.{name}" for kind, name in PLAIN])
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
    assert errors <= REFUSED
    accepted = kind == "Mutation" and not errors and not answer["data"][name]["problems"]
    assert accepted or await row_counts(connection) == before


@pytest_asyncio.fixture(scope="module")
async def socket(committed_url: str, registry: Registry) -> AsyncIterator[Client]:
    """A socket to a live server."""
    async with live(committed_url, registry) as where, client(where) as made:
        yield made


@pytest.mark.parametrize("name", FOLLOWED)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_argument_of_a_subscription_is_followed_or_told_what_is_wrong(
    socket: Client, committed: Sessions, name: str, data: st.DataObject
) -> None:
    document, arguments = question("Subscription", name)
    variables = {
        argument: data.draw(values(given.type) | values(given.type) | JUNK, label=argument)
        for argument, given in arguments.items()
    }
    if "@case" in variables.values():
        known = base64.b64encode(f"Case:{(await new_case(committed)).id}".encode()).decode()
        variables = {argument: known if said == "@case" else said for argument, said in variables.items()}
    number = await socket.subscribe(document, **variables)
    try:
        message = await socket.receive(0.3 if variables.get("center") in KNOWN else 10)
    except TimeoutError:
        pass  # only a center's list begins with nothing to tell
    else:
        assert message["type"] in ("next", "error")
        if message["type"] == "error":
            assert {error["extensions"]["code"] for error in message["payload"]} <= REFUSED | {"NOT_FOUND"}
            return
    await socket.send(id=number, type="complete")
    await socket.send(type="ping")
    assert await socket.receive() == {"type": "pong"}
