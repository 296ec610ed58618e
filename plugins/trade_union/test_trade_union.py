"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_trade_union
from tongban import Applicant, ItemDefinition, ReceivingCenter, Sex
from tongban.testing import JIADING, conforms, item_of, may_apply, sample_applicant, sample_application
from tongban_trade_union import DEPARTMENT, tongban_validate

ELSEWHERE = ReceivingCenter(code="SH0151-01", district="310151")
FIELDS = sorted({field for item in DEPARTMENT.items for field in item.form["properties"]})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def details(code: str, fields: Mapping[str, Any], **person: Any) -> list[str | None]:
    """What the rules find in the item's sample with other fields, and another person where named."""
    item = item_of(DEPARTMENT, code)
    applicant = sample_applicant(replace(item.sample, **person))
    application = sample_application(item, form={**item.sample.form, **fields}, applicant=applicant)
    return [problem.detail for problem in tongban_validate(application)]


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_the_sample_of_each_item_is_accepted(item: ItemDefinition) -> None:
    application = sample_application(item)
    assert may_apply(item, application.applicant)
    assert list(tongban_validate(application)) == []


@pytest.mark.parametrize(
    ("code", "fields", "detail"),
    [
        ("GH-001", {"joinedOn": "2026-11-25"}, "date.in-future"),
        ("GH-002", {"happenedOn": "2026-12-01"}, "date.in-future"),
        ("GH-004", {"dischargedOn": "2026-10-07"}, "hospital.order"),
        ("GH-004", {"dischargedOn": "2026-11-25"}, "date.in-future"),
        ("GH-005", {"happenedOn": "2027-01-01"}, "date.in-future"),
        ("GH-006", {"since": "2026-11-25"}, "date.in-future"),
        ("GH-006", {"cause": "SCHOOLING", "householdMembers": 1}, "hardship.household"),
    ],
)
def test_a_fault_is_named(code: str, fields: Mapping[str, Any], detail: str) -> None:
    assert details(code, fields) == [detail]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("GH-001", {"joinedOn": "2026-11-24"}),
        ("GH-004", {"dischargedOn": "2026-10-08"}),
        ("GH-005", {"plan": "WOMEN_CRITICAL_ILLNESS"}),
        ("GH-006", {"cause": "SCHOOLING", "householdMembers": 2}),
        ("GH-006", {"cause": "JOB_LOSS", "householdMembers": 1}),
    ],
)
def test_what_is_in_order_passes(code: str, fields: Mapping[str, Any]) -> None:
    assert details(code, fields) == []


@pytest.mark.parametrize("code", ["GH-001", "GH-005", "GH-006"])
def test_union_members_are_sixteen_or_older(code: str) -> None:
    assert details(code, {}, age=15) == ["union.age"]
    assert details(code, {}, age=16) == []


@pytest.mark.parametrize(("sex", "earliest"), [(Sex.FEMALE, 45), (Sex.MALE, 50)])
def test_nobody_retires_before_the_earliest_age(sex: Sex, earliest: int) -> None:
    assert details("GH-003", {"retiredOn": "2026-03-01"}, sex=sex, age=earliest - 1) == ["retirement.age"]
    assert details("GH-003", {"retiredOn": "2026-03-01"}, sex=sex, age=earliest) == []


def test_the_womens_plan_insures_women() -> None:
    assert details("GH-005", {"plan": "WOMEN_CRITICAL_ILLNESS"}, sex=Sex.MALE) == ["mutual-plan.women-only"]


def test_all_faults_come_at_once() -> None:
    faults = {"since": "2027-01-01", "cause": "SCHOOLING", "householdMembers": 1}
    assert details("GH-006", faults, age=15) == ["union.age", "date.in-future", "hardship.household"]


@given(
    st.sampled_from(DEPARTMENT.items),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.booleans(),
    st.dates(),
)
def test_rules_bear_any_form_and_see_no_center(
    item: ItemDefinition, odd: Mapping[str, Any], known: bool, day: date
) -> None:
    form = {**item.sample.form, **odd}
    applicant = sample_applicant(item.sample) if known else Applicant()
    here, there = (
        list(tongban_validate(sample_application(item, form=form, applicant=applicant, center=center, on=day)))
        for center in (JIADING, ELSEWHERE)
    )
    assert here == there


def test_conforms() -> None:
    conforms(tongban_trade_union)
