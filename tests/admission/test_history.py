"""The shipped history: the decisions of the joint meeting, taken anew by the usual path when a city is set up."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from support import SIGNER, new_database, row_counts
from tongban.admission import facts, history, service
from tongban.admission.history import ANNOUNCED, OFFICE, decisions_on, load_history, read_decisions, read_reports
from tongban.admission.lifecycle import Waiver
from tongban.admission.members import load_members
from tongban.admission.models import CheckReport, Proposal
from tongban.admission.reconcile import reconcile
from tongban.admission.release import left_waiting, release, reports_of, setting_of, versions_of
from tongban.catalog.editions import digest_of
from tongban.catalog.load import load_departments
from tongban.catalog.models import CatalogEdition, EditionItem, ServiceItem
from tongban.catalog.timeline import dated_versions
from tongban.centers.load import load_city
from tongban.centers.rows import read_city
from tongban.check import FULL, QUICK, Effort, Report, Verdict
from tongban.registry import Registry
from tongban.storage.database import Sessions, connected

REGENERATE = "run `make history`: a department's code or definitions have changed"


async def test_every_figure_after_a_load(session: AsyncSession) -> None:
    editions = (await session.scalars(select(CatalogEdition).order_by(CatalogEdition.number))).all()
    assert [(one.number, one.effective_from, one.published_by) for one in editions] == [
        (1, date(2017, 1, 1), OFFICE.subject),
        (2, date(2018, 3, 1), OFFICE.subject),
        (3, date(2018, 7, 1), OFFICE.subject),
    ]
    assert [one.published_at.date() for one in editions] == [date(2016, 12, 30), date(2018, 2, 27), date(2018, 2, 27)]
    members = select(EditionItem.edition_id, func.count()).group_by(EditionItem.edition_id)
    assert {count for _, count in await session.execute(members)} == {174}
    proposals = (await session.scalars(select(Proposal))).all()
    assert Counter(one.status for one in proposals) == {"PUBLISHED": 307}
    assert Counter((one.effective_from, one.kind) for one in proposals) == {
        (date(2017, 1, 1), "ADMIT"): 174,
        (date(2018, 3, 1), "ADMIT"): 95,
        (date(2018, 3, 1), "ADJUST"): 27,
        (date(2018, 7, 1), "ADMIT"): 11,
    }
    assert await session.scalar(select(func.count()).select_from(ServiceItem)) == 307
    assert await session.scalar(select(func.count()).select_from(CheckReport)) == 307
    assert sum(one.waiver is not None for one in proposals) == 106, "95 and 11 lay with the centers until they joined"


async def test_only_what_joined_later_was_approved_over_a_failed_rule(session: AsyncSession) -> None:
    rows = await session.execute(
        select(Proposal, CheckReport).join(CheckReport, CheckReport.proposal_id == Proposal.id)
    )
    for proposal, report in rows:
        assert report.passed is (proposal.waiver is None)
        if proposal.waiver is not None:
            assert proposal.effective_from == date(2017, 1, 1)
            assert proposal.waiver_expires_on in (date(2018, 3, 1), date(2018, 7, 1))
            assert set(proposal.waiver["rules"]) <= history.WAIVED


async def test_a_second_load_changes_nothing(
    session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    before = await row_counts(connection)
    again = await load_history(session, registry, SIGNER)
    assert (again.editions, again.approved, again.waiting, str(again)) == (0, 0, (), "")
    assert str(await reconcile(session, registry, datetime(2026, 11, 24, tzinfo=UTC))) == "as approved"
    assert await row_counts(connection) == before


def test_the_shipped_decisions_are_those_that_the_installed_definitions_tell_of(registry: Registry) -> None:
    items = [item for department in registry.departments.values() for item in department.items]
    assert read_decisions() == decisions_on(items), REGENERATE
    assert {decision.effective_from for decision in read_decisions()} == ANNOUNCED.keys()


def test_there_is_a_report_of_every_decision_by_the_installed_code(registry: Registry) -> None:
    """Else the first start would have to check them all."""
    digests = {item.code: plugin.code_digest for plugin in registry.plugins for item in plugin.department.items}  # type: ignore[union-attr]
    wanted = {(decision.definition_digest, digests[decision.item]) for decision in read_decisions()}
    assert wanted == read_reports().keys(), REGENERATE


async def test_shipped_reports_are_what_a_check_says_today(registry: Registry) -> None:
    """The same but for the seconds; one item of each mode, and one that lay with the centers before."""
    shipped = read_reports()
    some = ["DA-001", "MZ-004", "ZJ-001"]
    versions = [one for one in versions_of(registry) if one.code in some]
    effort = _effort_of(shipped[next(iter(shipped))].applications_tried)
    anew = await reports_of(registry, versions, effort)
    assert {report.report.item for report in anew} == set(some)
    for one in anew:
        before = shipped[one.definition_digest, one.code_digest]
        assert replace(one.report, seconds=0) == replace(before, seconds=0), REGENERATE


def _effort_of(applications: int) -> Effort:
    return QUICK if applications < FULL.seeded else FULL


async def test_what_is_checked_for_a_release_is_what_a_database_would_give(
    session: AsyncSession, registry: Registry
) -> None:
    setting = setting_of(registry)
    assert setting.city == await facts.city(session)
    chain = await facts.chain(session, date(2026, 11, 24), ())
    assert (setting.chain.items, setting.chain.needs) == (chain.items, chain.needs)
    assert setting.chain.materials == chain.materials


def test_nothing_that_is_shipped_waits_for_the_office(registry: Registry) -> None:
    kept = [history.ShippedReport(definition, code, report) for (definition, code), report in read_reports().items()]
    assert left_waiting(registry, kept) == [], REGENERATE


def test_the_waiver_of_what_joins_later(registry: Registry) -> None:
    """For two rules, until the day on which it joins; never for anything else."""
    item = registry.definition_of("MZ-004")
    assert item is not None
    before, after = dated_versions(item)
    day = before.effective_from
    report = next(report for (digest, _), report in read_reports().items() if digest == digest_of(before.definition))
    waiver = history.waiver_of(item, report, day)
    assert waiver is not None
    assert (waiver.expires_on, waiver.rules <= history.WAIVED) == (date(2018, 3, 1), True)
    assert isinstance(waiver, Waiver)
    assert history.waiver_of(item, report, after.effective_from) is None
    other = tuple(replace(one, rule="same-verdict") for one in report.findings)
    assert history.waiver_of(item, replace(report, findings=other), day) is None
    passed = next(report for report in read_reports().values() if report.passed)
    assert history.waiver_of(item, passed, day) is None


def test_both_files_are_written_as_they_are_read(tmp_path: Path) -> None:
    history.write_decisions(read_decisions(), tmp_path / "decisions.csv")
    kept = [history.ShippedReport(*key, report) for key, report in read_reports().items()]
    history.write_reports(kept[::-1] + kept[:5], tmp_path / "reports.json.gz")
    for file in (history.DECISIONS, history.REPORTS):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()
    assert read_reports(tmp_path / "none.json.gz") == {}


@pytest.mark.long
async def test_a_release_writes_what_is_shipped(tmp_path: Path) -> None:
    """With next to no effort: the decisions are the same, and each has a report."""
    said = StringIO()
    no_effort = QUICK._replace(seeded=1, explored=1)
    await release(no_effort, Console(file=said), tmp_path)
    assert (tmp_path / "decisions.csv").read_bytes() == history.DECISIONS.read_bytes(), REGENERATE
    assert read_reports(tmp_path / "reports.json.gz").keys() == read_reports().keys(), REGENERATE
    assert "307 decisions and their reports written" in said.getvalue()


# ---------------------------------------------------------------- a city without history


def only(registry: Registry, *departments: str) -> Registry:
    """The same registry, of which these departments alone are known."""
    kept = tuple(p for p in registry.plugins if p.department is not None and p.department.code in departments)
    return replace(registry, plugins=kept)


@pytest_asyncio.fixture(scope="module")
async def newborn(server_url: str, migrated_url: str, registry: Registry) -> AsyncIterator[Sessions]:
    """A database with the city, the members and the departments, in which nothing was ever decided."""
    async with new_database(server_url, migrated_url) as url, connected(url, 1) as sessions:
        async with sessions() as session, session.begin():
            await load_city(session, read_city())
            await load_members(session)
            await load_departments(session, registry)
        yield sessions


@pytest_asyncio.fixture
async def bare(newborn: Sessions) -> AsyncIterator[AsyncSession]:
    """A session there, rolled back after the test."""
    async with newborn() as session:
        yield session
        await session.rollback()


async def in_editions(session: AsyncSession) -> dict[int, list[str]]:
    """The items of each edition."""
    found: dict[int, list[str]] = {}
    rows = await session.execute(
        select(CatalogEdition.number, ServiceItem.code)
        .join(EditionItem, EditionItem.edition_id == CatalogEdition.id)
        .join(ServiceItem, ServiceItem.id == EditionItem.item_id)
        .order_by(CatalogEdition.number, ServiceItem.code)
    )
    for number, code in rows:
        found.setdefault(number, []).append(code)
    return found


def codes(registry: Registry) -> list[str]:
    return sorted(item.code for department in registry.departments.values() for item in department.items)


async def test_departments_that_are_not_installed_are_skipped(bare: AsyncSession, registry: Registry) -> None:
    archives = only(registry, "DA")
    done: list[int] = []
    taken = await load_history(bare, archives, SIGNER, done.append)
    assert taken.waiting == ()
    assert taken.approved == sum(done) == history.decision_count(archives)
    editions = await in_editions(bare)
    assert all(items == codes(archives) for items in editions.values())
    assert list(editions) == list(range(1, taken.editions + 1))


async def test_no_edition_is_published_twice_when_a_department_comes_later(
    bare: AsyncSession, registry: Registry
) -> None:
    """What was decided then was decided without it: its items are proposed as any others."""
    await load_history(bare, only(registry, "DA"), SIGNER)
    before = await in_editions(bare)
    again = await load_history(bare, only(registry, "DA", "ZJ"), SIGNER)
    after = await in_editions(bare)
    assert {number: after[number] for number in before} == before
    assert again.waiting == ()
    assert len(after) == len(before) + again.editions
    days = (await bare.scalars(select(CatalogEdition.effective_from).order_by(CatalogEdition.number))).all()
    assert list(days) == sorted(set(days))


async def test_what_a_department_has_changed_since_waits_for_the_office(bare: AsyncSession, registry: Registry) -> None:
    archives = only(registry, "DA")
    changed = [replace(one, definition_digest="0" * 64) if one.item == "DA-001" else one for one in read_decisions()]
    taken = await load_history(bare, archives, SIGNER, decisions=changed)
    assert taken.waiting == ("DA-001",)
    assert str(taken).endswith("1 wait for the office")
    assert all(
        items == [code for code in codes(archives) if code != "DA-001"] for items in (await in_editions(bare)).values()
    )
    waiting = (await bare.scalars(select(Proposal).where(Proposal.status != "PUBLISHED"))).one()
    supplied = archives.definition_of("DA-001")
    assert supplied is not None
    assert (waiting.item_code, waiting.kind, waiting.status) == ("DA-001", "ADMIT", "READY")
    assert waiting.definition_digest == digest_of(supplied), "what it supplies now, not what held in 2017"
    again = await load_history(bare, archives, SIGNER, decisions=changed)
    assert (again.editions, again.approved) == (0, 0)

    now = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    decide = {"reason": "同意", "effective_from": None, "waiver": None, "now": now}
    await service.decide(bare, archives, OFFICE, waiting.id, approved=True, **decide)  # type: ignore[arg-type]
    edition = await service.publish_edition(bare, SIGNER, OFFICE, now.date(), now)
    assert (await in_editions(bare))[edition.number] == codes(archives)


async def test_a_later_version_that_was_changed_waits_while_the_earlier_one_holds(
    bare: AsyncSession, registry: Registry
) -> None:
    archives = only(registry, "DA")
    changed = [
        replace(one, definition_digest="0" * 64)
        if one.item == "DA-001" and one.effective_from > date(2017, 1, 1)
        else one
        for one in read_decisions()
    ]
    taken = await load_history(bare, archives, SIGNER, decisions=changed)
    assert taken.waiting == ("DA-001",)
    assert all(items == codes(archives) for items in (await in_editions(bare)).values())
    waiting = (await bare.scalars(select(Proposal).where(Proposal.status != "PUBLISHED"))).one()
    assert (waiting.kind, waiting.status) == ("ADJUST", "READY")


async def test_without_shipped_reports_the_decisions_are_checked_when_taken(
    bare: AsyncSession, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "read_reports", dict)
    archives = only(registry, "DA")
    taken = await load_history(bare, archives, SIGNER)
    assert taken.waiting == ()
    assert all(items == codes(archives) for items in (await in_editions(bare)).values())


async def test_an_item_that_fails_the_check_is_not_approved(bare: AsyncSession, registry: Registry) -> None:
    """A decision of the past does not stand in for a check that fails today."""
    archives = only(registry, "DA")

    def failed(report: Report) -> Report:
        findings = tuple(replace(one, verdict=Verdict.FAIL) for one in report.findings)
        return replace(report, passed=False, findings=findings) if report.item == "DA-001" else report

    failing = {key: failed(report) for key, report in read_reports().items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "read_reports", lambda: failing)
        taken = await load_history(bare, archives, SIGNER)
    assert taken.waiting == ("DA-001",)
    waiting = (await bare.scalars(select(Proposal).where(Proposal.status != "PUBLISHED"))).one()
    assert waiting.status == "CHECK_FAILED"
