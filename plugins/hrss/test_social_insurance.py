"""The rules of social insurance: what each refuses and what it lets pass."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban import Applicant, Application, ReceivingCenter, Sex, all_problems
from tongban.testing import A_DAY, JIADING, item_of, sample_applicant, sample_application
from tongban_hrss import DEPARTMENT
from tongban_hrss.social_insurance_rules import RULES

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("09-TZ出生", max_size=10) | st.dates().map(str)
)
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), SCALARS)
FIELDS = sorted({name for code in RULES for name in item_of(DEPARTMENT, code).form["properties"]})
CHOICES = st.sampled_from(
    sorted(
        {
            choice["const"]
            for code in RULES
            for field in item_of(DEPARTMENT, code).form["properties"].values()
            for choice in field.get("oneOf", ())
        }
    )
)
ELSEWHERE = ReceivingCenter(code="SH0109-01", district="310109")


def changed(code: str, form: dict[str, Any], applicant: dict[str, Any]) -> Application:
    """The item's sample with some fields of its form and of its applicant changed."""
    item = item_of(DEPARTMENT, code)
    return sample_application(
        item,
        form={**item.sample.form, **form},
        applicant=replace(sample_applicant(item.sample), **applicant),
    )


def details(code: str, form: dict[str, Any], applicant: dict[str, Any]) -> list[str | None]:
    return [problem.detail for problem in all_problems(RULES, changed(code, form, applicant))]


def aged(years: int) -> dict[str, Any]:
    return {"birth_date": date(A_DAY.year - years, 1, 1)}


@pytest.mark.parametrize(
    ("code", "form", "applicant", "detail"),
    [
        ("RS-046", {}, {"sex": Sex.MALE}, "maternity.claimant"),
        ("RS-046", {"claimant": "SPOUSE"}, {}, "maternity.claimant"),
        ("RS-046", {"deliveredOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-046", {"deliveredOn": "2023-11-23"}, {}, "maternity.too-late"),
        ("RS-046", {"deliveryKind": "MISCARRIAGE"}, {}, "maternity.children"),
        ("RS-046", {"childrenBorn": 0}, {}, "maternity.children"),
        ("RS-047", {"fromYear": 2026}, {}, "enquiry.order"),
        ("RS-053", {"toYear": 2027}, {}, "year.in-future"),
        ("RS-051", {"stoppedOn": "2026-11-30"}, {}, "date.in-future"),
        ("RS-051", {"drawsPension": True}, {}, "pension-transfer.drawing"),
        ("RS-052", {}, aged(15), "insurance.age"),
        ("RS-052", {"coverage": "STUDENT"}, {}, "residents-pension.student"),
        ("RS-052", {"coverage": "EMPLOYEE"}, {}, "residents-pension.employee"),
        ("RS-055", {}, aged(59), "residents-pension.age"),
        ("RS-055", {"otherPension": True}, {}, "residents-pension.other-pension"),
        ("RS-057", {"drawsPension": True}, {}, "pension-transfer.drawing"),
        ("RS-058", {"reason": "DEATH"}, {}, "termination.relation"),
        ("RS-058", {"relation": "CHILD"}, {}, "termination.relation"),
        ("RS-058", {"diedOn": "2027-01-01"}, {}, "date.in-future"),
        ("RS-059", {"pensionKind": "RESIDENTS"}, aged(55), "residents-pension.age"),
        ("RS-061", {"retiredOn": "2026-12-01"}, {}, "date.in-future"),
        ("RS-061", {"movedOn": "2026-12-01"}, {}, "date.in-future"),
        ("RS-062", {"diedOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-063", {}, aged(49), "survivor.old-age"),
        ("RS-063", {}, aged(59) | {"sex": Sex.MALE}, "survivor.old-age"),
        ("RS-063", {"ground": "MINOR"}, aged(18), "survivor.minor"),
        ("RS-063", {"ground": "MINOR", "relation": "CHILD"}, aged(9), "survivor.guardian"),
        ("RS-064", {}, aged(15), "insurance.age"),
        ("RS-066", {"licensedOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-067", {"requisitionedOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-068", {"submittedOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-070", {"retiredOn": "2026-11-25"}, {}, "date.in-future"),
        (
            "RS-071",
            {},
            {"hukou": sample_applicant(item_of(DEPARTMENT, "RS-046").sample).hukou},
            "permit-points.has-shanghai-hukou",
        ),
    ],
)
def test_a_rule_refuses(code: str, form: dict[str, Any], applicant: dict[str, Any], detail: str) -> None:
    assert details(code, form, applicant) == [detail]


@pytest.mark.parametrize(
    ("code", "form", "applicant"),
    [
        ("RS-046", {"claimant": "SPOUSE"}, {"sex": Sex.MALE}),
        ("RS-046", {"deliveredOn": "2026-11-24"}, {}),
        ("RS-046", {"deliveredOn": "2023-11-24"}, {}),
        ("RS-046", {"deliveryKind": "MISCARRIAGE", "childrenBorn": 0}, {}),
        ("RS-047", {"fromYear": 2026, "toYear": 2026}, {}),
        ("RS-052", {"coverage": "FORMER_EMPLOYEE"}, aged(16)),
        ("RS-055", {}, aged(60)),
        ("RS-055", {}, {"birth_date": None}),
        ("RS-058", {"reason": "DEATH", "relation": "CHILD", "diedOn": "2026-11-24"}, {}),
        ("RS-059", {"pensionKind": "RESIDENTS"}, aged(60)),
        ("RS-063", {}, aged(50)),
        ("RS-063", {"ground": "MINOR", "relation": "CHILD", "guardianName": "赵某"}, aged(9)),
        ("RS-063", {"ground": "NO_CAPACITY"}, aged(30)),
    ],
)
def test_a_rule_lets_pass(code: str, form: dict[str, Any], applicant: dict[str, Any]) -> None:
    assert details(code, form, applicant) == []


def test_all_faults_are_said_at_once() -> None:
    faulty = {"claimant": "SPOUSE", "deliveredOn": "2026-11-25", "childrenBorn": 0}
    assert details("RS-046", faulty, {}) == ["maternity.claimant", "date.in-future", "maternity.children"]


def test_the_chain_of_the_review_form_is_in_the_guide() -> None:
    guide = item_of(DEPARTMENT, "RS-046").guide
    steps = "".join(guide.steps)
    assert steps.index("WJ-001") < steps.index("WJ-004") < steps.index("凭《审核表》")
    assert any("WJ-004" in question.answer for question in guide.questions)


@given(
    code=st.sampled_from(sorted(RULES)),
    form=st.dictionaries(st.sampled_from(FIELDS), JSON | CHOICES, max_size=6),
    applicant=st.builds(
        Applicant, birth_date=st.none() | st.dates(max_value=A_DAY), sex=st.none() | st.sampled_from(Sex)
    ),
    day=st.dates(),
)
def test_rules_never_raise_and_never_ask_where(
    code: str, form: dict[str, Any], applicant: Applicant, day: date
) -> None:
    here = Application(item=code, applicant=applicant, center=JIADING, received_on=day, form=form)
    assert all_problems(RULES, here) == all_problems(RULES, replace(here, center=ELSEWHERE))
