"""The routes beside the API: the way in, the health of the server, GraphiQL's files."""

import pytest

from support import Api


async def test_the_way_in_leads_to_graphiql(api: Api) -> None:
    response = await api.client.get("/", headers={"accept": "text/html"})
    assert (response.status_code, response.headers["location"]) == (307, "/graphql")
    page = await api.client.get("/graphql", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'id="graphiql"' in page.text


async def test_health(api: Api) -> None:
    """That of a server without its database is in `graphql/test_trouble.py`."""
    response = await api.client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_assets_are_served_with_their_types(api: Api) -> None:
    script = await api.client.get("/graphql/assets/start.js")
    assert script.status_code == 200
    assert script.headers["content-type"].startswith("text/javascript")
    style = await api.client.get("/graphql/assets/graphiql-3.8.3.min.css")
    assert style.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/graphql/nothing",
        "/graphql/assets/",
        "/graphql/assets/nothing.js",
        "/graphql/assets/../server.py",
        "/graphql/assets/%2e%2e/server.py",
        "/graphql/assets/..%2fserver.py",
        "/graphql/assets/%00",
        "/graphql/assets/" + "x" * 5_000,
        "/health/more",
    ],
)
async def test_there_is_nothing_else(api: Api, path: str) -> None:
    assert (await api.client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/", "/health", "/graphql/assets/start.js"])
async def test_these_are_only_read(api: Api, path: str) -> None:
    assert (await api.client.post(path)).status_code == 405
