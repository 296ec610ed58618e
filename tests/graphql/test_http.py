"""GraphQL over HTTP: whatever is sent, the answer is one that a client can read, and never a 500."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from support import Api, row_counts
from tongban.graphql.server import GRAPHQL_JSON, LONGEST_BODY

VIEWER = "{ viewer { name } }"
NAMED = {"data": {"viewer": {"name": "Developer"}}}
AS_JSON = {"content-type": "application/json"}
SUBMIT = 'mutation { submitCase(input: {item: "x", center: "x", applicant: "x", form: {}}) { problems { code } } }'


async def refused(api: Api, status: int, code: str, **request: Any) -> str:
    """The message of a request that is refused with that status and code."""
    response = await api.client.request(request.pop("method", "POST"), "/graphql", **request)
    assert response.status_code == status, response.text
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == code
    message: str = error["message"]
    return message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"5",
        b'"text"',
        b"true",
        b"NaN",
        b'{"query": NaN}',
        b'{"query": "{ viewer { name } }", "variables": {"x": NaN}}',
        b'{"query": "{ viewer { name } }", "variables": {"x": Infinity}}',
        b'{"query": "{ viewer { name } }", "variables": {"x": 1e400}}',
        b'{"query": "{ viewer { name } }", "variables": {"x": %s}}' % (b"9" * 5_000),
        b'{"query": "{ viewer { name } }", "variables": {"x": "\\ud800"}}',
        b'{"query": "{ viewer { name } } # \xff"}',
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"query": "{ viewer { name } }"}',
        b"[" * 200_000 + b"]" * 200_000,
        b'{"query": "{ viewer { name } }", "variables": ' + b'{"a":' * 90_000 + b"1" + b"}" * 90_000 + b"}",
        b"[]",
        b"[5]",
        b'[{"query": "{ viewer { name } }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 5}',
        b'{"query": ["{ viewer { name } }"]}',
        b'{"variables": {}}',
        b'{"query": "{ viewer { name } }", "variables": []}',
        b'{"query": "{ viewer { name } }", "variables": "x"}',
        b'{"query": "{ viewer { name } }", "variables": 5}',
        b'{"query": "{ viewer { name } }", "extensions": [1]}',
        b'{"query": "{ viewer { name } }", "extensions": "x"}',
        b'{"query": "{ viewer { name } }", "operationName": 5}',
        b'{"query": "{ viewer { name } }", "operationName": ["a"]}',
        b'{"query": "{ viewer { name } }", "operationName": "Unknown"}',
        b'{"query": "query A { viewer { name } } query B { viewer { name } }", "operationName": "C"}',
    ],
)
@pytest.mark.parametrize("accept", ["application/json", GRAPHQL_JSON])
async def test_a_body_that_is_no_request_is_refused(api: Api, body: bytes, accept: str) -> None:
    await refused(api, 400, "BAD_REQUEST", content=body, headers=AS_JSON | {"accept": accept})


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "garbage",
        ";;;=",
        "application/octet-stream",
    ],
)
async def test_what_a_foreign_page_could_send_without_asking_is_refused(
    api: Api, connection: AsyncConnection, kind: str
) -> None:
    """A browser sends these content types across sites without a preflight: none of them may do anything."""
    before = await row_counts(connection)
    body = json.dumps({"query": SUBMIT})
    await refused(api, 400, "BAD_REQUEST", content=body, headers={"content-type": kind})
    assert await row_counts(connection) == before


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/json;charset=nonsense"])
async def test_json_is_utf_8_whatever_its_content_type_says(api: Api, kind: str) -> None:
    body = json.dumps({"query": VIEWER})
    response = await api.client.post("/graphql", content=body, headers={"content-type": kind})
    assert response.json() == NAMED


@pytest.mark.parametrize(
    "accept",
    ["", "garbage", "*/*", "*/*;q=0", "text/html", "application/xml", "multipart/mixed", ",;=,"],
)
async def test_an_answer_is_json_whatever_is_accepted(api: Api, accept: str) -> None:
    response = await api.client.post("/graphql", json={"query": VIEWER}, headers={"accept": accept})
    assert (response.status_code, response.json()) == (200, NAMED)
    assert response.headers["content-type"] == "application/json"


async def test_who_accepts_events_only_gets_the_one_answer_as_an_event(api: Api) -> None:
    response = await api.client.post("/graphql", json={"query": VIEWER}, headers={"accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    told, ended = [event.split("\n") for event in response.text.strip().split("\n\n")]
    assert (told[0], json.loads(told[1].removeprefix("data:"))) == ("event: next", NAMED)
    assert ended[0] == "event: complete"


async def test_who_accepts_the_media_type_of_graphql_gets_it(api: Api) -> None:
    headers = {"accept": f"{GRAPHQL_JSON}, application/json;q=0.9"}
    answered = await api.client.post("/graphql", json={"query": VIEWER}, headers=headers)
    assert answered.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    assert (answered.status_code, answered.json()) == (200, NAMED)
    invalid = await api.client.post("/graphql", json={"query": "{ nothing }"}, headers=headers)
    assert (invalid.status_code, "data" in invalid.json()) == (400, False)
    unread = await api.client.post("/graphql", json={"query": VIEWER, "variables": 5}, headers=headers)
    assert unread.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    partial = await api.client.post("/graphql", json={"query": '{ node(id: "x") { id } }'}, headers=headers)
    assert (partial.status_code, partial.json()["data"]) == (200, {"node": None})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(api: Api, method: str) -> None:
    await refused(api, 405, "METHOD_NOT_ALLOWED", method=method)
    assert (await api.client.request(method, "/graphql")).headers["allow"] == "GET, POST"


async def test_a_query_may_come_by_get(api: Api) -> None:
    params = {"query": "query($code: String!) { center(code: $code) { code } }", "variables": '{"code": "SH0114-01"}'}
    answer = (await api.client.get("/graphql", params=params)).json()
    assert answer == {"data": {"center": {"code": "SH0114-01"}}}
    named = {"query": "query A { viewer { name } } query B { x: __typename }", "operationName": "A"}
    assert (await api.client.get("/graphql", params=named)).json() == NAMED


async def test_a_variable_may_have_any_name(api: Api) -> None:
    """Also those of the request's own parts: by GET they are read from a parameter of their own."""
    fields = "a: centers(first: $query) { totalCount } b: centers(first: $variables) { totalCount }"
    document = f"query($query: Int, $variables: Int) {{ {fields} }}"
    params = {"query": document, "variables": '{"query": 1, "variables": 1}'}
    assert "errors" not in (await api.client.get("/graphql", params=params)).json()


async def test_a_mutation_may_not_come_by_get(api: Api, connection: AsyncConnection) -> None:
    before = await row_counts(connection)
    both = f"query A {VIEWER} {SUBMIT.replace('mutation', 'mutation B')}"
    for params in ({"query": SUBMIT}, {"query": both, "operationName": "B"}):
        message = await refused(api, 400, "BAD_REQUEST", method="GET", params=params)
        assert "mutations" in message
    assert await row_counts(connection) == before


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": ""},
        {"variables": "{}"},
        {"query": VIEWER, "variables": "null"},
        {"query": VIEWER, "variables": "[1]"},
        {"query": VIEWER, "variables": "5"},
        {"query": VIEWER, "variables": ""},
        {"query": VIEWER, "variables": "{"},
        {"query": VIEWER, "extensions": "[1]"},
        {"query": VIEWER, "operationName": "Unknown"},
    ],
)
async def test_a_get_that_is_no_request_is_refused(api: Api, params: dict[str, str]) -> None:
    headers = {"accept": "application/json"}
    await refused(api, 400, "BAD_REQUEST", method="GET", params=params, headers=headers)


async def in_pieces(size: int, piece: int = 10_000) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    yield b'{"query": "#'
    for _ in range(size // piece):
        yield b"x" * piece
    yield b'\\n{ viewer { name } }"}'


async def test_a_body_has_at_most_a_million_bytes(api: Api) -> None:
    for content in (b"x" * (LONGEST_BODY + 1), in_pieces(LONGEST_BODY)):
        message = await refused(api, 413, "REQUEST_TOO_LARGE", content=content, headers=AS_JSON)
        assert "1,000,000" in message
    fits = await api.client.post("/graphql", content=in_pieces(LONGEST_BODY - 10_000), headers=AS_JSON)
    assert fits.json() == NAMED


async def test_a_long_body_is_refused_before_it_has_come_in(api: Api) -> None:
    """Nobody reads the rest of an endless body."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100_000
            yield b"x" * 100_000

    app = api.client._transport.app  # type: ignore[attr-defined]
    body, sent = endless(), []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert read <= LONGEST_BODY + 100_000


async def test_a_client_that_leaves_early_gets_nothing(api: Api) -> None:
    app = api.client._transport.app  # type: ignore[attr-defined]
    sent = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert sent == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=60)
    | st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from([VIEWER, "{ nothing }", "A", "{"])
            | st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
                max_leaves=5,
            )
            for name in ("query", "variables", "operationName", "extensions", "more")
        },
    ).map(lambda parts: json.dumps(parts).encode()),
    kind=st.sampled_from(["application/json", "text/plain", ""]),
    accept=st.sampled_from(["*/*", GRAPHQL_JSON]),
)
async def test_any_bytes_get_an_answer(api: Api, body: bytes, kind: str, accept: str) -> None:
    response = await api.client.post("/graphql", content=body, headers={"content-type": kind, "accept": accept})
    assert response.status_code in (200, 400)
    answer = response.json()
    assert answer == NAMED or all(error["extensions"]["code"] for error in answer["errors"])
