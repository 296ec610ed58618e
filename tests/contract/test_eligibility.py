"""Who belongs to an audience, and which material a form makes necessary."""

from collections.abc import Collection
from datetime import date
from typing import Any

import pytest

from tongban.contract.applications import Applicant, Hukou, ResidencePermit
from tongban.contract.eligibility import belongs, is_needed
from tongban.contract.items import Audience

TODAY = date(2026, 11, 24)
LOCAL = Applicant(hukou=Hukou(division_code="310109009000", since=TODAY))
OUTSIDER = Applicant(hukou=Hukou(division_code="340102", since=TODAY))
ENDS_TODAY = Applicant(permit=ResidencePermit(valid_from=date(2026, 1, 1), valid_to=TODAY))
ENDED = Applicant(permit=ResidencePermit(valid_from=date(2026, 1, 1), valid_to=date(2026, 11, 23)))
BEGINS_TOMORROW = Applicant(permit=ResidencePermit(valid_from=date(2026, 11, 25), valid_to=date(2027, 1, 1)))


@pytest.mark.parametrize(
    ("audiences", "welcome", "others"),
    [
        ((), (), (LOCAL, OUTSIDER, ENDS_TODAY)),
        ((Audience.HUKOU,), (LOCAL,), (OUTSIDER, ENDS_TODAY, Applicant())),
        ((Audience.RESIDENCE_PERMIT,), (ENDS_TODAY,), (LOCAL, ENDED, BEGINS_TOMORROW, Applicant())),
        (("HUKOU", "RESIDENCE_PERMIT"), (LOCAL, ENDS_TODAY), (OUTSIDER, ENDED)),
        ((Audience.ANYONE,), (LOCAL, OUTSIDER, ENDED, Applicant()), ()),
    ],
)
def test_who_belongs(audiences: Collection[str], welcome: Collection[Applicant], others: Collection[Applicant]) -> None:
    assert all(belongs(audiences, applicant, TODAY) for applicant in welcome)
    assert not any(belongs(audiences, applicant, TODAY) for applicant in others)


RENTED = {"properties": {"housing": {"const": "RENTED"}}, "required": ["housing"]}


@pytest.mark.parametrize(
    ("necessity", "when", "form", "needed"),
    [
        ("ALWAYS", None, {}, True),
        ("DEFERRABLE", None, {}, False),
        ("CONDITIONAL", RENTED, {"housing": "RENTED"}, True),
        ("CONDITIONAL", RENTED, {"housing": "OWNED"}, False),
        ("CONDITIONAL", RENTED, {}, False),
        ("CONDITIONAL", RENTED, [], False),
        ("CONDITIONAL", RENTED, None, False),
    ],
)
def test_what_is_needed(necessity: str, when: dict[str, Any] | None, form: object, needed: bool) -> None:
    assert is_needed(necessity, when, form) is needed
