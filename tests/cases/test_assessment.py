"""What every item promises to everybody: any center takes it, the same problems are told everywhere, all at once."""

import itertools
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from check_support import shipped_items
from support import NOW, UNMAPPED, registration_for
from tongban.cases.assessment import LONGEST_FORM, Assessment, Draft, Handed, assess, form_problems
from tongban.cases.models import Case
from tongban.cases.service import Submission, submit
from tongban.cases.words import CaseStatus
from tongban.centers.models import Center
from tongban.contract.items import DeliveryRoute, ItemDefinition, ProcessingMode
from tongban.contract.problems import ProblemCode
from tongban.errors import Refused
from tongban.identity.actor import DEVELOPER
from tongban.registry import Registry
from tongban.residents.service import register
from tongban.testing import needed_materials

ITEMS = {code: item for code, (item, _) in shipped_items().items()}
TONGBAN = [item for item in ITEMS.values() if item.tongban_from is not None]
LOCAL = [item for item in ITEMS.values() if item.tongban_from is None]
HOME = "SH0109-01"
SAMPLE = ["SH0114-01", "SH0118-03", "SH0101-05", "SH0151-02", HOME]
"""Centers of five districts, the applicant's own among them."""


def shown(codes: Iterable[str]) -> list[Handed]:
    """Materials that the clerk has seen on paper."""
    return [Handed(place=("documents", str(place)), material=code, upload=None) for place, code in enumerate(codes)]


@dataclass(slots=True)
class City:
    """One session in which every item has an eligible resident, with hukou in a street of 虹口."""

    session: AsyncSession
    registry: Registry
    residents: dict[str, UUID]

    async def assess(self, item: ItemDefinition, center: str, **said: Any) -> Assessment:
        return await assess(self.session, self.registry, self.draft(item, center, **said), DEVELOPER, NOW)

    def draft(self, item: ItemDefinition, center: str, **said: Any) -> Draft:
        """The item's sample with every material that it makes necessary, told otherwise where `said`."""
        needed = sorted(needed_materials(item, item.sample.form))
        plain = Draft(
            item=item.code,
            center=center,
            applicant=self.residents[item.code],
            form=dict(item.sample.form),
            documents=shown(needed),
            even_if_duplicate=True,  # each resident applies for many items, and at many centers
        )
        return replace(plain, **said)

    async def count(self) -> int:
        return await self.session.scalar(select(func.count()).select_from(Case)) or 0


@pytest_asyncio.fixture(scope="module")
async def city(engine: AsyncEngine, registry: Registry) -> AsyncIterator[City]:
    """For all tests of this file, in one transaction that is rolled back."""
    async with engine.connect() as connection:
        transaction = await connection.begin()
        make = async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        async with make() as session:
            division = await session.scalar(select(Center.division_code).where(Center.code == HOME))
            assert division
            residents = {}
            for item in ITEMS.values():
                resident = await register(session, DEVELOPER, registration_for(item, division), NOW)
                residents[item.code] = resident.id
            yield City(session, registry, residents)
        await transaction.rollback()


def told(found: Assessment) -> list[tuple[object, ...]]:
    """The problems without what names a center."""
    return [(problem.code, problem.path, problem.detail, problem.message) for problem in found.problems]


@pytest.mark.parametrize("center", SAMPLE)
async def test_every_tongban_item_is_accepted_from_an_eligible_resident(city: City, center: str) -> None:
    assert len(TONGBAN) == 172
    for item in TONGBAN:
        draft = city.draft(item, center)
        try:
            case = await submit(city.session, city.registry, DEVELOPER, Submission(draft=draft, accept=True), NOW)
        except Refused as refusal:
            pytest.fail(f"{item.code} at {center}: {refusal}")
        passed_on = item.mode is ProcessingMode.SPLIT and center != HOME
        assert case.status == (CaseStatus.IN_TRANSFER if passed_on else CaseStatus.UNDER_REVIEW), item.code
        handling = await city.session.get_one(Center, case.handling_center_id)
        assert handling.code == (HOME if passed_on else center), item.code


@pytest.mark.parametrize("item", LOCAL, ids=lambda item: item.code)
async def test_what_is_not_tongban_is_told_where_to_go_and_why(city: City, item: ItemDefinition) -> None:
    """All else is judged as at home, so that nobody goes there in vain."""
    at_home = await city.assess(item, HOME)
    assert at_home.mode is ProcessingMode.LOCAL_ONLY
    assert ProblemCode.NOT_OFFERED_HERE not in [problem.code for problem in at_home.problems]
    for center in SAMPLE[:-1]:
        found = await city.assess(item, center)
        (elsewhere,) = (problem for problem in found.problems if problem.code is ProblemCode.NOT_OFFERED_HERE)
        name = await city.session.scalar(select(Center.name).where(Center.code == HOME))
        assert name
        assert elsewhere.next_step
        assert name in elsewhere.next_step
        assert [said for said in told(found) if said[0] is not ProblemCode.NOT_OFFERED_HERE] == told(at_home)


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[ItemDefinition, dict[str, Any], str]:
    """An item, an application for it with materials left out and form fields broken, and whose applicant it is."""
    item = draw(st.sampled_from(TONGBAN))
    form: dict[str, Any] = dict(item.sample.form)
    fields = sorted(item.form["properties"])
    for name in draw(st.sets(st.sampled_from(fields), max_size=3)) if fields else ():
        form[name] = draw(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates().map(str))
    if draw(st.booleans()):
        form["unknown"] = 1
    needed = sorted(needed_materials(item, item.sample.form))
    kept = draw(st.lists(st.sampled_from(needed), unique=True)) if needed else []
    said = {"form": form, "documents": shown(kept)}
    return item, said, draw(st.sampled_from([item.code, "GA-001", "DA-001", "MZ-009"]))


async def test_an_empty_application_is_told_the_same_everywhere_for_every_item(city: City) -> None:
    """From somebody who is maybe no audience of the item either."""
    somebody = city.residents["DA-001"]
    for item in TONGBAN:
        said: dict[str, Any] = {"applicant": somebody, "form": {}, "documents": []}
        first, *others = [told(await city.assess(item, center, **said)) for center in SAMPLE]
        assert all(other == first for other in others), item.code


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoiled())
async def test_problems_do_not_depend_on_the_center(
    city: City, application: tuple[ItemDefinition, dict[str, Any], str]
) -> None:
    item, said, whose = application
    applicant = city.residents[whose]
    first, *others = [await city.assess(item, center, applicant=applicant, **said) for center in SAMPLE]
    for other in others:
        assert told(other) == told(first)
        assert other.mode == first.mode
        assert [need.id for need in other.missing] == [need.id for need in first.missing]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TONGBAN), st.data())
async def test_each_material_left_out_is_a_problem_of_its_own(
    city: City, item: ItemDefinition, data: st.DataObject
) -> None:
    needed = sorted(needed_materials(item, item.sample.form))
    left_out = data.draw(st.sets(st.sampled_from(needed))) if needed else set()
    kept = shown(data.draw(st.permutations([code for code in needed if code not in left_out])))
    before = await city.count()
    draft = city.draft(item, SAMPLE[0], documents=kept)
    found = await assess(city.session, city.registry, draft, DEVELOPER, NOW)
    missing = [problem for problem in found.problems if problem.code is ProblemCode.MATERIAL_MISSING]
    assert {problem.path for problem in missing} == {("documents", code) for code in left_out}
    assert len(missing) == len(found.missing) == len(left_out)
    assert len(found.problems) == len(left_out)
    if left_out:
        with pytest.raises(Refused) as refusal:
            await submit(city.session, city.registry, DEVELOPER, Submission(draft=draft), NOW)
        assert refusal.value.problems == found.problems
    assert await city.count() == before


async def test_everything_wrong_is_told_in_one_answer(city: City) -> None:
    draft = Draft(
        item="MZ-004",
        center="SH0115-13-S1",
        applicant=city.residents["GA-001"],
        form={"happenedOn": "2027-01-01", "nonsense": 1},
        documents=[
            *shown(["M-NONE"]),
            Handed(place=("documents", "1"), material="M-ID", upload=UUID(int=1)),
        ],
        delivery_route=DeliveryRoute.DIRECT_TO_RESIDENT,
    )
    found = await assess(city.session, city.registry, draft, DEVELOPER, NOW)
    assert {problem.code for problem in found.problems} == {
        ProblemCode.NOT_OFFERED_HERE,  # a branch
        ProblemCode.FORM_INVALID,
        ProblemCode.MATERIAL_INVALID,
        ProblemCode.MATERIAL_MISSING,
        ProblemCode.NOT_ELIGIBLE,
    }
    assert all(problem.next_step for problem in found.problems if problem.code is ProblemCode.MATERIAL_MISSING)
    with pytest.raises(ValueError, match="without problems"):
        found.complete()


@pytest.mark.parametrize(
    ("said", "place", "code"),
    [
        ({"item": "XX-999"}, ("item",), ProblemCode.NOT_FOUND),
        ({"item": "X" * 100_000}, ("item",), ProblemCode.NOT_FOUND),
        ({"center": "SH9999-01"}, ("center",), ProblemCode.NOT_FOUND),
        ({"applicant": None}, ("applicant",), ProblemCode.NOT_FOUND),
        ({"applicant": UUID(int=1)}, ("applicant",), ProblemCode.NOT_FOUND),
        ({"form": None}, ("form",), ProblemCode.FORM_INVALID),
        ({"form": []}, ("form",), ProblemCode.FORM_INVALID),
        ({"form": "x" * (LONGEST_FORM + 1)}, ("form",), ProblemCode.FORM_INVALID),
    ],
)
async def test_what_is_not_there_is_told(
    city: City, said: dict[str, Any], place: tuple[str, ...], code: ProblemCode
) -> None:
    draft = replace(city.draft(ITEMS["DA-001"], SAMPLE[0]), **said)
    found = await assess(city.session, city.registry, draft, DEVELOPER, NOW)
    assert (code, place) in [(problem.code, problem.path) for problem in found.problems]
    assert all(len(problem.message) < 1_000 for problem in found.problems)


async def test_a_split_item_of_a_street_without_a_center_is_received_and_waits(city: City) -> None:
    """Nobody guesses, and nobody is sent away."""
    item = ITEMS["MZ-004"]
    async with city.session.begin_nested() as savepoint:
        resident = await register(city.session, DEVELOPER, registration_for(item, UNMAPPED), NOW)
        draft = city.draft(item, SAMPLE[0], applicant=resident.id)
        case = await submit(city.session, city.registry, DEVELOPER, Submission(draft=draft, accept=True), NOW)
        assert (case.status, case.routed_by) == ("ROUTING_REVIEW", None)
        assert case.handling_center_id == case.current_center_id == case.receiving_center_id
        await savepoint.rollback()


@pytest.mark.parametrize(
    ("form", "paths"),
    [
        ({"a": 1}, []),
        ({}, [("form",)]),
        ({"a": "x", "b": 1}, [("form",), ("form", "a")]),
        ({"a": 1, "list": [1, "x", "y"]}, [("form", "list", "1"), ("form", "list", "2")]),
        ({"a": float("nan"), "on": "2026-02-30"}, [("form", "on")]),
        ({"a": 2**70}, []),
        ({"a": 1, "on": "\ud800"}, [("form", "on")]),
    ],
)
def test_each_problem_of_a_form_has_its_place(form: dict[str, Any], paths: list[tuple[str, ...]]) -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["a"],
        "properties": {
            "a": {"type": "number"},
            "list": {"items": {"type": "integer"}},
            "on": {"type": "string", "format": "date"},
        },
    }
    assert [problem.path for problem in form_problems(schema, form)] == paths


def test_a_form_full_of_faults_is_told_fifty() -> None:
    form = {"list": list(itertools.repeat("x", 1_000))}
    assert len(form_problems({"properties": {"list": {"items": {"type": "integer"}}}}, form)) == 50
