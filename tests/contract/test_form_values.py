"""Reading single values out of a form that may hold anything."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban import date_in, form_invalid, full_years, integer_in, not_in_future, number_in
from tongban.contract.applications import Applicant, Application, ReceivingCenter

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-11-24", date(2026, 11, 24)),
        ("2026-11-31", None),
        ("20261124", None),
        ("2026-W48-2", None),
        ("2026-11-24\n", None),
        ("２０２６-11-24", None),
        (20261124, None),
        (None, None),
        (["2026-11-24"], None),
    ],
)
def test_a_date_is_written_as_iso_says(value: object, day: date | None) -> None:
    assert date_in({"on": value}, "on") == day


@pytest.mark.parametrize(
    ("value", "integer", "number"),
    [
        (3, 3, 3),
        (3.0, 3, 3.0),
        (3.5, None, 3.5),
        (True, None, None),
        ("3", None, None),
        (None, None, None),
        (float("inf"), None, float("inf")),
        (2**70, 2**70, 2**70),
    ],
)
def test_a_truth_is_no_number(value: object, integer: int | None, number: float | None) -> None:
    assert integer_in({"n": value}, "n") == integer
    assert number_in({"n": value}, "n") == number


@given(st.dictionaries(st.sampled_from(["a", "b"]), ANYTHING))
def test_nothing_that_json_holds_is_an_error(form: dict[str, Any]) -> None:
    assert isinstance(date_in(form, "a"), date | None)
    assert isinstance(integer_in(form, "a"), int | None)
    assert isinstance(number_in(form, "a"), int | float | None)


@pytest.mark.parametrize(
    ("start", "end", "years"),
    [
        (date(2000, 11, 24), date(2018, 11, 23), 17),
        (date(2000, 11, 24), date(2018, 11, 24), 18),
        (date(2000, 2, 29), date(2018, 2, 28), 17),
        (date(2000, 2, 29), date(2018, 3, 1), 18),
        (date(2018, 1, 2), date(2018, 1, 1), -1),
    ],
)
def test_years_are_full_on_the_anniversary(start: date, end: date, years: int) -> None:
    assert full_years(start, end) == years
    assert Applicant(birth_date=start).age_on(end) == years


def test_a_day_in_the_future_is_a_problem_of_its_field() -> None:
    rule = not_in_future("lostOn", "遗失日期", "The day of loss", detail="card.lost-in-future")

    def said(value: object) -> list[Any]:
        center = ReceivingCenter(code="SH0114-01", district="310114")
        return list(
            rule(
                Application(
                    item="TT-001",
                    applicant=Applicant(),
                    center=center,
                    received_on=date(2026, 11, 24),
                    form={"lostOn": value},
                )
            )
        )

    assert said("2026-11-24") == said("x") == said(None) == []
    assert said("2026-11-25") == [
        form_invalid(
            "card.lost-in-future",
            "lostOn",
            "遗失日期不能晚于受理日期",
            "The day of loss can't be after the day of receipt",
        )
    ]
