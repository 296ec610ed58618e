"""The drill of transport at length: random histories through a courier that drops, doubles, reorders and forges.

    .venv/bin/python bench/custody.py [--histories 10000] [--seed 0] [--processes 2]

Each history goes through the verbs on a real PostgreSQL, embedded, in a transaction that is rolled back once it is
judged: by the rows, by the bytes of the files, and by the audit of custody. Seeds make it the same every time; a
history that fails is told, and ends the drill with 1. What a drill that sees nothing would prove is shown by the
controls in tests/cases/test_custody.py.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import cast

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from cases.drill import Drilled, drill
from support import new_database
from tongban import prepare
from tongban.catalog.signing import Ed25519Signer
from tongban.registry import open_registry
from tongban.storage.database import engine_for
from tongban.storage.embedded import embedded_postgres
from tongban.storage.objects import FolderStore

LOT = 10
"""Histories between two lines of a part."""
COUNTED = ("histories", "transfers", "stored", "lost", "gaps", "merged", "moved", "refused", "supplements", "withdrawn")
HARM = ("misdelivered", "damaged", "doubled", "lost", "gaps")
"""What must be 0."""
SEEN = ("deliveries", "misdelivered", "damaged", "doubled")


async def part(server: str, first: int, last: int) -> None:
    """One process's share, on a database of its own, since whole histories in one transaction wait for each other.

    A line of JSON after each lot.
    """
    async with open_registry() as registry, new_database(server) as url:
        await prepare.migrated(url)
        await prepare.load(url, registry, Ed25519Signer(Ed25519PrivateKey.generate()))
        engine = engine_for(url, 1)
        for begin in range(first, last, LOT):
            with tempfile.TemporaryDirectory(prefix="tongban-drill-") as folder:
                done = Drilled()
                await drill(engine, FolderStore(Path(folder)), registry, range(begin, min(begin + LOT, last)), done)
            told = {name: getattr(done, name) for name in COUNTED} | {name: getattr(done.seen, name) for name in SEEN}
            told |= {"attacks": {str(name): count for name, count in done.seen.attacks.items()}, "said": done.said}
            sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
            sys.stdout.buffer.flush()
        await engine.dispose()


async def whole(histories: int, seed: int, processes: int) -> int:
    """Shares the histories out, adds up what they came to, and prints it."""
    counts, attacks = Counter[str](), Counter[str]()
    columns = TextColumn("histories"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder,
        embedded_postgres(Path(folder)) as url,
    ):
        began = perf_counter()
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("", total=histories)

            async def run(first: int, last: int) -> None:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, __file__, "--part", url, str(first), str(last), stdout=asyncio.subprocess.PIPE
                )
                lines = cast("asyncio.StreamReader", process.stdout)
                async for line in lines:
                    told = orjson.loads(line)
                    counts.update({name: told[name] for name in (*COUNTED, *SEEN)})
                    attacks.update(told["attacks"])
                    for one in told["said"]:
                        bar.console.print(one, markup=False, highlight=False)
                    bar.advance(task, told["histories"])
                if await process.wait():
                    raise SystemExit("a part of the drill ended before its time")

            shares = [seed + histories * number // processes for number in range(processes + 1)]
            try:
                await asyncio.gather(*(run(*share) for share in pairwise(shares)))
            finally:  # what an interrupted drill has seen is worth as much
                tell(counts, attacks, perf_counter() - began)
    harmed = sum(counts[name] for name in HARM)
    return 1 if harmed or counts["histories"] < histories else 0


def tell(counts: Counter[str], attacks: Counter[str], took: float) -> None:
    """Prints what was seen."""
    print(f"{counts['histories']:>8} histories in {took:.0f} s, {counts['histories'] / took:.1f} a second")
    print(f"{counts['transfers']:>8} transfers, {counts['stored']} stored; {counts['deliveries']} parcels handed over")
    for name in ("merged", "moved", "refused", "supplements", "withdrawn"):
        print(f"{counts[name]:>8} {WORDS[name]}")
    for attack, count in attacks.most_common():
        print(f"{count:>8} times: {attack}")
    for name in HARM:
        print(f"{counts[name]:>8} {WORDS[name]}")


WORDS = {
    "merged": "centers merged on the way",
    "moved": "households moved on the way",
    "refused": "transfers refused",
    "supplements": "supplements",
    "withdrawn": "withdrawals",
    "misdelivered": "misdelivered",
    "damaged": "stored damaged",
    "doubled": "stored twice",
    "lost": "lost",
    "gaps": "custody gaps, or anything else that must be true and was not",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", nargs=3, metavar=("URL", "FIRST", "LAST"), help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.part:
        url, first, last = said.part
        asyncio.run(part(url, int(first), int(last)))
        return 0
    return asyncio.run(whole(said.histories, said.seed, max(1, min(said.processes, said.histories))))


if __name__ == "__main__":
    sys.exit(main())
