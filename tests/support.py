"""What tests work with beside the fixtures: the public API as a frontend uses it, and a look at its statements."""

import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, func, literal, make_url, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from tongban.catalog.signing import Ed25519Signer
from tongban.contract.applications import Sex
from tongban.contract.items import Audience, Department, Guide, ItemDefinition, ProcessingMode, RoutingBasis
from tongban.documents.files import Files
from tongban.documents.links import Secret
from tongban.equipment import Equipment
from tongban.notifications.channels import channel_of
from tongban.notifications.log import LogChannel
from tongban.registry import Plugin, PluginState, Registry
from tongban.residents.identity_numbers import check_digit
from tongban.residents.service import Registration
from tongban.storage.database import engine_for
from tongban.storage.objects import FolderStore
from tongban.tables import METADATA

SIGNER = Ed25519Signer(Ed25519PrivateKey.generate())
"""Signs the editions of tests."""
NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
"""When tests happen, unless they say otherwise: a Tuesday, 10:30 in Shanghai."""
TODAY = NOW.date()
"""The same day, which is the date in Shanghai too."""


@dataclass(slots=True)
class Api:
    """The public API over HTTP, as a frontend uses it."""

    client: httpx.AsyncClient
    settle: Callable[[], Awaitable[object]]
    """Sends what is on its way; in a server the relay does it, a moment after each commit."""
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, document: str, **variables: Any) -> Any:
        """The whole answer: `data` and `errors`."""
        body = {"query": document, "variables": variables}
        response = await self.client.post("/graphql", json=body, headers=self.headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def ask(self, document: str, **variables: Any) -> Any:
        """The answer's data; a top-level error fails the test."""
        answer = await self.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


def files_in(folder: Path) -> Files:
    """Documents in the folder, which nobody scans."""
    return Files(FolderStore(folder), Secret(b"a secret of tests" * 2))


def equipment_in(folder: Path, registry: Registry) -> Equipment:
    """What a server of a test works with: its documents in the folder, residents told in its log."""
    return Equipment(registry, SIGNER, files_in(folder), {"log": channel_of("log", LogChannel())})


MakeApi = Callable[..., Api]
"""Makes the public API at another time, for another actor, or with other departments."""


HONGKOU, QINGPU, JIADING = "310109", "310118", "310114"
"""The districts of the source's errand: hukou, home, work."""
OUTSIDE = "340102"
"""A district outside Shanghai, where somebody's hukou may be."""
UNMAPPED = "310104501000"
"""A division of the city in which no center handles cases: a technology park."""
DIRECT_ITEM, SPLIT_ITEM, LOCAL_ITEM = "DA-001", "MZ-004", "ZJ-001"
PROBLEMS = "problems { code message path detail nextStep }"
CASE = """id number status version mode visits dueAt dueProvisional closedAt overdue deliveryRoute availableActions
  receivingCenter { code } handlingCenter { code } decision { approved reason resultNumber by { code } }
  transfers { purpose from { code } to { code } sentAt deliveredAt acknowledgedAt }"""
INPUTS = {
    "approveCase": "DecideCaseInput",
    "rejectCase": "DecideCaseInput",
    "returnCase": "ReturnCaseInput",
    "refuseTransfer": "RefuseTransferInput",
    "requestSupplement": "RequestSupplementInput",
    "supplementCase": "SupplementCaseInput",
    "rateCase": "RateCaseInput",
}
"""The inputs of a case's actions that take more than a note."""
_SEQUENCE = itertools.count()


def citizen_number(born: date = date(1975, 5, 20), sex: Sex = Sex.FEMALE) -> str:
    """A number that nobody holds yet, of a region code that was never given out."""
    sequence = 2 * next(_SEQUENCE) % 1000 + (sex is Sex.MALE)
    body = f"310199{born:%Y%m%d}{sequence:03d}"
    return body + check_digit(body)


async def centers_of(api: Api, district: str) -> list[dict[str, Any]]:
    """The district's main centers, by code."""
    document = """query($district: String!) { centers(filter: {district: $district, kind: MAIN}, first: 100) {
      nodes { code name nameEn divisionCode } } }"""
    centers: list[dict[str, Any]] = (await api.ask(document, district=district))["centers"]["nodes"]
    return centers


async def register(api: Api, **said: Any) -> dict[str, Any]:
    """A new resident: as said, or a citizen of whom nothing else is recorded."""
    document = f"""mutation($input: RegisterResidentInput!) {{ registerResident(input: $input) {{ {PROBLEMS}
      resident {{ id name idNumber livesAwayFromHukou hukouCenter {{ code name }} }} }} }}"""
    payload = (await api.ask(document, input={"name": "王小明", "idNumber": citizen_number()} | said))[
        "registerResident"
    ]
    assert payload["problems"] == [], payload["problems"]
    resident: dict[str, Any] = payload["resident"]
    return resident


async def register_for(api: Api, item: ItemDefinition, on: date, hukou: str) -> dict[str, Any]:
    """A new resident as the item's sample describes one on `on`, with hukou in `hukou` where it asks for one."""
    sample = item.sample
    said: dict[str, Any] = {
        "idNumber": citizen_number(date(on.year - sample.age, 1, 1), sample.sex),
        "hukouDivisionCode": hukou if sample.shanghai_hukou else OUTSIDE,
        "hukouSince": f"{on.year - 2}-01-01",
    }
    if sample.permit:
        said["residencePermitNumber"] = "310000000001"
        said |= {"residencePermitValidFrom": f"{on.year - 1}-01-01", "residencePermitValidTo": f"{on.year + 1}-01-01"}
    return await register(api, **said)


async def application(api: Api, item: str, center: str, resident: str, **more: Any) -> dict[str, Any]:
    """An application with the item's sample form and every material that the dry run asks for."""
    found = await api.ask("query($item: String!) { serviceItem(code: $item) { form } }", item=item)
    said = {"item": item, "center": center, "applicant": resident}
    said |= {"form": found["serviceItem"]["form"]["examples"][0]} | more
    document = """query($input: SubmitCaseInput!) { casePreview(input: $input) { missing { material { code } } } }"""
    missing = (await api.ask(document, input=said))["casePreview"]["missing"]
    return {"documents": [{"material": need["material"]["code"]} for need in missing]} | said


async def submit(api: Api, said: dict[str, Any]) -> dict[str, Any]:
    """What submitCase answers: `case` and `problems`."""
    document = (
        f"""mutation($input: SubmitCaseInput!) {{ submitCase(input: $input) {{ case {{ {CASE} }} {PROBLEMS} }} }}"""
    )
    payload: dict[str, Any] = (await api.ask(document, input=said))["submitCase"]
    return payload


async def act(api: Api, verb: str, case: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What one of a case's actions answers: `case` and `problems`; the case's version is the expected one.

    Before it, what was on its way has arrived.
    """
    await api.settle()
    kind = INPUTS.get(verb, "CaseActionInput")
    document = f"""mutation($input: {kind}!) {{ {verb}(input: $input) {{ case {{ {CASE} }} {PROBLEMS} }} }}"""
    said = {"case": case["id"], "expectedVersion": case["version"]} | more
    if verb == "rateCase":
        del said["expectedVersion"]
    payload: dict[str, Any] = (await api.ask(document, input=said))[verb]
    return payload


async def many(
    api: Api, kind: str, verb: str, input_type: str, fields: str, inputs: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The answers to `verb`, asked for each input, twenty in one document."""
    answers: list[dict[str, Any]] = []
    for start in range(0, len(inputs), 20):
        variables = {f"n{position}": said for position, said in enumerate(inputs[start : start + 20])}
        heads = ", ".join(f"${name}: {input_type}!" for name in variables)
        body = " ".join(f"{name}: {verb}(input: ${name}) {{ {fields} }}" for name in variables)
        data = await api.ask(f"{kind}({heads}) {{ {body} }}", **variables)
        answers += [data[name] for name in variables]
    return answers


async def done(payload: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """The case of a payload without problems."""
    answer = await payload
    assert answer["problems"] == [], answer["problems"]
    case: dict[str, Any] = answer["case"]
    return case


def registration_for(item: ItemDefinition, hukou: str, on: date = TODAY, **said: Any) -> Registration:
    """Somebody as the item's sample describes one on `on`, for `residents.register`; `hukou` where it asks for one."""
    sample = item.sample
    permit = {
        "permit_number": "310000000001",
        "permit_valid_from": date(on.year - 1, 1, 1),
        "permit_valid_to": date(on.year + 1, 1, 1),
    }
    plain: dict[str, Any] = {
        "name": "王小明",
        "id_number": citizen_number(date(on.year - sample.age, 1, 1), sample.sex),
        "hukou_division_code": hukou if sample.shanghai_hukou else OUTSIDE,
        "hukou_since": date(on.year - 2, 1, 1),
    }
    return Registration(**plain | (permit if sample.permit else {}) | said)


def an_item(code: str = "TT-001", **said: Any) -> ItemDefinition:
    """A smallest item, city-wide and direct since 2017, told otherwise where `said`."""
    plain: dict[str, Any] = {
        "code": code,
        "name": f"事项{code}",
        "themes": ("试验",),
        "mode": ProcessingMode.DIRECT,
        "audiences": (Audience.HUKOU,),
        "routing_basis": RoutingBasis.NONE,
        "guide": Guide(summary="", steps=("申请",), conditions=("无",), fee="不收费", result_name="证明"),
        "form": {"type": "object"},
        "materials": (),
        "promised_days": 5,
        "provenance": "made up for a test",
        "tongban_from": date(2017, 1, 1),
    }
    return ItemDefinition(**plain | said)


def a_department(*items: ItemDefinition, code: str = "TT", **said: Any) -> Department:
    """A department with these items."""
    return Department(code=code, name="试验", name_en="Trial", provenance="made up for a test", items=items, **said)


def serving(*departments: Department) -> Registry:
    """A registry of departments without rules, for what only reads definitions."""
    return Registry(
        tuple(
            Plugin(name=one.code, distribution=one.code, version="1", state=PluginState.ACTIVE, department=one)
            for one in departments
        )
    )


async def row_counts(connection: AsyncConnection) -> dict[str, int]:
    """How many rows each table has: the same before and after, where nothing was written."""
    counts = [select(literal(name), func.count()).select_from(table) for name, table in METADATA.tables.items()]
    return {row[0]: row[1] for row in await connection.execute(union_all(*counts))}


@contextmanager
def statements(connection: AsyncConnection) -> Iterator[list[str]]:
    """The SQL statements that run while the block lasts, savepoints left out."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    sync = connection.sync_connection
    event.listen(sync, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(sync, "before_cursor_execute", note)


@asynccontextmanager
async def new_database(server: str, like: str | None = None) -> AsyncIterator[str]:
    """The URL of a database on the server, dropped at the end: empty, or a copy of the one at `like`."""
    template = make_url(like).database if like else "template0"
    name = f"tongban_test_{uuid.uuid4().hex[:12]}"
    await _run(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        await _run(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _run(server: str, statement: str) -> None:
    engine = engine_for(server, 1)
    try:
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()
