"""Citizen numbers (GB 11643-1999): what they say, and that every mistyped digit is found."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.contract.applications import Sex
from tongban.residents.identity_numbers import PROVINCES, NumberFacts, NumberFault, check_digit, masked, read_number

TODAY = date(2026, 11, 24)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A number with any region that exists, any birth date until today, any sequence, and its check digit."""
    region = draw(st.sampled_from(sorted(PROVINCES)) | st.integers(90, 99).map(str))
    place = f"{region}{draw(st.integers(0, 9999)):04}"
    born = draw(st.dates(date(1880, 1, 1), TODAY))
    body = f"{place}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return body + check_digit(body)


def fault(number: str) -> str:
    said = read_number(number, TODAY)
    assert isinstance(said, NumberFault), said
    assert said.what
    return said.what_en


@pytest.mark.parametrize(
    ("number", "born", "sex"),
    [
        ("11010519491231002X", date(1949, 12, 31), Sex.FEMALE),  # the standard's own examples
        ("440524188001010014", date(1880, 1, 1), Sex.MALE),
        (" 11010519491231002x ", date(1949, 12, 31), Sex.FEMALE),
    ],
)
def test_known_numbers(number: str, born: date, sex: Sex) -> None:
    assert read_number(number, TODAY) == NumberFacts(number.strip().upper(), born, sex)


@given(numbers())
def test_every_number_made_by_the_standard_is_accepted(number: str) -> None:
    facts = read_number(number, TODAY)
    assert isinstance(facts, NumberFacts)
    assert facts.number == number
    assert f"{facts.birth_date:%Y%m%d}" == number[6:14]
    assert facts.sex is (Sex.MALE if number[16] in "13579" else Sex.FEMALE)


@given(numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_single_wrong_digit_is_found(number: str, position: int, digit: str) -> None:
    wrong = number[:position] + digit + number[position + 1 :]
    assert (wrong == number) is isinstance(read_number(wrong, TODAY), NumberFacts)


@given(numbers(), st.integers(0, 16))
def test_every_swap_of_neighbors_is_found(number: str, position: int) -> None:
    first, second = number[position], number[position + 1]
    swapped = number[:position] + second + first + number[position + 2 :]
    assert (first == second) is isinstance(read_number(swapped, TODAY), NumberFacts)


@given(st.text())
def test_anything_else_is_a_fault_and_no_error(text: str) -> None:
    said = read_number(text, TODAY)
    assert isinstance(said, NumberFault) or said.number == text.strip().upper()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "it has 18 characters, the first 17 of them digits"),
        ("11010519491231002", "it has 18 characters, the first 17 of them digits"),
        ("11010519491231002Y", "it has 18 characters, the first 17 of them digits"),
        ("1101051949123100２X", "it has 18 characters, the first 17 of them digits"),  # a digit of another width
        ("1101051949123100²X", "it has 18 characters, the first 17 of them digits"),
        ("00010519491231002X", "its region code does not exist"),
        ("84010519491231002X", "its region code does not exist"),
        ("110105194902300025", "its birth date does not exist"),
        ("110105187912310027", "its birth date can't be right"),
        ("110105194912310021", "its check digit is wrong"),
    ],
)
def test_each_fault_is_named(number: str, words: str) -> None:
    assert fault(number) == words


def test_nobody_is_born_in_the_future() -> None:
    today, tomorrow = "31010920261124001", "31010920261125001"
    assert isinstance(read_number(today + check_digit(today), TODAY), NumberFacts)
    assert fault(tomorrow + check_digit(tomorrow)) == "its birth date can't be right"


@pytest.mark.parametrize("region", ["810000", "820000", "830000", "911124", "931400"])
def test_permits_of_hong_kong_macao_taiwan_and_of_foreigners_hold(region: str) -> None:
    body = f"{region}19850715012"
    assert read_number(body + check_digit(body), TODAY) == NumberFacts(
        body + check_digit(body), date(1985, 7, 15), Sex.FEMALE
    )


@given(st.text(max_size=40))
def test_a_masked_number_shows_at_most_seven_characters(number: str) -> None:
    shown = masked(number)
    assert len(shown) == len(number)
    stayed = [letter for letter, before in zip(shown, number, strict=True) if letter == before != "*"]
    assert len(stayed) <= 7
    assert len(number) < 3 or "*" in shown


def test_a_masked_number_keeps_both_ends() -> None:
    assert masked("11010519491231002X") == "110***********002X"
    assert masked("E1234567") == "******67"
