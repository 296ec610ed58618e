"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_disabled_federation
from tongban import Applicant, ItemDefinition, ReceivingCenter
from tongban.testing import JIADING, conforms, item_of, may_apply, sample_applicant, sample_application
from tongban_disabled_federation import DEPARTMENT, tongban_validate

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
        ("CL-001", {"category": "MENTAL"}, "certificate.guardian"),
        ("CL-001", {"assessedOn": "2026-11-25"}, "date.in-future"),
        ("CL-002", {"newDate": None}, "assessment.new-date"),
        ("CL-002", {"newDate": "2026-11-24"}, "assessment.past-date"),
        ("CL-002", {"action": "ENQUIRY"}, "assessment.enquiry"),
        ("CL-003", {"lostOn": None}, "certificate.lost-on"),
        ("CL-003", {"lostOn": "2026-11-25"}, "date.in-future"),
        ("CL-003", {"reason": "EXPIRY"}, "certificate.not-lost"),
        ("CL-004", {"destination": None}, "certificate.destination"),
        ("CL-004", {"action": "CANCEL"}, "certificate.cancel-reason"),
        ("CL-004", {"action": "CANCEL", "cancelReason": "DECEASED"}, "certificate.deceased"),
        ("CL-005", {"otherTransportAid": "ALREADY_PAID"}, "transport.paid-elsewhere"),
        ("CL-006", {"category": "VISION"}, "information-card.category"),
        ("CL-006", {"category": "MULTIPLE"}, "information-card.category"),
        ("CL-007", {"level": 3}, "disability.level"),
        ("CL-007", {"otherSupport": "WORK_INJURY_CARE"}, "subsidy.other-support"),
        ("CL-008", {"otherSupport": "ORPHAN_SUPPORT"}, "subsidy.other-support"),
        ("CL-009", {"device": "HEARING_AID"}, "device.category"),
        ("CL-009", {"diagnosedOn": "2026-11-25"}, "date.in-future"),
        ("CL-011", {"level": 4}, "disability.level"),
        ("CL-011", {"living": "INSTITUTION"}, "home-care.institution"),
        ("CL-012", {"employment": "EMPLOYED"}, "employment.employer"),
        ("CL-012", {"since": "2026-12-01"}, "date.in-future"),
        ("CL-013", {"schoolYear": 2027}, "study-grant.year"),
    ],
)
def test_a_fault_is_named(code: str, fields: Mapping[str, Any], detail: str) -> None:
    assert details(code, fields) == [detail]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("CL-001", {"category": "MENTAL", "filedBy": "GUARDIAN"}),
        ("CL-002", {"newDate": "2026-11-25"}),
        ("CL-002", {"action": "ENQUIRY", "newDate": None}),
        ("CL-003", {"reason": "EXPIRY", "lostOn": None}),
        ("CL-004", {"action": "CANCEL", "cancelReason": "DECEASED", "filedBy": "FAMILY"}),
        ("CL-006", {"category": "SPEECH"}),
        ("CL-006", {"category": "MULTIPLE", "includesHearingOrSpeech": True}),
        ("CL-007", {"level": 2}),
        ("CL-007", {"otherSupport": "ORPHAN_SUPPORT"}),
        ("CL-009", {"category": "MULTIPLE", "device": "HEARING_AID"}),
        ("CL-012", {"employment": "EMPLOYED", "employer": "上海虹口超市"}),
    ],
)
def test_what_is_in_order_passes(code: str, fields: Mapping[str, Any]) -> None:
    assert details(code, fields) == []


def test_nobody_gets_a_second_certificate() -> None:
    item = item_of(DEPARTMENT, "CL-001")
    holder = replace(sample_applicant(item.sample), certificates=frozenset({"M-CJZ"}))
    (problem,) = tongban_validate(sample_application(item, applicant=holder))
    assert problem.detail == "certificate.held"


@pytest.mark.parametrize(
    ("code", "age", "detail"),
    [
        ("CL-001", 17, "certificate.guardian"),
        ("CL-010", 16, "sunshine-card.age"),
        ("CL-011", 15, "home-care.age"),
        ("CL-011", 60, "home-care.age"),
        ("CL-012", 15, "employment.age"),
        ("CL-013", 17, "study-grant.guardian"),
    ],
)
def test_age_outside_the_limit_is_refused(code: str, age: int, detail: str) -> None:
    assert details(code, {}, age=age) == [detail]


@pytest.mark.parametrize(
    ("code", "age"), [("CL-001", 18), ("CL-010", 15), ("CL-011", 16), ("CL-011", 59), ("CL-012", 16), ("CL-013", 18)]
)
def test_age_at_the_limit_passes(code: str, age: int) -> None:
    assert details(code, {}, age=age) == []


def test_small_children_are_not_at_school() -> None:
    assert details("CL-013", {"filedBy": "GUARDIAN", "stage": "PRIMARY"}, age=5) == ["study-grant.age"]
    assert details("CL-013", {"filedBy": "GUARDIAN", "stage": "PRESCHOOL"}, age=5) == []


def test_all_faults_come_at_once() -> None:
    faults = {"level": 3, "living": "INSTITUTION"}
    assert details("CL-011", faults, age=70) == ["disability.level", "home-care.age", "home-care.institution"]


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
    conforms(tongban_disabled_federation)
