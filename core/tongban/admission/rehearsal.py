"""A dry run of the real path at every main center, rolled back: what the rule `drilled` reports until drills do.

For the length of a savepoint the proposed definition is in force. The resident of its sample applies at each center;
at two of them the case goes its whole way, from submission to delivery.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.admission.models import Proposal
from tongban.admission.words import ProposalStatus
from tongban.cases import review
from tongban.cases import service as cases
from tongban.cases.arrivals import take_in
from tongban.cases.assessment import Draft, Handed, assess
from tongban.cases.custody import Parcel, open_transfer
from tongban.cases.lifecycle import available_actions
from tongban.cases.models import Case
from tongban.cases.steps import Step, facts, path
from tongban.cases.words import CaseAction, CaseStatus
from tongban.catalog import publishing
from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Center, CenterKind, Division
from tongban.check import Finding, Verdict, finding
from tongban.contract.eligibility import is_needed
from tongban.contract.items import ItemDefinition, ProcessingMode
from tongban.contract.problems import ProblemCode
from tongban.errors import Refused
from tongban.identity.actor import DEVELOPER
from tongban.registry import Registry
from tongban.residents import service as residents
from tongban.residents.identity_numbers import check_digit
from tongban.residents.models import Resident

UNASSIGNED = "310199"
"""A region code that was never given out, for numbers of nobody."""
OUTSIDE = "340102"
MOST_STEPS = 10
FIRST_NUMBER = 1_000_000_000
"""Numbers of editions that are rehearsed begin here: nobody who publishes waits for them."""


@dataclass(frozen=True, slots=True)
class _NoSeal:
    """Signs nothing: the edition of a rehearsal is rolled back."""

    algorithm: str = "none"
    public_key: str = ""

    def sign(self, message: bytes) -> bytes:
        return b""


async def rehearse(
    session: AsyncSession, registry: Registry, row: Proposal, definition: ItemDefinition, now: datetime
) -> Finding:
    """The finding of the rule `drilled`. Nothing of the rehearsal stays."""
    savepoint = await session.begin_nested()
    try:
        return await _rehearsed(session, registry, row, definition, now)
    except Refused as refusal:  # the sample's resident can't be one
        reasons = "；".join(one.message for one in refusal.problems)
        reasons_en = "; ".join(one.message_en or one.message for one in refusal.problems)
        return finding("drilled", Verdict.FAIL, (f"无法演练：{reasons}", f"can't be rehearsed: {reasons_en}"))
    finally:
        await savepoint.rollback()
        await session.refresh(row)


async def _rehearsed(
    session: AsyncSession, registry: Registry, row: Proposal, definition: ItemDefinition, now: datetime
) -> Finding:
    await _put_in_force(session, row, definition, now)
    centers = list(
        await session.scalars(select(Center).where(Center.kind == CenterKind.MAIN.value).order_by(Center.code))
    )
    home = centers[0]
    resident = await _resident(session, definition, home, now)
    failures = []
    for center in centers:
        found = await assess(session, registry, _draft(definition, center, resident.id), DEVELOPER, now)
        codes = {problem.code for problem in found.problems}
        elsewhere = definition.mode is ProcessingMode.LOCAL_ONLY and center.id != home.id
        if codes != ({ProblemCode.NOT_OFFERED_HERE} if elsewhere else set()):
            failures.append((center.code, [problem.message for problem in found.problems]))
    if failures:
        code, messages = failures[0]
        said = (
            f"在{len(centers)}个受理中心演练，{len(failures)}个未通过",
            f"rehearsed at {len(centers)} centers, {len(failures)} did not pass",
        )
        return finding("drilled", Verdict.FAIL, said, example={"center": code, "problems": messages})
    local = definition.mode is ProcessingMode.LOCAL_ONLY
    for center in centers[:1] if local else (home, centers[-1]):
        status = await _whole_way(session, registry, definition, center, resident.id, now)
        if status is not CaseStatus.DELIVERED:
            said = f"{center.code}的办件停在{status}", f"the case at {center.code} came to a stop at {status}"
            return finding("drilled", Verdict.FAIL, said, example={"center": center.code, "status": status})
    said = (
        f"在{len(centers)}个受理中心演练了真实流程（已回滚），全部符合预期",
        f"rehearsed the real path at {len(centers)} centers, rolled back: all as promised",
    )
    return finding("drilled", Verdict.PASS, said)


async def _put_in_force(session: AsyncSession, row: Proposal, definition: ItemDefinition, now: datetime) -> None:
    row.status = ProposalStatus.APPROVED.value
    row.decided_at, row.decided_by, row.decision_reason = now, DEVELOPER.subject, "rehearsal"
    await session.flush()
    last = await publishing.last_edition(session)
    change = publishing.Change(code=row.item_code, proposal=row.id, department=row.department_id, definition=definition)
    draft = publishing.Draft(number=FIRST_NUMBER + secrets.randbelow(FIRST_NUMBER), effective_from=day_in_shanghai(now))
    await publishing.publish(session, _NoSeal(), DEVELOPER, draft, [change], last, now)


async def _resident(session: AsyncSession, definition: ItemDefinition, home: Center, now: datetime) -> Resident:
    """The sample's resident, whose household is registered in the first center's street."""
    sample, today = definition.sample, day_in_shanghai(now)
    streets = select(Division.code).where(Division.center_id == home.id, Division.current).order_by(Division.code)
    street = await session.scalar(streets.limit(1))
    odd = sample.sex.value == "MALE"
    body = f"{UNASSIGNED}{today.year - sample.age:04d}0101{secrets.randbelow(500) * 2 + odd:03d}"
    said = residents.Registration(
        name="演练",
        id_number=body + check_digit(body),
        hukou_division_code=street if sample.shanghai_hukou else OUTSIDE,
        hukou_since=date(today.year - 3, 1, 1),
        residence_division_code=None,
        permit_number="REHEARSAL" if sample.permit else None,
        permit_valid_from=date(today.year - 1, 1, 1) if sample.permit else None,
        permit_valid_to=date(today.year + 1, 1, 1) if sample.permit else None,
    )
    return await residents.register(session, DEVELOPER, said, now)


def _draft(definition: ItemDefinition, center: Center, resident: UUID) -> Draft:
    form = dict(definition.sample.form)
    needed = [need.material for need in definition.materials if is_needed(need.necessity, need.when, form)]
    return Draft(
        item=definition.code,
        center=center.code,
        applicant=resident,
        form=form,
        documents=[Handed(place=("documents",), material=material, upload=None) for material in needed],
        even_if_duplicate=True,
    )


async def _whole_way(
    session: AsyncSession,
    registry: Registry,
    definition: ItemDefinition,
    center: Center,
    resident: UUID,
    now: datetime,
) -> CaseStatus:
    """Submits a case and does what may be done next until nothing is left; gives where it ended."""
    try:
        submission = cases.Submission(draft=_draft(definition, center, resident), accept=True)
        case = await cases.submit(session, registry, DEVELOPER, submission, now)
        for _ in range(MOST_STEPS):
            await _arrive(session, case, now)
            actions = available_actions(CaseStatus(case.status), path(case), facts(case))
            step = Step(actor=DEVELOPER, now=now, expected_version=case.version)
            if CaseAction.ACKNOWLEDGE_TRANSFER in actions:
                case = await review.acknowledge_transfer(session, case.id, step)
            elif CaseAction.APPROVE in actions:
                case = await review.approve(session, case.id, step, review.Outcome())
            elif CaseAction.DELIVER_RESULT in actions:
                case = await review.deliver_result(session, case.id, step)
            else:
                break
        return CaseStatus(case.status)
    except Refused:
        return CaseStatus.RETURNED


async def _arrive(session: AsyncSession, case: Case, now: datetime) -> None:
    """What is on its way arrives: a rehearsal has no files, and doesn't wait for the relay."""
    transfer = await open_transfer(session, case) if case.underway else None
    if transfer is not None:
        await take_in(session, Parcel.of(transfer), transfer.to_center_id, now)
