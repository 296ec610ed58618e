"""What is refused in admission, with a word on what to do, and nothing written of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Executable, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from admission_support import approved, checked, mutated, published, refused, well
from support import NOW, TODAY, Api, MakeApi, row_counts, statements
from tongban.admission import service
from tongban.admission.history import OFFICE
from tongban.admission.lifecycle import Waiver
from tongban.admission.models import Proposal
from tongban.admission.service import plain
from tongban.admission.values import unfit_in
from tongban.admission.words import ProposalKind
from tongban.catalog.models import EditionItem, ServiceItem
from tongban.identity.actor import Actor, Role
from tongban.registry import Registry
from tongban.storage.ids import new_id

MEMBER = "310109"
NOBODY = "UHJvcG9zYWw6MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"
"""The id of a proposal that there is not."""


@asynccontextmanager
async def nothing_written(connection: AsyncConnection) -> AsyncIterator[None]:
    before = await row_counts(connection)
    yield
    assert await row_counts(connection) == before


def definition_of(registry: Registry, item: str = "MZ-009") -> dict[str, Any]:
    found = registry.definition_of(item)
    assert found is not None
    return plain(found)


async def global_id(api: Api, row: Proposal) -> str:
    """The public id of a proposal."""
    document = "{ proposals(first: 100) { nodes { id itemCode status } } }"
    nodes = (await api.ask(document))["proposals"]["nodes"]
    found: str = next(node["id"] for node in nodes if (node["itemCode"], node["status"]) == (row.item_code, row.status))
    return found


async def ready(session: AsyncSession, registry: Registry, *failed: str) -> Proposal:
    """An ADJUST proposal for MZ-009 that has been checked."""
    definition = definition_of(registry) | {"promised_days": 29}
    row = await service.propose(session, registry, OFFICE, ProposalKind.ADJUST, "MZ-009", definition, NOW)
    await checked(session, registry, row, *failed)
    await session.commit()
    return row


# ---------------------------------------------------------------- proposals


@pytest.mark.parametrize(
    ("kind", "item", "problems"),
    [
        ("ADMIT", "MZ-009", [("ACTION_NOT_ALLOWED", "kind")]),
        ("ADMIT", "XX-001", [("NOT_FOUND", "item")]),
        ("ADJUST", "XX-001", [("ITEM_NOT_IN_FORCE", "item"), ("NOT_FOUND", "item")]),
        ("EXIT", "XX-001", [("ITEM_NOT_IN_FORCE", "item")]),
        ("EXIT", "", [("ITEM_NOT_IN_FORCE", "item")]),
        ("EXIT", "X" * 10_000, [("ITEM_NOT_IN_FORCE", "item")]),
    ],
)
async def test_what_can_not_be_proposed(
    api: Api, connection: AsyncConnection, kind: str, item: str, problems: list[tuple[str, str]]
) -> None:
    async with nothing_written(connection):
        assert await refused(api, "proposeChange", kind=kind, item=item) == problems


async def test_one_open_proposal_for_an_item_at_a_time(api: Api, connection: AsyncConnection) -> None:
    first = await well(api, "proposeChange", kind="EXIT", item="MZ-009")
    async with nothing_written(connection):
        for kind in ("ADJUST", "EXIT"):
            assert await refused(api, "proposeChange", kind=kind, item="MZ-009") == [("ACTION_NOT_ALLOWED", "item")]
    await well(api, "decideProposal", proposal=first["id"], approve=False, reason="不同意")
    second = await well(api, "proposeChange", kind="ADJUST", item="MZ-009")
    assert second["id"] != first["id"]


def without(field: str) -> Callable[[dict[str, Any]], Any]:
    return lambda definition: {name: value for name, value in definition.items() if name != field}


def having(**values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda definition: definition | values


BAD_DEFINITIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a text": lambda _: "MZ-009",
    "a list": lambda _: [],
    "empty": lambda _: {},
    "no name": without("name"),
    "a field more": having(nonsense=1),
    "another item": having(code="MZ-010"),
    "a mode that there is not": having(mode="SOMEHOW"),
    "a date that there is not": having(tongban_from="2026-02-30"),
    "promised over statutory": having(promised_days=31, statutory_days=30),
    "negative days": having(promised_days=-1),
    "days that no column holds": having(promised_days=2**40),
    "a number beyond all": having(form_ui={"a": 10**30}),
    "a direct item with barriers": having(barriers=["FIELD_VERIFICATION"]),
    "a form that is no schema": having(form={"type": 1}),
    "a form that is not the sample's": having(form={"type": "object", "required": ["x"]}),
    "a form that leads to itself": having(form={"$ref": "#"}),
    "a form that leads nowhere": having(form={"$ref": "#/nowhere"}),
    "a form that leads away": having(form={"$ref": "http://localhost:1/x"}),
    "a material that there is not": having(materials=[{"material": "M-NONSENSE"}]),
    "the same material twice": having(materials=[{"material": "M-ID"}, {"material": "M-ID"}]),
    "no copies of a material": having(materials=[{"material": "M-ID", "copies": 0}]),
    "a condition that is no schema": having(
        materials=[{"material": "M-ID", "necessity": "CONDITIONAL", "condition": "x", "when": {"type": "nonsense"}}]
    ),
    "somebody five thousand years old": having(sample={"age": 5000}),
    "longer than anybody reads": having(name="长" * 100_001),
}


@pytest.mark.parametrize("spoil", BAD_DEFINITIONS.values(), ids=BAD_DEFINITIONS.keys())
async def test_a_bad_definition_is_refused_with_its_place(
    api: Api, registry: Registry, connection: AsyncConnection, spoil: Callable[[dict[str, Any]], Any]
) -> None:
    said = {"kind": "ADJUST", "item": "MZ-009", "definition": spoil(definition_of(registry))}
    async with nothing_written(connection):
        problems = await refused(api, "proposeChange", **said)
    assert all(path.startswith("definition") for _, path in problems)
    assert {code for code, _ in problems} <= {"INVALID_INPUT", "MATERIAL_INVALID"}


async def test_all_faults_of_a_definition_come_at_once(api: Api, registry: Registry) -> None:
    definition = definition_of(registry) | {"code": "MZ-010", "themes": [], "materials": [{"material": "M-NONSENSE"}]}
    assert sorted(await refused(api, "proposeChange", kind="ADJUST", item="MZ-009", definition=definition)) == [
        ("INVALID_INPUT", "definition"),
        ("INVALID_INPUT", "definition.code"),
        ("MATERIAL_INVALID", "definition.materials"),
    ]


async def test_a_withdrawal_has_no_definition(api: Api, registry: Registry, connection: AsyncConnection) -> None:
    async with nothing_written(connection):
        said = {"kind": "EXIT", "item": "MZ-009", "definition": definition_of(registry)}
        assert await refused(api, "proposeChange", **said) == [("INVALID_INPUT", "definition")]


async def test_without_its_department_an_item_can_only_leave(make_api: MakeApi) -> None:
    api = make_api(departments=Registry())
    assert await refused(api, "proposeChange", kind="ADJUST", item="MZ-009") == [("NOT_FOUND", "item")]
    assert (await well(api, "proposeChange", kind="EXIT", item="MZ-009"))["status"] == "READY"


async def test_a_check_needs_the_department(
    make_api: MakeApi, session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    row = await service.propose(session, registry, OFFICE, ProposalKind.ADJUST, "MZ-009", None, NOW)
    await session.commit()
    api = make_api(departments=Registry())
    proposal = await global_id(api, row)
    async with nothing_written(connection):
        assert await refused(api, "runTongbanCheck", proposal=proposal) == [("NOT_FOUND", "proposal")]
    document = "query($id: ID!) { proposal(id: $id) { status } }"
    assert (await api.ask(document, id=proposal))["proposal"]["status"] == "DRAFT"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=3))
def test_what_json_and_the_database_hold_is_fit(value: dict[str, Any]) -> None:
    assert unfit_in(value) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, -(2**60), "长" * 100_001])
@given(place=st.sampled_from([lambda x: {"a": x}, lambda x: {"a": [1, {"b": x}]}, lambda x: {"a": {"b": [[x]]}}]))
def test_what_they_do_not_hold_is_found_wherever_it_stands(value: Any, place: Callable[[Any], dict[str, Any]]) -> None:
    assert unfit_in(place(value)) is not None


# ---------------------------------------------------------------- ids and keys

VERBS: dict[str, dict[str, Any]] = {
    "runTongbanCheck": {},
    "giveOpinion": {"member": MEMBER, "stance": "AGREE"},
    "decideProposal": {"approve": True, "reason": "同意"},
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("bad", ["", "nonsense", "MZ-009", NOBODY, "RGVwYXJ0bWVudDoxMjM=", "\0"])
async def test_a_proposal_that_there_is_not(api: Api, connection: AsyncConnection, verb: str, bad: str) -> None:
    async with nothing_written(connection):
        assert await refused(api, verb, proposal=bad, **VERBS[verb]) == [("NOT_FOUND", "proposal")]


async def test_the_id_of_something_else_is_no_proposal(api: Api) -> None:
    department = (await api.ask('{ department(code: "MZ") { id } }'))["department"]["id"]
    assert await refused(api, "runTongbanCheck", proposal=department) == [("NOT_FOUND", "proposal")]
    document = "query($id: ID!) { proposal(id: $id) { id } }"
    for bad in (department, NOBODY, "nonsense"):
        assert await api.ask(document, id=bad) == {"proposal": None}


async def test_each_mutation_is_done_once_for_a_key(
    api: Api, session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    """The same key and input give the first answer again; another input under the key is a conflict."""
    ids: list[str] = []
    said: dict[str, Any] = {"kind": "ADJUST", "item": "MZ-009", "idempotencyKey": "propose"}
    proposal = await well(api, "proposeChange", **said)
    again = await well(api, "proposeChange", **said)
    assert again["id"] == proposal["id"]
    assert await refused(api, "proposeChange", **said | {"item": "MZ-010"}) == [
        ("IDEMPOTENCY_CONFLICT", "idempotencyKey")
    ]
    row = (
        await session.scalars(select(Proposal).where(Proposal.item_code == "MZ-009", Proposal.status == "DRAFT"))
    ).one()
    await checked(session, registry, row)
    await session.commit()
    steps: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("giveOpinion", "proposal", VERBS["giveOpinion"], {"stance": "OBJECT"}),
        ("decideProposal", "proposal", VERBS["decideProposal"], {"reason": "另有理由"}),
        ("publishEdition", "edition", {"effectiveFrom": str(TODAY)}, {"effectiveFrom": "2027-01-01"}),
    ]
    for verb, of, plain_, other in steps:
        said = plain_ | {"idempotencyKey": verb} | ({"proposal": proposal["id"]} if of == "proposal" else {})
        first = await well(api, verb, of, **said)
        async with nothing_written(connection):
            assert (await well(api, verb, of, **said))["id"] == first["id"]
            assert await refused(api, verb, of, **said | other) == [("IDEMPOTENCY_CONFLICT", "idempotencyKey")]
        ids.append(first["id"])
    assert ids[0] == ids[1] == proposal["id"]


async def test_a_check_is_run_once_for_a_key(api: Api) -> None:
    proposal = await well(api, "proposeChange", kind="ADJUST", item="MZ-009")
    for _ in range(2):
        checked_ = await well(api, "runTongbanCheck", proposal=proposal["id"], idempotencyKey="check")
        assert checked_["status"] == "READY"
    document = "query($id: ID!) { proposal(id: $id) { checks { id } } }"
    assert len((await api.ask(document, id=proposal["id"]))["proposal"]["checks"]) == 1


@pytest.mark.parametrize(
    "verb", ["proposeChange", "runTongbanCheck", "giveOpinion", "decideProposal", "publishEdition"]
)
async def test_a_key_that_is_none(api: Api, connection: AsyncConnection, verb: str) -> None:
    said: dict[str, Any] = VERBS.get(verb, {}) | {"proposal": NOBODY}
    if verb == "proposeChange":
        said = {"kind": "EXIT", "item": "MZ-009"}
    if verb == "publishEdition":
        said = {"effectiveFrom": str(TODAY)}
    of = "edition" if verb == "publishEdition" else "proposal"
    async with nothing_written(connection):
        payload = await mutated(api, verb, of, **said, idempotencyKey="k" * 201)
    assert [problem["path"] for problem in payload["problems"]] == [["idempotencyKey"]]


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.JOINT_MEETING_OFFICE])
async def test_only_the_office_decides_and_publishes(
    make_api: MakeApi, session: AsyncSession, registry: Registry, connection: AsyncConnection, role: Role
) -> None:
    row = await ready(session, registry)
    await approved(session, registry, ProposalKind.EXIT, "MZ-010")
    await session.commit()
    api = make_api(actor=Actor(subject="somebody", name="", roles=frozenset({role}), everywhere=True))
    proposal = await global_id(api, row)
    async with nothing_written(connection):
        for approve in (True, False):
            said = {"proposal": proposal, "approve": approve, "reason": "同意"}
            assert await refused(api, "decideProposal", **said) == [("FORBIDDEN", "proposal")]
        assert await refused(api, "publishEdition", "edition", effectiveFrom=str(TODAY)) == [
            ("FORBIDDEN", "effectiveFrom")
        ]
    document = "query($id: ID!) { proposal(id: $id) { status } }"
    assert (await api.ask(document, id=proposal))["proposal"]["status"] == "READY"


# ---------------------------------------------------------------- opinions


async def test_opinions_are_given_while_it_is_open_and_replaced(
    api: Api, session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    proposal = await global_id(api, await ready(session, registry))
    members = (await api.ask("{ jointMeeting { members { code } } }"))["jointMeeting"]["members"]
    for member in members[:3]:
        await well(api, "giveOpinion", proposal=proposal, member=member["code"], stance="AGREE")
    first = members[0]["code"]
    changed = await well(api, "giveOpinion", proposal=proposal, member=first, stance="OBJECT", comment="材料过多")
    opinions = {one["member"]["code"]: (one["stance"], one["comment"]) for one in changed["opinions"]}
    assert opinions == {
        first: ("OBJECT", "材料过多"),
        members[1]["code"]: ("AGREE", None),
        members[2]["code"]: ("AGREE", None),
    }
    async with nothing_written(connection):
        for bad in ("", "999999", "x" * 1000):
            assert await refused(api, "giveOpinion", proposal=proposal, member=bad, stance="AGREE") == [
                ("NOT_FOUND", "member")
            ]
    await well(api, "decideProposal", proposal=proposal, approve=True, reason="同意")
    async with nothing_written(connection):
        assert await refused(api, "giveOpinion", proposal=proposal, member=first, stance="AGREE") == [
            ("ACTION_NOT_ALLOWED", "proposal")
        ]


# ---------------------------------------------------------------- decisions

WAIVER = {"rules": ["same-verdict"], "reason": "试点", "expiresOn": "2027-01-01"}


@pytest.mark.parametrize(
    ("failed", "waiver", "problems"),
    [
        (["same-verdict"], None, [("CHECK_FAILED", "waiver")]),
        (["same-verdict", "drilled"], WAIVER, [("CHECK_FAILED", "waiver")]),
        (["same-verdict"], WAIVER | {"reason": " "}, [("INVALID_INPUT", "waiver.reason")]),
        (["same-verdict"], WAIVER | {"expiresOn": str(TODAY)}, [("INVALID_INPUT", "waiver.expiresOn")]),
        (["same-verdict"], WAIVER | {"expiresOn": "2020-01-01"}, [("INVALID_INPUT", "waiver.expiresOn")]),
        (["same-verdict"], WAIVER | {"rules": ["same-verdict", "x"]}, [("INVALID_INPUT", "waiver.rules")]),
        (["same-verdict"], WAIVER | {"rules": []}, [("CHECK_FAILED", "waiver"), ("INVALID_INPUT", "waiver.rules")]),
        ([], WAIVER, [("INVALID_INPUT", "waiver.rules")]),
        ([], WAIVER | {"rules": []}, [("INVALID_INPUT", "waiver.rules")]),
    ],
)
async def test_a_wrong_waiver_is_refused(
    api: Api,
    session: AsyncSession,
    registry: Registry,
    connection: AsyncConnection,
    failed: list[str],
    waiver: dict[str, Any] | None,
    problems: list[tuple[str, str]],
) -> None:
    proposal = await global_id(api, await ready(session, registry, *failed))
    said = {"proposal": proposal, "approve": True, "reason": "试点", "waiver": waiver}
    async with nothing_written(connection):
        assert await refused(api, "decideProposal", **said) == problems


async def test_a_decision_needs_a_reason_and_a_day_that_is_not_past(
    api: Api, session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    proposal = await global_id(api, await ready(session, registry))
    async with nothing_written(connection):
        said: dict[str, Any] = {"proposal": proposal, "approve": True, "reason": " \n", "effectiveFrom": "2026-11-23"}
        assert await refused(api, "decideProposal", **said) == [
            ("INVALID_INPUT", "reason"),
            ("INVALID_INPUT", "effectiveFrom"),
        ]
        assert await refused(api, "decideProposal", proposal=proposal, approve=False, reason="") == [
            ("INVALID_INPUT", "reason")
        ]


@pytest.mark.parametrize("approve", [True, False])
async def test_what_is_decided_is_decided(
    api: Api, session: AsyncSession, registry: Registry, connection: AsyncConnection, approve: bool
) -> None:
    proposal = await global_id(api, await ready(session, registry))
    await well(api, "decideProposal", proposal=proposal, approve=approve, reason="决定")
    async with nothing_written(connection):
        for again in (True, False):
            said = {"proposal": proposal, "approve": again, "reason": "再议"}
            assert await refused(api, "decideProposal", **said) == [("ACTION_NOT_ALLOWED", "proposal")]
        assert await refused(api, "runTongbanCheck", proposal=proposal) == [("ACTION_NOT_ALLOWED", "proposal")]


async def test_a_check_is_stale_when_the_code_has_changed_since(
    make_api: MakeApi, session: AsyncSession, registry: Registry, connection: AsyncConnection
) -> None:
    proposal = await global_id(make_api(), await ready(session, registry))
    plugins = tuple(replace(plugin, code_digest="f" * 64) for plugin in registry.plugins)
    api = make_api(departments=Registry(plugins))
    said = {"proposal": proposal, "approve": True, "reason": "同意"}
    async with nothing_written(connection):
        assert await refused(api, "decideProposal", **said) == [("CHECK_FAILED", "proposal")]
        assert await refused(make_api(departments=Registry()), "decideProposal", **said) == [
            ("CHECK_FAILED", "proposal")
        ]
    assert (await well(make_api(), "decideProposal", **said))["status"] == "APPROVED"


async def test_a_check_is_stale_when_it_saw_another_definition(
    api: Api, session: AsyncSession, registry: Registry
) -> None:
    row = await ready(session, registry)
    await session.execute(update(Proposal).where(Proposal.id == row.id).values(definition_digest="0" * 64))
    await session.commit()
    said = {"proposal": await global_id(api, row), "approve": True, "reason": "同意"}
    assert await refused(api, "decideProposal", **said) == [("CHECK_FAILED", "proposal")]


# ---------------------------------------------------------------- the database itself


@pytest.mark.parametrize("status", ["READY", "REJECTED"])
async def test_the_database_takes_no_version_without_an_approved_proposal(
    session: AsyncSession, registry: Registry, status: str
) -> None:
    """The foreign key over id and approved: nobody gets an item into an edition around the office."""
    row = await ready(session, registry)
    if status == "REJECTED":
        said: dict[str, Any] = {
            "approved": False,
            "reason": "不同意",
            "effective_from": None,
            "waiver": None,
            "now": NOW,
        }
        await service.decide(session, registry, OFFICE, row.id, **said)
    item = (
        await session.scalars(select(ServiceItem).where(ServiceItem.code == "MZ-009", ServiceItem.version == 2))
    ).one()
    columns = {c.name: getattr(item, c.name) for c in ServiceItem.__table__.columns}
    forged = columns | {"id": new_id(), "version": 9, "proposal_id": row.id}
    approved_only = "fk_service_item_proposal_id_proposal_approved_proposal"
    member = {"edition_id": item.edition_id, "item_id": forged["id"]}
    for statement, constraint in [
        (insert(ServiceItem).values(**forged), approved_only),
        (insert(ServiceItem).values(**forged | {"proposal_id": uuid4()}), approved_only),
        (insert(ServiceItem).values(**forged | {"proposal_approved": False}), "ck_service_item_proposal_approved"),
        (insert(EditionItem).values(**member), "fk_edition_item_item_id_service_item"),
    ]:
        with pytest.raises(IntegrityError, match=constraint):
            await inside(session, statement)


async def inside(session: AsyncSession, statement: Executable) -> None:
    """Runs the statement in a savepoint."""
    async with session.begin_nested():
        await session.execute(statement)


async def test_an_approval_that_an_item_stands_on_can_not_be_taken_back(session: AsyncSession) -> None:
    statement = text("UPDATE proposal SET status = 'REJECTED', edition_id = NULL WHERE item_code = 'MZ-009'")
    with pytest.raises(IntegrityError):
        await inside(session, statement)


# ---------------------------------------------------------------- lists

PROPOSALS = """query($first: Int!, $after: String, $filter: ProposalFilter) {
  proposals(first: $first, after: $after, filter: $filter) { totalCount pageInfo { hasNextPage endCursor }
    nodes { id kind status itemCode item { code } department { code } diff { field } check { passed findings { rule } }
      checks { seconds } opinions { member { name } } decision { reason } edition { number }
      impact { openCases sharedMaterials { code } items { code } } } } }"""


async def test_proposals_by_filter_page_by_page(api: Api, session: AsyncSession, registry: Registry) -> None:
    await ready(session, registry)
    filters: list[tuple[dict[str, Any] | None, int]] = [
        (None, 308),
        ({"status": ["READY"]}, 1),
        ({"status": ["PUBLISHED"]}, 307),
        ({"status": ["PUBLISHED", "READY"]}, 308),
        ({"status": []}, 0),
        ({"kind": "ADJUST"}, 28),
        ({"kind": "EXIT"}, 0),
        ({"department": "nobody"}, 0),
        ({"department": "MZ", "status": ["READY"], "kind": "ADJUST"}, 1),
        ({"department": "GA", "status": ["READY"]}, 0),
    ]
    for filter_, count in filters:
        found: list[str] = []
        after = None
        while True:
            page = (await api.ask(PROPOSALS, first=100, after=after, filter=filter_))["proposals"]
            found += [node["id"] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        assert len(found) == len(set(found)) == page["totalCount"] == count, filter_
    newest = (await api.ask(PROPOSALS, first=1))["proposals"]["nodes"][0]
    assert (newest["itemCode"], newest["status"]) == ("MZ-009", "READY")


async def test_a_page_of_proposals_costs_as_many_statements_whatever_its_length(
    api: Api, connection: AsyncConnection
) -> None:
    counts = []
    for first in (2, 50):
        with statements(connection) as seen:
            data = await api.ask(PROPOSALS, first=first)
        assert len(data["proposals"]["nodes"]) == first
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 18


CHANGES = """query($from: Date!, $to: Date!) { catalogChanges(from: $from, to: $to) {
  kind effectiveFrom item { code version mode } fields { field before after } proposal { itemCode } } }"""


async def test_the_changes_of_the_catalog_replay_its_history(api: Api) -> None:
    """66 items in 2017, 161 from March 2018, 172 from July: with kinds and fields."""

    async def changes(since: str, to: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await api.ask(CHANGES, **{"from": since, "to": to}))["catalogChanges"]
        return found

    first = await changes("2016-12-31", "2017-01-01")
    assert {one["kind"] for one in first} == {"ADMIT"}
    assert len(first) == 174
    assert sum(one["item"]["mode"] != "LOCAL_ONLY" for one in first) == 66
    assert all(change["before"] is None for one in first for change in one["fields"])
    march, july = await changes("2017-01-01", "2018-03-01"), await changes("2018-03-01", "2018-07-01")
    joined = [[one for one in round_ if one["kind"] == "ADMIT"] for round_ in (march, july)]
    assert [len(round_) for round_ in joined] == [95, 11]
    assert 66 + 95 == 161
    assert 161 + 11 == 172
    for one in (*joined[0], *joined[1]):
        fields = {change["field"]: change for change in one["fields"]}
        assert fields["mode"]["before"] == "LOCAL_ONLY"
        assert fields["mode"]["after"] == one["item"]["mode"] != "LOCAL_ONLY"
    opened = [one for one in march if one["kind"] == "ADJUST"]
    assert len(opened) == 27
    for one in opened:
        assert [(change["field"], change["before"], change["after"]) for change in one["fields"]] == [
            ("audiences", ["HUKOU"], ["HUKOU", "RESIDENCE_PERMIT"])
        ]
    assert {one["effectiveFrom"] for one in march} == {"2018-03-01"}
    codes = [one["item"]["code"] for one in march]
    assert codes == sorted(codes)
    whole = await changes("2016-12-31", "2026-11-24")
    assert len(whole) == len(first) + len(march) + len(july)
    assert await changes("2018-07-01", "2018-07-01") == await changes("2018-07-01", "2099-01-01") == []


async def test_changes_run_forwards(api: Api) -> None:
    answer = await api.answer(CHANGES, **{"from": "2018-03-02", "to": "2018-03-01"})
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == "`to` lies on or after `from`."


async def test_an_expired_waiver_is_listed_as_overdue(
    make_api: MakeApi, session: AsyncSession, registry: Registry
) -> None:
    waiver = Waiver(frozenset({"same-verdict"}), "试点半年", date(2027, 5, 24))
    definition = definition_of(registry) | {"promised_days": 29}
    said: dict[str, Any] = {"failed": ("same-verdict",), "waiver": waiver}
    await approved(session, registry, ProposalKind.ADJUST, "MZ-009", definition, **said)
    await published(session)
    await session.commit()
    document = "query($due: Date) { exceptions(dueBefore: $due) { item { code } analysis reviewOn overdue } }"

    async def listed(api: Api, **said: Any) -> list[dict[str, Any]]:
        found = (await api.ask(document, **said))["exceptions"]
        return [one for one in found if one["item"]["code"] == "MZ-009"]

    [now] = await listed(make_api())
    assert now == {"item": {"code": "MZ-009"}, "analysis": "试点半年", "reviewOn": "2027-05-24", "overdue": False}
    assert await listed(make_api(), due="2027-05-24") == []
    assert await listed(make_api(), due="2027-05-25") == [now]
    later = NOW + timedelta(days=365)
    assert [one["overdue"] for one in await listed(make_api(at=later))] == [True]
