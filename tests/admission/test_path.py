"""The whole path of a change of the catalog, through the public API: proposed, checked, decided, published."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from admission_support import (
    CARE,
    PER_DISTRICT,
    approved,
    care_department,
    checked,
    known,
    mutated,
    published,
    refused,
    well,
)
from support import (
    HONGKOU,
    NOW,
    QINGPU,
    SIGNER,
    TODAY,
    Api,
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
from tongban.admission.rehearsal import rehearse
from tongban.admission.service import plain
from tongban.admission.verification import export, faults_of_editions
from tongban.admission.words import ProposalKind
from tongban.catalog.editions import faults_of_export
from tongban.catalog.models import CatalogEdition
from tongban.check import Verdict
from tongban.errors import Refused
from tongban.registry import Registry, open_registry
from tongban.storage.database import Sessions

TOMORROW = TODAY + timedelta(days=1)
NEXT_MONTH = date(2027, 1, 1)
ITEM = """query($code: String!, $asOf: Date) { serviceItem(code: $code, asOf: $asOf) {
  name mode version status promisedDays effectiveFrom effectiveTo exception { analysis reviewOn overdue } } }"""


@pytest_asyncio.fixture
async def care(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: AsyncSession, registry: Registry
) -> AsyncIterator[Registry]:
    """A department that was merged a moment ago, in a process of its own; the server has started with it."""
    monkeypatch.syspath_prepend(tmp_path)
    async with open_registry([care_department(tmp_path, "care_merged")]) as care:
        await known(session, registry, care)
        await session.commit()
        yield care


async def item_on(api: Api, code: str, as_of: date | None = None) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await api.ask(ITEM, code=code, asOf=as_of and str(as_of)))["serviceItem"]
    return found


def definition_of(registry: Registry, item: str) -> dict[str, Any]:
    """What the installed department supplies, which is what the shipped decisions approved."""
    found = registry.definition_of(item)
    assert found is not None
    return plain(found)


async def person(api: Api) -> str:
    """A resident of seventy years with hukou in Hongkou."""
    street = (await centers_of(api, HONGKOU))[0]["divisionCode"]
    said = {"idNumber": citizen_number(date(1956, 1, 1)), "hukouDivisionCode": street, "hukouSince": "2000-01-01"}
    resident = await register(api, **said)
    found: str = resident["id"]
    return found


async def test_a_new_department_comes_into_force_and_nothing_before_the_office_says_so(
    care: Registry, make_api: MakeApi, connection: AsyncConnection
) -> None:
    api = make_api(departments=care)
    assert await item_on(api, CARE) is None, "merging code is harmless"
    found = await api.ask('{ department(code: "CS") { name items { code } plugin { state itemCount } } }')
    assert found["department"]["items"] == []
    proposal = await well(api, "proposeChange", kind="ADMIT", item=CARE)
    assert (proposal["status"], proposal["item"], proposal["department"]) == ("DRAFT", None, {"code": "CS"})
    assert {"field": "name", "before": None, "after": "照护需求登记"} in proposal["diff"]
    assert proposal["impact"] == {"openCases": 0, "sharedMaterials": [{"code": "M-ID"}], "items": []}
    said = {"proposal": proposal["id"], "approve": True, "reason": "同意"}
    assert await refused(api, "decideProposal", **said) == [("CHECK_FAILED", "proposal")]

    before = await row_counts(connection)
    checked = await well(api, "runTongbanCheck", proposal=proposal["id"])
    after = await row_counts(connection)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"check_report": 1}
    assert checked["status"] == "READY"
    report = checked["check"]
    assert (report["passed"], report["mode"], report["centersTried"]) == (True, "DIRECT", 220)
    assert report["applicationsTried"] >= 1000
    assert report["definitionDigest"] == proposal["definitionDigest"]
    rules = {finding["rule"]: finding["verdict"] for finding in report["findings"]}
    assert rules.keys() >= {"same-verdict", "mode-from-barriers", "all-at-once", "chain-closed", "drilled"}
    assert "FAIL" not in rules.values()
    assert rules["drilled"] == "PASS"

    await well(api, "giveOpinion", proposal=proposal["id"], member=HONGKOU, stance="AGREE", comment="同意")
    decided = await well(api, "decideProposal", **said)
    assert decided["status"] == "APPROVED"
    assert decided["decision"] == {"approved": True, "by": "developer", "reason": "同意", "waiver": None}
    assert await item_on(api, CARE) is None, "approved, and not yet published"

    edition = await well(api, "publishEdition", "edition", effectiveFrom=str(TODAY))
    assert (edition["number"], edition["effectiveFrom"]) == (4, str(TODAY))
    assert [(change["kind"], change["item"]) for change in edition["changes"]] == [
        ("ADMIT", {"code": CARE, "version": 1, "mode": "DIRECT"})
    ]
    item = await item_on(api, CARE)
    assert item is not None
    assert (item["status"], item["version"], item["exception"]) == ("IN_FORCE", 1, None)
    [center, *_] = await centers_of(api, QINGPU)
    case = await done(submit(api, await application(api, CARE, center["code"], await person(api))))
    assert case["mode"] == "DIRECT"
    published_now = await api.ask(
        "query($id: ID!) { proposal(id: $id) { status edition { number } } }", id=proposal["id"]
    )
    assert published_now["proposal"] == {"status": "PUBLISHED", "edition": {"number": 4}}


async def test_the_check_finds_a_rule_that_looks_at_the_receiving_district(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: AsyncSession, registry: Registry, make_api: MakeApi
) -> None:
    """Approval is refused with the rules named; with a dated waiver it is an exception, due for review."""
    monkeypatch.syspath_prepend(tmp_path)
    point = care_department(tmp_path, "care_unequal", more_rules=PER_DISTRICT)
    async with open_registry([point]) as care:
        await known(session, registry, care)
        await session.commit()
        api = make_api(departments=care)
        proposal = await well(api, "proposeChange", kind="ADMIT", item=CARE)
        checked = await well(api, "runTongbanCheck", proposal=proposal["id"])
        assert (checked["status"], checked["check"]["passed"]) == ("CHECK_FAILED", False)
        failed = sorted(one["rule"] for one in checked["check"]["findings"] if one["verdict"] == "FAIL")
        assert "same-verdict" in failed
        assert "drilled" in failed, "the rehearsal finds it too"
        said = {"proposal": proposal["id"], "approve": True, "reason": "试点"}
        payload = await mutated(api, "decideProposal", **said)
        [problem] = payload["problems"]
        assert (problem["code"], problem["path"]) == ("CHECK_FAILED", ["waiver"])
        assert all(rule in problem["message"] for rule in failed)

        waiver = {"rules": failed, "reason": "闵行试点一年", "expiresOn": "2027-11-24"}
        decided = await well(api, "decideProposal", **said, waiver=waiver)
        assert decided["decision"]["waiver"] == waiver
        await well(api, "publishEdition", "edition", effectiveFrom=str(TODAY))
        document = "{ exceptions { item { code } analysis reviewOn overdue } }"
        listed = [one for one in (await api.ask(document))["exceptions"] if one["item"]["code"] == CARE]
        assert listed == [
            {"item": {"code": CARE}, "analysis": "闵行试点一年", "reviewOn": "2027-11-24", "overdue": False}
        ]
        later = make_api(at=datetime(2027, 11, 25, 2, tzinfo=UTC), departments=care)
        [overdue] = [one for one in (await later.ask(document))["exceptions"] if one["item"]["code"] == CARE]
        assert overdue["overdue"] is True


async def test_an_adjusted_item_is_checked_by_the_installed_rules(api: Api, registry: Registry) -> None:
    """The definition comes with the proposal; nothing in force changes until the edition's day."""
    definition = definition_of(registry, "MZ-009")
    changed = definition | {"promised_days": definition["promised_days"] - 1}
    proposal = await well(api, "proposeChange", kind="ADJUST", item="MZ-009", definition=changed)
    assert proposal["diff"] == [{"field": "promised_days", "before": 30, "after": 29}]
    assert proposal["item"] == {"code": "MZ-009", "version": 2}
    await well(api, "runTongbanCheck", proposal=proposal["id"])
    await well(api, "decideProposal", proposal=proposal["id"], approve=True, reason="提速", effectiveFrom=str(TOMORROW))
    assert await refused(api, "publishEdition", "edition", effectiveFrom=str(TODAY)) == [
        ("NOT_DECIDABLE", "effectiveFrom")
    ]
    edition = await well(api, "publishEdition", "edition", effectiveFrom=str(TOMORROW))
    assert [change["fields"] for change in edition["changes"]] == [proposal["diff"]]
    now, then = await item_on(api, "MZ-009"), await item_on(api, "MZ-009", TOMORROW)
    assert now is not None
    assert then is not None
    assert (now["version"], now["promisedDays"], now["effectiveTo"]) == (2, 30, str(TOMORROW))
    assert (then["version"], then["promisedDays"], then["status"]) == (3, 29, "PLANNED")


async def test_a_mode_that_does_not_follow_from_the_barriers_fails(api: Api, registry: Registry) -> None:
    definition = definition_of(registry, "MZ-009") | {"mode": "SPLIT", "routing_basis": "HUKOU"}
    proposal = await well(api, "proposeChange", kind="ADJUST", item="MZ-009", definition=definition)
    checked = await well(api, "runTongbanCheck", proposal=proposal["id"])
    assert (checked["status"], checked["check"]["mode"]) == ("CHECK_FAILED", "DIRECT")
    failed = [one["rule"] for one in checked["check"]["findings"] if one["verdict"] == "FAIL"]
    assert "mode-from-barriers" in failed
    again = await well(api, "runTongbanCheck", proposal=proposal["id"])
    assert [one["verdict"] for one in again["check"]["findings"]] == [
        one["verdict"] for one in checked["check"]["findings"]
    ]
    assert (
        len(
            (await api.ask("query($id: ID!) { proposal(id: $id) { checks { id } } }", id=proposal["id"]))["proposal"][
                "checks"
            ]
        )
        == 2
    )


async def test_findings_are_told_in_the_callers_language(api: Api, session: AsyncSession, registry: Registry) -> None:
    row = await service.propose(session, registry, OFFICE, ProposalKind.ADJUST, "MZ-009", None, NOW)
    await checked(session, registry, row)
    await session.commit()
    document = """{ proposals(first: 1) { nodes { check { findings { evidence } } } } }"""
    evidence = []
    for language in ("zh", "en"):
        api.headers["Accept-Language"] = language
        [proposal] = (await api.ask(document))["proposals"]["nodes"]
        evidence += [one["evidence"] for one in proposal["check"]["findings"]]
    assert evidence == ["试验", "made up"]


async def test_a_sample_that_nobody_can_be_fails_the_rehearsal(
    api: Api, session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    """Its hukou would begin before the holder was born, so that no such resident can be recorded."""
    definition = definition_of(registry, "MZ-009")
    definition["sample"] = definition["sample"] | {"age": 0}
    row = await service.propose(session, registry, OFFICE, ProposalKind.ADJUST, "MZ-009", definition, NOW)
    before = await row_counts(connection)
    found = await rehearse(session, registry, row, service.DEFINITION.validate_python(definition), NOW)
    assert found.verdict is Verdict.FAIL
    assert await row_counts(connection) == before


# ---------------------------------------------------------------- editions


async def test_editions_are_numbered_signed_and_chained(
    api: Api, session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    for item in ("MZ-009", "MZ-010"):
        await approved(session, registry, ProposalKind.EXIT, item)
        await session.commit()
        await well(api, "publishEdition", "edition", effectiveFrom=str(TODAY))
    found = await api.ask("{ catalogEditions { totalCount nodes { number digest effectiveFrom publishedBy } } }")
    editions = found["catalogEditions"]["nodes"]
    assert [one["number"] for one in editions] == [5, 4, 3, 2, 1]
    assert len({one["digest"] for one in editions}) == 5

    assert await faults_of_editions(session) == []
    previous = None
    for edition in await session.scalars(select(CatalogEdition).order_by(CatalogEdition.number)):
        file = await export(session, edition)
        file["content"]["effective_from"] = str(file["content"]["effective_from"])
        assert faults_of_export(file, SIGNER.public_key) == []
        assert file["content"]["previous_digest"] == previous
        previous = edition.digest
    before = await row_counts(connection)
    assert await refused(api, "publishEdition", "edition", effectiveFrom=str(TODAY)) == [
        ("NOT_DECIDABLE", "effectiveFrom")
    ]
    assert await row_counts(connection) == before


async def test_an_edition_begins_neither_in_the_past_nor_before_the_last(
    api: Api, session: AsyncSession, registry: Registry
) -> None:
    await approved(session, registry, ProposalKind.EXIT, "MZ-009")
    await session.commit()
    yesterday = TODAY - timedelta(days=1)
    assert await refused(api, "publishEdition", "edition", effectiveFrom=str(yesterday)) == [
        ("INVALID_INPUT", "effectiveFrom")
    ]
    await well(api, "publishEdition", "edition", effectiveFrom=str(NEXT_MONTH))
    await approved(session, registry, ProposalKind.EXIT, "MZ-010")
    await session.commit()
    assert await refused(api, "publishEdition", "edition", effectiveFrom=str(TODAY)) == [
        ("INVALID_INPUT", "effectiveFrom")
    ]
    edition = await well(api, "publishEdition", "edition", effectiveFrom=str(NEXT_MONTH))
    assert edition["number"] == 5


async def test_a_planned_edition_is_seen_before_its_day_and_holds_from_it(
    make_api: MakeApi, session: AsyncSession, registry: Registry
) -> None:
    api = make_api()
    definition = definition_of(registry, "MZ-009")
    await approved(session, registry, ProposalKind.ADJUST, "MZ-009", definition | {"promised_days": 1})
    await approved(session, registry, ProposalKind.EXIT, "MZ-010")
    await published(session, NEXT_MONTH)
    await session.commit()
    document = """query($asOf: Date) { catalog(asOf: $asOf) { planned totalCount edition { number } } }"""
    catalog = [(await api.ask(document, asOf=day and str(day)))["catalog"] for day in (None, NEXT_MONTH)]
    assert catalog == [
        {"planned": False, "totalCount": 174, "edition": {"number": 3}},
        {"planned": True, "totalCount": 173, "edition": {"number": 4}},
    ]
    planned = await item_on(api, "MZ-009", NEXT_MONTH)
    assert planned is not None
    assert (planned["status"], planned["promisedDays"]) == ("PLANNED", 1)
    assert await item_on(api, "MZ-010") is not None
    then = make_api(at=datetime(2026, 12, 31, 16, tzinfo=UTC))  # midnight in Shanghai
    came, left = await item_on(then, "MZ-009"), await item_on(then, "MZ-010")
    assert came is not None
    assert (came["status"], came["promisedDays"], left) == ("IN_FORCE", 1, None)
    eve = make_api(at=datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    before = await item_on(eve, "MZ-009")
    assert before is not None
    assert before["promisedDays"] == 30


async def test_what_is_planned_already_is_what_the_next_proposal_changes(
    api: Api, session: AsyncSession, registry: Registry
) -> None:
    definition = definition_of(registry, "MZ-009")
    await approved(session, registry, ProposalKind.ADJUST, "MZ-009", definition | {"promised_days": 10})
    await approved(session, registry, ProposalKind.EXIT, "MZ-010")
    await published(session, NEXT_MONTH)
    await session.commit()
    again = await well(api, "proposeChange", kind="ADJUST", item="MZ-009", definition=definition | {"promised_days": 9})
    assert again["diff"] == [{"field": "promised_days", "before": 10, "after": 9}]
    assert await refused(api, "proposeChange", kind="ADJUST", item="MZ-010") == [("ITEM_NOT_IN_FORCE", "item")]
    assert (await well(api, "proposeChange", kind="ADMIT", item="MZ-010"))["item"] is None


async def test_open_cases_finish_under_their_version_when_the_item_leaves(
    make_api: MakeApi, session: AsyncSession, registry: Registry
) -> None:
    api = make_api()
    [center, *_] = await centers_of(api, QINGPU)
    said = await application(api, "MZ-009", center["code"], await person(api))
    case = await done(submit(api, said | {"accept": True}))
    proposal = await well(api, "proposeChange", kind="EXIT", item="MZ-009")
    assert (proposal["status"], proposal["definition"], proposal["check"]) == ("READY", None, None)
    assert proposal["impact"]["openCases"] == 1
    assert proposal["diff"]
    assert all(change["after"] is None for change in proposal["diff"])
    assert await refused(api, "runTongbanCheck", proposal=proposal["id"]) == [("NOT_DECIDABLE", "proposal")]
    await well(api, "decideProposal", proposal=proposal["id"], approve=True, reason="并入他项")
    edition = await well(api, "publishEdition", "edition", effectiveFrom=str(TOMORROW))
    assert [(change["kind"], change["item"]["version"]) for change in edition["changes"]] == [("EXIT", 2)]

    await done(submit(api, said | {"evenIfDuplicate": True})), "today it is still taken"
    later = make_api(at=NOW + timedelta(days=1))
    refusal = await submit(later, said)
    assert [(problem["code"], problem["path"]) for problem in refusal["problems"]] == [("ITEM_NOT_IN_FORCE", ["item"])]
    assert refusal["case"] is None
    case = await done(act(later, "approveCase", case, reason="符合条件"))
    case = await done(act(later, "deliverResult", case))
    assert case["status"] == "DELIVERED"
    found = await later.ask("query($n: String!) { case(number: $n) { item { version status } } }", n=case["number"])
    assert found["case"]["item"] == {"version": 2, "status": "WITHDRAWN"}


async def test_a_rollback_is_a_new_edition(api: Api, session: AsyncSession, registry: Registry) -> None:
    before = definition_of(registry, "MZ-009")
    for days in (1, before["promised_days"]):
        await approved(session, registry, ProposalKind.ADJUST, "MZ-009", before | {"promised_days": days})
        await published(session)
        await session.commit()
    item = await item_on(api, "MZ-009")
    assert item is not None
    assert (item["version"], item["promisedDays"]) == (4, 30)
    document = """{ catalogEditions(first: 2) { nodes { number changes { kind fields { field before after } } } } }"""
    editions = (await api.ask(document))["catalogEditions"]["nodes"]
    assert [(one["number"], one["changes"]) for one in editions] == [
        (5, [{"kind": "ADJUST", "fields": [{"field": "promised_days", "before": 1, "after": 30}]}]),
        (4, [{"kind": "ADJUST", "fields": [{"field": "promised_days", "before": 30, "after": 1}]}]),
    ]
    document = "{ proposals(first: 2) { nodes { definition } } }"
    assert [one["definition"]["promised_days"] for one in (await api.ask(document))["proposals"]["nodes"]] == [30, 1]


async def test_a_day_that_saw_two_editions_ends_with_the_later_one(
    api: Api, session: AsyncSession, registry: Registry
) -> None:
    await approved(session, registry, ProposalKind.EXIT, "MZ-009")
    await published(session)
    await approved(session, registry, ProposalKind.ADMIT, "MZ-009")
    await published(session)
    await session.commit()
    item = await item_on(api, "MZ-009")
    assert item is not None
    assert (item["version"], item["effectiveFrom"]) == (3, str(TODAY))


# ---------------------------------------------------------------- two at once


async def test_two_offices_that_publish_at_once_never_make_the_same_number(apart: Sessions, registry: Registry) -> None:
    """On connections of their own: one edition with what was approved, and a clear refusal for who came second."""

    async with apart() as session, session.begin():
        await approved(session, registry, ProposalKind.EXIT, "MZ-009")

    async def publish() -> int:
        async with apart() as session, session.begin():
            return (await service.publish_edition(session, SIGNER, OFFICE, TODAY, NOW)).number

    answers = await asyncio.gather(publish(), publish(), publish(), return_exceptions=True)
    numbers = [answer for answer in answers if isinstance(answer, int)]
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert (numbers, len(refusals)) == ([4], 2)
    assert {problem.code.value for refusal in refusals for problem in refusal.problems} == {"NOT_DECIDABLE"}


async def test_two_who_propose_the_same_at_once(apart: Sessions, registry: Registry) -> None:

    async def propose() -> str:
        async with apart() as session, session.begin():
            row = await service.propose(session, registry, OFFICE, ProposalKind.EXIT, "MZ-010", None, NOW)
            return str(row.id)

    answers = await asyncio.gather(propose(), propose(), propose(), return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == 1
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refusals) == 2, answers
    assert {problem.code.value for refusal in refusals for problem in refusal.problems} == {"ACTION_NOT_ALLOWED"}
