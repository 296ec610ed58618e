"""What the log says when something fails: enough to find it, and nothing of a person."""

import logging
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from support import DIRECT_ITEM, Api, MakeApi, application, register
from tongban.registry import GROUP, open_registry

NAME, NUMBER, STREET, PHONE = "金丝雀", "E31019977", "金丝雀路7号", "13900007777"
CANARIES = (NAME, NUMBER, STREET, PHONE, "E3101997", "310199")
SAID = {
    "name": NAME,
    "idNumber": NUMBER,
    "documentKind": "PASSPORT",
    "hukouDivisionCode": "340102",
    "hukouAddress": STREET,
    "telephone": PHONE,
}
REGISTER = """mutation($input: RegisterResidentInput!) { registerResident(input: $input) {
  resident { id } problems { code } } }"""


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that is logged, by anybody."""
    caplog.set_level(logging.DEBUG)
    return caplog


def whole(log: pytest.LogCaptureFixture) -> str:
    """All of it as a handler writes it, with tracebacks and arguments."""
    form = logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s")
    return "\n".join(form.format(record) for record in log.records)


def clean(log: pytest.LogCaptureFixture) -> str:
    """The log, after a look for anything of the person."""
    told = whole(log)
    assert [canary for canary in CANARIES if canary in told] == []
    return told


@pytest.mark.parametrize(
    "document",
    [
        f'{{ resident(idNumber: "{NUMBER}") {{ nothing }} }}',
        f'{{ resident(idNumber: "{NUMBER}" ',
        f'{{ resident(idNumber: 5, id: "{NAME}") {{ name }} }}',
        f'{{ node(id: "{NUMBER}") {{ id }} }}',
        f'{{ centers(after: "{NUMBER}") {{ totalCount }} }}',
        f'{{ {NUMBER}: case(number: "{NAME}\\u0000") {{ number }} }}',
        f'{{ center(code: "{NAME}\\u0000") {{ code }} }}',
        "{ " + f'x(number: "{NUMBER}") ' * 60 + "}",
    ],
)
async def test_a_document_that_is_refused_is_not_logged(api: Api, log: pytest.LogCaptureFixture, document: str) -> None:
    answer = await api.client.post("/graphql", json={"query": document})
    assert answer.json()["errors"]
    clean(log)


@pytest.mark.parametrize(
    "variables",
    [
        {"input": SAID | {"name": 5}},
        {"input": SAID | {"more": 5}},
        {"input": SAID | {"birthDate": NAME}},
        {"input": SAID | {"name": NAME + "\0"}},
        {"input": [NAME, NUMBER]},
        {"input": NUMBER},
        {NAME: NUMBER},
    ],
)
async def test_variables_that_are_refused_are_not_logged(
    api: Api, log: pytest.LogCaptureFixture, variables: dict[str, Any]
) -> None:
    answer = await api.client.post("/graphql", json={"query": REGISTER, "variables": variables})
    assert answer.json()["errors"]
    clean(log)


async def test_bodies_that_cannot_be_read_are_not_logged(api: Api, log: pytest.LogCaptureFixture) -> None:
    for body in (f'{{"query": "{NUMBER}"', f'["{NAME}", "{NUMBER}"]', f'{{"query": ["{NAME}"]}}'):
        answer = await api.client.post("/graphql", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400
    clean(log)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("ALTER TABLE resident DROP COLUMN telephone", "UndefinedColumn"),
        ("CREATE UNIQUE INDEX ON hukou (address)", "UniqueViolation"),
        ("ALTER TABLE hukou ADD CHECK (length(address) < 3) NOT VALID", "CheckViolation"),
        ("ALTER TABLE hukou ADD COLUMN more text NOT NULL", "NotNullViolation"),
    ],
)
async def test_a_statement_that_fails_is_logged_without_its_values(
    api: Api, connection: AsyncConnection, log: pytest.LogCaptureFixture, broken: str, what: str
) -> None:
    """PostgreSQL's messages quote rows, SQLAlchemy's the parameters: the log has neither, the caller gets neither."""
    if "UNIQUE" in broken:
        await register(api, hukouDivisionCode="340102", hukouAddress=STREET)
    await connection.execute(text(broken))
    [error] = (await api.answer(REGISTER, input=SAID))["errors"]
    assert (error["message"], error["extensions"]) == ("Internal error", {"code": "INTERNAL_ERROR"})
    told = clean(log)
    assert f"asyncpg.exceptions.{what}Error" in told
    assert "in register" in told
    assert "tongban.graphql.schema ERROR" in told


async def test_a_fault_of_ours_is_logged_once_however_often_it_happens(
    api: Api, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise LookupError(f"{NAME} {NUMBER}")

    monkeypatch.setattr("tongban.centers.hours.is_open", broken)
    document = "{ centers(first: 50) { nodes { code isOpen } } }"
    answer = await api.answer(document)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL_ERROR"}
    assert NAME not in str(answer)
    told = clean(log)
    assert "builtins.LookupError" in told
    assert told.count("Traceback") + told.count("in broken") <= 2


FAILING_ARCHIVES = """
from tongban import hookimpl
from tongban_archives import DEPARTMENT

@hookimpl
def tongban_department():
    return DEPARTMENT

@hookimpl
def tongban_validate(application):
    raise KeyError(f"{application.form} NAME")
"""


async def test_a_department_that_fails_is_logged_without_the_application(
    make_api: MakeApi, log: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing_archives.py").write_text(FAILING_ARCHIVES.replace("NAME", NAME), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    async with open_registry([EntryPoint("archives", "failing_archives", GROUP)]) as departments:
        api = make_api(departments=departments)
        person = await register(api, **SAID)
        said = await application(api, DIRECT_ITEM, "SH0114-01", person["id"])
        document = "query($input: SubmitCaseInput!) { casePreview(input: $input) { problems { code detail } } }"
        answer = await api.ask(document, input=said | {"form": said["form"] | {"note": PHONE}})
    failed = [problem for problem in answer["casePreview"]["problems"] if problem["code"] == "PLUGIN_FAILED"]
    assert [problem["detail"].split(" in ")[0] for problem in failed] == ["KeyError"]
    told = clean(log)
    assert "archives failed" in told
    assert "KeyError" in told
