"""The verbs of a case through the public API: what each does, what it refuses, and that a refusal changes nothing."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from case_support import ACTIONS, BY_B, IN_REVIEW, SAID, WAYS, WHERE, World, uploaded
from graphql import GraphQLInputObjectType, GraphQLNonNull
from support import DIRECT_ITEM, NOW, Api, MakeApi, act, done, row_counts, submit
from tongban.cases.audit import Audited, audit
from tongban.cases.words import CaseAction
from tongban.cases.words import CaseStatus as Is
from tongban.graphql.schema import build_schema
from tongban.identity.actor import Actor, Role
from tongban.storage.objects import ObjectStore

BLANK = ["", " \n\t"]
LONG = "L" * 990_000
"""Nearly as long as a request may be."""


@pytest_asyncio.fixture
async def world(api: Api) -> World:
    return await World.of(api)


async def rest() -> None:
    """Sends nothing."""


def problems_of(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Code and place of each problem of a refusal."""
    assert payload["case"] is None
    return [(problem["code"], problem["path"]) for problem in payload["problems"]]


async def refused(
    world: World, connection: AsyncConnection, verb: str, case: dict[str, Any], **said: Any
) -> list[tuple[str, list[str]]]:
    """The problems for which a verb is refused, as everything stays what it was."""
    await world.api.settle()
    before, rows = await world.state(case), await row_counts(connection)
    found = problems_of(await act(world.api, verb, case, **said))
    assert (await world.state(case), await row_counts(connection)) == (before, rows)
    return found


def purposes(state: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each transfer's purpose, from where and to where."""
    return [(one["purpose"], one["from"]["code"], one["to"]["code"]) for one in state["transfers"]]


async def sound(session: AsyncSession, store: ObjectStore) -> bool:
    """Whether each document is in exactly one place, and came there by its transfers."""
    seen = Audited()
    return [fault async for fault in audit(session, store, seen, deep=True)] == [] and seen.cases > 0


# ---------------------------------------------------------------- return


async def test_a_return_names_everything_at_once_and_closes(world: World, connection: AsyncConnection) -> None:
    case = await world.brought(Is.SUBMITTED)
    missing = ["M-BANK", "M-ID"]
    case = await done(act(world.api, "returnCase", case, missing=missing, note="请补齐后再来"))
    assert (case["status"], case["version"], case["availableActions"]) == ("RETURNED", 2, [])
    assert datetime.fromisoformat(case["closedAt"]) == NOW
    state = await world.state(case)
    event = state["events"]["nodes"][-1]
    assert (event["kind"], event["note"], event["data"]) == ("RETURN", "请补齐后再来", {"materials": missing})
    assert state["transfers"] == []
    for verb in ACTIONS:
        assert await refused(world, connection, verb, case, **SAID.get(verb, {})) == [
            ("ACTION_NOT_ALLOWED", ["case"])
        ], verb
    assert (await world.after())["status"] == "SUBMITTED"  # starts anew, and is no duplicate


@pytest.mark.parametrize("note", BLANK)
async def test_a_return_needs_a_note(world: World, connection: AsyncConnection, note: str) -> None:
    case = await world.brought(Is.SUBMITTED)
    assert await refused(world, connection, "returnCase", case, missing=["M-ID"], note=note) == [
        ("INVALID_INPUT", ["note"])
    ]


@pytest.mark.parametrize(
    ("codes", "problems"),
    [
        ([], [("INVALID_INPUT", "")]),
        (["M-XX", "M-ID", "", LONG], [("MATERIAL_INVALID", "0"), ("MATERIAL_INVALID", "2"), ("MATERIAL_INVALID", "3")]),
        (["M-ID"] * 51, [("INVALID_INPUT", "")]),
        ([*["M-ID"] * 100, "M-XX"], [("INVALID_INPUT", "")]),
    ],
)
async def test_materials_are_named_by_known_codes(
    world: World, connection: AsyncConnection, codes: list[str], problems: list[tuple[str, str]]
) -> None:
    for verb, status, name in (
        ("returnCase", Is.SUBMITTED, "missing"),
        ("requestSupplement", Is.UNDER_REVIEW, "materials"),
    ):
        case = await world.brought(status, evenIfDuplicate=True)
        wanted = [(code, [name, place] if place else [name]) for code, place in problems]
        assert await refused(world, connection, verb, case, note="请补齐", **{name: codes}) == wanted


# ---------------------------------------------------------------- refusal


async def test_a_refused_case_comes_home_and_waits(
    world: World, session: AsyncSession, store: ObjectStore, connection: AsyncConnection
) -> None:
    """Nothing is lost: what B holds comes back to A, and goes out again once somebody has looked into it."""
    a, b = world.a["code"], world.b["code"]
    document = await uploaded(session, store, world.a, b"%PDF-1.7 id")
    said = await world.wish()
    said["documents"] = [
        one | {"document": document} if one["material"] == "M-ID" else one for one in said["documents"]
    ]
    case = await done(submit(world.api, said | {"accept": True}))
    [holder] = (await world.state(case))["documents"]
    assert holder["custodian"] == {"code": a}  # on its way, and A's until B has stored it

    case = await done(act(world.api, "refuseTransfer", case, reason="户籍不在本街道"))
    assert (case["status"], case["availableActions"]) == ("ROUTING_REVIEW", ["WITHDRAW"])
    state = await world.state(case)
    assert state["underway"]
    assert (state["handlingCenter"], state["documents"][0]["custodian"]) == ({"code": a}, {"code": b})
    there, back = state["transfers"]
    assert datetime.fromisoformat(there["refusedAt"]) == NOW
    assert (there["refusalReason"], there["acknowledgedAt"]) == ("户籍不在本街道", None)
    assert [entry["digest"] for entry in back["manifest"]] == [hashlib.sha256(b"%PDF-1.7 id").hexdigest()]
    early = await act(replace(world.api, settle=rest), "acceptCase", case)
    assert [problem["code"] for problem in early["problems"]] == ["ACTION_NOT_ALLOWED"]

    await world.api.settle()
    state = await world.state(case)
    assert (state["status"], state["underway"]) == ("ROUTING_REVIEW", False)
    assert state["availableActions"] == ["ACCEPT", "WITHDRAW"]
    assert state["documents"][0]["custodian"] == {"code": a}
    assert purposes(state) == [("HANDLING", a, b), ("REROUTING", b, a)]
    incident = next(event for event in state["events"]["nodes"] if event["kind"] == "REFUSE_TRANSFER")
    assert (incident["data"]["incident"], incident["data"]["reason"]) == (True, "户籍不在本街道")

    # What is recorded names B again: only with a word on why.
    assert await refused(world, connection, "acceptCase", case) == [("ROUTING_UNKNOWN", ["note"])]
    assert await refused(world, connection, "acceptCase", case, note=" ") == [("ROUTING_UNKNOWN", ["note"])]
    case = await done(act(world.api, "acceptCase", case, note="已与户籍科核实"))
    case = await done(act(world.api, "acknowledgeTransfer", case))
    state = await world.state(case)
    assert (state["status"], state["handlingCenter"]) == ("UNDER_REVIEW", {"code": b})
    assert purposes(state) == [("HANDLING", a, b), ("REROUTING", b, a), ("HANDLING", a, b)]
    assert state["documents"][0]["custodian"] == {"code": b}
    assert await sound(session, store)


async def test_a_refused_case_is_routed_by_itself_once_it_is_home_and_the_record_has_changed(
    world: World, session: AsyncSession, store: ObjectStore
) -> None:
    a, b, c = world.a["code"], world.b["code"], world.c["code"]
    case = await world.brought(Is.IN_TRANSFER)
    await world.move_household(world.c)
    case = await done(act(world.api, "refuseTransfer", case, **SAID["refuseTransfer"]))
    await world.api.settle()
    state = await world.state(case)
    assert (state["status"], state["handlingCenter"], state["underway"]) == ("IN_TRANSFER", {"code": c}, False)
    assert purposes(state) == [("HANDLING", a, b), ("REROUTING", b, a), ("HANDLING", a, c)]
    assert [(event["kind"], event["toStatus"], event["actor"]) for event in state["events"]["nodes"]][3:] == [
        ("REFUSE_TRANSFER", "ROUTING_REVIEW", "developer"),
        ("TRANSFER_STORED", "ROUTING_REVIEW", "system"),
        ("ROUTE", "IN_TRANSFER", "system"),
        ("TRANSFER_STORED", "IN_TRANSFER", "system"),
    ]
    case = await done(act(world.api, "acknowledgeTransfer", case, expectedVersion=state["version"]))
    assert (case["status"], case["visits"]) == ("UNDER_REVIEW", 1)
    assert await sound(session, store)


async def test_a_refused_case_may_turn_out_to_be_the_receiving_centers_own(world: World) -> None:
    case = await world.brought(Is.IN_TRANSFER)
    await world.move_household(world.a)
    case = await done(act(world.api, "refuseTransfer", case, **SAID["refuseTransfer"]))
    await world.api.settle()
    state = await world.state(case)
    assert (state["status"], state["handlingCenter"]) == ("UNDER_REVIEW", {"code": world.a["code"]})
    assert [one["purpose"] for one in state["transfers"]] == ["HANDLING", "REROUTING"]


@pytest.mark.parametrize("reason", BLANK)
async def test_a_refusal_needs_a_reason(world: World, connection: AsyncConnection, reason: str) -> None:
    case = await world.brought(Is.IN_TRANSFER)
    assert await refused(world, connection, "refuseTransfer", case, reason=reason) == [("INVALID_INPUT", ["reason"])]


# ---------------------------------------------------------------- supplement


async def test_a_supplement_from_home_travels_to_the_reviewer(
    world: World, make_api: MakeApi, session: AsyncSession, store: ObjectStore
) -> None:
    """The promised time rests from the question to the answer, and nobody has to come."""
    a, b = world.a["code"], world.b["code"]
    case = await world.brought(Is.UNDER_REVIEW)
    due = datetime.fromisoformat(case["dueAt"])
    case = await done(
        act(world.api, "requestSupplement", case, materials=["M-BANK", "M-ID"], note="请重新上传", days=3)
    )
    assert case["status"] == "SUPPLEMENT_REQUESTED"
    assert case["availableActions"] == ["SUPPLEMENT", "WITHDRAW"]
    [request] = (await world.state(case))["supplementRequests"]
    assert ({one["code"] for one in request["materials"]}, request["note"]) == ({"M-BANK", "M-ID"}, "请重新上传")
    assert (request["center"], request["answeredAt"]) == ({"code": b}, None)
    assert datetime.fromisoformat(request["dueAt"]) == datetime.fromisoformat("2026-11-27T16:30:00+08:00")

    later = replace(world, api=make_api(at=NOW + timedelta(days=2)))
    documents = [
        {"material": "M-ID", "document": await uploaded(session, store, world.a, b"%PDF-1.7 id")},
        {"material": "M-BANK", "document": await uploaded(session, store, world.a, b"%PDF-1.7 card")},
    ]
    case = await done(act(later.api, "supplementCase", case, documents=documents))
    assert (case["status"], case["visits"]) == ("IN_TRANSFER", 1)
    assert datetime.fromisoformat(case["dueAt"]) == due + timedelta(days=4)  # Friday; two working days, a weekend
    state = await later.state(case)
    assert purposes(state) == [("HANDLING", a, b)] * 2
    assert [entry["material"] for entry in state["transfers"][1]["manifest"]] == ["M-ID", "M-BANK"]
    assert [one["custodian"] for one in state["documents"]] == [{"code": a}] * 2
    assert state["supplementRequests"][0]["answeredAt"] is not None

    case = await done(act(later.api, "acknowledgeTransfer", case))
    state = await later.state(case)
    assert (state["status"], state["availableActions"]) == ("UNDER_REVIEW", ["APPROVE", "REJECT", "WITHDRAW"])
    assert [one["custodian"] for one in state["documents"]] == [{"code": b}] * 2
    assert await sound(session, store)


async def test_a_supplement_on_paper_is_one_more_visit(world: World, connection: AsyncConnection) -> None:
    case = await world.brought(Is.SUPPLEMENT_REQUESTED)
    case = await done(act(world.api, "supplementCase", case, documents=[{"material": "M-BANK"}]))
    assert (case["status"], case["visits"]) == ("IN_TRANSFER", 2)
    case = await done(act(world.api, "acknowledgeTransfer", case))
    assert await refused(world, connection, "requestSupplement", case, **SAID["requestSupplement"]) == [
        ("ACTION_NOT_ALLOWED", ["case"])
    ]


async def test_a_supplement_of_a_direct_case_goes_on_at_once(world: World) -> None:
    said = await world.wish(DIRECT_ITEM, accept=True, deliveryRoute="DIRECT_TO_RESIDENT")
    case = await done(submit(world.api, said))
    material = said["documents"][0]["material"]
    case = await done(act(world.api, "requestSupplement", case, materials=[material], note="不清晰"))
    case = await done(act(world.api, "supplementCase", case, documents=[{"material": material}]))
    assert (case["status"], case["transfers"], case["visits"]) == ("UNDER_REVIEW", [], 2)
    assert case["availableActions"] == ["APPROVE", "REJECT", "WITHDRAW"]


async def test_a_supplement_may_correct_the_form(world: World) -> None:
    case = await world.brought(Is.SUPPLEMENT_REQUESTED)
    form = (await world.state(case))["form"] | {"account": "更正后的说明"}
    case = await done(act(world.api, "supplementCase", case, documents=[{"material": "M-BANK"}], form=form))
    assert (await world.state(case))["form"] == form
    assert (await done(act(world.api, "acknowledgeTransfer", case)))["status"] == "UNDER_REVIEW"


async def test_a_supplement_is_told_everything_that_is_wrong(
    world: World, session: AsyncSession, store: ObjectStore, connection: AsyncConnection
) -> None:
    said = {"materials": ["M-BANK", "M-ID"], "note": "请补齐"}
    case = await done(act(world.api, "requestSupplement", await world.brought(Is.UNDER_REVIEW), **said))
    document = await uploaded(session, store, world.a, b"%PDF-1.7")
    brought = [
        {"material": "M-XX"},
        {"material": "M-ID", "document": "bm9uc2Vuc2U="},
        {"material": "M-ID", "document": document},
        {"material": "M-ID", "document": document},
    ]
    assert await refused(world, connection, "supplementCase", case, documents=brought, form={"cause": 17}) == [
        ("MATERIAL_INVALID", ["documents", "0", "material"]),
        ("MATERIAL_MISSING", ["documents", "M-BANK"]),
        ("FORM_INVALID", ["form"]),
        ("FORM_INVALID", ["form"]),
        ("FORM_INVALID", ["form", "cause"]),
        ("MATERIAL_INVALID", ["documents", "1", "document"]),
        ("MATERIAL_INVALID", ["documents", "3", "document"]),
    ]
    nothing = await refused(world, connection, "supplementCase", case, documents=[])
    assert nothing == [("MATERIAL_MISSING", ["documents", "M-BANK"]), ("MATERIAL_MISSING", ["documents", "M-ID"])]
    many = await refused(world, connection, "supplementCase", case, documents=[{"material": "M-ID"}] * 51)
    assert many == [("INVALID_INPUT", ["documents"])]


@pytest.mark.parametrize(
    ("wrong", "place"), [({"note": ""}, "note"), ({"days": 0}, "days"), ({"days": 61}, "days"), ({"days": -1}, "days")]
)
async def test_a_request_for_a_supplement_needs_a_note_and_a_time(
    world: World, connection: AsyncConnection, wrong: dict[str, Any], place: str
) -> None:
    case = await world.brought(Is.UNDER_REVIEW)
    said = SAID["requestSupplement"] | wrong
    assert await refused(world, connection, "requestSupplement", case, **said) == [("INVALID_INPUT", [place])]


async def test_each_center_asks_once_and_for_its_own(world: World, connection: AsyncConnection) -> None:
    """B asks, then says that the case is not its own; C asks for something else; B gets it back, and asked already."""
    case = await world.brought(Is.SUPPLEMENT_REQUESTED)
    case = await done(act(world.api, "supplementCase", case, **SAID["supplementCase"]))
    await world.move_household(world.c)
    case = await done(act(world.api, "refuseTransfer", case, **SAID["refuseTransfer"]))
    await world.api.settle()
    case |= {"version": (await world.state(case))["version"]}
    case = await done(act(world.api, "acknowledgeTransfer", case))
    case = await done(act(world.api, "requestSupplement", case, materials=["M-ID"], note="请补身份证"))
    case = await done(act(world.api, "supplementCase", case, documents=[{"material": "M-ID"}]))
    await world.move_household(world.b)
    case = await done(act(world.api, "refuseTransfer", case, **SAID["refuseTransfer"]))
    await world.api.settle()
    case |= {"version": (await world.state(case))["version"]}
    case = await done(act(world.api, "acknowledgeTransfer", case))
    assert case["handlingCenter"] == {"code": world.b["code"]}
    assert "REQUEST_SUPPLEMENT" not in case["availableActions"]
    assert await refused(world, connection, "requestSupplement", case, **SAID["requestSupplement"]) == [
        ("ACTION_NOT_ALLOWED", ["case"])
    ]
    asked = [(one["center"]["code"], one["materials"]) for one in (await world.state(case))["supplementRequests"]]
    assert asked == [(world.b["code"], [{"code": "M-BANK"}]), (world.c["code"], [{"code": "M-ID"}])]


# ---------------------------------------------------------------- withdrawal

UNDECIDED = [Is.SUBMITTED, Is.IN_TRANSFER, Is.ROUTING_REVIEW, Is.UNDER_REVIEW, Is.SUPPLEMENT_REQUESTED]


@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "on its way"])
@pytest.mark.parametrize("status", UNDECIDED)
async def test_a_case_is_withdrawn_until_it_is_decided(
    world: World, session: AsyncSession, store: ObjectStore, status: Is, arrived: bool
) -> None:
    case = await done(submit(world.api, await world.wish()))
    for verb in WAYS[status]:
        case = await done(act(world.api, verb, case, **SAID.get(verb, {})))
    if arrived:
        await world.api.settle()
    open_before = [one for one in (await world.state(case))["transfers"] if _is_open(one)]
    case = await done(act(replace(world.api, settle=rest), "withdrawCase", case, note="不再需要"))
    assert (case["status"], case["availableActions"]) == ("WITHDRAWN", [])
    assert datetime.fromisoformat(case["closedAt"]) == NOW
    before = await world.state(case)
    assert not before["underway"]
    assert [_is_open(one) for one in before["transfers"]] == [False] * len(before["transfers"])
    canceled = [one for one in before["transfers"] if one["canceledAt"]]
    assert len(canceled) == len(open_before)
    await world.api.settle()
    after = await world.state(case)
    assert (after["events"], after["underway"]) == (before["events"], False)  # what was not stored is not stored now
    assert [one["deliveredAt"] for one in after["transfers"]] == [one["deliveredAt"] for one in before["transfers"]]
    assert await sound(session, store)


def _is_open(transfer: dict[str, Any]) -> bool:
    return not (transfer["acknowledgedAt"] or transfer["refusedAt"] or transfer["canceledAt"])


@pytest.mark.parametrize("status", [status for status in Is if status not in UNDECIDED])
async def test_no_case_is_withdrawn_after_that(world: World, connection: AsyncConnection, status: Is) -> None:
    case = await world.brought(status)
    assert await refused(world, connection, "withdrawCase", case) == [("ACTION_NOT_ALLOWED", ["case"])]


# ---------------------------------------------------------------- decision and delivery


@pytest.mark.parametrize("verb", ["approveCase", "rejectCase"])
async def test_a_decision_comes_home_with_its_document(
    world: World, session: AsyncSession, store: ObjectStore, verb: str
) -> None:
    """The result is stored at A before anybody there can hand it over; the application stays with B."""
    a, b = world.a["code"], world.b["code"]
    case = await world.brought(Is.UNDER_REVIEW)
    content = b"%PDF-1.7 decision"
    document = await uploaded(session, store, world.b, content)
    said = {"reason": "已核实", "resultNumber": "救助-2026-7", "resultDocument": document}
    case = await done(act(world.api, verb, case, **said))
    digest = hashlib.sha256(content).hexdigest()
    state = await world.state(case)
    assert state["decision"] == {
        "approved": verb == "approveCase",
        "reason": "已核实",
        "resultNumber": "救助-2026-7",
        "resultDocument": {"digest": digest, "custodian": {"code": b}},
    }
    case = await done(act(world.api, "deliverResult", case))
    assert (case["status"], case["availableActions"]) == ("RESULT_IN_TRANSFER", [])
    early = await act(replace(world.api, settle=rest), "deliverResult", case)
    assert problems_of(early) == [("ACTION_NOT_ALLOWED", ["case"])]
    await world.api.settle()
    state = await world.state(case)
    assert state["availableActions"] == ["DELIVER_RESULT"]
    assert (state["transfers"][1]["purpose"], state["transfers"][1]["acknowledgedAt"]) == ("RESULT", None)
    assert state["transfers"][1]["manifest"] == [{"material": None, "digest": digest}]
    assert state["decision"]["resultDocument"]["custodian"] == {"code": a}
    case = await done(act(world.api, "deliverResult", case))
    assert case["status"] == "DELIVERED"
    assert (await world.state(case))["transfers"][1]["acknowledgedAt"] is not None
    assert await sound(session, store)


async def test_a_decision_goes_home_directly(world: World, session: AsyncSession, store: ObjectStore) -> None:
    case = await world.after(*IN_REVIEW, "approveCase", "deliverResult", deliveryRoute="DIRECT_TO_RESIDENT")
    assert (case["status"], [one["purpose"] for one in case["transfers"]]) == ("DELIVERED", ["HANDLING"])
    assert await sound(session, store)


async def test_a_file_is_handed_in_once(
    world: World, session: AsyncSession, store: ObjectStore, connection: AsyncConnection
) -> None:
    """Neither twice in an application, nor again as the result of the same case."""
    document = await uploaded(session, store, world.a, b"%PDF-1.7")
    said = await world.wish()
    first = [one | {"document": document} for one in said["documents"][:1]]
    rows = await row_counts(connection)
    twice = await submit(world.api, said | {"documents": [*first, *first, *said["documents"][1:]]})
    assert problems_of(twice) == [("MATERIAL_INVALID", ["documents", "1", "document"])]
    assert await row_counts(connection) == rows
    case = await done(submit(world.api, said | {"documents": [*first, *said["documents"][1:]], "accept": True}))
    case = await done(act(world.api, "acknowledgeTransfer", case))
    for wrong in (document, case["id"], "", "bm9uc2Vuc2U="):
        found = await refused(world, connection, "approveCase", case, resultDocument=wrong)
        assert [code for code, _ in found] == ["MATERIAL_INVALID"]


# ---------------------------------------------------------------- rating


async def test_what_was_delivered_is_rated_once(world: World, connection: AsyncConnection) -> None:
    case = await world.brought(Is.DELIVERED)
    assert case["availableActions"] == ["RATE"]
    for stars in (0, 6, -1, 2**31 - 1):
        assert await refused(world, connection, "rateCase", case, stars=stars) == [("INVALID_INPUT", ["stars"])]
    closed = case["closedAt"]
    case = await done(act(world.api, "rateCase", case, stars=4, comment="很方便"))
    assert (case["status"], case["availableActions"], case["closedAt"]) == ("DELIVERED", [], closed)
    rating = (await world.state(case))["rating"]
    assert (rating["stars"], rating["comment"], datetime.fromisoformat(rating["at"])) == (4, "很方便", NOW)
    assert await refused(world, connection, "rateCase", case, stars=1) == [("ACTION_NOT_ALLOWED", ["case"])]


@pytest.mark.parametrize("status", [status for status in Is if status is not Is.DELIVERED])
async def test_nothing_else_is_rated(world: World, connection: AsyncConnection, status: Is) -> None:
    case = await world.brought(status)
    assert await refused(world, connection, "rateCase", case, stars=5) == [("ACTION_NOT_ALLOWED", ["case"])]


# ---------------------------------------------------------------- duplicates


async def test_an_open_case_of_the_same_item_is_pointed_out(world: World, connection: AsyncConnection) -> None:
    first = await world.brought(Is.UNDER_REVIEW)
    rows = await row_counts(connection)
    payload = await submit(world.api, await world.wish())
    assert problems_of(payload) == [("DUPLICATE_CASE", ["applicant"])]
    assert first["number"] in payload["problems"][0]["message"]
    assert await row_counts(connection) == rows
    other = replace(world, resident=(await World.of(world.api)).resident)
    assert (await other.after())["status"] == "SUBMITTED"
    assert (await world.after(item=DIRECT_ITEM, deliveryRoute="DIRECT_TO_RESIDENT"))["status"] == "SUBMITTED"
    meant = await done(submit(world.api, await world.wish(evenIfDuplicate=True)))
    assert meant["number"] != first["number"]


@pytest.mark.parametrize("status", [Is.RETURNED, Is.WITHDRAWN, Is.DELIVERED])
async def test_a_closed_case_is_in_nobodys_way(world: World, status: Is) -> None:
    await world.brought(status)
    assert (await world.after())["status"] == "SUBMITTED"


# ---------------------------------------------------------------- every verb


def test_every_action_has_a_verb() -> None:
    assert set(ACTIONS.values()) == set(CaseAction)
    assert set(WHERE) == set(ACTIONS)
    assert set(WAYS) == set(Is)


@pytest.mark.parametrize("verb", [verb for verb in ACTIONS if verb != "rateCase"])
async def test_a_stale_version_changes_nothing(world: World, connection: AsyncConnection, verb: str) -> None:
    case = await world.brought(WHERE[verb])
    for version in (case["version"] - 1, case["version"] + 1, 0, -1, 2**31 - 1):
        said = SAID.get(verb, {}) | {"expectedVersion": version}
        assert await refused(world, connection, verb, case, **said) == [("STALE_VERSION", ["expectedVersion"])]
    await done(act(world.api, verb, case, **SAID.get(verb, {})))


@pytest.mark.parametrize("verb", ACTIONS)
async def test_only_the_center_whose_verb_it_is_may_do_it(
    world: World, make_api: MakeApi, connection: AsyncConnection, verb: str
) -> None:
    case = await world.brought(WHERE[verb])
    mine, other = (world.b, world.a) if verb in BY_B else (world.a, world.b)
    for center in (other, world.c):
        clerk = _clerk(make_api, center)
        before, rows = await world.state(case), await row_counts(connection)
        assert problems_of(await act(clerk, verb, case, **SAID.get(verb, {}))) == [("FORBIDDEN", ["case"])]
        assert (await world.state(case), await row_counts(connection)) == (before, rows)
    await done(act(_clerk(make_api, mine), verb, case, **SAID.get(verb, {})))


async def test_who_may_not_accept_learns_nothing_of_a_refusal(
    world: World, make_api: MakeApi, connection: AsyncConnection
) -> None:
    case = await world.brought(Is.ROUTING_REVIEW)
    payload = await act(_clerk(make_api, world.c), "acceptCase", case)
    assert problems_of(payload) == [("FORBIDDEN", ["case"])]
    assert await refused(world, connection, "acceptCase", case, expectedVersion=1) == [
        ("STALE_VERSION", ["expectedVersion"])
    ]


def _clerk(make_api: MakeApi, center: dict[str, Any]) -> Api:
    code = center["code"]
    return make_api(actor=Actor(subject=code, name="", roles=frozenset({Role.CLERK}), centers=frozenset({code})))


MUTATIONS = build_schema()._schema.mutation_type
INPUTS = {
    name: field.args["input"].type.of_type
    for name, field in (MUTATIONS.fields if MUTATIONS else {}).items()
    if isinstance(field.args["input"].type, GraphQLNonNull)
}


@pytest.mark.parametrize(("name", "kind"), INPUTS.items(), ids=INPUTS)
def test_every_mutation_takes_an_idempotency_key(name: str, kind: Any) -> None:
    assert isinstance(kind, GraphQLInputObjectType), name
    assert str(kind.fields["idempotencyKey"].type) == "String"


def test_every_mutation_takes_one_input() -> None:
    assert set(ACTIONS) | {"submitCase"} < set(INPUTS)
    assert MUTATIONS is not None
    assert [name for name, field in MUTATIONS.fields.items() if set(field.args) != {"input"}] == []


OTHER: dict[str, dict[str, Any]] = {
    "returnCase": {"missing": ["M-ID"]},
    "refuseTransfer": {"reason": "另一理由"},
    "requestSupplement": {"days": 7},
    "supplementCase": {"channel": "PORTAL"},
    "approveCase": {"resultNumber": "另-1"},
    "rejectCase": {"reason": "另一理由"},
    "rateCase": {"stars": 1},
}


@pytest.mark.parametrize("verb", ACTIONS)
async def test_the_same_key_gives_the_same_answer_and_another_input_is_a_conflict(
    world: World, connection: AsyncConnection, verb: str
) -> None:
    case = await world.brought(WHERE[verb])
    said = SAID.get(verb, {}) | {"idempotencyKey": f"counter-3-{verb}"}
    still = replace(world.api, settle=rest)
    first = await act(still, verb, case, **said)
    assert first["problems"] == []
    rows = await row_counts(connection)
    assert await act(still, verb, case, **said) == first
    other = await act(still, verb, case, **said | OTHER.get(verb, {"note": "另一说明"}))
    assert problems_of(other) == [("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])]
    assert await row_counts(connection) == rows


# ---------------------------------------------------------------- bad input

BAD: list[Any] = ["", " ", "a\0b", LONG, "\ud800", "﷽" * 1000, "😀", "Q2FzZTo=", "' OR 1=1 --", -1, 2**40, None, [], {}]
CALLERS_FAULT = {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST", "QUERY_TOO_COSTLY"}


@pytest.mark.parametrize("verb", ACTIONS)
async def test_no_input_is_a_fault_of_ours(world: World, connection: AsyncConnection, verb: str) -> None:
    """Each part of a verb's input, one after another, told something that it can't be."""
    case = await world.brought(WHERE[verb])
    kind = INPUTS[verb]
    document = f"mutation($input: {kind.name}!) {{ {verb}(input: $input) {{ problems {{ code message }} }} }}"
    good = {"case": case["id"], "expectedVersion": case["version"]} | SAID.get(verb, {})
    if verb == "rateCase":
        del good["expectedVersion"]
    before, rows, tried = await world.state(case), await row_counts(connection), 0
    for name in kind.fields:
        for bad in BAD:
            where = _wrong(verb, name, good, bad)
            body = json.dumps({"query": document, "variables": {"input": where}})
            asked = await world.api.client.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert asked.status_code in (200, 400), (name, bad)
            answer = asked.json()
            if errors := answer.get("errors"):
                assert {error["extensions"]["code"] for error in errors} <= CALLERS_FAULT, (name, errors)
            elif not answer["data"][verb]["problems"]:
                case = await world.brought(WHERE[verb], evenIfDuplicate=True)  # taken: a text may be anything short
                good |= {"case": case["id"]} | ({"expectedVersion": case["version"]} if verb != "rateCase" else {})
                before, rows = await world.state(case), await row_counts(connection)
                continue
            assert (await world.state(case), await row_counts(connection)) == (before, rows), (name, bad)
            tried += 1
    assert tried > 20


def _wrong(verb: str, name: str, good: dict[str, Any], bad: Any) -> dict[str, Any]:
    """The input with something bad in one part; a list gets it as its one element."""
    if name in ("missing", "materials") and not isinstance(bad, list):
        return good | {name: [bad]}
    if name == "documents" and verb == "supplementCase" and not isinstance(bad, dict | list):
        return good | {name: [{"material": "M-BANK", "document": bad}]}
    return good | {name: bad}
