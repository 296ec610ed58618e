"""On start: is the code that is installed the code that was approved?"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from admission_support import CARE, PER_DISTRICT, approved, care_department, known, published
from support import (
    HONGKOU,
    NOW,
    QINGPU,
    TODAY,
    MakeApi,
    act,
    application,
    centers_of,
    citizen_number,
    done,
    register,
    row_counts,
    submit,
)
from tongban.admission import service
from tongban.admission.history import OFFICE
from tongban.admission.lifecycle import Waiver
from tongban.admission.models import CheckReport, Proposal
from tongban.admission.reconcile import Reconciled, reconcile
from tongban.admission.words import ProposalKind
from tongban.catalog.models import ServiceItem
from tongban.catalog.service import find_in_force
from tongban.registry import Registry, open_registry

Start = Callable[..., AbstractAsyncContextManager[Registry]]
AS_APPROVED = Reconciled()
OTHER_CODE = "\n# the same rules, written otherwise\n"
OTHER_NAME = {"照护需求登记": "照护需求预登记"}


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: AsyncSession, registry: Registry) -> Start:
    """A start of the server with the made-up department, in another state each time."""
    monkeypatch.syspath_prepend(tmp_path)
    count = iter(range(100))

    @asynccontextmanager
    async def started(**changes: Any) -> AsyncIterator[Registry]:
        point = care_department(tmp_path, f"care_start_{next(count)}", **changes)
        async with open_registry([point]) as care:
            await known(session, registry, care)
            yield care

    return started


@pytest_asyncio.fixture
async def care(start: Start, session: AsyncSession) -> AsyncIterator[Registry]:
    """The department with its item in force."""
    async with start() as care:
        await approved(session, care, ProposalKind.ADMIT, CARE)
        await published(session)
        yield care


async def held(session: AsyncSession) -> ServiceItem:
    found = await find_in_force(session, CARE, TODAY)
    assert found is not None
    await session.refresh(found)
    return found


async def open_proposals(session: AsyncSession) -> list[Proposal]:
    rows = select(Proposal).where(Proposal.item_code == CARE, Proposal.status.not_in(service.CLOSED))
    return list(await session.scalars(rows))


async def reports(session: AsyncSession) -> list[CheckReport]:
    rows = select(CheckReport).where(CheckReport.item_code == CARE).order_by(CheckReport.ran_at, CheckReport.id)
    return list(await session.scalars(rows))


async def test_what_is_installed_is_what_was_approved(
    care: Registry, session: AsyncSession, connection: AsyncConnection
) -> None:
    before = await row_counts(connection)
    assert await reconcile(session, care, NOW) == AS_APPROVED
    assert str(AS_APPROVED) == "as approved"
    assert await row_counts(connection) == before


async def test_other_code_that_passes_goes_on_with_a_record(
    care: Registry, start: Start, session: AsyncSession, connection: AsyncConnection
) -> None:
    async with start(more_rules=OTHER_CODE) as other:
        assert other.plugins[0].code_digest != care.plugins[0].code_digest
        progress: list[int] = []
        assert await reconcile(session, other, NOW + timedelta(minutes=1), progress.append) == Reconciled(checked=1)
        assert progress == [1]
        record = (await reports(session))[-1]
        assert (record.passed, record.proposal_id, record.code_digest) == (True, None, other.plugins[0].code_digest)
        assert (await held(session)).suspended_at is None
        assert await open_proposals(session) == []
        before = await row_counts(connection)
        assert await reconcile(session, other, NOW + timedelta(minutes=2)) == AS_APPROVED
        assert await row_counts(connection) == before


async def test_other_code_that_fails_is_suspended_until_it_is_mended(
    care: Registry,
    start: Start,
    session: AsyncSession,
    connection: AsyncConnection,
    make_api: MakeApi,
) -> None:
    """New applications are refused with the reason, open cases go on, and an ADJUST proposal opens."""
    api = make_api(departments=care)
    await session.commit()
    [center, *_] = await centers_of(api, QINGPU)
    street = (await centers_of(api, HONGKOU))[0]["divisionCode"]
    number = citizen_number(date(1956, 1, 1))
    somebody = await register(api, idNumber=number, hukouDivisionCode=street, hukouSince="2000-01-01")
    said = await application(api, CARE, center["code"], somebody["id"])
    case = await done(submit(api, said | {"accept": True}))
    async with start(more_rules=PER_DISTRICT) as unequal:
        found = await reconcile(session, unequal, NOW + timedelta(minutes=1))
        assert found == Reconciled(checked=1, suspended=1, proposed=1)
        assert str(found) == "1 checked again, 1 suspended, 1 proposed"
        item = await held(session)
        assert item.suspension is not None
        assert "same-verdict" in item.suspension
        assert unequal.plugins[0].distribution in item.suspension
        [proposal] = await open_proposals(session)
        assert (proposal.kind, proposal.status, proposal.proposed_by) == ("ADJUST", "DRAFT", OFFICE.subject)
        before = await row_counts(connection)
        assert await reconcile(session, unequal, NOW + timedelta(minutes=2)) == AS_APPROVED, "a second start"
        assert await row_counts(connection) == before

        await session.commit()
        closed = make_api(departments=unequal)
        refusal = await submit(closed, said)
        assert refusal["case"] is None
        [problem] = [one for one in refusal["problems"] if one["path"] == ["item"]]
        assert problem["code"] == "ITEM_NOT_IN_FORCE"
        assert "same-verdict" in problem["message"]
        assert problem["nextStep"]
        document = "query($code: String!) { serviceItem(code: $code) { status suspension } }"
        shown = (await closed.ask(document, code=CARE))["serviceItem"]
        assert shown == {"status": "SUSPENDED", "suspension": item.suspension}
        case = await done(act(closed, "approveCase", case, reason="符合条件"))
    async with start(more_rules=OTHER_CODE) as mended:
        found = await reconcile(session, mended, NOW + timedelta(minutes=3))
        assert found == Reconciled(checked=1, resumed=1)
        item = await held(session)
        assert (item.suspended_at, item.suspension) == (None, None)
        await session.commit()
        await done(submit(make_api(departments=mended), said | {"evenIfDuplicate": True}))
    assert await reconcile(session, care, NOW + timedelta(minutes=4)) == Reconciled(checked=1), (
        "and the first code again"
    )


async def test_a_changed_definition_waits_while_the_old_version_stays_in_force(
    care: Registry, start: Start, session: AsyncSession, connection: AsyncConnection
) -> None:
    async with start(defined=OTHER_NAME) as renamed:
        assert renamed.plugins[0].code_digest == care.plugins[0].code_digest
        assert await reconcile(session, renamed, NOW) == Reconciled(proposed=1)
        item = await held(session)
        assert (item.name, item.version, item.suspended_at) == ("照护需求登记", 1, None)
        [proposal] = await open_proposals(session)
        assert proposal.definition is not None
        assert (proposal.kind, proposal.definition["name"]) == ("ADJUST", "照护需求预登记")
        assert proposal.base_item_id == item.id
        before = await row_counts(connection)
        assert await reconcile(session, renamed, NOW) == AS_APPROVED
        assert await row_counts(connection) == before


async def test_a_definition_and_code_that_changed_together(care: Registry, start: Start, session: AsyncSession) -> None:
    """The approved definition is put to the new code: as long as it serves it, it stays."""
    async with start(defined=OTHER_NAME, more_rules=OTHER_CODE) as both:
        assert await reconcile(session, both, NOW + timedelta(minutes=1)) == Reconciled(checked=1, proposed=1)
        assert (await held(session)).name == "照护需求登记"
    async with start(defined=OTHER_NAME, more_rules=PER_DISTRICT) as unequal:
        assert await reconcile(session, unequal, NOW + timedelta(minutes=2)) == Reconciled(checked=1, suspended=1)


async def test_what_the_office_has_rejected_is_not_proposed_again(
    care: Registry, start: Start, session: AsyncSession
) -> None:
    async with start(defined=OTHER_NAME) as renamed:
        await reconcile(session, renamed, NOW)
        [proposal] = await open_proposals(session)
        said: dict[str, Any] = {"reason": "名称不变", "effective_from": None, "waiver": None, "now": NOW}
        await service.decide(session, renamed, OFFICE, proposal.id, approved=False, **said)
        assert await reconcile(session, renamed, NOW) == AS_APPROVED
    async with start(defined=OTHER_NAME | {"5": "4"}) as renamed_again:
        assert await reconcile(session, renamed_again, NOW) == Reconciled(proposed=1)


async def test_what_is_planned_already_is_not_proposed_again(
    care: Registry, start: Start, session: AsyncSession
) -> None:
    async with start(defined=OTHER_NAME) as renamed:
        await approved(session, renamed, ProposalKind.ADJUST, CARE)
        await published(session, TODAY + timedelta(days=30))
        assert await reconcile(session, renamed, NOW) == AS_APPROVED
        assert (await held(session)).name == "照护需求登记"
        later = NOW + timedelta(days=30)
        assert await reconcile(session, renamed, later) == AS_APPROVED


async def test_what_leaves_the_catalog_is_not_proposed_again(
    care: Registry, start: Start, session: AsyncSession
) -> None:
    await approved(session, care, ProposalKind.EXIT, CARE)
    await published(session, TODAY + timedelta(days=30))
    async with start(defined=OTHER_NAME) as renamed:
        assert await reconcile(session, renamed, NOW) == AS_APPROVED


async def test_a_new_item_of_a_department_waits_to_be_proposed(start: Start, session: AsyncSession) -> None:
    async with start() as care:
        assert await reconcile(session, care, NOW) == AS_APPROVED
    assert await find_in_force(session, CARE, TODAY) is None
    assert await open_proposals(session) == []


@pytest.mark.parametrize(("days", "suspended"), [(20, 0), (21, 1)])
async def test_a_waived_rule_suspends_nothing_until_the_waiver_is_over(
    start: Start, session: AsyncSession, days: int, suspended: int
) -> None:
    rules = ("same-verdict", "mode-from-barriers", "drilled")
    waiver = Waiver(frozenset(rules), "试点", TODAY + timedelta(days=20))
    async with start(more_rules=PER_DISTRICT) as unequal:
        await approved(session, unequal, ProposalKind.ADMIT, CARE, failed=rules, waiver=waiver)
        await published(session)
    async with start(more_rules=PER_DISTRICT + OTHER_CODE) as changed:
        found = await reconcile(session, changed, NOW + timedelta(days=days))
        assert (found.checked, found.suspended) == (1, suspended)


async def test_a_department_that_does_not_answer_is_suspended(
    care: Registry, start: Start, session: AsyncSession
) -> None:
    broken = "\n\ndef of_age(application):\n    raise RuntimeError\n\n\nRULES.append(of_age)\n"
    async with start(more_rules=broken) as broken_care:
        found = await reconcile(session, broken_care, NOW + timedelta(minutes=1))
        assert found == Reconciled(checked=1, suspended=1, proposed=1)
        suspension = (await held(session)).suspension
        assert suspension is not None
        assert "well-behaved" in suspension
