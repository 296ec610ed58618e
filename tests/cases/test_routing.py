"""Where a case is handled: read off the applicant's recorded places, for every division of the city."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.routing import Route, deciding_division, route
from tongban.centers.models import Center, Division
from tongban.centers.service import handling_centers
from tongban.contract.applications import Applicant, Hukou
from tongban.contract.items import ProcessingMode, RoutingBasis
from tongban.storage.ids import new_id

HUKOU, HOME = "310109009000", "310118001000"
SINCE = date(2020, 1, 1)
SOMEBODY = Applicant(hukou=Hukou(division_code=HUKOU, since=SINCE), residence_division=HOME)


@pytest.mark.parametrize(
    ("basis", "division"),
    [
        (RoutingBasis.HUKOU, HUKOU),
        (RoutingBasis.RESIDENCE, HOME),
        (RoutingBasis.RESIDENCE_PERMIT, HOME),
        (RoutingBasis.NONE, None),
        (RoutingBasis.EMPLOYER, None),
    ],
)
def test_the_basis_says_which_place_decides(basis: RoutingBasis, division: str | None) -> None:
    assert deciding_division(basis, SOMEBODY) == division
    assert deciding_division(basis, Applicant()) is None


A, B = new_id(), new_id()
BY_HUKOU, BY_HOME = RoutingBasis.HUKOU, RoutingBasis.RESIDENCE


@pytest.mark.parametrize(
    ("mode", "basis", "centers", "found"),
    [
        (ProcessingMode.DIRECT, BY_HUKOU, {HUKOU: B}, Route(A, None)),  # stays where it was received
        (ProcessingMode.SPLIT, BY_HUKOU, {HUKOU: B}, Route(B, HUKOU, BY_HUKOU, SINCE)),
        (ProcessingMode.SPLIT, BY_HUKOU, {HUKOU: A}, Route(A, HUKOU, BY_HUKOU, SINCE)),
        (ProcessingMode.SPLIT, BY_HUKOU, {HOME: B}, Route(None, HUKOU, BY_HUKOU, SINCE)),  # waits; never the next best
        (ProcessingMode.SPLIT, BY_HOME, {HUKOU: A, HOME: B}, Route(B, HOME, BY_HOME)),
        (ProcessingMode.SPLIT, RoutingBasis.NONE, {HOME: B}, Route(None, None)),
        (ProcessingMode.LOCAL_ONLY, BY_HUKOU, {HUKOU: B}, Route(B, HUKOU, BY_HUKOU, SINCE)),
        (ProcessingMode.LOCAL_ONLY, RoutingBasis.NONE, {}, Route(None, None)),
    ],
)
def test_a_direct_case_stays_and_any_other_goes_to_the_center_of_its_division(
    mode: ProcessingMode, basis: RoutingBasis, centers: dict[str, UUID], found: Route
) -> None:
    assert route(mode, basis, A, SOMEBODY, centers) == found


def test_of_whom_nothing_is_recorded_waits() -> None:
    assert route(ProcessingMode.SPLIT, BY_HUKOU, A, Applicant(), {HUKOU: B}) == Route(None, None, BY_HUKOU)


async def test_every_division_of_the_city_is_routed_to_its_own_center_or_to_none(session: AsyncSession) -> None:
    centers = {center.id: center for center in await session.scalars(select(Center))}
    divisions = (await session.scalars(select(Division))).all()
    assert len(divisions) == 268
    handlers = await handling_centers(session, *(division.code for division in divisions))
    waiting = 0
    for division in divisions:
        applicant = Applicant(hukou=Hukou(division_code=division.code, since=date(2020, 1, 1)))
        way = route(ProcessingMode.SPLIT, RoutingBasis.HUKOU, new_id(), applicant, handlers)
        assert way.division == division.code
        if way.center is None:
            waiting += 1
            assert division.code not in {center.division_code for center in centers.values()}
            continue
        center = centers[way.center]
        assert center.kind == "MAIN"
        assert center.district_id == division.district_id
        assert (center.division_code == division.code) is division.current
    assert waiting == 14
