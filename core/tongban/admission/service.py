"""Verbs of admission: propose, check, give an opinion, decide, publish. The office is the only publisher (S11)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.admission import facts
from tongban.admission.lifecycle import OPEN, Do, Gate, Waiver, after, first_status, gate
from tongban.admission.models import CheckReport, JointMeetingMember, Opinion, Proposal
from tongban.admission.rehearsal import rehearse
from tongban.admission.values import all_faults_of, unfit_in
from tongban.admission.words import ProposalKind, ProposalStatus, Stance
from tongban.catalog import publishing
from tongban.catalog.editions import digest_of
from tongban.catalog.models import CatalogEdition, Department, Material, ServiceItem
from tongban.catalog.signing import Signer
from tongban.centers.hours import day_in_shanghai
from tongban.check import FULL, Chain, City, Effort, Report
from tongban.contract.items import ItemDefinition, ProcessingMode
from tongban.contract.problems import Problem
from tongban.errors import Refused
from tongban.identity.actor import Actor, Role
from tongban.messages.problems import problem
from tongban.registry import Registry
from tongban.storage.ids import new_id

DEFINITION: TypeAdapter[ItemDefinition] = TypeAdapter(ItemDefinition)
CLOSED = (ProposalStatus.REJECTED.value, ProposalStatus.PUBLISHED.value)
"""States in which a proposal is done with, so that another one may be made for its item."""


async def propose(
    session: AsyncSession,
    registry: Registry,
    actor: Actor,
    kind: ProposalKind,
    code: str,
    definition: Mapping[str, Any] | None,
    now: datetime,
) -> Proposal:
    """A new dossier. Without `definition` it is the one that the installed plugin supplies. Raises Refused.

    What it would change is the version of the newest edition: in force, or planned already.
    """
    held = await publishing.find_newest(session, code)
    problems = _fit_problems(kind, code, held)
    if await _open_proposal(session, code) is not None:
        problems.append(problem("proposal_open_already", "item", item=code[:40]))
    department = await _department(session, registry, code, held)
    proposed = None
    if kind is ProposalKind.EXIT:
        if definition is not None:
            problems.append(problem("definition_of_exit", "definition"))
    elif department is None or registry.plugin_of(department.code) is None:
        problems.append(problem("no_plugin_supplies", "item", item=code[:40]))
    else:
        proposed = await _definition(session, code, definition, registry.definition_of(code), problems)
    if problems:
        raise Refused(*problems)
    assert department is not None  # noqa: S101 - else nothing would be in force, or no plugin supply it
    row = Proposal(
        id=new_id(),
        kind=kind.value,
        status=first_status(kind).value,
        item_code=code,
        department_id=department.id,
        base_item_id=held.id if held else None,
        definition=None if proposed is None else plain(proposed),
        definition_digest=None if proposed is None else digest_of(proposed),
        proposed_by=actor.subject,
        proposed_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if "uq_proposal_open_item" not in str(error.orig):
            raise
        # Somebody else has just proposed it.
        raise Refused(problem("proposal_open_already", "item", item=code[:40])) from None
    return row


@dataclass(frozen=True, slots=True)
class Setting:
    """What a check sees beside the definition and the rules."""

    city: City
    chain: Chain


async def setting(session: AsyncSession, day: date) -> Setting:
    """The city, and the catalog with everything that is proposed together."""
    return Setting(await facts.city(session), await facts.chain(session, day, await _proposed(session)))


async def run_check(
    session: AsyncSession, registry: Registry, proposal_id: UUID, now: datetime, effort: Effort = FULL
) -> Proposal:
    """Runs the tongban check on the proposal's definition, in the department's own process. Raises Refused."""
    row = await _locked(session, proposal_id)
    if row.definition is None:
        raise Refused(problem("nothing_to_check", "proposal"))
    department = await session.get_one(Department, row.department_id)
    _move(row, Do.BEGIN_CHECK)
    if registry.plugin_of(department.code) is None:
        raise Refused(problem("no_plugin_supplies", "proposal", item=row.item_code))
    definition = DEFINITION.validate_python(row.definition)
    seen = await setting(session, day_in_shanghai(now))
    drilled = await rehearse(session, registry, row, definition, now)
    async with registry.checker(department.code) as checker:
        report = await checker.check(definition, seen.city, seen.chain, effort, drilled)
    return await conclude(session, registry, row, department.code, definition, report, now)


async def conclude(
    session: AsyncSession,
    registry: Registry,
    row: Proposal,
    department: str,
    definition: ItemDefinition,
    report: Report,
    now: datetime,
) -> Proposal:
    """Keeps the report of a check that was begun, and moves the proposal by it."""
    await record_report(session, registry, department, report, definition, now, row.id)
    _move(row, Do.PASS_CHECK if report.passed else Do.FAIL_CHECK)
    await session.flush()
    return row


async def record_report(
    session: AsyncSession,
    registry: Registry,
    department: str,
    report: Report,
    definition: ItemDefinition,
    now: datetime,
    proposal: UUID | None,
) -> CheckReport:
    """Keeps a report, bound to the digests of the definition and of the code that it saw."""
    plugin = registry.plugin_of(department)
    assert plugin is not None  # noqa: S101 - it has just been checked
    row = CheckReport(
        proposal_id=proposal,
        item_code=definition.code,
        passed=report.passed,
        mode=report.mode.value,
        barriers=[barrier.value for barrier in report.barriers],
        findings=[asdict(finding) for finding in report.findings],
        plugin=plugin.distribution,
        plugin_version=plugin.version,
        definition_digest=digest_of(definition),
        code_digest=plugin.code_digest,
        applications_tried=report.applications_tried,
        centers_tried=report.centers_tried,
        ran_at=now,
        seconds=report.seconds,
    )
    session.add(row)
    await session.flush()
    return row


async def give_opinion(
    session: AsyncSession,
    actor: Actor,
    proposal_id: UUID,
    member: str,
    stance: Stance,
    comment: str | None,
    now: datetime,
) -> Proposal:
    """A member's opinion, in place of an earlier one of the same member. Raises Refused."""
    row = await _locked(session, proposal_id)
    _move(row, Do.GIVE_OPINION)
    found = await session.scalar(select(JointMeetingMember).where(JointMeetingMember.code == member))
    if found is None:
        raise Refused(problem("unknown_member", "member", member=member[:40]))
    said = {"stance": stance.value, "comment": comment, "given_at": now}
    await session.execute(
        insert(Opinion)
        .values(id=new_id(), proposal_id=row.id, member_id=found.id, **said)
        .on_conflict_do_update(index_elements=["proposal_id", "member_id"], set_=said)
    )
    return row


async def decide(
    session: AsyncSession,
    registry: Registry,
    actor: Actor,
    proposal_id: UUID,
    *,
    approved: bool,
    reason: str,
    effective_from: date | None,
    waiver: Waiver | None,
    now: datetime,
) -> Proposal:
    """The office's decision. An approval passes the gate: a check that passed, or a dated waiver. Raises Refused."""
    _require_office(actor, "proposal")
    row = await _locked(session, proposal_id)
    today = day_in_shanghai(now)
    if ProposalStatus(row.status) not in OPEN:
        raise Refused(problem("proposal_not_there_yet", "proposal", status=row.status))
    problems: list[Problem] = []
    if not reason.strip():
        problems.append(problem("decision_needs_reason", "reason"))
    if approved:
        problems += await _gate_problems(session, registry, row, waiver, today)
        if effective_from is not None and effective_from < today:
            problems.append(problem("effective_in_the_past", "effectiveFrom", day=effective_from))
    if problems:
        raise Refused(*problems)
    _move(row, Do.APPROVE if approved else Do.REJECT)
    row.decided_at, row.decided_by, row.decision_reason = now, actor.subject, reason
    row.effective_from = effective_from
    if approved and waiver is not None:
        row.waiver = {"rules": sorted(waiver.rules), "reason": waiver.reason}
        row.waiver_expires_on = waiver.expires_on
    await session.flush()
    return row


async def publish_edition(
    session: AsyncSession, signer: Signer, actor: Actor, effective_from: date, now: datetime
) -> CatalogEdition:
    """An immutable, numbered, signed edition of everything approved that is due by then. Raises Refused."""
    _require_office(actor, "effectiveFrom")
    if effective_from < day_in_shanghai(now):
        raise Refused(problem("effective_in_the_past", "effectiveFrom", day=effective_from))
    await publishing.one_at_a_time(session)
    last = await publishing.last_edition(session)
    if last is not None and effective_from < last.effective_from:
        raise Refused(problem("edition_before_the_last", "effectiveFrom", day=last.effective_from))
    due = (
        await session.scalars(
            select(Proposal)
            .where(
                Proposal.status == ProposalStatus.APPROVED.value,
                Proposal.effective_from.is_(None) | (Proposal.effective_from <= effective_from),
            )
            .order_by(Proposal.item_code)
            .with_for_update()
        )
    ).all()
    if not due:
        raise Refused(problem("nothing_to_publish", "effectiveFrom"))
    edition = publishing.Draft(number=(last.number if last else 0) + 1, effective_from=effective_from)
    changes = [
        publishing.Change(
            code=row.item_code,
            proposal=row.id,
            department=row.department_id,
            definition=None if row.definition is None else DEFINITION.validate_python(row.definition),
            argued=row.waiver["reason"] if row.waiver else None,
            review_on=row.waiver_expires_on,
        )
        for row in due
    ]
    published = await publishing.publish(session, signer, actor, edition, changes, last, now)
    for row in due:
        _move(row, Do.PUBLISH)
        row.edition_id = published.id
    await session.flush()
    return published


def plain(definition: ItemDefinition) -> dict[str, Any]:
    """The definition as JSON can hold it."""
    found: dict[str, Any] = DEFINITION.dump_python(definition, mode="json")
    return found


def _fit_problems(kind: ProposalKind, code: str, held: ServiceItem | None) -> list[Problem]:
    """ADMIT is for items that are not done city-wide yet, ADJUST and EXIT for those in the catalog."""
    if kind is ProposalKind.ADMIT and held is not None and held.mode != ProcessingMode.LOCAL_ONLY:
        return [problem("admitted_already", "kind", item=code[:40])]
    if kind is not ProposalKind.ADMIT and held is None:
        return [problem("item_not_in_force", "item", item=code[:40])]
    return []


async def _definition(
    session: AsyncSession,
    code: str,
    given: Mapping[str, Any] | None,
    supplied: ItemDefinition | None,
    problems: list[Problem],
) -> ItemDefinition | None:
    """The definition proposed; problems where it can't be read or kept, contradicts itself, or there is none."""
    if given is None:
        if supplied is None:
            problems.append(problem("no_plugin_supplies", "item", item=code[:40]))
        return supplied
    unfit = unfit_in(given)
    if unfit is not None:
        problems.append(problem("definition_invalid", "definition", reason=unfit))
        return None
    try:
        definition = DEFINITION.validate_python(given)
    except ValidationError as error:
        problems += [
            problem("definition_invalid", "definition", *map(str, e["loc"]), reason=e["msg"])
            for e in error.errors()[:20]
        ]
        return None
    if definition.code != code:
        problems.append(
            problem("definition_of_another", "definition", "code", code=definition.code[:40], item=code[:40])
        )
    problems += [problem("definition_invalid", "definition", reason=fault) for fault in all_faults_of(definition)]
    asked = {need.material for need in definition.materials}
    known = set(await session.scalars(select(Material.code).where(Material.code.in_(asked)))) if asked else set()
    problems += [
        problem("unknown_material", "definition", "materials", material=material[:40])
        for material in sorted(asked - known)
    ]
    return definition


async def _department(
    session: AsyncSession, registry: Registry, code: str, held: ServiceItem | None
) -> Department | None:
    """The department whose item it is: by the catalog, or by the plugin that supplies it."""
    if held is not None:
        return await session.get_one(Department, held.department_id)
    found: Department | None = await session.scalar(
        select(Department).where(Department.code == (registry.owner_of(code) or ""))
    )
    return found


async def _gate_problems(
    session: AsyncSession, registry: Registry, row: Proposal, waiver: Waiver | None, today: date
) -> list[Problem]:
    report = await last_report(session, row.id)
    failed = None if report is None else [f["rule"] for f in report.findings if f["verdict"] == "FAIL"]
    department = await session.get_one(Department, row.department_id)
    plugin = registry.plugin_of(department.code)
    fresh = report is None or (
        report.definition_digest == row.definition_digest
        and plugin is not None
        and report.code_digest == plugin.code_digest
    )
    rules = ", ".join(sorted(failed or ()))
    return [
        problem(_GATE_MESSAGES[reason], *_GATE_PATHS[reason], rules=rules)
        for reason in gate(ProposalStatus(row.status), failed, waiver, today, fresh=fresh)
    ]


_GATE_MESSAGES = {
    Gate.NOT_CHECKED: "not_checked",
    Gate.CHECK_IS_STALE: "check_is_stale",
    Gate.RULES_FAILED: "check_failed",
    Gate.WAIVER_WITHOUT_REASON: "waiver_needs_reason",
    Gate.WAIVER_EXPIRED: "waiver_expired",
    Gate.NOTHING_TO_WAIVE: "nothing_to_waive",
}
_GATE_PATHS = {
    Gate.NOT_CHECKED: ("proposal",),
    Gate.CHECK_IS_STALE: ("proposal",),
    Gate.RULES_FAILED: ("waiver",),
    Gate.WAIVER_WITHOUT_REASON: ("waiver", "reason"),
    Gate.WAIVER_EXPIRED: ("waiver", "expiresOn"),
    Gate.NOTHING_TO_WAIVE: ("waiver", "rules"),
}


async def last_report(session: AsyncSession, proposal: UUID) -> CheckReport | None:
    """The newest report of a proposal."""
    found: CheckReport | None = await session.scalar(
        select(CheckReport)
        .where(CheckReport.proposal_id == proposal)
        .order_by(CheckReport.ran_at.desc(), CheckReport.id.desc())
        .limit(1)
    )
    return found


async def _proposed(session: AsyncSession) -> list[ItemDefinition]:
    """The definitions proposed together: those of all proposals that are open or approved."""
    rows = await session.scalars(
        select(Proposal.definition).where(
            Proposal.status.not_in(CLOSED),
            Proposal.definition.is_not(None),
        )
    )
    return [DEFINITION.validate_python(row) for row in rows]


async def _open_proposal(session: AsyncSession, code: str) -> Proposal | None:
    found: Proposal | None = await session.scalar(
        select(Proposal).where(Proposal.item_code == code, Proposal.status.not_in(CLOSED))
    )
    return found


async def open_items(session: AsyncSession) -> set[str]:
    """The codes of the items for which a proposal is open or approved and not published."""
    return set(await session.scalars(select(Proposal.item_code).where(Proposal.status.not_in(CLOSED))))


async def _locked(session: AsyncSession, proposal_id: UUID) -> Proposal:
    row = await session.get(Proposal, proposal_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise Refused(problem("unknown_proposal", "proposal"))
    return row


def _move(row: Proposal, action: Do) -> None:
    """Moves the proposal by the table. Raises Refused where it has no such move."""
    target = after(ProposalStatus(row.status), action)
    if target is None:
        raise Refused(problem("proposal_not_there_yet", "proposal", status=row.status))
    row.status = target.value


def _require_office(actor: Actor, path: str) -> None:
    if Role.JOINT_MEETING_OFFICE not in actor.roles:
        raise Refused(problem("office_only", path))
