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
SOMEBODY = Applicant(hukou=Hukou(division_code=HUKOU, since=date(2020, 1, 1)), residence_division=HOME)


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


@pytest.mark.parametrize(
    ("mode", "division", "centers", "found"),
    [
        (ProcessingMode.DIRECT, HUKOU, {HUKOU: B}, Route(A, None)),  # stays where it was received
        (ProcessingMode.SPLIT, HUKOU, {HUKOU: B}, Route(B, HUKOU)),
        (ProcessingMode.SPLIT, HUKOU, {HUKOU: A}, Route(A, HUKOU)),
        (ProcessingMode.SPLIT, HUKOU, {HOME: B}, Route(None, HUKOU)),  # waits; never the next best
        (ProcessingMode.SPLIT, None, {HOME: B}, Route(None, None)),
        (ProcessingMode.LOCAL_ONLY, HUKOU, {HUKOU: B}, Route(B, HUKOU)),
        (ProcessingMode.LOCAL_ONLY, None, {}, Route(None, None)),
    ],
)
def test_a_direct_case_stays_and_any_other_goes_to_the_center_of_its_division(
    mode: ProcessingMode, division: str | None, centers: dict[str, UUID], found: Route
) -> None:
    assert route(mode, A, division, centers) == found


async def test_every_division_of_the_city_is_routed_to_its_own_center_or_to_none(session: AsyncSession) -> None:
    centers = {center.id: center for center in await session.scalars(select(Center))}
    divisions = (await session.scalars(select(Division))).all()
    assert len(divisions) == 268
    handlers = await handling_centers(session, *(division.code for division in divisions))
    waiting = 0
    for division in divisions:
        applicant = Applicant(hukou=Hukou(division_code=division.code, since=date(2020, 1, 1)))
        code = deciding_division(RoutingBasis.HUKOU, applicant)
        way = route(ProcessingMode.SPLIT, new_id(), code, handlers)
        if way.center is None:
            waiting += 1
            assert division.code not in {center.division_code for center in centers.values()}
            continue
        center = centers[way.center]
        assert center.kind == "MAIN"
        assert center.district_id == division.district_id
        assert (center.division_code == division.code) is division.current
    assert waiting == 14
