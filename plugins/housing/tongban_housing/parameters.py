"""Amounts that housing security reckons with, read once from the package's tables.

The limits of income and assets are one table for the whole city. The rent subsidy follows each district's market rent.
"""

import csv
from dataclasses import dataclass
from datetime import date
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class MeansLimit:
    """What a household of `members_from` or more people may have per head, in yuan."""

    item: str
    members_from: int
    yearly_income_per_head: int
    assets_per_head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RentSubsidy:
    """Yuan a month for each square meter to be made up, in one district from one day on."""

    district: str
    valid_from: date
    yuan_per_square_meter: int


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((files("tongban_housing") / name).read_text(encoding="utf-8").splitlines()))


MEANS_LIMITS = tuple(
    MeansLimit(
        item=row["item_code"],
        members_from=int(row["members_from"]),
        yearly_income_per_head=int(row["yearly_income_per_head"]),
        assets_per_head=int(row["assets_per_head"]),
    )
    for row in _rows("means_limits.csv")
)
RENT_SUBSIDIES = tuple(
    RentSubsidy(
        district=row["district_code"],
        valid_from=date.fromisoformat(row["valid_from"]),
        yuan_per_square_meter=int(row["yuan_per_square_meter"]),
    )
    for row in _rows("rent_subsidy.csv")
)


def means_limit(item: str, members: int) -> MeansLimit | None:
    """The limit for a household of that size; None where the item knows none."""
    fitting = [limit for limit in MEANS_LIMITS if limit.item == item and limit.members_from <= members]
    return max(fitting, key=lambda limit: limit.members_from, default=None)


def rent_subsidy(district: str, day: date) -> RentSubsidy | None:
    """What holds in the district on `day`; None where no amount is known."""
    known = [row for row in RENT_SUBSIDIES if row.district == district and row.valid_from <= day]
    return max(known, key=lambda row: row.valid_from, default=None)
