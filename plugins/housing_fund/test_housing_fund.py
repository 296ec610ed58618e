"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_housing_fund
from tongban import Applicant, ItemDefinition, ReceivingCenter
from tongban.testing import JIADING, conforms, item_of, may_apply, sample_applicant, sample_application
from tongban_housing_fund import DEPARTMENT, tongban_validate

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
        ("GJ-001", {"toMonth": None}, "fund.months-needed"),
        ("GJ-001", {"toMonth": "2025-12"}, "fund.month-order"),
        ("GJ-001", {"fromMonth": "1991-04"}, "fund.before-start"),
        ("GJ-001", {"toMonth": "2026-12"}, "fund.future"),
    ],
)
def test_a_fault_is_named(code: str, fields: Mapping[str, Any], detail: str) -> None:
    assert details(code, fields) == [detail]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("GJ-001", {"fromMonth": "1991-05"}),
        ("GJ-001", {"toMonth": "2026-11"}),
        ("GJ-001", {"scope": "BALANCE", "fromMonth": None, "toMonth": None}),
    ],
)
def test_what_is_in_order_passes(code: str, fields: Mapping[str, Any]) -> None:
    assert details(code, fields) == []


def test_all_faults_come_at_once() -> None:
    assert details("GJ-001", {"fromMonth": None, "toMonth": "2027-01"}) == ["fund.months-needed", "fund.future"]


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
    conforms(tongban_housing_fund)
