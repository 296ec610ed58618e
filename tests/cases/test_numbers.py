"""Case numbers: what people read over the telephone, so that every wrong letter is found."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.cases.numbers import ALPHABET, check_letter, is_number, new_number

BODIES = st.text(ALPHABET, min_size=14, max_size=14)


def number_of(body: str) -> str:
    return f"TB{body[:6]}-{body[6:]}{check_letter(body)}"


def test_a_number_says_its_day() -> None:
    number = new_number(date(2026, 11, 24))
    assert re.fullmatch(rf"TB261124-[{ALPHABET}]{{9}}", number)
    assert is_number(number)


def test_numbers_are_not_counted_through() -> None:
    assert len({new_number(date(2026, 11, 24)) for _ in range(500)}) == 500


@given(BODIES, st.integers(0, 14), st.sampled_from(ALPHABET))
def test_every_single_wrong_letter_is_found(body: str, position: int, letter: str) -> None:
    right = body + check_letter(body)
    wrong = right[:position] + letter + right[position + 1 :]
    assert is_number(f"TB{wrong[:6]}-{wrong[6:]}") is (wrong == right)


@given(BODIES, st.integers(0, 13))
def test_nearly_every_swap_of_neighbors_is_found(body: str, position: int) -> None:
    """All but that of the first letter with the last one."""
    right = body + check_letter(body)
    first, second = right[position], right[position + 1]
    swapped = right[:position] + second + first + right[position + 2 :]
    assert is_number(f"TB{swapped[:6]}-{swapped[6:]}") is (first == second or {first, second} == {"0", "Z"})


@pytest.mark.parametrize("text", ["", "TB", "TB261124", "261124-7K3Q9P2X", "TB261124-OOOOOOOOO", "TB２61124-7K3Q9P2X4"])
def test_what_is_no_number_is_refused(text: str) -> None:
    assert not is_number(text)


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert is_number(text) in (True, False)
