"""Several server processes on one database: started, killed, ended, and nobody misses anything."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import pytest_asyncio
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed

from event_support import announce, new_case
from programs import Serving, serving, tongban
from socket_support import Client, client
from tongban.centers.models import Center
from tongban.events.feed import WORKLISTS, head
from tongban.storage.database import Sessions

pytestmark = pytest.mark.long

WORKLIST = "subscription($c: String!, $s: Int) { worklist(center: $c, since: $s) { sequence case { number } } }"


@contextmanager
def two(url: str, folder: Path) -> Iterator[Serving]:
    with serving(folder, "--workers", "2", settings={"TONGBAN_DATABASE_URL": url}) as server:
        yield server


def workers_of(server: Serving) -> set[int]:
    children = psutil.Process(server.process.pid).children()
    return {child.pid for child in children if "worker" in child.cmdline()}


def serves(pid: int, ws: Client) -> bool:
    """Whether that process has the other end of the socket."""
    here = ws.connection.local_address[:2]
    return any(tuple(one.raddr) == here for one in psutil.Process(pid).net_connections("tcp") if one.raddr)


class Reader:
    """A frontend that follows a worklist, and comes back where it is cut off."""

    def __init__(self, where: str, center: str, since: int) -> None:
        self.where, self.center = where, center
        self.seen = [since]
        self.worker: int | None = None
        self.cuts: list[int | None] = []

    async def follow(self, among: set[int], want: int | None = None) -> None:
        """Follows until it is canceled; at first through the worker that it wants."""
        while True:
            try:
                async with client(self.where) as ws:
                    worker = next((pid for pid in among if psutil.pid_exists(pid) and serves(pid, ws)), None)
                    if want is not None and worker != want:
                        continue
                    self.worker, want = worker, None
                    await ws.subscribe(WORKLIST, c=self.center, s=self.seen[-1])
                    while True:
                        message = await ws.receive(60)
                        assert message["type"] == "next", message
                        self.seen.append(message["payload"]["data"]["worklist"]["sequence"])
            except ConnectionClosed as closed:
                self.cuts.append(closed.rcvd.code if closed.rcvd else None)
            except (OSError, EOFError):
                await asyncio.sleep(0.05)


async def until(come: object, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not come():  # type: ignore[operator]
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def center(committed: Sessions) -> AsyncIterator[Center]:
    async with committed() as session:
        yield (await session.scalars(select(Center).order_by(Center.code).offset(3).limit(1))).one()


async def test_nobody_misses_anything_when_a_worker_is_killed(
    committed_url: str, committed: Sessions, center: Center, tmp_path: Path
) -> None:
    case = await new_case(committed)
    async with committed() as session:
        start = await head(session, WORKLISTS, center.id)
    with two(committed_url, tmp_path) as server:
        first = workers_of(server)
        assert len(first) == 2
        readers = [Reader(server.url, center.code, start) for _ in range(4)]
        tasks = [
            asyncio.create_task(reader.follow(first, want))
            for reader, want in zip(readers, sorted(first) * 2, strict=True)
        ]
        await until(lambda: all(reader.worker for reader in readers))
        assert {reader.worker for reader in readers} == first  # on both
        await announce(committed, center.id, case.id)
        await until(lambda: all(reader.seen[-1] == start + 1 for reader in readers))

        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        for _ in range(20):
            await announce(committed, center.id, case.id)
        await until(lambda: all(reader.seen[-1] == start + 21 for reader in readers))
        assert all(reader.seen == list(range(start, start + 22)) for reader in readers)
        assert [len(reader.cuts) for reader in readers] == [1, 0, 1, 0]

        await until(lambda: len(workers_of(server)) == 2)  # another in its place
        assert len(workers_of(server) & first) == 1
        said = await asyncio.to_thread(server.end)
        assert (said.code, said.out.splitlines()[-1]) == (0, "stopped")
        assert said.out.count("ended (by signal 9): it is started anew") == 1
        assert "Traceback" not in said.err
        await until(lambda: all(1012 in reader.cuts for reader in readers))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_workers_end_with_their_parent(committed_url: str, tmp_path: Path) -> None:
    with two(committed_url, tmp_path) as server:
        workers = [psutil.Process(pid) for pid in workers_of(server)]
        assert httpx.get(f"{server.url}/health").json() == {"status": "ok"}
        server.process.kill()
        await until(lambda: not any(_alive(worker) for worker in workers))


def _alive(process: psutil.Process) -> bool:
    return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE


def test_so_many_workers_are_too_many(tmp_path: Path) -> None:
    said = tongban("serve", "--workers=99", TONGBAN_DATA_DIR=str(tmp_path / "var"))
    assert said.code == 2
    assert "--workers" in said.err
    said = tongban("serve", TONGBAN_WORKERS="0", TONGBAN_DATA_DIR=str(tmp_path / "var"))
    assert (said.code, said.err) == (1, "TONGBAN_WORKERS: Input should be greater than or equal to 1\n")
    assert not (tmp_path / "var").exists()
