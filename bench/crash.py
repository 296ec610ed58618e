"""Kills everything at random moments under load, and looks for what was promised and is gone.

    .venv/bin/python bench/crash.py [--seconds 600] [--clients 24] [--least 4000] [--control 45]

A PostgreSQL of its own, two workers of `tongban serve` on it, clients that carry cases from the upload to the result
and ask again, under the same key, what they got no answer to. Meanwhile `kill -9` hits workers, the whole server, and
the whole tree of PostgreSQL. Afterwards: every answer that a client got must be in the database, once; every case at
the center of its street; every document in exactly one place, with its bytes. Too few answers are a failure too.

Then the negative control: the same for a while with `synchronous_commit=off`. It must show loss, or the drill is blind.
"""

import argparse
import asyncio
import hashlib
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tongban.residents.identity_numbers import check_digit
from tongban.storage.embedded import _programs, embedded_postgres

out = Console(soft_wrap=True, emoji=False)
DIRECT, SPLIT = "DA-001", "MZ-004"
ROUTES = ("DIRECT_TO_RESIDENT", "VIA_RECEIVING_CENTER")
PDF = "%PDF-1.4\n%{}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
CASE = "case { id version status availableActions handlingCenter { code } }"
INPUTS = {"approveCase": "DecideCaseInput", "submitCase": "SubmitCaseInput"}
VERBS = {
    "acceptCase": "ACCEPT",
    "acknowledgeTransfer": "ACKNOWLEDGE_TRANSFER",
    "approveCase": "APPROVE",
    "deliverResult": "DELIVER_RESULT",
}


@dataclass(slots=True)
class Postgres:
    """A PostgreSQL at a place that stays the same, whoever kills it."""

    folder: Path
    synchronous: bool
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        with embedded_postgres(self.folder):  # makes the cluster
            pass

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/tongban?host={self.folder}&port=5432"

    def start(self) -> None:
        owner = (self.folder / "data").stat()
        os.chown(self.folder, owner.st_uid, owner.st_gid)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "synchronous_commit": "on" if self.synchronous else "off",
            "log_min_messages": "fatal",
            "wal_writer_delay": "200ms" if self.synchronous else "2s",  # the control shall have something to lose
        }
        command: list[str] = [str(_programs() / "postgres"), "-D", str(self.folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": ()} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen(  # noqa: S603
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user
        )

    def kill(self) -> None:
        """The postmaster first, so that it can't tell its children; then all of them."""
        if self.process is not None:
            children = _descendants(self.process.pid)
            _kill(self.process.pid, *children)
            self.process.wait()

    async def answers(self, patience: float = 30) -> None:
        """Waits until it takes connections; starts it again while those that were killed are still leaving."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.process is None or self.process.poll() is not None:
                self.start()
            with suppress(OSError, asyncpg.PostgresError):
                await (await asyncpg.connect(self.url, timeout=2)).close()
                return
            await asyncio.sleep(0.1)
        raise SystemExit("PostgreSQL does not come back")


@dataclass(slots=True)
class Server:
    """`tongban serve` with two workers, started again when all of it was killed."""

    folder: Path
    database: str
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        if self.process is None:
            raise SystemExit("the server was not started")
        return self.process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tongban", "serve", "--workers", "2", "--port", str(self.port)]
        settings = {"TONGBAN_DATABASE_URL": self.database, "TONGBAN_DATA_DIR": str(self.folder)}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command, env=os.environ | settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def workers(self) -> list[int]:
        """The processes that serve: children of the first one, which have children of their own, the departments."""
        return [pid for pid in _children(self.running.pid) if _children(pid)]

    def kill_worker(self) -> None:
        if workers := self.workers():
            victim = random.choice(workers)  # noqa: S311
            _kill(victim, *_descendants(victim))

    def kill(self) -> None:
        _kill(self.running.pid, *_descendants(self.running.pid))
        self.running.wait()

    def stop(self) -> None:
        self.running.terminate()
        try:
            self.running.wait(20)
        except subprocess.TimeoutExpired:
            _kill(self.running.pid, *_descendants(self.running.pid))
            self.running.wait()


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry.name))
    return found


def _descendants(pid: int) -> list[int]:
    children = _children(pid)
    return children + [below for child in children for below in _descendants(child)]


def _kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass(slots=True)
class Promise:
    """What the server has told a client about one case."""

    key: str
    expected: str
    """Code of the center that has to handle it."""
    documents: dict[str, str] = field(default_factory=dict)
    """Digests of the uploads that were acknowledged, by their ids."""
    case: str | None = None
    version: int = 0
    verbs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Load:
    """The clients, and what they were promised."""

    url: str
    centers: list[dict[str, str]]
    residents: list[tuple[str, str]]
    material: dict[str, list[str]]
    forms: dict[str, Any]
    promises: list[Promise] = field(default_factory=list)
    acknowledged: int = 0
    retries: int = 0
    surprises: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def client(self) -> None:
        """Carries one case after another to its end."""
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as http:
            while not self.over.is_set():
                with suppress(Broken):
                    await self._errand(http)

    async def _errand(self, http: httpx.AsyncClient) -> None:
        item, route = random.choice([DIRECT, SPLIT, SPLIT]), random.choice(ROUTES)  # noqa: S311
        resident, home = random.choice(self.residents)  # noqa: S311
        center = random.choice(self.centers)["code"]  # noqa: S311
        promise = Promise(secrets.token_hex(16), home if item == SPLIT else center)
        self.promises.append(promise)
        materials = self.material[item]
        upload = await self._upload(http, promise, center, materials[0])
        documents = [{"material": materials[0], "document": upload}, *({"material": code} for code in materials[1:])]
        said = {
            "item": item,
            "center": center,
            "applicant": resident,
            "form": self.forms[item],
            "documents": documents,
            "deliveryRoute": route,
            "agent": {"name": promise.key, "idNumber": "x", "relation": "x"},
            "evenIfDuplicate": True,
            "idempotencyKey": promise.key,
        }
        case = await self._told(http, promise, "submitCase", said)
        case = await self._move(http, promise, "acceptCase", case)
        if case["status"] == "IN_TRANSFER":
            case = await self._move(http, promise, "acknowledgeTransfer", case)
        case = await self._move(http, promise, "approveCase", case, resultNumber="R-1")
        case = await self._move(http, promise, "deliverResult", case)
        if case["status"] == "RESULT_IN_TRANSFER":
            await self._move(http, promise, "deliverResult", case)

    async def _upload(self, http: httpx.AsyncClient, promise: Promise, center: str, material: str) -> str:
        content = PDF.format(promise.key).encode()
        said = {
            "center": center,
            "material": material,
            "fileName": "材料.pdf",
            "size": len(content),
            "digest": hashlib.sha256(content).hexdigest(),
            "idempotencyKey": f"{promise.key} upload",
        }
        document = """mutation($input: CreateUploadInput!) { createUpload(input: $input) {
          upload { id state } url problems { code message } } }"""
        while True:
            made = (await self._ask(http, document, said))["createUpload"]
            if made["problems"]:
                self._surprise(f"createUpload: {made['problems'][0]}")
            with suppress(httpx.HTTPError):
                answer = await http.put(made["url"], content=content)
                if answer.status_code < 300 or answer.status_code == 409:  # there since an earlier try
                    promise.documents[made["upload"]["id"]] = said["digest"]
                    self.acknowledged += 1
                    return str(made["upload"]["id"])
                if answer.status_code not in (408, 500, 502, 503, 504):
                    self._surprise(f"PUT {answer.status_code}: {answer.text[:200]}")
            await self._again()

    async def _move(
        self, http: httpx.AsyncClient, promise: Promise, verb: str, case: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        said = {"case": case["id"], "expectedVersion": case["version"], "idempotencyKey": f"{promise.key} {verb} "}
        said["idempotencyKey"] += str(case["version"])
        return await self._told(http, promise, verb, said | more)

    async def _told(self, http: httpx.AsyncClient, promise: Promise, verb: str, said: Any) -> dict[str, Any]:
        kind = INPUTS.get(verb, "CaseActionInput")
        document = f"mutation($input: {kind}!) {{ {verb}(input: $input) {{ {CASE} problems {{ code message }} }} }}"
        while True:
            answer = (await self._ask(http, document, said))[verb]
            if answer["problems"] and "途中" in answer["problems"][0]["message"]:
                await self._again()  # the transfer is not stored yet: a clerk would see it a moment later
                continue
            if answer["problems"]:
                self._surprise(f"{verb}: {answer['problems'][0]['code']} {answer['problems'][0]['message']}")
            case: dict[str, Any] = answer["case"]
            promise.case, promise.version = case["id"], case["version"]
            promise.verbs.append(verb)
            self.acknowledged += 1
            return case

    async def _ask(self, http: httpx.AsyncClient, document: str, said: Any) -> Any:
        """The data, however often it takes to get it."""
        while not self.over.is_set():
            with suppress(httpx.HTTPError):
                answer = await http.post("/graphql", json={"query": document, "variables": {"input": said}})
                if answer.status_code == 200:
                    told = answer.json()
                    if "errors" not in told:
                        return told["data"]
                    code = told["errors"][0]["extensions"]["code"]
                    if code != "SERVICE_UNAVAILABLE":
                        self._surprise(f"{code}: {told['errors'][0]['message'][:200]}")
            await self._again()
        raise Broken

    async def _again(self) -> None:
        if self.over.is_set():
            raise Broken
        self.retries += 1
        await asyncio.sleep(random.uniform(0.05, 0.3))  # noqa: S311

    def _surprise(self, what: str) -> None:
        self.surprises[what] += 1
        raise Broken


class Broken(Exception):
    """The errand ends here: the time is over, or something unexpected came."""


@asynccontextmanager
async def city(server: Server) -> AsyncIterator[Load]:
    """Waits for the server, and registers the residents whose cases will be carried."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        for _ in range(600):
            with suppress(httpx.HTTPError):
                if (await http.get("/health")).status_code == 200:
                    break
            await asyncio.sleep(0.2)

        async def ask(document: str, **variables: Any) -> Any:
            return (await http.post("/graphql", json={"query": document, "variables": variables})).json()["data"]

        found = await ask("{ centers(filter: {kind: MAIN}, first: 100) { nodes { code divisionCode } } }")
        centers = found["centers"]["nodes"]
        residents = []
        for number in range(40):
            home = random.choice(centers)  # noqa: S311
            body = f"310199{1950 + number % 40}0101{2 * number % 1000:03d}"
            said = {
                "name": "演练",
                "idNumber": body + check_digit(body),
                "hukouDivisionCode": home["divisionCode"],
                "hukouSince": "2015-01-01",
            }
            document = "mutation($i: RegisterResidentInput!) { registerResident(input: $i) { resident { id } } }"
            made = (await ask(document, i=said))["registerResident"]["resident"]
            residents.append((made["id"], home["code"]))
        material, forms = {}, {}
        for item in (DIRECT, SPLIT):
            form = (await ask("query($c: String!) { serviceItem(code: $c) { form } }", c=item))["serviceItem"]["form"]
            forms[item] = form["examples"][0]
            draft = {"item": item, "center": centers[0]["code"], "applicant": residents[0][0], "form": forms[item]}
            document = "query($i: SubmitCaseInput!) { casePreview(input: $i) { missing { material { code } } } }"
            missing = (await ask(document, i=draft))["casePreview"]["missing"]
            material[item] = [need["material"]["code"] for need in missing]
        yield Load(server.url, centers, residents, material, forms)


async def chaos(server: Server, postgres: Postgres, kills: Counter[str], over: asyncio.Event) -> None:
    """Kills something every few seconds; of a PostgreSQL that may lose something, nothing but that."""
    weights = [5, 5, 1] if postgres.synchronous else [0, 1, 0]
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), random.uniform(2, 6))  # noqa: S311
            return
        what = random.choices(["worker", "postgres", "server"], weights)[0]  # noqa: S311
        kills[what] += 1
        if what == "worker":
            server.kill_worker()
        elif what == "server":
            server.kill()
        else:
            postgres.kill()
            await asyncio.sleep(random.uniform(0, 0.5))  # noqa: S311
            await postgres.answers()


@dataclass(slots=True)
class Verdict:
    """What was found afterwards."""

    acknowledged: int = 0
    retries: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misrouted: list[str] = field(default_factory=list)
    undelivered: int = 0
    custody: str = ""
    custody_gaps: bool = False
    surprises: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)


ROWS = """SELECT c.agent ->> 'name' AS key, c.id::text AS id, c.version, h.code AS handling,
  (SELECT array_agg(e.kind) FROM case_event AS e WHERE e.case_id = c.id) AS kinds
  FROM service_case AS c JOIN center AS h ON h.id = c.handling_center_id"""


async def judged(load: Load, postgres: Postgres, server: Server) -> Verdict:
    """Compares what was promised with what is there."""
    verdict = Verdict(load.acknowledged, load.retries, surprises=load.surprises)
    connection = await asyncpg.connect(postgres.url)
    for _ in range(360 if postgres.synchronous else 1):  # what waits for its next try, at most 5 minutes
        open_messages = await connection.fetchval("SELECT count(*) FROM outbox WHERE done_at IS NULL")
        if not open_messages:
            break
        await asyncio.sleep(1)
    verdict.undelivered = open_messages
    if open_messages:
        query = "SELECT topic, last_error, count(*) FROM outbox WHERE done_at IS NULL GROUP BY 1, 2"
        why = await connection.fetch(query)
        verdict.surprises.update({f"{row['topic']} {row['last_error']}": row["count"] for row in why})
    rows: dict[str, list[Any]] = {}
    for row in await connection.fetch(ROWS):
        rows.setdefault(row["key"], []).append(row)
    uploads = {str(row["id"]) for row in await connection.fetch("SELECT id FROM upload WHERE state = 'STORED'")}
    await connection.close()
    for promise in load.promises:
        _compare(promise, rows.get(promise.key, []), uploads, verdict)
    audit = subprocess.run(
        [sys.executable, "-m", "tongban", "audit", "custody", "--deep"],
        env=os.environ | {"TONGBAN_DATABASE_URL": postgres.url, "TONGBAN_DATA_DIR": str(server.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    verdict.custody = (audit.stdout or audit.stderr).strip().splitlines()[-1]
    verdict.custody_gaps = audit.returncode != 0
    return verdict


def _compare(promise: Promise, rows: list[Any], uploads: set[str], verdict: Verdict) -> None:
    verdict.lost += [f"upload {upload}" for upload in promise.documents if _key(upload) not in uploads]
    if len(rows) > 1:
        verdict.doubled.append(f"{promise.key}: {len(rows)} cases")
    if promise.case is None or not rows:
        verdict.lost += [f"case {promise.key}"] if promise.case else []
        return
    row = rows[0]
    told = Counter("SUBMITTED" if verb == "submitCase" else VERBS[verb] for verb in promise.verbs)
    there = Counter(row["kinds"])
    if _key(promise.case) != row["id"] or row["version"] < promise.version or told - there:
        verdict.lost.append(f"{promise.key}: {dict(told - there)} at version {promise.version}, is {row['version']}")
    if any(there[kind] > most for kind, most in MOST.items()):
        verdict.doubled.append(f"{promise.key}: {dict(there)}")
    if row["handling"] != promise.expected:
        verdict.misrouted.append(f"{promise.key}: at {row['handling']}, not {promise.expected}")


MOST = {"SUBMITTED": 1, "ACCEPT": 1, "ACKNOWLEDGE_TRANSFER": 1, "APPROVE": 1, "DELIVER_RESULT": 2, "TRANSFER_STORED": 2}


def _key(global_id: str) -> str:
    import base64

    return base64.b64decode(global_id).decode().rpartition(":")[2]


async def supervised(server: Server) -> None:
    """Starts the server again whenever it has ended, as an operator's supervisor does."""
    while True:
        if server.running.poll() is not None:
            server.start()
        await asyncio.sleep(1)


async def drill(seconds: float, clients: int, *, synchronous: bool) -> Verdict:
    """One run: everything up, load and chaos for so long, and the verdict."""
    with _folder() as folder:
        postgres = Postgres(folder / "pg", synchronous)
        await postgres.answers()
        server = Server(folder, postgres.url, _free_port())
        server.start()
        kills: Counter[str] = Counter()
        supervisor = asyncio.create_task(supervised(server))
        try:
            async with city(server) as load:
                tasks = [asyncio.create_task(load.client()) for _ in range(clients)]
                killer = asyncio.create_task(chaos(server, postgres, kills, load.over))
                await _watched(load, kills, seconds)
                load.over.set()
                await asyncio.gather(killer, *tasks)
                await postgres.answers()
                verdict = await judged(load, postgres, server)
                verdict.kills = kills
                return verdict
        finally:
            supervisor.cancel()
            server.stop()
            postgres.kill()


async def _watched(load: Load, kills: Counter[str], seconds: float) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as progress:
        bar = progress.add_task("", total=seconds)
        began = time.monotonic()
        while (gone := time.monotonic() - began) < seconds:
            told = f"{load.acknowledged:,} acknowledged, {kills.total()} kills"
            progress.update(bar, completed=gone, description=told)
            await asyncio.sleep(0.5)


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="tongban-crash-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _told(name: str, verdict: Verdict) -> None:
    kills = ", ".join(f"{count} × {what}" for what, count in verdict.kills.items())
    out.print(f"[bold]{name}[/]: {verdict.acknowledged:,} acknowledged, {verdict.retries:,} retries, kills: {kills}")
    out.print(
        f"  lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, misrouted {len(verdict.misrouted)}, "
        f"never sent {verdict.undelivered}, custody: {verdict.custody}"
    )
    for what in (*verdict.lost[:5], *verdict.doubled[:5], *verdict.misrouted[:5]):
        out.print(f"    {what}", markup=False)
    for what, count in verdict.surprises.most_common(5):
        out.print(f"  surprised {count} × {what}", markup=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--least", type=int, default=None, help="acknowledged, at least; 4,000 in 600 seconds")
    parser.add_argument("--control", type=float, default=45, help="seconds of the negative control; 0 leaves it out")
    said = parser.parse_args()
    least = said.least if said.least is not None else int(4_000 * said.seconds / 600)
    verdict = asyncio.run(drill(said.seconds, said.clients, synchronous=True))
    _told("drill", verdict)
    wrong = len(verdict.lost) + len(verdict.doubled) + len(verdict.misrouted) + verdict.undelivered
    failed = wrong > 0 or verdict.custody_gaps or bool(verdict.surprises)
    if verdict.acknowledged < least:
        out.print(f"  [red]too few acknowledged[/]: {least:,} are needed for it to say anything")
        failed = True
    if said.control:
        blind = asyncio.run(drill(said.control, said.clients, synchronous=False))
        _told("negative control, synchronous_commit=off", blind)
        if not blind.lost:
            out.print("  [red]it shows no loss[/]: the drill is blind")
            failed = True
    out.print("[red]failed[/]" if failed else "[green]passed[/]")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
