"""Rules of medical insurance: what each refuses, and that none looks at the center or fails on junk."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban import ReceivingCenter
from tongban.testing import A_DAY, JIADING, item_of, sample_application
from tongban_hrss import DEPARTMENT, tongban_validate
from tongban_hrss.medical_insurance_rules import RULES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(date.isoformat),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


def details(code: str, form: dict[str, Any], who: dict[str, Any] | None = None) -> list[str | None]:
    """What the rules say of the item's sample with other answers or another applicant."""
    item = item_of(DEPARTMENT, code)
    sample = replace(item.sample, form={**item.sample.form, **form}, **(who or {}))
    return [problem.detail for problem in tongban_validate(sample_application(replace(item, sample=sample)))]


@pytest.mark.parametrize(
    ("code", "form", "who", "detail"),
    [
        ("RS-001", {}, {"age": 15}, "medical.guardian-needed"),
        ("RS-001", {"business": "REISSUE", "lostOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-004", {"business": "WITHDRAW", "foundOn": "2026-11-19"}, {}, "date.reversed"),
        ("RS-005", {"startsOn": "2026-11-15"}, {}, "date.reversed"),
        ("RS-006", {"ground": "NEWBORN", "appliedBy": "GUARDIAN"}, {"age": 1}, "residents-insurance.not-newborn"),
        (
            "RS-007",
            {"method": "DIRECT_DEBIT", "debitAgreementSigned": False},
            {},
            "residents-insurance.no-debit-agreement",
        ),
        ("RS-008", {"category": "CHILD"}, {"age": 19}, "residents-insurance.category-age"),
        ("RS-008", {"category": "ADULT"}, {"age": 17}, "residents-insurance.category-age"),
        ("RS-009", {"treatedTo": "2026-10-02"}, {}, "date.reversed"),
        ("RS-010", {"periodTo": "2026-12-01"}, {}, "date.in-future"),
        ("RS-011", {"destination": "310109"}, {}, "place.in-shanghai"),
        ("RS-012", {"origin": "310104"}, {}, "place.in-shanghai"),
        ("RS-013", {"diagnosedOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-014", {"insurance": "EMPLOYEE"}, {}, "serious-illness.employee-insurance"),
        ("RS-014", {"selfPaid": 48600.01}, {}, "amount.exceeds-total"),
        ("RS-015", {"insuredInShanghai": True}, {}, "aid-plan.insured"),
        ("RS-016", {"planMember": False}, {}, "aid-subsidy.not-member"),
        ("RS-017", {}, {"age": 59}, "care-assessment.age"),
        ("RS-017", {"insurance": "NONE"}, {}, "care-assessment.not-insured"),
        ("RS-017", {"lastAssessedOn": "2026-05-25"}, {}, "care-assessment.too-soon"),
        ("RS-017", {"lastAssessedOn": "2026-05-25", "conditionChanged": False}, {}, "care-assessment.too-soon"),
        ("RS-018", {"newProvider": " 欧阳护理站 "}, {}, "care-provider.same"),
        ("RS-019", {"clearingYear": 2026}, {}, "account-clearing.not-yet"),
        ("RS-020", {"insurance": "RESIDENT"}, {}, "relief.residents-insurance"),
        ("RS-020", {"costYear": 2027}, {}, "year.in-future"),
    ],
)
def test_a_rule_refuses(code: str, form: dict[str, Any], who: dict[str, Any], detail: str) -> None:
    assert details(code, form, who) == [detail]


@pytest.mark.parametrize(
    ("code", "form", "who"),
    [
        ("RS-001", {"appliedBy": "GUARDIAN"}, {"age": 3}),
        ("RS-001", {}, {"age": 16}),
        ("RS-006", {"ground": "NEWBORN", "appliedBy": "GUARDIAN"}, {"age": 0}),
        ("RS-008", {"category": "CHILD"}, {"age": 18}),
        ("RS-014", {"selfPaid": 48600}, {}),
        ("RS-017", {}, {"age": 60}),
        ("RS-017", {"insurance": "RESIDENT", "lastAssessedOn": "2026-05-24"}, {}),
        ("RS-017", {"lastAssessedOn": "2026-11-01", "conditionChanged": True}, {}),
    ],
)
def test_what_lies_just_inside_is_accepted(code: str, form: dict[str, Any], who: dict[str, Any]) -> None:
    assert details(code, form, who) == []


def test_care_age_counts_on_the_day_of_reception() -> None:
    item = item_of(DEPARTMENT, "RS-017")
    application = sample_application(item)
    turning_sixty = replace(application, applicant=replace(application.applicant, birth_date=date(1966, 11, 25)))
    assert [p.detail for p in tongban_validate(turning_sixty)] == ["care-assessment.age"]
    assert not tongban_validate(replace(turning_sixty, received_on=date(2026, 11, 25)))


def test_two_faults_give_two_problems_at_once() -> None:
    found = details("RS-017", {"insurance": "NONE", "lastAssessedOn": "2026-10-08"}, {"age": 45})
    assert found == ["care-assessment.age", "care-assessment.not-insured", "care-assessment.too-soon"]


@given(
    data=st.data(),
    code=st.sampled_from(sorted(RULES)),
    center=st.builds(ReceivingCenter, code=st.text(), district=st.text()),
)
def test_rules_bear_any_form_and_do_not_see_the_center(data: st.DataObject, code: str, center: ReceivingCenter) -> None:
    item = item_of(DEPARTMENT, code)
    values = JSON | st.sampled_from(list(item.sample.form.values()))
    form = data.draw(st.dictionaries(st.sampled_from(sorted(item.form["properties"])), values))
    day = data.draw(st.dates(min_value=A_DAY))
    here = sample_application(item, form=form, center=JIADING, materials=(), on=A_DAY)
    here = replace(here, received_on=day)
    assert tongban_validate(here) == tongban_validate(replace(here, center=center))
