"""The department's items and rules, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_housing
from tongban import Applicant, Hukou, ItemDefinition, ProblemCode, ReceivingCenter, Sex
from tongban.testing import A_DAY, JIADING, conforms, item_of, may_apply, sample_applicant, sample_application
from tongban_housing import DEPARTMENT, tongban_validate
from tongban_housing.parameters import means_limit, rent_subsidy
from tongban_housing.windows import WINDOWS, next_window, open_window

DISTRICTS = [str(310100 + n) for n in (1, 4, 5, 6, 7, 9, 10, 12, 13, 14, 15, 16, 17, 18, 20, 51)]
ELSEWHERE = ReceivingCenter(code="SH0151-01", district="310151")
FIELDS = sorted({field for item in DEPARTMENT.items for field in item.form["properties"]})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def details(code: str, age: int | None = None, on: date = A_DAY, **fields: Any) -> list[str | None]:
    """What the rules find in the item's sample with other fields or another age, received on `on`."""
    item = item_of(DEPARTMENT, code)
    sample = item.sample if age is None else replace(item.sample, age=age)
    application = sample_application(
        item, form={**item.sample.form, **fields}, applicant=sample_applicant(sample, on), on=on
    )
    return [problem.detail for problem in tongban_validate(application)]


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_the_sample_of_each_item_is_accepted(item: ItemDefinition) -> None:
    application = sample_application(item)
    assert may_apply(item, application.applicant)
    assert list(tongban_validate(application)) == []


@pytest.mark.parametrize(
    ("code", "fields", "detail"),
    [
        ("ZJ-001", {"yearlyIncome": 50400 * 3}, "housing-security.income"),
        ("ZJ-001", {"assets": 150000 * 3}, "housing-security.assets"),
        ("ZJ-002", {"yearlyIncome": 72000 * 3}, "housing-security.income"),
        ("ZJ-003", {"applyingAs": "RESIDENCE_PERMIT"}, "public-rental.no-permit"),
        ("ZJ-003", {"floorArea": 30}, "public-rental.area"),
        ("ZJ-003", {"otherSupport": "LOW_RENT"}, "public-rental.other-support"),
        ("ZJ-004", {"changedOn": "2026-11-25"}, "date.in-future"),
        ("ZJ-005", {"signedOn": "2026-11-25"}, "date.in-future"),
        ("ZJ-005", {"startsOn": "2027-11-14"}, "lease.order"),
        ("ZJ-005", {"endsOn": "2046-11-16"}, "lease.term"),
        ("ZJ-005", {"occupants": 5}, "lease.crowded"),
        ("ZJ-006", {"agreedOn": "2026-12-01"}, "date.in-future"),
        ("ZJ-006", {"endsOn": "2026-11-23"}, "lease.ended"),
        ("ZJ-007", {"endedOn": "2026-11-25"}, "date.in-future"),
        ("ZJ-008", {"endsOn": "2026-11-23"}, "lease.ended"),
    ],
)
def test_a_fault_is_named(code: str, fields: Mapping[str, Any], detail: str) -> None:
    assert details(code, **fields) == [detail]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("ZJ-001", {"yearlyIncome": 50400 * 3 - 1}),
        ("ZJ-001", {"householdMembers": 2, "yearlyIncome": 50400 * 2}),
        ("ZJ-003", {"floorArea": 29.9}),
        ("ZJ-003", {"floorArea": 0}),
        ("ZJ-005", {"endsOn": "2046-11-15"}),
        ("ZJ-005", {"livingArea": 10}),
        ("ZJ-006", {"endsOn": "2026-11-24"}),
        ("ZJ-007", {"endedOn": "2026-11-24"}),
    ],
)
def test_the_limit_itself_is_on_the_right_side(code: str, fields: Mapping[str, Any]) -> None:
    assert details(code, **fields) == []


def test_all_faults_come_at_once() -> None:
    assert details("ZJ-001", yearlyIncome=999999, assets=999999) == [
        "housing-security.income",
        "housing-security.assets",
    ]
    assert details("ZJ-005", signedOn="2026-12-01", occupants=9) == ["date.in-future", "lease.crowded"]


@pytest.mark.parametrize("code", ["ZJ-001", "ZJ-002", "ZJ-003"])
def test_minors_do_not_apply_for_housing(code: str) -> None:
    assert details(code, age=17) == ["housing.age"]
    assert details(code, age=18) == []


def test_a_person_alone_must_be_older() -> None:
    alone: dict[str, Any] = {"householdMembers": 1, "yearlyIncome": 50000, "assets": 100000}
    assert details("ZJ-002", age=24, **alone) == ["shared-ownership.single-age"]
    assert details("ZJ-002", age=25, **alone) == []


def test_a_man_alone_must_be_28() -> None:
    item = item_of(DEPARTMENT, "ZJ-002")
    form = {"householdMembers": 1, "tenure": "OTHER", "yearlyIncome": 50000, "assets": 100000}
    for age, expected in ((27, ["shared-ownership.single-age"]), (28, [])):
        applicant = sample_applicant(replace(item.sample, age=age, sex=Sex.MALE))
        problems = tongban_validate(sample_application(item, form=form, applicant=applicant))
        assert [problem.detail for problem in problems] == expected


def test_public_rental_asks_for_the_hukou_it_is_applied_for_with() -> None:
    item = item_of(DEPARTMENT, "ZJ-003")
    newcomer = sample_applicant(replace(item.sample, shanghai_hukou=False, permit=True))
    by_permit = {**item.sample.form, "applyingAs": "RESIDENCE_PERMIT"}
    assert list(tongban_validate(sample_application(item, applicant=newcomer, form=by_permit))) == []
    problems = tongban_validate(sample_application(item, applicant=newcomer))
    assert [problem.detail for problem in problems] == ["public-rental.no-hukou"]


@pytest.mark.parametrize(("code", "years"), [("ZJ-001", 1), ("ZJ-002", 2)])
def test_the_hukou_must_have_been_here_for_years(code: str, years: int) -> None:
    item = item_of(DEPARTMENT, code)
    settled = date(A_DAY.year - years, A_DAY.month, A_DAY.day)
    for since, expected in ((settled, []), (settled + timedelta(days=1), ["housing-security.hukou-years"])):
        hukou = Hukou(division_code="310109009000", since=since)
        applicant = replace(sample_applicant(item.sample), hukou=hukou)
        problems = tongban_validate(sample_application(item, applicant=applicant))
        assert [problem.detail for problem in problems] == expected


@pytest.mark.parametrize("district", DISTRICTS)
def test_each_district_takes_shared_ownership_in_its_own_windows(district: str) -> None:
    item = item_of(DEPARTMENT, "ZJ-002")
    hukou = Hukou(division_code=f"{district}001000", since=date(2010, 1, 1))
    applicant = replace(sample_applicant(item.sample), hukou=hukou)
    problems = tongban_validate(sample_application(item, applicant=applicant))
    if district == "310109":
        assert list(problems) == []
        return
    coming = next_window(district, A_DAY)
    (problem,) = problems
    assert coming is not None
    assert problem.code is ProblemCode.OUTSIDE_WINDOW
    for day in (coming.opens, coming.closes):
        said = f"{day.year}年{day.month}月{day.day}日"
        assert said in problem.message
        assert said in (problem.next_step or "")
    assert details("ZJ-001") == []


def test_after_the_last_window_no_date_is_invented() -> None:
    (problem,) = tongban_validate(sample_application(item_of(DEPARTMENT, "ZJ-002"), on=date(2028, 6, 1)))
    assert problem.code is ProblemCode.OUTSIDE_WINDOW
    assert "尚未公布" in problem.message


def test_every_district_publishes_one_or_two_windows_a_year() -> None:
    assert sorted(WINDOWS) == DISTRICTS
    for windows in WINDOWS.values():
        assert all(window.opens < window.closes for window in windows)
        assert all(earlier.closes < later.opens for earlier, later in pairwise(windows))
        for year in (2026, 2027):
            assert sum(window.opens.year == year for window in windows) in (1, 2)
    assert len({window for windows in WINDOWS.values() for window in windows}) == sum(map(len, WINDOWS.values()))


def test_first_and_last_day_belong_to_a_window() -> None:
    window = WINDOWS["310109"][0]
    assert open_window("310109", window.opens) == open_window("310109", window.closes) == window
    assert open_window("310109", window.opens - timedelta(days=1)) is None
    assert open_window("310109", window.closes + timedelta(days=1)) is None


def test_subsidies_differ_by_district_and_limits_do_not() -> None:
    amounts = {row.yuan_per_square_meter for code in DISTRICTS if (row := rent_subsidy(code, A_DAY)) is not None}
    assert len(amounts) > 1
    assert all(rent_subsidy(code, A_DAY) is not None for code in DISTRICTS)
    assert rent_subsidy("310109", date(2017, 1, 1)) is None
    small, large = means_limit("ZJ-001", 2), means_limit("ZJ-001", 3)
    assert small is not None
    assert large is not None
    assert small.yearly_income_per_head > large.yearly_income_per_head
    assert means_limit("ZJ-001", 0) is None


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
    conforms(tongban_housing)
