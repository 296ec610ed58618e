"""What a department's rules see of an application: facts, never a name, a number, a session or a clock (S06)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

SHANGHAI = "31"
"""Province part of every division code of Shanghai (GB/T 2260)."""


def full_years(start: date, end: date) -> int:
    """Full years from `start` to `end`, as an age is counted; negative where `end` lies before `start`."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


class Sex(StrEnum):
    """As the citizen number says it (GB 11643: odd male, even female)."""

    FEMALE = "FEMALE"
    MALE = "MALE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hukou:
    """户籍: the division (12 digits; 6 outside Shanghai) where the household is registered, and since when."""

    division_code: str
    since: date

    @property
    def in_shanghai(self) -> bool:
        return self.division_code.startswith(SHANGHAI)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidencePermit:
    """居住证. Valid on the days from `valid_from` to `valid_to`, both included; a lost card doesn't end it."""

    valid_from: date
    valid_to: date
    reported_lost: bool = False

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """The resident as far as rules need to know. `certificates` are codes of materials on file and valid."""

    birth_date: date | None = None
    sex: Sex | None = None
    hukou: Hukou | None = None
    permit: ResidencePermit | None = None
    residence_division: str | None = None
    certificates: frozenset[str] = frozenset()

    @property
    def has_shanghai_hukou(self) -> bool:
        return self.hukou is not None and self.hukou.in_shanghai

    def age_on(self, day: date) -> int | None:
        """Full years on `day`; None where the birth date is not known."""
        return None if self.birth_date is None else full_years(self.birth_date, day)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivingCenter:
    """A: the center where the resident stands."""

    code: str
    district: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application for one item, complete as submitted.

    `materials` are the codes handed in or on file; `received_on` is the day in Shanghai, so that rules need no clock.
    """

    item: str
    applicant: Applicant
    center: ReceivingCenter
    received_on: date
    form: Mapping[str, Any] = field(default_factory=dict)
    materials: frozenset[str] = frozenset()
