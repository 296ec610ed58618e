"""On start: is the code that is installed the code that was approved?

An installed plugin whose code digest differs from the approved one is checked again. Definition unchanged and check
passed: it goes on, with a record. Otherwise the approved version stays in force as long as the new code serves it
(it passes the check for it), or the item is suspended with its reason; and an ADJUST proposal opens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.admission import service
from tongban.admission.history import NOT_REHEARSED, OFFICE
from tongban.admission.models import CheckReport, Proposal
from tongban.admission.words import ProposalKind, ProposalStatus
from tongban.catalog.editions import digest_of
from tongban.catalog.models import Department, ServiceItem
from tongban.catalog.publishing import newest_digests
from tongban.catalog.service import in_force
from tongban.centers.hours import day_in_shanghai
from tongban.check import QUICK, Report
from tongban.contract.items import ItemDefinition
from tongban.registry import Plugin, Registry


@dataclass(slots=True)
class Reconciled:
    """What the start found: items checked again, suspended, resumed, and proposals opened."""

    checked: int = 0
    suspended: int = 0
    resumed: int = 0
    proposed: int = 0

    def __str__(self) -> str:
        counts = {
            "checked again": self.checked,
            "suspended": self.suspended,
            "resumed": self.resumed,
            "proposed": self.proposed,
        }
        return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or "as approved"


@dataclass(frozen=True, slots=True)
class _Held:
    """An item in force, with the definition approved and the code that its last report saw.

    `settled` are the digests of definitions that need no new proposal: the one that the newest edition holds, and
    those that the office has rejected; None where the newest edition has no such item, which leaves the catalog.
    """

    item: ServiceItem
    definition: ItemDefinition
    code_digest: str | None
    settled: frozenset[str] | None


async def reconcile(
    session: AsyncSession, registry: Registry, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> Reconciled:
    """Holds what is in force against what is installed."""
    found = Reconciled()
    open_items = await service.open_items(session)
    for department, plugin in ((code, registry.plugin_of(code)) for code in registry.departments):
        if plugin is None:
            continue
        held = await _held(session, department, now)
        changed = [one for one in held if one.code_digest != plugin.code_digest]
        reports = await _checked(session, registry, department, changed, now, progress)
        for one in held:
            await _settle(session, registry, plugin, one, reports.get(one.item.code), now, found, open_items)
    await session.flush()
    return found


async def _held(session: AsyncSession, department: str, now: datetime) -> list[_Held]:
    items = (
        await session.execute(
            select(ServiceItem, Proposal.definition)
            .join(Proposal, Proposal.id == ServiceItem.proposal_id)
            .join(Department, Department.id == ServiceItem.department_id)
            .where(Department.code == department, in_force(day_in_shanghai(now)))
        )
    ).all()
    digests = {
        (row.item_code, row.definition_digest): row.code_digest
        for row in await session.scalars(
            select(CheckReport)
            .ext(distinct_on(CheckReport.item_code, CheckReport.definition_digest))
            .where(CheckReport.item_code.in_([item.code for item, _ in items]))
            .order_by(
                CheckReport.item_code,
                CheckReport.definition_digest,
                CheckReport.ran_at.desc(),
                CheckReport.id.desc(),
            )
        )
    }
    newest = await newest_digests(session)
    rejected = await _rejected(session, [item.code for item, _ in items])
    return [
        _Held(
            item,
            service.DEFINITION.validate_python(plain),
            digests.get((item.code, item.definition_digest)),
            frozenset({newest[item.code], *rejected.get(item.code, ())}) if item.code in newest else None,
        )
        for item, plain in items
    ]


async def _rejected(session: AsyncSession, codes: list[str]) -> dict[str, set[str]]:
    """The digests of the definitions that the office has rejected, by item."""
    found: dict[str, set[str]] = {}
    rows = await session.execute(
        select(Proposal.item_code, Proposal.definition_digest).where(
            Proposal.item_code.in_(codes),
            Proposal.status == ProposalStatus.REJECTED.value,
            Proposal.definition_digest.is_not(None),
        )
    )
    for code, digest in rows:
        found.setdefault(code, set()).add(str(digest))
    return found


async def _checked(
    session: AsyncSession,
    registry: Registry,
    department: str,
    changed: list[_Held],
    now: datetime,
    progress: Callable[[int], None],
) -> dict[str, Report]:
    """The approved definitions put to the installed code."""
    if not changed:
        return {}
    seen = await service.setting(session, day_in_shanghai(now))
    reports: dict[str, Report] = {}
    async with registry.checker(department) as checker:
        for one in changed:
            report = await checker.check(one.definition, seen.city, seen.chain, QUICK, NOT_REHEARSED)
            await service.record_report(session, registry, department, report, one.definition, now, None)
            reports[one.item.code] = report
            progress(1)
    return reports


async def _settle(
    session: AsyncSession,
    registry: Registry,
    plugin: Plugin,
    held: _Held,
    report: Report | None,
    now: datetime,
    found: Reconciled,
    open_items: set[str],
) -> None:
    """Suspends, resumes, proposes, as the report and the supplied definition say."""
    item = held.item
    if report is not None:
        found.checked += 1
        failed = await _failed_beyond_waiver(session, item, report, day_in_shanghai(now))
        if failed and item.suspended_at is None:
            item.suspended_at, item.suspension = now, f"{plugin.distribution} {plugin.version}: {', '.join(failed)}"
            found.suspended += 1
        elif not failed and item.suspended_at is not None:
            item.suspended_at = item.suspension = None
            found.resumed += 1
    supplied = registry.definition_of(item.code)
    if supplied is None or held.settled is None or item.code in open_items:
        return
    newly_suspended = report is not None and item.suspended_at is not None
    if newly_suspended or digest_of(supplied) not in held.settled:
        await service.propose(session, registry, OFFICE, ProposalKind.ADJUST, item.code, None, now)
        open_items.add(item.code)
        found.proposed += 1


async def _failed_beyond_waiver(session: AsyncSession, item: ServiceItem, report: Report, today: date) -> list[str]:
    """The rules that failed and that no waiver in force allows."""
    proposal = await session.get_one(Proposal, item.proposal_id)
    expires = proposal.waiver_expires_on
    waived = set(proposal.waiver["rules"]) if proposal.waiver and expires and expires >= today else set()
    return sorted({finding.rule for finding in report.findings if finding.verdict == "FAIL"} - waived)
