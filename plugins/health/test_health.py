"""The department's items and rules, without server or database."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_health
from tongban import Applicant, Application, Hukou, ItemDefinition, ReceivingCenter, Sex
from tongban.testing import (
    A_DAY,
    HONGKOU_STREET,
    JIADING,
    conforms,
    item_of,
    may_apply,
    sample_applicant,
    sample_application,
)
from tongban_health import DEPARTMENT, tongban_validate
from tongban_health.rules import RULES

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("09-TZ出生", max_size=10) | st.dates().map(str)
)
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), SCALARS)
FIELDS = {name: field for item in DEPARTMENT.items for name, field in item.form["properties"].items()}
CHOICES = st.sampled_from(sorted({choice["const"] for field in FIELDS.values() for choice in field.get("oneOf", ())}))
ELSEWHERE = ReceivingCenter(code="SH0109-01", district="310109")
MALE = {"sex": Sex.MALE}
SHANGHAI = {"hukou": Hukou(division_code=HONGKOU_STREET, since=date(2020, 1, 1))}


def aged(years: int) -> dict[str, Any]:
    return {"birth_date": date(A_DAY.year - years, 1, 1)}


def changed(code: str, form: dict[str, Any], applicant: dict[str, Any]) -> Application:
    """The item's sample with some fields of its form and of its applicant changed."""
    item = item_of(DEPARTMENT, code)
    return sample_application(
        item,
        form={**item.sample.form, **form},
        applicant=replace(sample_applicant(item.sample), **applicant),
    )


def details(code: str, form: dict[str, Any], applicant: dict[str, Any]) -> list[str | None]:
    return [problem.detail for problem in tongban_validate(changed(code, form, applicant))]


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_the_sample_of_each_item_is_accepted(item: ItemDefinition) -> None:
    application = sample_application(item)
    assert may_apply(item, application.applicant)
    assert list(tongban_validate(application)) == []


@pytest.mark.parametrize(
    ("code", "form", "applicant", "detail"),
    [
        ("WJ-001", {"childOrder": 4}, {}, "birth.needs-approval"),
        ("WJ-001", {"deliveredOn": "2026-11-25"}, {}, "birth.future"),
        ("WJ-001", {"stage": "PREGNANT", "expectedOn": "2027-09-01"}, {}, "birth.expected"),
        ("WJ-003", {"childrenNow": 2}, {}, "further-child.not-needed"),
        ("WJ-003", {"marriedOn": "2026-12-01"}, {}, "further-child.marriage"),
        ("WJ-003", {"ground": "DISABLED_CHILD", "assessedOn": "2026-12-01"}, {}, "further-child.assessment"),
        ("WJ-004", {}, MALE, "maternity-review.requester"),
        ("WJ-004", {"requester": "SPOUSE"}, {}, "maternity-review.requester"),
        ("WJ-004", {"deliveredOn": "2026-11-25"}, {}, "birth.future"),
        ("WJ-004", {"childOrder": 4}, {}, "maternity-review.not-approved"),
        ("WJ-005", {}, SHANGHAI, "newcomer.has-shanghai-hukou"),
        ("WJ-007", {}, MALE, "migrant-certificate.sex"),
        ("WJ-007", {}, aged(17), "migrant-certificate.age"),
        ("WJ-007", {}, aged(50), "migrant-certificate.age"),
        ("WJ-008", {"issuedOn": "2023-11-24"}, {}, "migrant-certificate.expired"),
        ("WJ-008", {"issuedOn": "2026-11-25"}, {}, "migrant-certificate.future"),
        ("WJ-009", {"childrenHere": 2}, {}, "migrant-data.children"),
        ("WJ-009", {"arrivedOn": "2026-11-25"}, {}, "migrant-data.arrival"),
        ("WJ-010", {"childBornOn": "2016-01-01", "certifiedOn": None}, {}, "one-child.born-later"),
        ("WJ-010", {"certifiedOn": "1995-04-11"}, {}, "one-child.certified-before-birth"),
        ("WJ-010", {"certifiedOn": "2026-11-25"}, {}, "one-child.certified-in-future"),
        ("WJ-010", {"childBornOn": "1968-01-01", "certifiedOn": None}, {}, "child.older-than-parent"),
        ("WJ-011", {"childrenNow": 2}, {}, "one-child.more-children"),
        ("WJ-012", {"childBornOn": "2010-11-24"}, {}, "one-child-award.child-age"),
        ("WJ-012", {"employment": "EMPLOYED"}, {}, "one-child-award.employed"),
        ("WJ-013", {"retiredOn": "2026-11-25"}, {}, "retirement-award.future"),
        ("WJ-013", {"receivedBefore": True}, {}, "retirement-award.received"),
        ("WJ-014", {}, aged(59), "rural-award.age"),
        ("WJ-015", {"eventOn": "1997-03-07"}, {}, "child-event.before-birth"),
        ("WJ-015", {"eventOn": "2026-11-25"}, {}, "child-event.future"),
        ("WJ-015", {"childrenNow": 1}, {}, "child-event.other-child"),
        ("WJ-015", {"event": "DISABILITY", "disabilityLevel": 2}, {}, "child-event.children"),
        ("WJ-015", {"event": "DISABILITY", "disabilityLevel": 4, "childrenNow": 1}, {}, "special-support.level"),
        ("WJ-015", {}, aged(48), "special-support.age"),
        ("WJ-015", {"wifeBornOn": "1980-01-01"}, MALE, "special-support.age"),
        ("WJ-016", {"childrenNow": 2}, {}, "child-event.other-child"),
        ("WJ-017", {"childBornOn": "2008-11-24"}, {}, "disabled-child.grown-up"),
        ("WJ-017", {"childBornOn": "2026-11-25"}, {}, "disabled-child.unborn"),
        ("WJ-018", {}, aged(17), "pre-pregnancy.age"),
        ("WJ-018", {"lastCheckOn": "2026-11-25"}, {}, "pre-pregnancy.check"),
        ("WJ-019", {}, MALE, "technical-service.sex"),
        ("WJ-019", {"service": "VASECTOMY"}, {}, "technical-service.sex"),
    ],
)
def test_a_rule_refuses(code: str, form: dict[str, Any], applicant: dict[str, Any], detail: str) -> None:
    assert details(code, form, applicant) == [detail]


@pytest.mark.parametrize(
    ("code", "form", "applicant"),
    [
        ("WJ-001", {"childOrder": 3, "deliveredOn": "2026-11-24"}, MALE),
        ("WJ-001", {"stage": "PREGNANT", "expectedOn": "2027-08-31"}, {}),
        ("WJ-004", {"requester": "SPOUSE"}, MALE),
        ("WJ-004", {"childOrder": 4, "furtherChildApproved": True}, {}),
        ("WJ-007", {}, aged(18)),
        ("WJ-007", {}, aged(49)),
        ("WJ-008", {"issuedOn": "2023-11-25"}, {}),
        ("WJ-010", {"childBornOn": "2015-12-31", "certifiedOn": "2015-12-31"}, {}),
        ("WJ-012", {"childBornOn": "2010-11-25"}, {}),
        ("WJ-014", {}, aged(60)),
        ("WJ-015", {"event": "DISABILITY", "disabilityLevel": 3, "childrenNow": 1}, {}),
        ("WJ-015", {"wifeBornOn": "1977-11-24"}, MALE | aged(45)),
        ("WJ-017", {"childBornOn": "2008-11-25"}, {}),
        ("WJ-019", {"service": "VASECTOMY"}, MALE),
    ],
)
def test_a_rule_lets_pass(code: str, form: dict[str, Any], applicant: dict[str, Any]) -> None:
    assert details(code, form, applicant) == []


def test_all_faults_are_said_at_once() -> None:
    faulty = {"childBornOn": "2016-03-01", "certifiedOn": "2016-02-01", "employment": "EMPLOYED"}
    assert details("WJ-012", faulty, {}) == [
        "one-child.born-later",
        "one-child.certified-before-birth",
        "one-child-award.employed",
    ]


def test_the_chain_of_the_review_form_is_in_the_guide() -> None:
    guide = item_of(DEPARTMENT, "WJ-004").guide
    steps = "".join(guide.steps)
    order = ["户籍证明", "结婚证", "WJ-001", "《生育医学证明》", "《申请享受生育保险待遇计划生育情况审核表》", "RS-046"]
    assert sorted(order, key=steps.index) == order
    assert any(all(word in question.answer for word in ("WJ-001", "RS-046")) for question in guide.questions)


@given(
    code=st.sampled_from(sorted(RULES)),
    form=st.dictionaries(st.sampled_from(sorted(FIELDS)), JSON | CHOICES, max_size=6),
    applicant=st.builds(
        Applicant, birth_date=st.none() | st.dates(max_value=A_DAY), sex=st.none() | st.sampled_from(Sex)
    ),
    day=st.dates(),
)
def test_rules_never_raise_and_never_ask_where(
    code: str, form: dict[str, Any], applicant: Applicant, day: date
) -> None:
    here = Application(item=code, applicant=applicant, center=JIADING, received_on=day, form=form)
    assert tongban_validate(here) == tongban_validate(replace(here, center=ELSEWHERE))


def test_conforms() -> None:
    conforms(tongban_health)
