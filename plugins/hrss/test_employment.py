"""Rules of employment: what each refuses, and that none looks at the center or fails on junk."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban import Applicant, ReceivingCenter, Sex
from tongban.testing import JIADING, item_of, sample_application
from tongban_hrss import DEPARTMENT, tongban_validate
from tongban_hrss.employment_rules import RULES
from tongban_hrss.months import months_after, months_before
from tongban_hrss.retirement import retirement_days
from tongban_hrss.unemployment_assistance import IN_FORCE_FROM

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(date.isoformat),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
MAN = {"sex": Sex.MALE}


def details(code: str, form: dict[str, Any], who: dict[str, Any] | None = None) -> list[str | None]:
    """What the rules say of the item's sample with other answers or another applicant."""
    item = item_of(DEPARTMENT, code)
    sample = replace(item.sample, form={**item.sample.form, **form}, **(who or {}))
    return [problem.detail for problem in tongban_validate(sample_application(replace(item, sample=sample)))]


@pytest.mark.parametrize(
    ("code", "form", "who", "detail"),
    [
        ("RS-021", {}, {"age": 15}, "working-age.too-young"),
        ("RS-021", {}, {"age": 64, **MAN}, "working-age.retired"),
        ("RS-021", {"workStatus": "EMPLOYED"}, {}, "unemployment.employed"),
        ("RS-021", {"workStatus": "OWNER"}, {}, "unemployment.own-business"),
        ("RS-021", {"employmentEndedOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-022", {"workStatus": "FLEXIBLE"}, {}, "unemployment.flexible-work"),
        ("RS-023", {}, {"shanghai_hukou": True}, "newcomer.has-shanghai-hukou"),
        ("RS-023", {"employedFrom": "2026-05-01"}, {}, "newcomer.worked-too-short"),
        ("RS-023", {"employedFrom": "2026-11-01"}, {}, "date.reversed"),
        ("RS-024", {"business": "REISSUE", "lostOn": "2027-01-01"}, {}, "date.in-future"),
        ("RS-027", {"employed": True}, {}, "flexible-work.employed"),
        ("RS-028", {"exitedOn": "2024-03-31"}, {}, "date.reversed"),
        ("RS-029", {"proofIssuedOn": "2026-11-25"}, {}, "date.in-future"),
        ("RS-030", {"stoppedOn": "2025-02-28"}, {}, "date.reversed"),
        ("RS-031", {}, {"age": 39}, "older-unemployed.age"),
        ("RS-031", {}, {"age": 49, **MAN}, "older-unemployed.age"),
        (
            "RS-032",
            {"recognizedOn": "2023-01-01", "firstSubsidizedOn": "2023-09-30"},
            {"age": 40},
            "hard-to-place-subsidy.too-long",
        ),
        ("RS-032", {"periodTo": "2026-12-31"}, {}, "date.in-future"),
        ("RS-033", {"ground": "OLDER"}, {"age": 39}, "older-unemployed.age"),
        (
            "RS-033",
            {"ground": "LONG_UNEMPLOYED", "unemployedFrom": "2025-11-25"},
            {},
            "hard-to-place.unemployed-too-short",
        ),
        ("RS-034", {"contributionMonths": 11}, {}, "unemployment-benefit.contributions"),
        ("RS-034", {"endReason": "RESIGNED"}, {}, "unemployment-benefit.resigned"),
        ("RS-034", {"workBook": "JYSY"}, {}, "unemployment-benefit.work-book"),
        ("RS-034", {}, {"shanghai_hukou": False, "permit": True}, "unemployment-benefit.work-book"),
        ("RS-035", {"contributionMonths": 12}, {}, "unemployment-assistance.benefit-first"),
        ("RS-035", {"ground": "RESIGNED", "contributionMonths": 0}, {}, "unemployment-assistance.never-insured"),
        (
            "RS-035",
            {"ground": "BENEFIT_USED_UP", "benefitEndedOn": "2026-10-31"},
            {},
            "unemployment-assistance.no-benefit-drawn",
        ),
        (
            "RS-035",
            {"ground": "BENEFIT_USED_UP", "contributionMonths": 30, "benefitEndedOn": "2026-12-31"},
            {},
            "unemployment-assistance.benefit-runs",
        ),
        ("RS-036", {"ground": "NEAR_RETIREMENT"}, {"age": 45}, "benefit-extension.far-from-retirement"),
        ("RS-037", {"origin": "310115"}, {}, "place.in-shanghai"),
        ("RS-038", {"certifiedOn": "2026-07-01"}, {}, "date.reversed"),
        ("RS-040", {}, {"age": 15}, "working-age.too-young"),
        ("RS-041", {"registeredOn": "2023-11-24"}, {}, "start-up.too-old"),
        ("RS-042", {"registeredOn": "2025-11-25"}, {}, "start-up-grant.too-early"),
        ("RS-042", {"firstBusiness": False}, {}, "start-up-grant.not-first"),
        ("RS-043", {"business": "LEAVE", "leftOn": "2026-11-15"}, {}, "date.reversed"),
        ("RS-044", {}, {"age": 36}, "traineeship.age"),
        ("RS-045", {"workStatus": "EMPLOYED"}, {}, "unemployment.employed"),
    ],
)
def test_a_rule_refuses(code: str, form: dict[str, Any], who: dict[str, Any], detail: str) -> None:
    assert details(code, form, who) == [detail]


@pytest.mark.parametrize(
    ("code", "form", "who"),
    [
        ("RS-021", {}, {"age": 16}),
        ("RS-021", {}, {"age": 54}),
        ("RS-023", {"employedFrom": "2026-04-30"}, {}),
        ("RS-031", {}, {"age": 50, **MAN}),
        ("RS-032", {"recognizedOn": "2023-01-01", "firstSubsidizedOn": "2023-10-01"}, {"age": 40}),
        ("RS-032", {"recognizedOn": "2022-09-01", "firstSubsidizedOn": "2022-10-01"}, {"age": 59, **MAN}),
        ("RS-033", {"ground": "LONG_UNEMPLOYED", "unemployedFrom": "2025-11-24"}, {}),
        ("RS-034", {"contributionMonths": 12}, {}),
        ("RS-034", {"workBook": "JYSY"}, {"shanghai_hukou": False, "permit": True}),
        ("RS-035", {"ground": "BENEFIT_USED_UP", "contributionMonths": 30, "benefitEndedOn": "2026-10-31"}, {}),
        ("RS-041", {"registeredOn": "2023-11-25"}, {}),
        ("RS-042", {"registeredOn": "2025-11-24"}, {}),
        ("RS-044", {}, {"age": 35}),
    ],
)
def test_what_lies_just_inside_is_accepted(code: str, form: dict[str, Any], who: dict[str, Any]) -> None:
    assert details(code, form, who) == []


def test_two_faults_give_two_problems_at_once() -> None:
    assert details("RS-034", {"contributionMonths": 3, "endReason": "RESIGNED"}) == [
        "unemployment-benefit.contributions",
        "unemployment-benefit.resigned",
    ]


def test_the_citywide_standard_holds_from_its_first_day() -> None:
    application = sample_application(item_of(DEPARTMENT, "RS-035"), on=IN_FORCE_FROM)
    assert not tongban_validate(application)
    before = replace(application, received_on=date(2017, 12, 31))
    assert [p.detail for p in tongban_validate(before)] == ["unemployment-assistance.no-standard-yet"]


@pytest.mark.parametrize(
    ("sex", "born", "days"),
    [
        (Sex.MALE, date(1964, 12, 31), [date(2024, 12, 31)]),
        (Sex.MALE, date(1965, 1, 1), [date(2025, 2, 1)]),
        (Sex.MALE, date(1976, 9, 1), [date(2039, 9, 1)]),
        (Sex.MALE, date(1990, 5, 5), [date(2053, 5, 5)]),
        (Sex.FEMALE, date(1975, 3, 1), [date(2025, 5, 1), date(2031, 7, 1)]),
        (Sex.FEMALE, date(1984, 11, 1), [date(2039, 11, 1), date(2042, 11, 1)]),
    ],
)
def test_retirement_days(sex: Sex, born: date, days: list[date]) -> None:
    assert list(retirement_days(Applicant(sex=sex, birth_date=born))) == days


def test_nobody_knows_when_someone_without_birth_date_or_sex_retires() -> None:
    assert retirement_days(Applicant(sex=Sex.MALE)) == retirement_days(Applicant(birth_date=date(1970, 1, 1))) == ()


@given(day=st.dates(), months=st.integers(0, 1200))
def test_months_are_counted_within_the_calendar(day: date, months: int) -> None:
    assert months_before(day, months) <= day <= months_after(day, months)


@given(
    data=st.data(),
    code=st.sampled_from(sorted(RULES)),
    center=st.builds(ReceivingCenter, code=st.text(), district=st.text()),
)
def test_rules_bear_any_form_and_do_not_see_the_center(data: st.DataObject, code: str, center: ReceivingCenter) -> None:
    item = item_of(DEPARTMENT, code)
    values = JSON | st.sampled_from(list(item.sample.form.values()))
    form = data.draw(st.dictionaries(st.sampled_from(sorted(item.form["properties"])), values))
    here = sample_application(item, form=form, center=JIADING, materials=())
    here = replace(
        here,
        received_on=data.draw(st.dates()),
        applicant=replace(here.applicant, birth_date=data.draw(st.none() | st.dates())),
    )
    assert tongban_validate(here) == tongban_validate(replace(here, center=center))
