"""Global ids: every row by its id, nothing by anything else."""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from documents_support import a_pdf, uploaded
from support import HONGKOU, JIADING, NOW, SPLIT_ITEM, Api, application, centers_of, done, register, statements, submit
from tongban.events.relay import Relay
from tongban.notifications.channels import channel_of
from tongban.notifications.log import LogChannel
from tongban.notifications.service import handlers
from tongban.storage.database import Sessions

NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
NODE = "query($id: ID!) { node(id: $id) { __typename id } }"


def id_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def name_in(id_: str) -> str:
    return base64.b64decode(id_).decode().partition(":")[0]


async def an_id_of_every_type(api: Api) -> list[str]:
    a, b = (await centers_of(api, JIADING))[0], (await centers_of(api, HONGKOU))[0]
    resident = await register(api, hukouDivisionCode=b["divisionCode"])
    said = await application(api, SPLIT_ITEM, a["code"], resident["id"], accept=True)
    upload = said["documents"][0]["document"] = await uploaded(api, a_pdf(), a["code"])
    case = await done(submit(api, said))
    document = """query($number: String!) { case(number: $number) { id applicant { id } documents { id }
      transfers { id } events { nodes { id } } item { id department { id } materials { material { id } } }
      receivingCenter { id district { id } } }
      jointMeeting { members { id } } catalogEditions { nodes { id } }
      proposals(first: 1) { nodes { id check { id } } } }"""
    data = await api.ask(document, number=case["number"])
    found, proposal = data["case"], data["proposals"]["nodes"][0]
    return [
        found["id"],
        found["applicant"]["id"],
        found["transfers"][0]["id"],
        found["events"]["nodes"][0]["id"],
        found["item"]["id"],
        found["item"]["department"]["id"],
        found["item"]["materials"][0]["material"]["id"],
        found["receivingCenter"]["id"],
        found["receivingCenter"]["district"]["id"],
        data["jointMeeting"]["members"][0]["id"],
        data["catalogEditions"]["nodes"][0]["id"],
        proposal["id"],
        proposal["check"]["id"],
        found["documents"][0]["id"],
        upload,
    ]


async def a_notice(api: Api, sessions: Sessions) -> str:
    """The id of one, of those that are told of the cases there are."""
    await Relay(sessions, handlers({"log": channel_of("log", LogChannel())}), lambda: NOW).drain()
    found = await api.ask("{ notices(first: 1) { nodes { id } } }")
    told: str = found["notices"]["nodes"][0]["id"]
    return told


async def test_every_type_of_node_comes_back_by_its_id(api: Api, sessions: Sessions) -> None:
    ids = [*await an_id_of_every_type(api), await a_notice(api, sessions)]
    types = (await api.ask('{ __type(name: "Node") { possibleTypes { name } } }'))["__type"]["possibleTypes"]
    assert {name_in(id_) for id_ in ids} == {kind["name"] for kind in types}
    for id_ in ids:
        assert (await api.ask(NODE, id=id_))["node"] == {"__typename": name_in(id_), "id": id_}


async def test_nodes_come_in_the_order_asked_with_null_for_what_is_not_there(api: Api) -> None:
    ids = await an_id_of_every_type(api)
    gone = [id_of("Center:018f0000-0000-7000-8000-000000000000"), id_of("Case:018f0000-0000-7000-8000-000000000000")]
    asked = [ids[7], gone[0], ids[0], ids[7], gone[1], ids[1]]
    found = (await api.ask(NODES, ids=asked))["nodes"]
    assert [node and node["id"] for node in found] == [ids[7], None, ids[0], ids[7], None, ids[1]]
    assert (await api.ask(NODES, ids=[]))["nodes"] == []


async def test_fields_below_a_node(api: Api) -> None:
    ids = await an_id_of_every_type(api)
    document = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Center { code district { name } }
      ... on Case { status receivingCenter { code } } ... on Transfer { from { code } } } }"""
    found = (await api.ask(document, ids=[ids[7], ids[0], ids[2]]))["nodes"]
    center = {"code": "SH0114-01"}
    assert found == [
        center | {"district": {"name": "嘉定区"}},
        {"status": "IN_TRANSFER", "receivingCenter": center},
        {"from": center},
    ]


async def test_one_statement_a_type(api: Api, connection: AsyncConnection) -> None:
    document = "{ centers(first: 40) { nodes { id } } serviceItems(first: 40) { nodes { id } } }"
    data = await api.ask(document)
    ids = [node["id"] for name in ("centers", "serviceItems") for node in data[name]["nodes"]]
    with statements(connection) as seen:
        found = (await api.ask(NODES, ids=ids))["nodes"]
    assert [node["id"] for node in found] == ids
    assert len(seen) == 2


KEY = "018f0000-0000-7000-8000-000000000000"
BAD_IDS = {
    "empty": "",
    "not base64": "§",
    "plain": KEY,
    "no type": id_of(KEY),
    "unknown type": id_of(f"Secret:{KEY}"),
    "a type without ids": id_of(f"Hukou:{KEY}"),
    "another without": id_of(f"Decision:{KEY}"),
    "no key": id_of("Center:"),
    "no UUID": id_of("Center:1"),
    "too many keys": id_of(f"Center:{KEY}.{KEY}"),
    "too few keys": id_of(f"Transfer:{KEY}"),
    "bytes": base64.b64encode(b"\xff\xfe").decode(),
    "long": "A" * 100_000,
}


@pytest.mark.parametrize("bad", BAD_IDS.values(), ids=BAD_IDS)
async def test_an_id_that_is_none_is_refused(api: Api, bad: str) -> None:
    for document, variables in ((NODE, {"id": bad}), (NODES, {"ids": [bad]})):
        [error] = (await api.answer(document, **variables))["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert len(error["message"]) < 300


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=50))
async def test_no_id_breaks_the_server(api: Api, text: str) -> None:
    for bad in (text, id_of(f"Center:{text}"), id_of(text)):
        answer = await api.answer(NODE, id=bad)
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert codes in ([], ["BAD_USER_INPUT"])


async def test_an_id_of_another_type_is_nobody_where_one_type_is_meant(api: Api) -> None:
    [center, *_] = await centers_of(api, JIADING)
    found = await api.ask('{ center(code: "SH0114-01") { id } }')
    document = "query($id: ID!) { resident(id: $id) { name } cases(filter: {resident: $id}) { totalCount } }"
    data: Any = await api.ask(document, id=found["center"]["id"])
    assert data == {"resident": None, "cases": {"totalCount": 0}}
    said = {"item": "DA-001", "center": center["code"], "applicant": found["center"]["id"], "form": {}}
    payload = await submit(api, said)
    assert "NOT_FOUND" in {problem["code"] for problem in payload["problems"]}
