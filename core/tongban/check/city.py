"""The city as the check sees it: main centers and divisions. The caller fills it from its tables."""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

from tongban.contract.applications import SHANGHAI, Application


@dataclass(frozen=True, slots=True)
class CenterFacts:
    """A main center, with the codes of its district (6 digits) and division (12)."""

    code: str
    district: str
    division: str


@dataclass(frozen=True, slots=True)
class DivisionFacts:
    """A street, town or township: its district today and its center. Former codes still stand in people's records."""

    code: str
    district: str
    center: str | None
    current: bool = True


@dataclass(frozen=True)
class City:
    """All main centers and all divisions, former ones too."""

    centers: tuple[CenterFacts, ...]
    divisions: tuple[DivisionFacts, ...]

    @cached_property
    def streets(self) -> dict[str, tuple[str, ...]]:
        """Codes of today's divisions by district."""
        found: dict[str, list[str]] = defaultdict(list)
        for division in self.divisions:
            if division.current:
                found[division.district].append(division.code)
        return {district: tuple(sorted(codes)) for district, codes in sorted(found.items())}

    @cached_property
    def district_of(self) -> dict[str, str]:
        """The district of each division, former codes too."""
        return {division.code: division.district for division in self.divisions}

    def moved(self, application: Application, district: str, nth: int) -> Application:
        """The same application with the hukou (else the residence) in the `nth` street of `district`.

        Who lived in the hukou's street, or in its district, or elsewhere, still does, so that only the place differs.
        """
        applicant, streets = application.applicant, self.streets[district]
        street = streets[nth % len(streets)]
        residence, hukou = applicant.residence_division, applicant.hukou
        if hukou is None or not hukou.in_shanghai:
            if residence is not None and residence.startswith(SHANGHAI):
                residence = street
            return replace(application, applicant=replace(applicant, residence_division=residence))
        home, before = self.district_of.get(hukou.division_code), hukou.division_code
        if residence == before:
            residence = street
        elif residence is not None and residence in self.district_of:
            if self.district_of[residence] == home:
                residence = streets[(nth + 1) % len(streets)]
            elif self.district_of[residence] == district:
                residence = before
        moved = replace(applicant, hukou=replace(hukou, division_code=street), residence_division=residence)
        return replace(application, applicant=moved)
