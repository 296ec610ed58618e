"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_civil_affairs
from tongban import Applicant, Application, ItemDefinition, ReceivingCenter, Sex
from tongban.testing import conforms, item_of, may_apply, sample_applicant, sample_application
from tongban_civil_affairs import DEPARTMENT, tongban_validate


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


@pytest.mark.parametrize("code", ["MZ-009", "MZ-010", "MZ-011"])
def test_the_old_age_allowance_begins_on_the_65th_birthday(code: str) -> None:
    assert verdict(code, birth_date=date(1961, 11, 24)) == []
    assert verdict(code, birth_date=date(1961, 11, 25)) == ["senior-card.age"]


def test_a_first_senior_card_is_for_people_without_one() -> None:
    assert verdict("MZ-009", certificates=frozenset({"M-SENIOR"})) == ["senior-card.already-held"]


def test_the_care_subsidy_begins_on_the_60th_birthday() -> None:
    assert verdict("MZ-012", birth_date=date(1966, 11, 24)) == []
    assert verdict("MZ-012", birth_date=date(1966, 11, 25)) == ["care-subsidy.age"]


@pytest.mark.parametrize(
    ("sex", "born", "status", "said"),
    [
        (Sex.FEMALE, date(2006, 11, 24), "MARRIED", []),
        (Sex.FEMALE, date(2006, 11, 25), "UNMARRIED", []),
        (Sex.FEMALE, date(2006, 11, 25), "MARRIED", ["minimum-living.marriage-age"]),
        (Sex.MALE, date(2004, 11, 24), "DIVORCED", []),
        (Sex.MALE, date(2004, 11, 25), "WIDOWED", ["minimum-living.marriage-age"]),
    ],
)
def test_marriage_has_its_age(sex: Sex, born: date, status: str, said: list[str]) -> None:
    assert verdict("MZ-001", {"maritalStatus": status}, sex=sex, birth_date=born) == said


def test_children_are_not_unemployed() -> None:
    form = {"maritalStatus": "UNMARRIED", "workStatus": "UNEMPLOYED"}
    assert verdict("MZ-001", form, birth_date=date(2010, 11, 24)) == []
    assert verdict("MZ-001", form, birth_date=date(2010, 11, 25)) == ["minimum-living.working-age"]


@pytest.mark.parametrize(
    ("ground", "born", "said"),
    [
        ("ELDERLY", date(1966, 11, 24), []),
        ("ELDERLY", date(1966, 11, 25), ["extreme-hardship.elderly"]),
        ("MINOR", date(2010, 11, 25), []),
        ("MINOR", date(2010, 11, 24), ["extreme-hardship.minor"]),
    ],
)
def test_extreme_hardship_by_age(ground: str, born: date, said: list[str]) -> None:
    assert verdict("MZ-002", {"ground": ground}, birth_date=born) == said


@pytest.mark.parametrize(
    ("kind", "level", "accepted"),
    [
        ("INTELLECTUAL", 3, True),
        ("MENTAL", 4, False),
        ("PHYSICAL", 2, True),
        ("PHYSICAL", 3, False),
        ("VISUAL", 1, True),
        ("VISUAL", 2, False),
        ("OTHER", 1, False),
    ],
)
def test_extreme_hardship_by_disability(kind: str, level: int, accepted: bool) -> None:
    form = {"ground": "DISABLED", "disabilityKind": kind, "disabilityLevel": level}
    assert verdict("MZ-002", form) == ([] if accepted else ["extreme-hardship.disability"])


@pytest.mark.parametrize(
    ("level", "said"),
    [(1, []), (2, []), (3, ["disabled-allowance.level"]), (3.0, ["disabled-allowance.level"])],
)
def test_only_levels_1_and_2_are_severe(level: float, said: list[str]) -> None:
    assert verdict("MZ-007", {"disabilityLevel": level}) == said


def test_the_disabled_allowance_begins_at_16_and_is_for_people_without_work() -> None:
    assert verdict("MZ-007", birth_date=date(2010, 11, 24)) == []
    assert verdict("MZ-007", birth_date=date(2010, 11, 25)) == ["disabled-allowance.age"]
    assert verdict("MZ-007", {"workStatus": "EMPLOYED"}) == ["disabled-allowance.work"]
    assert verdict("MZ-007", {"workStatus": "RETIRED"}) == ["disabled-allowance.work"]


@pytest.mark.parametrize(
    ("code", "field", "detail"),
    [
        ("MZ-003", "spendingTo", "medical-spending.in-future"),
        ("MZ-004", "happenedOn", "temporary-relief.in-future"),
        ("MZ-005", "treatedTo", "medical-assistance.in-future"),
        ("MZ-010", "lostOn", "senior-card.lost-in-future"),
        ("MZ-012", "assessedOn", "care-subsidy.assessed-in-future"),
        ("MZ-013", "retiredOn", "resettled-retiree.retired-in-future"),
        ("MZ-015", "childBirthDate", "child-support.born-in-future"),
        ("MZ-016", "enlistedOn", "conscript.enlisted-in-future"),
        ("MZ-017", "dischargedOn", "entitled-group.discharged-in-future"),
        ("MZ-018", "changedOn", "recipient.changed-in-future"),
    ],
)
def test_what_has_happened_did_so_before_receipt(code: str, field: str, detail: str) -> None:
    assert verdict(code, {field: "2026-11-24"}) == []
    assert verdict(code, {field: "2026-11-25"}) == [detail]


@pytest.mark.parametrize(
    ("code", "first", "last", "detail"),
    [
        ("MZ-003", "spendingFrom", "spendingTo", "medical-spending.order"),
        ("MZ-005", "treatedFrom", "treatedTo", "medical-assistance.order"),
        ("MZ-017", "enlistedOn", "dischargedOn", "entitled-group.order"),
    ],
)
def test_an_end_follows_its_beginning(code: str, first: str, last: str, detail: str) -> None:
    assert verdict(code, {first: "1999-12-01", last: "1999-12-01"}) == []
    assert verdict(code, {first: "1999-12-02", last: "1999-12-01"}) == [detail]


def test_a_posting_comes_between_birth_and_retirement() -> None:
    assert verdict("MZ-013", {"postedYear": 1990, "retiredOn": "1989-12-31"}) == ["resettled-retiree.order"]
    assert verdict("MZ-013", {"postedYear": 1950}, birth_date=date(1950, 1, 1)) == [
        "resettled-retiree.posted-before-birth"
    ]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("1960-12-31", ["dismissed-worker.period"]),
        ("1961-01-01", []),
        ("1965-06-09", []),
        ("1965-06-10", ["dismissed-worker.period"]),
    ],
)
def test_dismissals_of_the_sixties_have_their_period(day: str, said: list[str]) -> None:
    assert verdict("MZ-014", {"dismissedOn": day}) == said


def test_nobody_worked_before_birth() -> None:
    assert verdict("MZ-014", {"startedWorkYear": 1935}) == ["dismissed-worker.worked-before-birth"]


@pytest.mark.parametrize(("born", "said"), [("2008-11-25", []), ("2008-11-24", ["child-support.age"])])
def test_support_for_children_ends_at_18(born: str, said: list[str]) -> None:
    assert verdict("MZ-015", {"childBirthDate": born}) == said
    assert verdict("MZ-015", {"relation": "SELF"}, birth_date=date.fromisoformat(born)) == said


def test_the_second_year_of_service_is_claimed_when_it_has_begun() -> None:
    assert verdict("MZ-016", {"enlistedOn": "2025-11-24", "serviceYear": 2}) == []
    assert verdict("MZ-016", {"enlistedOn": "2025-11-25", "serviceYear": 1}) == []
    assert verdict("MZ-016", {"enlistedOn": "2025-11-25", "serviceYear": 2}) == ["conscript.year"]


@pytest.mark.parametrize("category", ["RURAL_SOLDIER", "MARTYR_CHILD"])
def test_some_groups_are_entitled_from_60(category: str) -> None:
    assert verdict("MZ-017", {"category": category}, birth_date=date(1966, 11, 24)) == []
    assert verdict("MZ-017", {"category": category}, birth_date=date(1966, 11, 25)) == ["entitled-group.age"]


@pytest.mark.parametrize(
    ("category", "enlisted", "said"),
    [
        ("DEMOBILIZED", "1954-10-31", []),
        ("DEMOBILIZED", "1954-11-01", ["entitled-group.demobilized"]),
        ("RURAL_SOLDIER", "1954-10-31", ["entitled-group.rural-soldier"]),
        ("RURAL_SOLDIER", "2011-10-31", []),
        ("RURAL_SOLDIER", "2011-11-01", ["entitled-group.rural-soldier"]),
        ("WAR_VETERAN", "1954-10-31", []),
    ],
)
def test_some_groups_are_entitled_by_enlistment(category: str, enlisted: str, said: list[str]) -> None:
    form = {"category": category, "enlistedOn": enlisted, "dischargedOn": "2013-12-01"}
    assert verdict("MZ-017", form) == said


def test_all_problems_come_at_once() -> None:
    said = verdict("MZ-007", {"disabilityLevel": 3, "workStatus": "EMPLOYED"}, birth_date=date(2015, 1, 1))
    assert said == ["disabled-allowance.level", "disabled-allowance.age", "disabled-allowance.work"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
WORDS = st.sampled_from(["SELF", "DISABLED", "ELDERLY", "MINOR", "MARRIED", "UNEMPLOYED", "DEMOBILIZED"])
APPLICANTS = st.builds(Applicant, birth_date=st.none() | st.dates(), sex=st.none() | st.sampled_from(Sex))
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
        form=draw(st.dictionaries(fields, JSON | WORDS)),
    )


@given(applications(), CENTERS)
def test_rules_never_raise_and_say_the_same_at_every_center(application: Application, center: ReceivingCenter) -> None:
    assert tongban_validate(application) == tongban_validate(replace(application, center=center))


def test_conforms() -> None:
    conforms(tongban_civil_affairs)
