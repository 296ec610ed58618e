"""Citizen numbers (GB 11643-1999): what they say, and whether they hold. Pure.

The first six digits name where the number was first issued, maybe a district that is gone: they are no address, and
nothing is routed by them. 81, 82 and 83 begin the residence permits of people from Hong Kong, Macao and Taiwan, 9 the
permanent residence cards of foreigners; all carry the same check digit.
"""

from dataclasses import dataclass
from datetime import date

from tongban.contract.applications import Sex

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What a valid number says of its holder."""

    number: str
    birth_date: date
    sex: Sex


@dataclass(frozen=True, slots=True)
class NumberFault:
    """Why a number does not hold, in both languages."""

    what: str
    what_en: str


def read_number(text: str, today: date) -> NumberFacts | NumberFault:
    """The facts of an 18-character number, its x written large; or the first fault found."""
    number = text.strip().upper()
    if len(number) != 18 or not number.isascii() or not number[:17].isdigit() or number[17] not in "0123456789X":
        return NumberFault("应为18位，前17位为数字", "it has 18 characters, the first 17 of them digits")
    if number[:2] not in PROVINCES and number[0] != "9":
        return NumberFault("地区代码不存在", "its region code does not exist")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return NumberFault("出生日期不存在", "its birth date does not exist")
    if not date(1880, 1, 1) <= born <= today:
        return NumberFault("出生日期不合理", "its birth date can't be right")
    if number[17] != check_digit(number):
        return NumberFault("校验码不符", "its check digit is wrong")
    return NumberFacts(number, born, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def check_digit(number: str) -> str:
    """The check digit that belongs to the first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True))
    return CHECK_DIGITS[total % 11]


def masked(number: str) -> str:
    """The number as lists show it: the first three and the last four stay; a short one keeps its last two."""
    if len(number) < 10:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:3] + "*" * (len(number) - 7) + number[-4:]
