"""Subscriptions as a frontend has them: over a real socket to the real server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from sqlalchemy import select, update
from websockets.exceptions import ConnectionClosed, InvalidStatus

from event_support import announce, new_case, tell
from socket_support import Client, client, live
from tongban.cases.models import Case, CaseEvent
from tongban.centers.models import Center
from tongban.events import feed as feeds
from tongban.events.words import WorklistChangeKind
from tongban.graphql import cases as types
from tongban.graphql import server
from tongban.graphql.desk import Desk
from tongban.graphql.errors import Unavailable
from tongban.graphql.sockets import LONGEST_MESSAGE, MOST_SUBSCRIPTIONS
from tongban.graphql.stored import global_id
from tongban.registry import Registry
from tongban.storage.database import Sessions
from tongban.storage.ids import new_id

EVENTS = "subscription($case: ID!, $since: ID) { caseEvents(case: $case, since: $since) { id kind } }"
WORKLIST = """subscription($center: String!, $since: Int) { worklist(center: $center, since: $since) {
  kind sequence case { number status } } }"""
NUMBER = "310101197505200021"


@pytest_asyncio.fixture(scope="module")
async def where(committed_url: str, registry: Registry) -> AsyncIterator[str]:
    async with live(committed_url, registry) as where:
        yield where


@pytest_asyncio.fixture
async def ws(where: str) -> AsyncIterator[Client]:
    async with client(where) as made:
        yield made


@pytest_asyncio.fixture
async def case(committed: Sessions) -> Case:
    return await new_case(committed)


@pytest_asyncio.fixture
async def center(committed: Sessions, case: Case) -> str:
    async with committed() as session:
        found = await session.get(Center, case.receiving_center_id)
        assert found is not None
        return found.code


def id_of(case: Case) -> str:
    return global_id(types.Case, {"id": case.id})


async def test_every_event_of_a_case_comes_once_and_in_order(ws: Client, committed: Sessions, case: Case) -> None:
    await tell(committed, case.id, kind="BEFORE")
    await ws.subscribe(EVENTS, case=id_of(case))
    assert [(await ws.next())["caseEvents"]["kind"] for _ in range(2)] == ["SUBMITTED", "BEFORE"]
    await tell(committed, case.id, 3, kind="AFTER")
    assert [(await ws.next())["caseEvents"]["kind"] for _ in range(3)] == ["AFTER"] * 3
    assert await ws.silent()


async def test_who_comes_back_names_the_last_one_seen(ws: Client, committed: Sessions, case: Case) -> None:
    told = await tell(committed, case.id, 3)
    ids = [global_id(types.CaseEvent, {"case_id": case.id, "id": id_}) for id_ in told]
    await ws.subscribe(EVENTS, case=id_of(case), since=ids[0])
    assert [(await ws.next())["caseEvents"]["id"] for _ in range(2)] == ids[1:]
    assert await ws.silent()


async def test_a_worklist_is_told_from_now_on_or_from_a_number(
    ws: Client, committed: Sessions, case: Case, center: str
) -> None:
    await announce(committed, case.receiving_center_id, case.id)
    await ws.subscribe(WORKLIST, center=center)
    assert await ws.silent()
    await announce(committed, case.receiving_center_id, case.id, [WorklistChangeKind.ARRIVED])
    told = (await ws.next())["worklist"]
    assert (told["kind"], told["case"]) == ("ARRIVED", {"number": case.number, "status": "SUBMITTED"})
    await announce(committed, case.receiving_center_id, case.id, [WorklistChangeKind.LEFT])
    assert (await ws.next())["worklist"]["kind"] == "LEFT"
    await ws.subscribe(WORKLIST, center=center, since=told["sequence"] - 1)
    again = [(await ws.next("1"))["worklist"] for _ in range(2)]
    assert [one["sequence"] for one in again] == [told["sequence"], told["sequence"] + 1]


async def test_each_answer_is_read_anew(ws: Client, committed: Sessions, case: Case, center: str) -> None:
    await ws.subscribe(WORKLIST, center=center)
    await asyncio.sleep(0.3)
    for status in ("SUBMITTED", "UNDER_REVIEW", "APPROVED"):
        async with committed() as session:
            await session.execute(update(Case).where(Case.id == case.id).values(status=status))
            await session.commit()
        await announce(committed, case.receiving_center_id, case.id)
        assert (await ws.next())["worklist"]["case"]["status"] == status


async def test_who_waits_holds_no_connection(
    committed_url: str, committed: Sessions, registry: Registry, case: Case, center: str
) -> None:
    """Forty subscriptions, all told at once, over two connections; and requests are answered beside them."""
    async with live(committed_url, registry, pool_size=2) as where, client(where) as one, client(where) as two:
        for each in (one, two):
            for _ in range(MOST_SUBSCRIPTIONS):
                await each.subscribe(WORKLIST, center=center)
        await asyncio.sleep(1)
        await announce(committed, case.receiving_center_id, case.id)
        for each in (one, two):
            got = [await each.receive() for _ in range(MOST_SUBSCRIPTIONS)]
            assert {message["type"] for message in got} == {"next"}
            assert len({message["id"] for message in got}) == MOST_SUBSCRIPTIONS
            assert all("errors" not in message["payload"] for message in got)
        async with httpx.AsyncClient(base_url=where, timeout=10) as http:
            answer = await http.post("/graphql", json={"query": "{ districts { code } }"})
            assert len(answer.json()["data"]["districts"]) == 16


async def test_a_client_that_has_enough_gets_no_more(ws: Client, committed: Sessions, case: Case) -> None:
    number = await ws.subscribe(EVENTS, case=id_of(case))
    await ws.next()
    await ws.send(id=number, type="complete")
    await tell(committed, case.id)
    assert await ws.silent()
    await ws.send(id=number, type="subscribe", payload={"query": EVENTS, "variables": {"case": id_of(case)}})
    assert (await ws.next())["caseEvents"]["kind"] == "SUBMITTED"  # the id is free again


async def test_what_does_not_exist_is_a_typed_error(ws: Client, case: Case) -> None:
    unknown = global_id(types.Case, {"id": new_id()})
    foreign = global_id(types.CaseEvent, {"case_id": case.id, "id": new_id()})
    wrong: list[tuple[str, dict[str, Any], str, str]] = [
        (EVENTS, {"case": unknown}, "NOT_FOUND", "没有这个办件"),
        (EVENTS, {"case": "nonsense"}, "NOT_FOUND", "没有这个办件"),
        (EVENTS, {"case": id_of(case), "since": foreign}, "BAD_USER_INPUT", "`since`"),
        (EVENTS, {"case": id_of(case), "since": "nonsense"}, "BAD_USER_INPUT", "`since`"),
        (EVENTS, {}, "GRAPHQL_VALIDATION_FAILED", "$case"),
        (WORKLIST, {"center": "SH9999-99"}, "NOT_FOUND", "SH9999-99"),
        (WORKLIST, {"center": "a\0b"}, "BAD_USER_INPUT", "characters"),
        (WORKLIST, {"center": "SH0101-01", "since": -1}, "BAD_USER_INPUT", "`since`"),
        (WORKLIST, {"center": "SH0101-01", "since": 2_000_000_000}, "BAD_USER_INPUT", "`since`"),
        ("subscription { nothing }", {}, "GRAPHQL_VALIDATION_FAILED", "nothing"),
        ("subscription {", {}, "GRAPHQL_VALIDATION_FAILED", "Syntax Error"),
        ("", {}, "GRAPHQL_VALIDATION_FAILED", ""),
    ]
    for document, variables, code, message in wrong:
        error = await ws.error(await ws.subscribe(document, **variables))
        assert (error["extensions"]["code"], message in error["message"]) == (code, True), error
    assert await ws.silent(0.2)


async def test_messages_are_in_the_callers_language(where: str) -> None:
    async with client(where, additional_headers={"Accept-Language": "en"}) as ws:
        error = await ws.error(await ws.subscribe(WORKLIST, center="SH9999-99"))
        assert error["message"] == "There is no center with the code SH9999-99"


@pytest.mark.parametrize("document", ["{ districts { code } }", "mutation { startDrill(input: {}) { __typename } }"])
async def test_queries_and_mutations_go_over_http(ws: Client, document: str) -> None:
    error = await ws.error(await ws.subscribe(document))
    assert "are not allowed" in error["message"]


async def test_one_answer_is_no_subscription(where: str, case: Case) -> None:
    """Over HTTP it takes a client that accepts a stream."""
    async with httpx.AsyncClient(base_url=where) as http:
        body = {"query": EVENTS, "variables": {"case": id_of(case)}}
        assert (await http.post("/graphql", json=body)).status_code == 400
        both = {"accept": "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"}
        answer = await http.post("/graphql", json={"query": "{ districts { code } }"}, headers=both)
        assert answer.headers["content-type"].startswith("application/graphql-response+json")
        assert len(answer.json()["data"]["districts"]) == 16


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_events_are_sent_to_who_accepts_them(where: str, committed: Sessions, case: Case, method: str) -> None:
    body = {"query": EVENTS, "variables": {"case": id_of(case)}}
    asked: dict[str, Any] = {"json": body}
    if method == "GET":
        asked = {"params": {"query": EVENTS, "variables": orjson.dumps(body["variables"]).decode()}}
    async with (
        httpx.AsyncClient(base_url=where) as http,
        http.stream(method, "/graphql", headers={"accept": "text/event-stream"}, **asked) as stream,
    ):
        assert stream.status_code == 200
        assert stream.headers["content-type"] == "text/event-stream"
        parts = stream.aiter_text()
        for kind in ("SUBMITTED", "NOTED"):
            event, data = (await asyncio.wait_for(anext(parts), 5)).removesuffix("\n\n").split("\n")
            assert event == "event: next"
            assert orjson.loads(data.removeprefix("data: "))["data"]["caseEvents"]["kind"] == kind
            await tell(committed, case.id)


async def test_parts_are_sent_to_who_accepts_them(where: str, case: Case) -> None:
    accept = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
    body = {"query": EVENTS, "variables": {"case": id_of(case)}}
    async with (
        httpx.AsyncClient(base_url=where) as http,
        http.stream("POST", "/graphql", headers={"accept": accept}, json=body) as stream,
    ):
        assert stream.headers["content-type"].startswith("multipart/mixed")
        async for part in stream.aiter_text():
            if "caseEvents" in part:
                assert '"SUBMITTED"' in part
                break


async def test_a_stream_over_http_ends_with_where_to_go_on(
    committed_url: str, committed: Sessions, registry: Registry, case: Case
) -> None:
    text = ""
    async with httpx.AsyncClient() as http:
        async with live(committed_url, registry) as where:
            asked = http.build_request(
                "POST",
                f"{where}/graphql",
                headers={"accept": "text/event-stream"},
                json={"query": EVENTS, "variables": {"case": id_of(case)}},
            )
            stream = await http.send(asked, stream=True)
            parts = stream.aiter_text()
            text += await anext(parts)
        async for part in parts:
            text += part
        await stream.aclose()
    last = global_id(types.CaseEvent, {"case_id": case.id, "id": (await first_of(committed, case))})
    assert f'"extensions":{{"code":"RESUME","since":"{last}"}}' in text
    assert text.endswith("event: complete\ndata: \n\n")


async def first_of(sessions: Sessions, case: Case) -> Any:
    async with sessions() as session:
        return await session.scalar(select(CaseEvent.id).where(CaseEvent.case_id == case.id))


async def test_what_costs_too_much_is_refused(ws: Client, center: str) -> None:
    many = " ".join(f"a{n}: events(first: 100) {{ nodes {{ case: center {{ name }} note }} }}" for n in range(90))
    for inner, code in ((many, "QUERY_TOO_COSTLY"), ("number " * 3_000, "GRAPHQL_VALIDATION_FAILED")):
        document = f"subscription($c: String!) {{ worklist(center: $c) {{ case {{ {inner} }} }} }}"
        error = await ws.error(await ws.subscribe(document, c=center))
        assert error["extensions"]["code"] == code


async def test_one_socket_carries_so_many_subscriptions(ws: Client, case: Case) -> None:
    numbers = [await ws.subscribe(EVENTS, case=id_of(case)) for _ in range(MOST_SUBSCRIPTIONS + 1)]
    got = [await ws.receive() for _ in numbers]
    [refused] = [message for message in got if message["type"] == "error"]
    assert refused["id"] == numbers[-1]
    assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    await ws.send(id=numbers[0], type="complete")
    assert (await ws.next(await ws.subscribe(EVENTS, case=id_of(case))))["caseEvents"]["kind"] == "SUBMITTED"


async def test_a_slow_reader_is_told_where_to_go_on(
    ws: Client, committed: Sessions, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ws.subscribe(EVENTS, case=id_of(case))
    first = (await ws.next())["caseEvents"]["id"]
    await asyncio.sleep(0.3)
    monkeypatch.setattr(feeds, "LONGEST_QUEUE", 0)
    await tell(committed, case.id, 2)
    error = await ws.error()
    assert error["extensions"] == {"code": "RESUME", "since": first}
    monkeypatch.undo()
    number = await ws.subscribe(EVENTS, case=id_of(case), since=first)
    assert [(await ws.next(number))["caseEvents"]["kind"] for _ in range(2)] == ["NOTED"] * 2


async def test_ping_is_answered(where: str) -> None:
    async with client(where, begun=False) as ws:
        await ws.send(type="ping")
        assert await ws.receive() == {"type": "pong"}
        await ws.begin()
        await ws.send(type="ping", payload={"a": 1})
        assert await ws.receive() == {"type": "pong"}
        await ws.send(type="pong")
        assert await ws.silent(0.2)


INIT = {"type": "connection_init"}
QUERY = 'subscription { worklist(center: "SH0101-01") { kind } }'
SUBSCRIBE: dict[str, Any] = {"id": "x", "type": "subscribe", "payload": {"query": QUERY}}
BAD: dict[str, tuple[int, list[Any]]] = {
    "garbage": (4400, ["}{"]),
    "nothing": (4400, [""]),
    "bytes": (4400, [b"{}"]),
    "a list": (4400, [[]]),
    "a number": (4400, ["1"]),
    "null": (4400, ["null"]),
    "NaN": (4400, ['{"type": NaN}']),
    "deep": (4400, ["[" * 60_000]),
    "a long integer": (4400, ['{"type": ' + "9" * 6_000 + "}"]),
    "no type": (4400, [{}]),
    "a type that is none": (4400, [{"type": 1}]),
    "an unknown type": (4400, [{"type": "start"}]),
    "a long unknown type": (4400, [{"type": "个" * 5_000}]),
    "init with a list": (4400, [INIT | {"payload": []}]),
    "subscribe without an id": (4400, [INIT, {key: SUBSCRIBE[key] for key in ("type", "payload")}]),
    "subscribe with a number as id": (4400, [INIT, SUBSCRIBE | {"id": 1}]),
    "subscribe with an empty id": (4400, [INIT, SUBSCRIBE | {"id": ""}]),
    "subscribe with an object as id": (4400, [INIT, SUBSCRIBE | {"id": {}}]),
    "subscribe without payload": (4400, [INIT, {"id": "x", "type": "subscribe"}]),
    "subscribe with a text as payload": (4400, [INIT, SUBSCRIBE | {"payload": "query"}]),
    "subscribe without query": (4400, [INIT, SUBSCRIBE | {"payload": {}}]),
    "a query that is none": (4400, [INIT, SUBSCRIBE | {"payload": {"query": 1}}]),
    "variables that are none": (4400, [INIT, SUBSCRIBE | {"payload": {"query": "", "variables": []}}]),
    "an operation that is none": (4400, [INIT, SUBSCRIBE | {"payload": {"query": "", "operationName": 1}}]),
    "complete without an id": (4400, [INIT, {"type": "complete"}]),
    "complete with a list as id": (4400, [INIT, {"type": "complete", "id": []}]),
    "subscribe before init": (4401, [SUBSCRIBE]),
    "the same id twice": (4409, [INIT, SUBSCRIBE | {"id": "长" * 900}, SUBSCRIBE | {"id": "长" * 900}]),
    "init twice": (4429, [INIT, INIT]),
    "too long": (1009, ["x" * (LONGEST_MESSAGE + 1)]),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_breaks_the_protocol_closes_the_socket(
    where: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    code, messages = BAD[what]
    async with client(where, begun=False) as ws:
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012
            for message in messages:
                raw = message if isinstance(message, str | bytes) else orjson.dumps(message).decode()
                await ws.connection.send(raw)
            while True:
                await ws.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
    await asyncio.sleep(0.05)
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []


async def test_an_unknown_subscription_to_complete_is_nothing(ws: Client) -> None:
    await ws.send(type="complete", id="never")
    assert await ws.silent(0.2)


async def test_who_says_nothing_is_closed(
    committed_url: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "INIT_SECONDS", 0.3)
    async with live(committed_url, registry) as where, client(where, begun=False) as ws, client(where) as other:
        with pytest.raises(ConnectionClosed) as closed:
            await ws.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4408
        assert await other.silent(0.5)


async def test_foreign_pages_are_refused(where: str) -> None:
    for origin in ("https://evil.example", "null", where.replace("127.0.0.1", "localhost")):
        with pytest.raises(InvalidStatus) as refused:
            async with client(where, origin=origin):
                pass
        assert refused.value.response.status_code == 403
    async with client(where, origin=where) as own:
        assert await own.silent(0.1)


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["nonsense"], None])
async def test_other_protocols_are_refused(where: str, protocols: list[str] | None) -> None:
    async with client(where, begun=False, subprotocols=protocols) as ws:
        with pytest.raises(ConnectionClosed) as closed:
            await ws.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4406


async def test_nothing_personal_is_logged(ws: Client, caplog: pytest.LogCaptureFixture, case: Case) -> None:
    said: list[tuple[str, dict[str, Any]]] = [
        (f'subscription {{ worklist(center: "{NUMBER}") {{ nothing }} }}', {}),
        (EVENTS, {"case": {"number": NUMBER}}),
        (EVENTS, {"case": NUMBER}),
        (WORKLIST, {"center": NUMBER + "\0"}),
        (f"subscription {{ {NUMBER}", {}),
    ]
    for document, variables in said:
        await ws.error(await ws.subscribe(document, **variables))
    assert NUMBER not in caplog.text


async def test_a_fault_of_ours_is_masked_and_logged_without_values(
    ws: Client, committed: Sessions, case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_row: object) -> None:
        raise ValueError(NUMBER)

    monkeypatch.setattr(types.CaseEvent, "of", broken)
    error = await ws.error(await ws.subscribe(EVENTS, case=id_of(case)))
    assert (error["message"], error["extensions"]["code"]) == ("Internal error", "INTERNAL_ERROR")
    assert "ValueError" in caplog.text
    assert NUMBER not in caplog.text


async def test_an_answer_that_fails_ends_the_subscription(
    ws: Client, committed: Sessions, case: Case, center: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it passed over, the client would miss what it told of."""
    await ws.subscribe(WORKLIST, center=center)
    await asyncio.sleep(0.3)
    await announce(committed, case.receiving_center_id, case.id)
    seen = (await ws.next())["worklist"]["sequence"]

    async def away(_desk: Desk, _statement: object) -> Any:
        raise Unavailable

    monkeypatch.setattr(Desk, "rows", away)
    await announce(committed, case.receiving_center_id, case.id)
    assert (await ws.error())["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    monkeypatch.undo()
    number = await ws.subscribe(WORKLIST, center=center, since=seen)
    assert (await ws.next(number))["worklist"]["sequence"] == seen + 1


async def test_when_the_server_stops_the_client_is_told_to_come_back(
    committed_url: str, committed: Sessions, registry: Registry, case: Case
) -> None:
    async with live(committed_url, registry) as where:
        connected = client(where)
        ws = await connected.__aenter__()
        await ws.subscribe(EVENTS, case=id_of(case))
        last = (await ws.next())["caseEvents"]["id"]
    with pytest.raises(ConnectionClosed) as closed:
        await ws.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    await connected.__aexit__(None, None, None)
    await tell(committed, case.id, 2)
    async with live(committed_url, registry) as where, client(where) as ws:
        await ws.subscribe(EVENTS, case=id_of(case), since=last)
        assert [(await ws.next())["caseEvents"]["kind"] for _ in range(2)] == ["NOTED"] * 2
