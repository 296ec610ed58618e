"""The shipped history: the joint meeting's decisions of 2017, 2018-03-01 and 2018-07-01, taken anew by the usual path.

Each edition is proposed, checked, decided and published by the same verbs as any other, at the time of its
announcement. A decision names the digest of the definition that it approved: where a department has changed it since,
what it supplies now is proposed and checked, and waits for the office.
"""

import asyncio
import csv
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.admission import service
from tongban.admission.lifecycle import Do, Waiver, after
from tongban.admission.models import Proposal
from tongban.admission.words import ProposalKind, ProposalStatus
from tongban.catalog.editions import digest_of
from tongban.catalog.publishing import last_edition
from tongban.catalog.signing import Signer
from tongban.catalog.timeline import BEGINNING, NOT_YET, dated_versions
from tongban.centers.hours import SHANGHAI
from tongban.check import QUICK, Effort, Report, Verdict, finding
from tongban.contract.items import ItemDefinition, ProcessingMode
from tongban.identity.actor import Actor, Role
from tongban.registry import Registry

DECISIONS = Path(__file__).parent / "data" / "decisions.csv"
REPORTS = Path(__file__).parent / "data" / "reports.json.gz"
OFFICE = Actor(
    subject="joint-meeting-office",
    name="联席会议办公室",
    roles=frozenset({Role.JOINT_MEETING_OFFICE}),
    everywhere=True,
)
ANNOUNCED = {
    BEGINNING: date(2016, 12, 30),
    date(2018, 3, 1): date(2018, 2, 27),
    date(2018, 7, 1): date(2018, 2, 27),
}
"""When each edition was announced; of the first, no day is known (compiled)."""
NOT_REHEARSED = finding(
    "drilled",
    Verdict.WARN,
    ("随产品发布的历史决定，未在各中心演练", "A decision shipped with the product, not rehearsed at the centers"),
)
WAIVED = frozenset({"mode-from-barriers", "guide-complete"})
"""The rules that items fail which lay with the centers before they could be done city-wide: no barrier names why, and
nobody is promised anything, so that there is no audience."""
REASON = "随产品发布的历史决定（2018-02-27新闻发布会）"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the joint meeting decided of an item: which definition holds from which day on."""

    effective_from: date
    item: str
    kind: ProposalKind
    definition_digest: str


@dataclass(frozen=True, slots=True)
class ShippedReport:
    """A report that is shipped, with the digests of what it saw."""

    definition_digest: str
    code_digest: str
    report: Report


SHIPPED_REPORTS: TypeAdapter[list[ShippedReport]] = TypeAdapter(list[ShippedReport])


@dataclass(frozen=True, slots=True)
class Progressed:
    """How many decisions were taken, and which wait for the office."""

    editions: int
    approved: int
    waiting: tuple[str, ...]

    def __str__(self) -> str:
        waits = f", {len(self.waiting)} wait for the office" if self.waiting else ""
        return f"edition {self.editions} new, {self.approved} decisions{waits}" if self.editions or waits else ""


def read_decisions(file: Path = DECISIONS) -> tuple[Decision, ...]:
    """The decisions, in the order of their days."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [
            Decision(
                date.fromisoformat(row["effective_from"]),
                row["item"],
                ProposalKind(row["kind"]),
                row["definition_digest"],
            )
            for row in csv.DictReader(lines)
        ]
    return tuple(sorted(rows, key=lambda row: (row.effective_from, row.item)))


def read_reports(file: Path = REPORTS) -> dict[tuple[str, str], Report]:
    """The reports that the decisions were taken on, by the digests of definition and code.

    A check gives the same report for the same definition, code, city and chain, so it need not be run again.
    """
    if not file.exists():
        return {}
    kept = SHIPPED_REPORTS.validate_json(gzip.decompress(file.read_bytes()))
    return {(one.definition_digest, one.code_digest): one.report for one in kept}


def write_reports(reports: Iterable[ShippedReport], file: Path = REPORTS) -> None:
    """Writes the reports, in the order of their digests."""
    kept = {(one.definition_digest, one.code_digest): one for one in reports}
    file.write_bytes(gzip.compress(SHIPPED_REPORTS.dump_json([kept[key] for key in sorted(kept)]), mtime=0))


def write_decisions(decisions: Iterable[Decision], file: Path = DECISIONS) -> None:
    """Writes the decisions, one a line."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(("effective_from", "item", "kind", "definition_digest"))
        writer.writerows((one.effective_from, one.item, one.kind.value, one.definition_digest) for one in decisions)


def decisions_on(definitions: Sequence[ItemDefinition]) -> tuple[Decision, ...]:
    """The decisions that these definitions tell of: what `decisions.csv` holds, written anew at a release."""
    rows = []
    for definition in definitions:
        before: ItemDefinition | None = None
        for version in dated_versions(definition):
            rows.append(
                Decision(
                    version.effective_from,
                    definition.code,
                    _kind(before, version.definition),
                    digest_of(version.definition),
                )
            )
            before = version.definition
    return tuple(sorted(rows, key=lambda row: (row.effective_from, row.item)))


def decision_count(registry: Registry) -> int:
    """How many decisions concern the departments installed."""
    codes = {item.code for department in registry.departments.values() for item in department.items}
    return sum(1 for decision in read_decisions() if decision.item in codes)


async def load_history(
    session: AsyncSession,
    registry: Registry,
    signer: Signer,
    progress: Callable[[int], None] = lambda _: None,
    decisions: Sequence[Decision] | None = None,
) -> Progressed:
    """Takes the decisions that no edition tells of yet, for the departments installed."""
    editions = approved = 0
    waiting: list[str] = []
    last = await last_edition(session)
    taken = read_decisions() if decisions is None else decisions
    for day, rows in groupby(taken, key=lambda row: row.effective_from):
        if last is not None and day <= last.effective_from:
            continue
        now = datetime.combine(ANNOUNCED.get(day, day), time(10), SHANGHAI)
        passed, left = await _decide_on(session, registry, tuple(rows), day, now, progress)
        waiting += left
        if passed:
            await service.publish_edition(session, signer, OFFICE, day, now)
            editions, approved = editions + 1, approved + passed
    return Progressed(editions, approved, tuple(waiting))


async def _decide_on(
    session: AsyncSession,
    registry: Registry,
    decisions: Sequence[Decision],
    day: date,
    now: datetime,
    progress: Callable[[int], None],
) -> tuple[int, list[str]]:
    """Proposes, checks and decides one round; gives how many were approved, and which wait."""
    open_items = await service.open_items(session)
    definitions = _definitions(registry, day)
    rows: dict[str, Proposal] = {}
    for decision in decisions:
        code, definition = decision.item, definitions.get(decision.item)
        if definition is None or code in open_items:
            continue
        if digest_of(definition) != decision.definition_digest:
            definition = definitions[code] = registry.definition_of(code) or definition
        plain = service.plain(definition)
        rows[code] = await service.propose(session, registry, OFFICE, decision.kind, code, plain, now)
    reports = await _reports(session, registry, {code: definitions[code] for code in rows}, day, progress)
    approved, waiting = 0, []
    digests = {decision.item: decision.definition_digest for decision in decisions}
    for code, row in rows.items():
        row.status = after(ProposalStatus(row.status), Do.BEGIN_CHECK) or row.status
        owner = registry.owner_of(code)
        assert owner is not None  # noqa: S101 - it was proposed
        await service.conclude(session, registry, row, owner, definitions[code], reports[code], now)
        waiver = waiver_of(registry.definition_of(code) or definitions[code], reports[code], day)
        if row.definition_digest != digests[code] or (not reports[code].passed and waiver is None):
            waiting.append(code)
            continue
        await service.decide(
            session,
            registry,
            OFFICE,
            row.id,
            approved=True,
            reason=REASON,
            effective_from=day,
            waiver=waiver,
            now=now,
        )
        approved += 1
    return approved, waiting


def _definitions(registry: Registry, day: date) -> dict[str, ItemDefinition]:
    """What each installed definition says that held from `day` on."""
    return {
        item.code: version.definition
        for department in registry.departments.values()
        for item in department.items
        for version in dated_versions(item)
        if version.effective_from == day
    }


async def _reports(
    session: AsyncSession,
    registry: Registry,
    definitions: Mapping[str, ItemDefinition],
    day: date,
    progress: Callable[[int], None],
) -> dict[str, Report]:
    """The shipped reports, where definition and code are still the same; what else is left is checked now."""
    shipped = read_reports()
    reports: dict[str, Report] = {}
    for code, definition in definitions.items():
        plugin = registry.plugin_of(registry.owner_of(code) or "")
        key = (digest_of(definition), plugin.code_digest if plugin else "")
        if key in shipped:
            reports[code] = shipped[key]
            progress(1)
    left = {code: definition for code, definition in definitions.items() if code not in reports}
    if left:
        seen = await service.setting(session, day)
        reports |= await checked(registry, left.values(), seen, QUICK, progress)
    return reports


async def checked(
    registry: Registry,
    definitions: Iterable[ItemDefinition],
    seen: service.Setting,
    effort: Effort,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Report]:
    """The check of each definition, each department's in a process of its own, two side by side."""
    reports: dict[str, Report] = {}
    two_at_once = asyncio.Semaphore(2)

    async def of_department(code: str, items: Sequence[ItemDefinition]) -> None:
        async with two_at_once, registry.checker(code) as checker:
            for item in items:
                reports[item.code] = await checker.check(item, seen.city, seen.chain, effort, NOT_REHEARSED)
                progress(1)

    def owner(item: ItemDefinition) -> str:
        return registry.owner_of(item.code) or ""

    groups = [(code, list(items)) for code, items in groupby(sorted(definitions, key=owner), key=owner)]
    await asyncio.gather(*(of_department(code, items) for code, items in groups))
    return reports


def waiver_of(definition: ItemDefinition, report: Report, day: date) -> Waiver | None:
    """The waiver of an item that joins after `day`: for those rules, until the day on which it joins.

    `definition` is the one that the department supplies, which tells when that is.
    """
    failed = {finding.rule for finding in report.findings if finding.verdict is Verdict.FAIL}
    joined = definition.tongban_from
    if not failed or not failed <= WAIVED or joined is None or joined <= day:
        return None
    return Waiver(frozenset(failed), NOT_YET, joined)


def _kind(before: ItemDefinition | None, now: ItemDefinition) -> ProposalKind:
    """ADMIT where an item enters the centers, and where it becomes one that any center does."""
    local = ProcessingMode.LOCAL_ONLY
    enters = before is None or (before.mode is local and now.mode is not local)
    return ProposalKind.ADMIT if enters else ProposalKind.ADJUST
