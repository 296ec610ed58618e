"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_archives
from tongban import Applicant, ItemDefinition, ReceivingCenter
from tongban.testing import JIADING, conforms, item_of, may_apply, sample_applicant, sample_application
from tongban_archives import DEPARTMENT, tongban_validate

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
        ("DA-001", {"requester": "RELATIVE"}, "archive.relation"),
        ("DA-001", {"relation": "SPOUSE"}, "archive.self"),
        ("DA-001", {"requester": "RELATIVE", "relation": "OTHER"}, "archive.not-near-relative"),
        ("DA-007", {"requester": "AGENT", "relation": "OTHER"}, "archive.no-authorization"),
        ("DA-008", {"yearFrom": 2005}, "archive.year-order"),
        ("DA-010", {"yearTo": 2027}, "archive.future"),
        ("DA-011", {"yearFrom": 2003}, "archive.year-order"),
    ],
)
def test_a_fault_is_named(code: str, fields: Mapping[str, Any], detail: str) -> None:
    assert details(code, fields) == [detail]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("DA-001", {"requester": "RELATIVE", "relation": "CHILD"}),
        ("DA-002", {"requester": "RELATIVE", "relation": "PARENT", "yearFrom": 1980, "yearTo": 1981}),
        ("DA-007", {"requester": "AGENT", "relation": "OTHER", "authorizationShown": True}),
        ("DA-008", {"yearFrom": 2004}),
        ("DA-010", {"yearTo": 2026}),
    ],
)
def test_what_is_in_order_passes(code: str, fields: Mapping[str, Any]) -> None:
    assert details(code, fields) == []


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_nobody_is_on_file_before_birth(item: ItemDefinition) -> None:
    birth = sample_applicant(item.sample).birth_date
    assert birth is not None
    for year, expected in ((birth.year - 1, ["archive.before-birth"]), (birth.year, [])):
        assert details(item.code, {"yearFrom": year, "yearTo": year}) == expected


def test_every_enquiry_is_answered_on_the_spot() -> None:
    assert all(item.immediate for item in DEPARTMENT.items)


def test_all_faults_come_at_once() -> None:
    faults = {"requester": "AGENT", "yearFrom": 2030, "yearTo": 2028}
    assert details("DA-001", faults) == [
        "archive.relation",
        "archive.no-authorization",
        "archive.year-order",
        "archive.future",
    ]


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
    conforms(tongban_archives)
