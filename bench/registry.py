"""What a department that hangs costs all others, and what a department's own process costs.

    .venv/bin/python bench/registry.py [ROUNDS]

One server with all departments, in this process, over an embedded PostgreSQL of its own. A cheap query and submitCase
are timed through the public API, in turns: while nothing hangs, while a rule sleeps and while one loops without end,
each asked by 20 callers at once, with a breaker that never opens (else it would be over after five failures). All is
printed side by side.
"""

import asyncio
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from time import perf_counter

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))  # a department's process looks for modules where we do

from plugins_bad.base import ITEM  # noqa: E402
from support import DIRECT_ITEM, JIADING, Api, application, centers_of, equipment_in, register, submit  # noqa: E402
from tongban import prepare  # noqa: E402
from tongban.app import create_server_app  # noqa: E402
from tongban.catalog.signing import Ed25519Signer  # noqa: E402
from tongban.registry import GROUP, Limits, Registry, open_registry  # noqa: E402
from tongban.storage.embedded import embedded_postgres  # noqa: E402
from tongban.testing import sample_application  # noqa: E402

CALLERS, QUERIES, CASES, CALLS = 20, 600, 40, 1000
BAD = {"sleeps": "SLEEPS", "loops": "LOOPS"}
CHEAP = 'query { serviceItem(code: "DA-001") { code name mode } }'


def percentile(seconds: list[float], share: float) -> float:
    """So many milliseconds at most, that share of the times."""
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)] * 1000


async def timed(seconds: list[float], ask: Callable[[], Awaitable[object]]) -> None:
    """Adds how long one call took."""
    began = perf_counter()
    await ask()
    seconds.append(perf_counter() - began)


@asynccontextmanager
async def asked_all_the_time(registry: Registry, department: str | None) -> AsyncIterator[list[int]]:
    """While it lasts, `CALLERS` callers ask the department that hangs again and again. Counts their calls."""
    count = [0]

    async def ask() -> None:
        while department is not None:
            count[0] += 1
            await registry.judge(department, sample_application(ITEM))

    callers = [asyncio.create_task(ask()) for _ in range(CALLERS)]
    try:
        await asyncio.sleep(0.1)
        yield count
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)


async def served(registry: Registry, url: str, rounds: int) -> None:
    """Prints the times of the public API, with and without a department that hangs."""
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    await prepare.migrated(url)
    await prepare.load(url, registry, signer)
    app = create_server_app(url, equipment_in(Path(tempfile.gettempdir(), "tongban-bench"), registry), 5)
    queries: dict[str, list[float]] = defaultdict(list)
    cases: dict[str, list[float]] = defaultdict(list)
    hung: dict[str, int] = defaultdict(int)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench", timeout=60) as client,
    ):
        api = Api(client, lambda: asyncio.sleep(0))
        [center, *_] = await centers_of(api, JIADING)
        applications = []
        for _ in range(3 * rounds * CASES):
            resident = await register(api, hukouDivisionCode=center["divisionCode"])
            applications.append(await application(api, DIRECT_ITEM, center["code"], resident["id"]))
        for _ in range(rounds):
            for name, department in {
                "nothing hangs": None,
                **{f"one {name}": code for name, code in BAD.items()},
            }.items():
                async with asked_all_the_time(registry, department) as count:
                    for _ in range(QUERIES):
                        await timed(queries[name], lambda: api.ask(CHEAP))
                    for _ in range(CASES):
                        said = applications.pop()
                        await timed(cases[name], lambda said=said: submit(api, said))  # type: ignore[misc]
                    hung[name] += count[0]
    print(f"\n{'':16}{'cheap query':>24}{'submitCase':>24}{'calls that hang':>18}")
    for name in queries:
        shown = "".join(
            f"{percentile(times[name], 0.5):>9.1f} /{percentile(times[name], 0.99):>7.1f} ms   "
            for times in (queries, cases)
        )
        print(f"{name:16}   {shown}{hung[name]:>15}")
    print(f"(p50 / p99 of {len(queries['nothing hangs'])} queries and {len(cases['nothing hangs'])} cases each)")


async def compared(registry: Registry) -> None:
    """Prints what a call costs through a process, and the same call in this one."""
    module = next(point for point in entry_points(group=GROUP) if point.name == "hrss").load()
    items = registry.departments["RS"].items
    made = [sample_application(items[number % len(items)]) for number in range(CALLS)]
    through: list[float] = []
    direct: list[float] = []
    for one in made:
        await timed(through, lambda one=one: registry.judge("RS", one))  # type: ignore[misc]
        began = perf_counter()
        module.tongban_validate(application=one)
        direct.append(perf_counter() - began)
    there, here = percentile(through, 0.5), percentile(direct, 0.5)
    print(f"\none judgment of hrss, p50 / p99 of {CALLS}:")
    print(f"in its process {there:.3f} / {percentile(through, 0.99):.3f} ms")
    print(
        f"in this one    {here:.3f} / {percentile(direct, 0.99):.3f} ms; {there / here:.0f} times as much in a process"
    )


def memory(pid: int) -> tuple[float, float]:
    """Megabytes of a process: resident, and its share of what it shares with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kilobytes = {line.partition(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return kilobytes["Rss"] / 1024, kilobytes["Pss"] / 1024


async def main(rounds: int) -> None:
    """Runs all of it."""
    bad = [EntryPoint(name, f"plugins_bad.{name}", GROUP) for name in BAD]
    began = perf_counter()
    async with open_registry() as registry:
        took = perf_counter() - began
        sizes = [memory(seat.process.pid) for seat in registry._seats.values() if seat.process is not None]
        print(f"{len(sizes)} departments started in {took:.2f} s;", end=" ")
        rss, pss = (sum(size[which] for size in sizes) / len(sizes) for which in (0, 1))
        print(f"each process {rss:.0f} MB resident, {pss:.0f} MB of its own")
        await compared(registry)
    limits = Limits(failures_to_open=sys.maxsize)
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder, embedded_postgres(Path(folder)) as url:
        async with open_registry([*entry_points(group=GROUP), *bad], limits) as registry:
            await served(registry, url, rounds)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 3))
