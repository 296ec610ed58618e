"""What makes a version an exception: its definition's own words, a waiver, or both."""

from datetime import date
from typing import Any

import pytest

from support import an_item
from tongban.catalog.publishing import exception_of

EARLY, LATE = date(2027, 1, 1), date(2028, 1, 1)


@pytest.mark.parametrize(
    ("defined", "argued", "review_on", "told"),
    [
        ({}, None, None, (None, None)),
        ({}, "试点", LATE, ("试点", LATE)),
        ({"exception_analysis": "各区标准不一", "review_on": LATE}, None, None, ("各区标准不一", LATE)),
        ({"exception_analysis": "各区标准不一", "review_on": LATE}, "试点", EARLY, ("各区标准不一\n试点", EARLY)),
        ({"exception_analysis": "各区标准不一", "review_on": EARLY}, "试点", LATE, ("各区标准不一\n试点", EARLY)),
        ({"exception_analysis": "试点", "review_on": EARLY}, "试点", EARLY, ("试点", EARLY)),
    ],
)
def test_both_are_told_and_the_earlier_review_counts(
    defined: dict[str, Any], argued: str | None, review_on: date | None, told: tuple[str | None, date | None]
) -> None:
    found = exception_of(an_item(**defined), argued, review_on)
    assert (found["exception_analysis"], found["review_on"]) == told
