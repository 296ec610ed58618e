"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_police
from tongban import Applicant, Application, Hukou, ItemDefinition, ReceivingCenter, ResidencePermit
from tongban.testing import (
    A_DAY,
    HONGKOU_STREET,
    OUTSIDE,
    conforms,
    item_of,
    may_apply,
    sample_applicant,
    sample_application,
)
from tongban_police import DEPARTMENT, tongban_validate

JIADING_STREET = "310114001000"
PERMIT = ResidencePermit(valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
LOST = replace(PERMIT, reported_lost=True)


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_the_sample_of_each_item_is_accepted(item: ItemDefinition) -> None:
    application = sample_application(item)
    assert may_apply(item, application.applicant)
    assert list(tongban_validate(application)) == []


def verdict(code: str, form: Mapping[str, Any] | None = None, **facts: Any) -> list[str | None]:
    """What the rules say of the item's sample with other form fields and other facts of its applicant."""
    item = item_of(DEPARTMENT, code)
    applicant = replace(sample_applicant(item.sample), **facts)
    application = sample_application(item, form={**item.sample.form, **(form or {})}, applicant=applicant)
    return [problem.detail for problem in tongban_validate(application)]


@pytest.mark.parametrize("code", [f"GA-{number:03}" for number in range(1, 16)])
def test_permits_and_registrations_are_for_newcomers(code: str) -> None:
    assert verdict(code, hukou=None) == []
    assert verdict(code, hukou=Hukou(division_code=HONGKOU_STREET, since=A_DAY)) == ["newcomer.has-shanghai-hukou"]


@pytest.mark.parametrize(
    ("permit", "said"),
    [
        (None, []),
        (replace(PERMIT, valid_to=date(2026, 11, 23)), []),
        (PERMIT, ["permit.already-held"]),
        (LOST, ["permit.already-held"]),
    ],
)
def test_a_first_permit_is_for_people_without_one(permit: ResidencePermit | None, said: list[str]) -> None:
    assert verdict("GA-001", permit=permit) == said


@pytest.mark.parametrize("code", ["GA-002", "GA-004", "GA-005", "GA-014"])
def test_a_card_reported_lost_is_out_of_use(code: str) -> None:
    assert verdict(code, permit=PERMIT) == []
    assert verdict(code, permit=LOST) == ["permit.card-reported-lost"]


def test_a_loss_is_reported_once() -> None:
    assert verdict("GA-008", permit=PERMIT) == []
    assert verdict("GA-008", permit=LOST) == ["permit.already-reported-lost"]


@pytest.mark.parametrize("code", ["GA-003", "GA-008"])
def test_a_card_is_lost_between_issue_and_receipt(code: str) -> None:
    assert verdict(code, {"lostOn": "2026-01-01"}, permit=PERMIT) == []
    assert verdict(code, {"lostOn": "2025-12-31"}, permit=PERMIT) == ["permit.lost-before-issue"]
    assert verdict(code, {"lostOn": "2026-11-25"}, permit=PERMIT) == ["permit.lost-in-future"]


@pytest.mark.parametrize(
    ("code", "field", "detail"),
    [
        ("GA-009", "foundOn", "permit.found-in-future"),
        ("GA-010", "arrivedOn", "newcomer.arrived-in-future"),
        ("GA-011", "changedOn", "newcomer.changed-in-future"),
        ("GA-016", "livingAwaySince", "living-away.since-in-future"),
        ("GA-017", "endedOn", "living-away.ended-in-future"),
        ("GA-020", "lostOn", "social-security-card.lost-in-future"),
        ("GA-021", "happenedOn", "social-security-card.happened-in-future"),
    ],
)
def test_what_has_happened_did_so_before_receipt(code: str, field: str, detail: str) -> None:
    assert verdict(code, {field: "2026-11-24"}) == []
    assert verdict(code, {field: "2026-11-25"}) == [detail]


@pytest.mark.parametrize(
    ("code", "field", "detail"),
    [
        ("GA-010", "arrivedOn", "newcomer.arrived-before-birth"),
        ("GA-016", "livingAwaySince", "living-away.since-before-birth"),
    ],
)
def test_nobody_lived_anywhere_before_birth(code: str, field: str, detail: str) -> None:
    assert verdict(code, {field: "2000-05-01"}, birth_date=date(2000, 5, 1)) == []
    assert verdict(code, {field: "2000-04-30"}, birth_date=date(2000, 5, 1)) == [detail]


@pytest.mark.parametrize(
    ("residence", "said"),
    [
        (None, []),
        (JIADING_STREET, []),
        (HONGKOU_STREET, ["living-away.same-street"]),
        (OUTSIDE, ["living-away.outside-shanghai"]),
    ],
)
def test_living_away_is_in_another_street_of_the_city(residence: str | None, said: list[str]) -> None:
    assert verdict("GA-016", residence_division=residence) == said


@pytest.mark.parametrize(
    ("reason", "residence", "said"),
    [
        ("HUKOU_MOVED", HONGKOU_STREET, []),
        ("HUKOU_MOVED", None, []),
        ("RETURNED", JIADING_STREET, []),
        ("HUKOU_MOVED", JIADING_STREET, ["living-away.hukou-elsewhere"]),
    ],
)
def test_a_hukou_that_has_followed_is_where_one_lives(reason: str, residence: str | None, said: list[str]) -> None:
    assert verdict("GA-017", {"reason": reason}, residence_division=residence) == said


@pytest.mark.parametrize(("code", "field"), [("GA-018", "appliedBy"), ("GA-022", "activatedBy")])
def test_a_guardian_acts_for_a_child(code: str, field: str) -> None:
    assert verdict(code, birth_date=date(2010, 11, 24)) == []
    assert verdict(code, {field: "GUARDIAN"}, birth_date=date(2010, 11, 25)) == []
    assert verdict(code, birth_date=date(2010, 11, 25)) == ["social-security-card.guardian"]


def test_a_first_social_security_card_is_for_people_without_one() -> None:
    assert verdict("GA-018", certificates=frozenset({"M-SSC"})) == ["social-security-card.already-held"]


def test_all_problems_come_at_once() -> None:
    said = verdict("GA-016", {"livingAwaySince": "2027-01-01"}, residence_division=HONGKOU_STREET)
    assert said == ["living-away.same-street", "living-away.since-in-future"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
DIVISIONS = st.sampled_from([HONGKOU_STREET, JIADING_STREET, OUTSIDE, ""])
APPLICANTS = st.builds(
    Applicant,
    birth_date=st.none() | st.dates(),
    hukou=st.none() | st.builds(Hukou, division_code=DIVISIONS, since=st.dates()),
    permit=st.none()
    | st.builds(ResidencePermit, valid_from=st.dates(), valid_to=st.dates(), reported_lost=st.booleans()),
    residence_division=st.none() | DIVISIONS,
)
CENTERS = st.builds(ReceivingCenter, code=st.text(), district=st.text())


@st.composite
def applications(draw: st.DrawFn) -> Application:
    """Any applicant with any JSON in the fields of any item."""
    item = draw(st.sampled_from(DEPARTMENT.items))
    fields = st.sampled_from(sorted(item.form["properties"])) | st.text()
    return Application(
        item=item.code,
        applicant=draw(APPLICANTS),
        center=draw(CENTERS),
        received_on=draw(st.dates()),
        form=draw(st.dictionaries(fields, JSON | st.sampled_from(["SELF", "HUKOU_MOVED"]))),
    )


@given(applications(), CENTERS)
def test_rules_never_raise_and_say_the_same_at_every_center(application: Application, center: ReceivingCenter) -> None:
    assert tongban_validate(application) == tongban_validate(replace(application, center=center))


def test_conforms() -> None:
    conforms(tongban_police)
