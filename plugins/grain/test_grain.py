"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_grain
from tongban import Applicant, ItemDefinition, ReceivingCenter
from tongban.testing import JIADING, conforms, item_of, may_apply, sample_applicant, sample_application
from tongban_grain import DEPARTMENT, tongban_validate

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
        ("LS-001", {"account": "6224780000000000041"}, "food-subsidy.card-number"),
        ("LS-002", {"paidThrough": "EMPLOYER"}, "food-subsidy.paid-elsewhere"),
        ("LS-002", {"paidThrough": "PENSION"}, "food-subsidy.paid-elsewhere"),
    ],
)
def test_a_fault_is_named(code: str, fields: Mapping[str, Any], detail: str) -> None:
    assert details(code, fields) == [detail]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("LS-001", {"accountKind": "PASSBOOK", "account": "6224780000000000041"}),
        ("LS-001", {"account": "4111111111111111"}),
    ],
)
def test_what_is_in_order_passes(code: str, fields: Mapping[str, Any]) -> None:
    assert details(code, fields) == []


def test_a_minor_is_registered_by_the_guardian() -> None:
    assert details("LS-002", {}, age=17) == ["food-subsidy.minor"]
    assert details("LS-002", {}, age=18) == []
    assert details("LS-002", {"filedBy": "GUARDIAN"}, age=17) == []


def test_all_faults_come_at_once() -> None:
    faults = {"accountKind": "CARD", "account": "4111111111111112", "paidThrough": "PENSION"}
    assert details("LS-002", faults) == ["food-subsidy.card-number", "food-subsidy.paid-elsewhere"]


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
    conforms(tongban_grain)
