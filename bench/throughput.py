"""How many cases a second are submitted, beside what PostgreSQL alone does with the very same statements.

    .venv/bin/python bench/throughput.py [--seconds 15] [--clients 8] [--workers 2]

One run, one database, in turns: submitCase through the public API (validated, two documents, event, outbox, worklist,
durable when it answers), and the statements that it runs, recorded and replayed by pgbench with values of their own.
The ratio is what our part of the work costs: 1 would be no cost at all.
"""

import argparse
import asyncio
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from sqlalchemy import Engine, event, select

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from programs import serving
from support import HONGKOU, JIADING, SIGNER, SPLIT_ITEM, Api, application, centers_of, files_in, register
from tongban import prepare
from tongban.app import create_app
from tongban.catalog.models import Material
from tongban.centers.models import Center
from tongban.documents.models import Upload
from tongban.registry import open_registry
from tongban.storage.database import connected
from tongban.storage.embedded import _programs, embedded_postgres

out = Console(soft_wrap=True, emoji=False)
RESIDENTS = 16
SUBMIT = """mutation($input: SubmitCaseInput!) { submitCase(input: $input) {
  case { id number status version dueAt availableActions } problems { code message path nextStep } } }"""
Recorded = list[tuple[str, Sequence[Any]]]


@contextmanager
def recorded() -> Iterator[Recorded]:
    """The statements that this process runs while the block lasts, with their parameters."""
    seen: Recorded = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        many = parameters if isinstance(parameters, list) else [parameters]
        seen.extend((statement, tuple(one)) for one in many)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def script(first: Recorded, second: Recorded) -> str:
    """A pgbench transaction of the statements: what differs between two recordings is another value each time."""
    assert [statement for statement, _ in first] == [statement for statement, _ in second]  # noqa: S101
    fresh: dict[Any, str] = {}
    lines = [r"\set n random(1, 100000000000000)", "BEGIN;"]
    for (statement, values), (_, others) in zip(first, second, strict=True):
        for value, other in zip(values, others, strict=True):
            if value != other and _identifies(value) and value not in fresh:
                fresh[value] = _fresh(value, len(fresh))
        told = [fresh.get(value) or _literal(value) if _hashable(value) else _literal(value) for value in values]
        lines.append(" ".join(re.sub(r"\$(\d+)", lambda m: told[int(m[1]) - 1], statement).split()) + ";")  # noqa: B023
    return "\n".join([*lines, "COMMIT;", ""])


def _identifies(value: Any) -> bool:
    """Whether it is an id or a key; what else differs is a time, or a document with times in it."""
    return isinstance(value, uuid.UUID) or (isinstance(value, str) and not value.startswith(("{", "[")))


def _hashable(value: Any) -> bool:
    return isinstance(value, str | uuid.UUID | int | datetime)


def _fresh(value: Any, number: int) -> str:
    if isinstance(value, uuid.UUID):
        return f"('00000000-0000-8000-8{number:03x}-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid"
    return f"('{str(value)[:3]}{number}-' || :n::bigint)"


def _literal(value: Any) -> str:
    """As SQL. No colon: pgbench would take it for a variable."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    text = value.isoformat() if hasattr(value, "isoformat") else value if isinstance(value, str) else str(value)
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'").replace(":", "\\x3A") + "'"


def pgbench(url: str, scripts: Sequence[str], seconds: int, clients: int, mode: str) -> float:
    """Transactions a second."""
    place = httpx.URL(url)
    with tempfile.TemporaryDirectory(prefix="tongban-pgbench-") as folder:
        files = []
        for number, text in enumerate(scripts):
            file = Path(folder, f"{number}.sql")
            file.write_text(text)
            files += ["-f", str(file)]
        done = subprocess.run(  # noqa: S603
            [
                *(str(_programs() / "pgbench"), "-n", "-M", mode, "-T", str(seconds), "-c", str(clients), "-j", "2"),
                *(*files, "-h", place.params["host"], "-p", place.params["port"], "-U", "postgres", "tongban"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if not found or done.returncode or (failed and int(failed[1])):
        raise SystemExit(f"pgbench: {done.stderr[-2000:]}{done.stdout}")
    return float(found[1])


async def submitted(url: str, inputs: Sequence[dict[str, Any]], seconds: float, clients: int) -> float:
    """Cases a second through the API, each answered before the next is asked."""
    place = httpx.URL(url)
    count, until = 0, time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection(place.host, place.port)
        while time.perf_counter() < until:
            said = inputs[number % len(inputs)] | {"idempotencyKey": uuid.uuid4().hex, "evenIfDuplicate": True}
            body = json.dumps({"query": SUBMIT, "variables": {"input": said}}).encode()
            head = f"POST /graphql HTTP/1.1\r\nHost: {place.host}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer)
            told = await reader.readexactly(int(length[1]) if length else 0)
            if b'"problems":[]' not in told:
                raise SystemExit(told.decode())
            count += 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    return count / (time.perf_counter() - began)


async def prepared(url: str) -> tuple[list[dict[str, Any]], list[str]]:
    """A loaded city, applications of several residents at several centers, and what each runs in the database."""
    async with open_registry() as registry:
        await prepare.migrated(url)
        await prepare.load(url, registry, SIGNER)
        folder = Path(tempfile.gettempdir(), "tongban-bench")
        async with connected(url, 2) as sessions:
            app = create_app(sessions, registry, SIGNER, files=files_in(folder))  # with nothing between requests
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:
                api = Api(client, lambda: asyncio.sleep(0))
                at, homes = await centers_of(api, JIADING), await centers_of(api, HONGKOU)
                inputs, scripts = [], []
                for number in range(RESIDENTS):
                    center, home = at[number % len(at)], homes[number % len(homes)]
                    resident = await register(api, hukouDivisionCode=home["divisionCode"])
                    said = await application(api, SPLIT_ITEM, center["code"], resident["id"])
                    for document in said["documents"][:2]:
                        document["document"] = await _uploaded(url, center["code"], document["material"])
                    inputs.append(said)
                    for _ in range(3):  # the first ones load what is loaded once
                        recordings = [await _recorded(client, said) for _ in range(2)]
                    scripts.append(script(*recordings))
    return inputs, scripts


async def _recorded(client: httpx.AsyncClient, said: dict[str, Any]) -> Recorded:
    variables = {"input": said | {"idempotencyKey": uuid.uuid4().hex, "evenIfDuplicate": True}}
    with recorded() as seen:
        answer = (await client.post("/graphql", json={"query": SUBMIT, "variables": variables})).json()
        assert answer["data"]["submitCase"]["problems"] == [], answer  # noqa: S101
    return list(seen)


async def _uploaded(url: str, center: str, material: str) -> str:
    """The global id of an upload that is stored already; nothing of this bench reads the file."""
    import base64

    now = datetime.now(UTC)
    async with connected(url, 1) as sessions, sessions() as session:
        upload = Upload(
            actor="developer",
            center_id=await session.scalar(select(Center.id).where(Center.code == center)),
            material_id=await session.scalar(select(Material.id).where(Material.code == material)),
            file_name="材料.pdf",
            size=1,
            digest=hashlib.sha256(b"1").hexdigest(),
            media_type="application/pdf",
            state="STORED",
            token_digest=uuid.uuid4().hex,
            created_at=now,
            expires_at=now,
            stored_at=now,
        )
        session.add(upload)
        await session.commit()
        return base64.b64encode(f"Upload:{upload.id}".encode()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="print the statements")
    said = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder,
        embedded_postgres(Path(folder, "pg")) as url,
    ):
        inputs, scripts = asyncio.run(prepared(url))
        if said.show:
            out.print(scripts[0], markup=False, highlight=False)
        out.print(f"{scripts[0].count(';')} statements a case, {said.clients} clients, {said.workers} workers")
        ours, alone = [], {"prepared": [], "simple": []}
        server = Path(folder, "server")
        settings = {"TONGBAN_DATABASE_URL": url}
        for round_ in range(2):
            for mode, found in alone.items():
                found.append(pgbench(url, scripts, said.seconds, said.clients, mode))
            with serving(server, "--workers", str(said.workers), settings=settings) as running:
                asyncio.run(submitted(running.url, inputs, 3, said.clients))  # warm
                ours.append(asyncio.run(submitted(running.url, inputs, said.seconds, said.clients)))
                running.end()
            told = ", ".join(f"{mode} {found[-1]:,.0f}" for mode, found in alone.items())
            out.print(f"round {round_ + 1}: submitCase {ours[-1]:,.0f} a second; pgbench {told}")
        mine = sum(ours) / len(ours)
        for mode, found in alone.items():
            out.print(f"ratio to pgbench -M {mode}: {mine / (sum(found) / len(found)):.2f}")


if __name__ == "__main__":
    main()
