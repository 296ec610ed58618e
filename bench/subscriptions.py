"""How soon after a commit a change reaches those who follow it, over real sockets.

    .venv/bin/python bench/subscriptions.py [SOCKETS] [SECONDS] [RATE]

One server with an embedded PostgreSQL, in a process of its own; so many sockets (500), each following the worklist of
one of twenty centers. Changes are committed by this process past the server, as another worker's would be: nobody wakes
the feed, so that what is measured is its own look. Prints the time from the commit to the message in hand, and fails
where one is missing, out of order or told twice.
"""

import asyncio
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter

from sqlalchemy import select

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from event_support import announce, new_case  # noqa: E402
from programs import serving  # noqa: E402
from socket_support import client  # noqa: E402
from tongban.centers.models import Center  # noqa: E402
from tongban.storage.database import connected  # noqa: E402

SOCKETS, SECONDS, RATE, CENTERS = 500, 20, 8, 20
"""`RATE`: changes a second at these centers."""
WORKLIST = "subscription($c: String!) { worklist(center: $c, since: 0) { sequence kind case { number status } } }"


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)] * 1000


async def measure(where: str, url: str, sockets: int, seconds: int, rate: int) -> None:
    committed: dict[tuple[str, int], float] = {}
    got: list[tuple[str, int, float]] = []
    seen: dict[int, list[int]] = defaultdict(list)
    begun = 0

    async def follow(number: int, center: str) -> None:
        nonlocal begun
        async with client(where) as ws:
            await ws.subscribe(WORKLIST, c=center)
            begun += 1
            while True:
                change = (await ws.receive(600))["payload"]["data"]["worklist"]
                got.append((center, change["sequence"], perf_counter()))
                seen[number].append(change["sequence"])

    async with connected(url, 10) as sessions:
        case = await new_case(sessions)
        async with sessions() as session:
            found = await session.execute(select(Center.id, Center.code).order_by(Center.code).limit(CENTERS))
            centers = [(row.id, row.code) for row in found]
        tasks = [asyncio.create_task(follow(n, centers[n % CENTERS][1])) for n in range(sockets)]
        while begun < sockets:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        counts: dict[str, int] = defaultdict(int)
        started = perf_counter()
        for turn in range(seconds * rate):
            id_, code = centers[turn * 7 % CENTERS]
            await announce(sessions, id_, case.id)
            counts[code] += 1
            committed[code, counts[code]] = perf_counter()
            await asyncio.sleep(max(0, started + (turn + 1) / rate - perf_counter()))
        want = sum(counts[centers[n % CENTERS][1]] for n in range(sockets))
        until = perf_counter() + 30
        while len(got) < want and perf_counter() < until:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)  # whether one is told twice
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    wrong = sum(seen[n] != list(range(1, counts[centers[n % CENTERS][1]] + 1)) for n in range(sockets))
    late = [at - committed[center, sequence] for center, sequence, at in got]
    print(f"{sockets} sockets, {len(committed)} changes in {seconds} s, {len(got)} messages; {wrong} sockets wrong")
    print("from commit to message, ms: " + ", ".join(f"p{s * 100:g} {percentile(late, s):.0f}" for s in (0.5, 0.99, 1)))
    if wrong:
        sys.exit("messages are missing, doubled or out of order")


def main() -> None:
    sockets, seconds, rate = (*map(int, sys.argv[1:]), *(SOCKETS, SECONDS, RATE)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        lines = Path(folder, "postgres/data/postmaster.pid").read_text().splitlines()
        url = f"postgresql://postgres@/tongban?host={lines[4]}&port={lines[3]}"
        asyncio.run(measure(server.url, url, sockets, seconds, rate))


if __name__ == "__main__":
    main()
