"""The generator: mostly valid forms for every shipped item, people of all kinds, and some rubbish."""

from datetime import date

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_support import ITEM, shipped_chain, shipped_city, shipped_items
from tongban.check.applications import Applications, years_before
from tongban.check.draws import SeededDraw
from tongban.check.forms import maker_of
from tongban.contract.applications import Applicant, Sex
from tongban.testing import A_DAY

MADE = Applications.of(ITEM, shipped_city(), shipped_chain())


@pytest.mark.parametrize("code", sorted(shipped_items()))
def test_most_forms_are_valid_and_some_are_not(code: str) -> None:
    item, _ = shipped_items()[code]
    validator = jsonschema.Draft202012Validator(
        dict(item.form), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    made = Applications.of(item, shipped_city(), shipped_chain())

    valid = [validator.is_valid(application.form) for application in made.seeded(100)]

    assert 60 <= sum(valid) < 100


def test_people_are_of_all_kinds() -> None:
    people = [application.applicant for application in MADE.seeded(1500)]
    ages = {person.age_on(A_DAY) for person in people}
    hukou = [person.hukou for person in people]
    places = {one.division_code for one in hukou if one is not None}

    assert None in ages
    assert any(age is not None and age < 3 for age in ages)
    assert any(age is not None and age > 100 for age in ages)
    assert {person.sex for person in people} == {None, *Sex}
    assert None in hukou
    assert any(one is not None and not one.in_shanghai for one in hukou)
    assert {shipped_city().district_of[place] for place in places if place.startswith("31")} == set(
        shipped_city().streets
    )
    assert any(not division.current and division.code in places for division in shipped_city().divisions)
    assert any(person.permit is not None and person.permit.reported_lost for person in people)
    assert any(person.certificates for person in people)
    assert any(person.hukou and person.residence_division == person.hukou.division_code for person in people)


def test_days_and_materials_vary() -> None:
    made = list(MADE.seeded(300))

    assert {application.received_on.month for application in made} == set(range(1, 13))
    assert len({application.materials for application in made}) == 4


def test_a_seed_gives_the_same_applications_each_time() -> None:
    assert list(MADE.seeded(50)) == list(MADE.seeded(50))


def test_hypothesis_makes_the_same_kind_and_shrinks_to_nothing() -> None:
    smallest = MADE.smallest(lambda application: True, 10)

    assert smallest is not None
    assert (dict(smallest.form), smallest.materials) == ({}, frozenset())
    assert smallest.applicant == Applicant()


def test_what_never_fails_has_no_smallest_case() -> None:
    assert MADE.smallest(lambda application: False, 20) is None


SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "odd"])},
        optional={
            "minimum": st.integers(-5, 5),
            "maximum": st.integers(6, 10**9),
            "multipleOf": st.sampled_from([0.5, 1, 2, 100]),
            "minLength": st.integers(0, 5),
            "maxLength": st.integers(5, 20),
            "pattern": st.sampled_from(["^x{3}$", r"\d", "^[0-9]{4}$"]),
            "format": st.sampled_from(["date", "email"]),
            "uniqueItems": st.booleans(),
            "minItems": st.integers(0, 2),
        },
    )
    | st.fixed_dictionaries({"enum": st.lists(st.integers(), min_size=1)})
    | st.fixed_dictionaries({"const": st.none() | st.text()})
    | st.booleans(),
    lambda inner: (
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"type": st.just("array"), "items": inner})
        | st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
                "required": st.lists(st.sampled_from("abcd"), max_size=2),
            }
        )
    ),
    max_leaves=6,
)


@given(SCHEMAS, st.integers(0, 1000))
def test_no_schema_is_beyond_it(schema: object, seed: int) -> None:
    make, draw = maker_of(schema), SeededDraw(seed)

    for _ in range(3):
        make(draw, A_DAY)


@given(st.dates(), st.integers(0, 120))
def test_years_before_is_the_same_day(day: date, years: int) -> None:
    if day.year > years:
        before = years_before(day, years)
        assert before.year == day.year - years
        assert (before.month, before.day) in {(day.month, day.day), (2, 28)}
