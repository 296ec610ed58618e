"""What tests of admission share: a made-up department in a folder, and the path of a proposal."""

from datetime import date, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from support import NOW, PROBLEMS, SIGNER, TODAY, Api
from tongban.admission import service
from tongban.admission.history import OFFICE
from tongban.admission.lifecycle import Do, Waiver, after
from tongban.admission.models import Proposal
from tongban.admission.words import ProposalKind, ProposalStatus
from tongban.catalog.load import load_departments
from tongban.catalog.models import CatalogEdition
from tongban.check import Report, Verdict, finding
from tongban.contract.items import ItemDefinition
from tongban.registry import GROUP, Registry

CARE = "CS-001"
"""The item of the made-up department."""
CARE_TOML = """
[department]
code = "CS"
name = "照护"
name_en = "Care"
provenance = "made up for a test"

[[materials]]
code = "M-CARE"
name = "照护评估表"
issuer = "医院"
provenance = "made up for a test"

[[items]]
code = "CS-001"
name = "照护需求登记"
themes = ["为老服务"]
mode = "DIRECT"
audiences = ["HUKOU", "RESIDENCE_PERMIT"]
routing_basis = "NONE"
tongban_from = 2026-11-24
promised_days = 5
statutory_days = 20
legal_basis = ["《中华人民共和国老年人权益保障法》"]
provenance = "made up for a test"
materials = [{ material = "M-ID" }, { material = "M-CARE" }]
sample = { form = { ground = "AGE", since = 2016-01-01 }, age = 70 }

[items.guide]
summary = "需要照护的老人登记照护需求。"
steps = ["提交申请和身份证", "窗口登记"]
conditions = ["年满60周岁"]
fee = "不收费"
result_name = "照护需求登记告知书"
questions = [{ question = "多久有结果？", answer = "五个工作日。" }]

[items.form]
required = ["ground", "since"]

[items.form.properties.ground]
title = "申请理由"
oneOf = [{ const = "ILLNESS", title = "患病" }, { const = "AGE", title = "高龄" }]

[items.form.properties.since]
title = "需要照护的起始日期"
type = "string"
format = "date"
""".replace("2016-01-01", '"2016-01-01"')
CARE_RULES = '''
"""The rules of a made-up department."""

from tongban import all_problems, hookimpl, not_eligible, not_in_future, read_department

DEPARTMENT = read_department(__name__)


def of_age(application):
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < 60:
        yield not_eligible("care.age", "未满60周岁", "Younger than 60")


RULES = [of_age, not_in_future("since", "起始日期", "The first day")]


@hookimpl
def tongban_department():
    return DEPARTMENT


@hookimpl
def tongban_validate(application):
    return all_problems({"CS-001": tuple(RULES)}, application)
'''
PER_DISTRICT = """
def in_minhang_only_with_a_stamp(application):
    if application.center.district == "310112":
        yield not_eligible("care.stamp", "须盖章", "A stamp is needed")


RULES.append(in_minhang_only_with_a_stamp)
"""
"""A rule that looks at the receiving district, which the check finds."""


def care_department(
    folder: Path, name: str, *, defined: dict[str, str] | None = None, more_rules: str = ""
) -> EntryPoint:
    """A department as a package `name` under `folder`, which is on the path; texts of its definition replaced."""
    text = CARE_TOML
    for old, new in (defined or {}).items():
        assert old in text
        text = text.replace(old, new)
    data = folder / name / "data"
    data.mkdir(parents=True)
    (data / "items.toml").write_text(text, encoding="utf-8")
    (folder / name / "__init__.py").write_text(CARE_RULES + more_rules, encoding="utf-8")
    return EntryPoint(name="care", value=name, group=GROUP)


async def known(session: AsyncSession, installed: Registry, *others: Registry) -> None:
    """Makes the departments of all these registries known, as a start does."""
    plugins = tuple(plugin for registry in (installed, *others) for plugin in registry.plugins)
    await load_departments(session, Registry(plugins))


def passing(definition: ItemDefinition, *failed: str) -> Report:
    """A report on which every rule passed, but those that failed."""
    verdicts = {"guide-complete": Verdict.PASS} | dict.fromkeys(failed, Verdict.FAIL)
    return Report(
        item=definition.code,
        passed=not failed,
        mode=definition.mode,
        barriers=definition.barriers,
        findings=tuple(finding(rule, verdict, ("试验", "made up")) for rule, verdict in verdicts.items()),
        applications_tried=1,
        centers_tried=1,
        seconds=0.0,
    )


async def checked(session: AsyncSession, registry: Registry, row: Proposal, *failed: str, at: datetime = NOW) -> None:
    """Has the proposal checked, without running the check: all rules pass, but those that failed."""
    assert row.definition is not None
    definition = service.DEFINITION.validate_python(row.definition)
    row.status = (after(ProposalStatus(row.status), Do.BEGIN_CHECK) or ProposalStatus.CHECKING).value
    department = registry.owner_of(row.item_code)
    assert department is not None
    await service.conclude(session, registry, row, department, definition, passing(definition, *failed), at)


async def approved(
    session: AsyncSession,
    registry: Registry,
    kind: ProposalKind,
    item: str,
    definition: dict[str, Any] | None = None,
    *,
    at: datetime = NOW,
    day: date | None = None,
    failed: tuple[str, ...] = (),
    waiver: Waiver | None = None,
) -> Proposal:
    """A proposal approved on a report that was made up."""
    row = await service.propose(session, registry, OFFICE, kind, item, definition, at)
    if kind is not ProposalKind.EXIT:
        await checked(session, registry, row, *failed, at=at)
    await service.decide(
        session, registry, OFFICE, row.id, approved=True, reason="同意", effective_from=day, waiver=waiver, now=at
    )
    return row


async def published(session: AsyncSession, day: date = TODAY, at: datetime = NOW) -> CatalogEdition:
    """The next edition, with all that is approved."""
    return await service.publish_edition(session, SIGNER, OFFICE, day, at)


PROPOSAL = """id kind status itemCode definition definitionDigest effectiveFrom proposedBy item { code version }
  department { code } diff { field before after } opinions { member { code } stance comment }
  check { passed mode findings { rule verdict evidence } definitionDigest codeDigest centersTried applicationsTried }
  decision { approved by reason waiver { rules reason expiresOn } } edition { number }
  impact { openCases sharedMaterials { code } items { code } }"""
EDITION = """id number effectiveFrom publishedBy digest signature algorithm publicKey
  changes { kind effectiveFrom item { code version mode } fields { field before after } proposal { id } }"""


async def mutated(api: Api, verb: str, of: str = "proposal", /, **said: Any) -> dict[str, Any]:
    """What one of admission's mutations answers: the proposal or the edition, and problems."""
    kind = {
        "proposeChange": "ProposeChangeInput",
        "runTongbanCheck": "ProposalActionInput",
        "giveOpinion": "GiveOpinionInput",
        "decideProposal": "DecideProposalInput",
        "publishEdition": "PublishEditionInput",
    }[verb]
    fields = EDITION if of == "edition" else PROPOSAL
    document = f"mutation($input: {kind}!) {{ {verb}(input: $input) {{ {PROBLEMS} {of} {{ {fields} }} }} }}"
    payload: dict[str, Any] = (await api.ask(document, input=said))[verb]
    return payload


async def well(api: Api, verb: str, of: str = "proposal", /, **said: Any) -> dict[str, Any]:
    """The proposal or the edition that the mutation gives without problems."""
    payload = await mutated(api, verb, of, **said)
    assert payload["problems"] == [], payload["problems"]
    found: dict[str, Any] = payload[of]
    return found


async def refused(api: Api, verb: str, of: str = "proposal", /, **said: Any) -> list[tuple[str, str]]:
    """The problems, as code and path, of a mutation that is refused; each says what to do next."""
    payload = await mutated(api, verb, of, **said)
    assert payload[of] is None
    assert payload["problems"]
    for problem in payload["problems"]:
        assert problem["message"]
        assert problem["nextStep"], problem
    return [(problem["code"], ".".join(problem["path"])) for problem in payload["problems"]]
