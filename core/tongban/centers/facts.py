"""The city of the data files as the tongban check sees it."""

from functools import cache

from tongban import check
from tongban.centers.rows import City, read_city


def city_facts(city: City) -> check.City:
    """The main centers, and every division with its center; former codes too, which still stand in people's records."""
    centers = tuple(check.CenterFacts(row.code, row.district_code, row.division_code) for row in city.centers)
    center_of = {row.division_code: row.code for row in city.centers}
    today = [check.DivisionFacts(row.code, row.district_code, center_of.get(row.code)) for row in city.divisions]
    former = [
        check.DivisionFacts(row.former_division_code, row.district_code, row.code, current=False)
        for row in city.centers
        if row.former_division_code
    ]
    return check.City(centers, (*today, *former))


@cache
def shipped_city() -> check.City:
    """The city that this version ships."""
    return city_facts(read_city())
