"""The dated versions of an item: what its definition's dates tell of the past and of what is planned."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import an_item
from tongban.catalog.timeline import BEGINNING, dated_versions
from tongban.contract.items import Audience, Barrier, ItemDefinition, ProcessingMode, RoutingBasis

GO_LIVE, POLICE_JOIN = date(2018, 3, 1), date(2018, 7, 1)
BOTH = (Audience.HUKOU, Audience.RESIDENCE_PERMIT)
SPLIT: dict[str, Any] = {
    "mode": ProcessingMode.SPLIT,
    "barriers": (Barrier.FIELD_VERIFICATION,),
    "routing_basis": RoutingBasis.HUKOU,
    "extra_days_for_split": 2,
}


def told(definition: ItemDefinition) -> list[tuple[str, str, str, str]]:
    """From when, mode, audiences, routing basis of each version."""
    return [
        (
            version.effective_from.isoformat(),
            version.definition.mode.value,
            "+".join(version.definition.audiences),
            version.definition.routing_basis.value,
        )
        for version in dated_versions(definition)
    ]


@pytest.mark.parametrize(
    ("definition", "versions"),
    [
        (an_item(), [("2017-01-01", "DIRECT", "HUKOU", "NONE")]),
        (
            an_item(audiences=BOTH, permit_holders_from=GO_LIVE),
            [("2017-01-01", "DIRECT", "HUKOU", "NONE"), ("2018-03-01", "DIRECT", "HUKOU+RESIDENCE_PERMIT", "NONE")],
        ),
        (
            an_item(tongban_from=GO_LIVE),
            [("2017-01-01", "LOCAL_ONLY", "", "HUKOU"), ("2018-03-01", "DIRECT", "HUKOU", "NONE")],
        ),
        (
            an_item(tongban_from=GO_LIVE, audiences=BOTH, permit_holders_from=GO_LIVE),
            [("2017-01-01", "LOCAL_ONLY", "", "HUKOU"), ("2018-03-01", "DIRECT", "HUKOU+RESIDENCE_PERMIT", "NONE")],
        ),
        (
            an_item(tongban_from=GO_LIVE, audiences=BOTH, permit_holders_from=POLICE_JOIN),
            [
                ("2017-01-01", "LOCAL_ONLY", "", "HUKOU"),
                ("2018-03-01", "DIRECT", "HUKOU", "NONE"),
                ("2018-07-01", "DIRECT", "HUKOU+RESIDENCE_PERMIT", "NONE"),
            ],
        ),
        (
            an_item(tongban_from=GO_LIVE, **SPLIT),
            [("2017-01-01", "LOCAL_ONLY", "", "HUKOU"), ("2018-03-01", "SPLIT", "HUKOU", "HUKOU")],
        ),
        (  # police: never for people with hukou, so nobody was there before permit holders
            an_item(tongban_from=POLICE_JOIN, audiences=(Audience.ANYONE,), permit_holders_from=POLICE_JOIN),
            [("2017-01-01", "LOCAL_ONLY", "", "RESIDENCE"), ("2018-07-01", "DIRECT", "ANYONE", "NONE")],
        ),
        (  # never yet
            an_item(tongban_from=None, **SPLIT | {"mode": ProcessingMode.LOCAL_ONLY}),
            [("2017-01-01", "LOCAL_ONLY", "HUKOU", "HUKOU")],
        ),
    ],
)
def test_versions_follow_the_dates(definition: ItemDefinition, versions: list[tuple[str, str, str, str]]) -> None:
    assert told(definition) == versions


def test_before_tongban_no_days_are_added_for_a_split() -> None:
    before, after = dated_versions(an_item(tongban_from=GO_LIVE, **SPLIT))
    assert (before.definition.extra_days_for_split, after.definition.extra_days_for_split) == (0, 2)


DATES = st.dates(date(2016, 1, 1), date(2028, 12, 31))


@given(
    joined=st.none() | DATES,
    opened=st.none() | DATES,
    audiences=st.sampled_from([(Audience.HUKOU,), BOTH, (Audience.ANYONE,)]),
)
def test_versions_follow_one_another_and_end_with_the_definition(
    joined: date | None, opened: date | None, audiences: tuple[Audience, ...]
) -> None:
    definition = an_item(tongban_from=joined, permit_holders_from=opened, audiences=audiences)
    versions = dated_versions(definition)
    days = [version.effective_from for version in versions]
    assert days == sorted(set(days))
    assert versions[-1].definition == definition
    for version in versions:
        local = version.definition.mode is ProcessingMode.LOCAL_ONLY
        assert local is (joined is not None and version.effective_from < joined)
    assert days[0] >= BEGINNING or joined == days[0]
