"""Where a case is handled: read off the applicant's recorded places, never typed, never guessed (S27, S31). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from tongban.contract.applications import Applicant
from tongban.contract.items import ProcessingMode, RoutingBasis


@dataclass(frozen=True, slots=True)
class Route:
    """The handling center, and the division that it was read off; without a center the case waits."""

    center: UUID | None
    division: str | None


def deciding_division(basis: RoutingBasis, applicant: Applicant) -> str | None:
    """The division that names the handling center; None where nothing is recorded."""
    match basis:
        case RoutingBasis.HUKOU:
            return applicant.hukou.division_code if applicant.hukou else None
        case RoutingBasis.RESIDENCE | RoutingBasis.RESIDENCE_PERMIT:
            return applicant.residence_division
        case RoutingBasis.NONE | RoutingBasis.EMPLOYER:
            return None


def route(mode: ProcessingMode, receiving: UUID, division: str | None, centers: Mapping[str, UUID]) -> Route:
    """A direct case stays where it was received; any other goes to the one center of its division."""
    if mode is ProcessingMode.DIRECT:
        return Route(receiving, None)
    return Route(centers.get(division) if division else None, division)
