"""Where a case is handled: read off the applicant's recorded places, never typed, never guessed (S27, S31). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tongban.contract.applications import Applicant
from tongban.contract.items import ProcessingMode, RoutingBasis


@dataclass(frozen=True, slots=True)
class Route:
    """The handling center, and what it was read off; without a center the case waits."""

    center: UUID | None
    division: str | None
    basis: RoutingBasis = RoutingBasis.NONE
    since: date | None = None

    def stored(self, now: datetime) -> dict[str, Any]:
        """What a case keeps of how its destination was computed: never typed, and never computed again in silence."""
        return {
            "basis": self.basis.value,
            "division": self.division,
            "since": self.since.isoformat() if self.since else None,
            "center": str(self.center) if self.center else None,
            "computedAt": now.isoformat(),
        }


def deciding_division(basis: RoutingBasis, applicant: Applicant) -> str | None:
    """The division that names the handling center; None where nothing is recorded."""
    match basis:
        case RoutingBasis.HUKOU:
            return applicant.hukou.division_code if applicant.hukou else None
        case RoutingBasis.RESIDENCE | RoutingBasis.RESIDENCE_PERMIT:
            return applicant.residence_division
        case RoutingBasis.NONE | RoutingBasis.EMPLOYER:
            return None


def route(
    mode: ProcessingMode, basis: RoutingBasis, receiving: UUID, applicant: Applicant, centers: Mapping[str, UUID]
) -> Route:
    """A direct case stays where it was received; any other goes to the one center of its division."""
    if mode is ProcessingMode.DIRECT:
        return Route(receiving, None)
    division = deciding_division(basis, applicant)
    since = applicant.hukou.since if basis is RoutingBasis.HUKOU and applicant.hukou else None
    return Route(centers.get(division) if division else None, division, basis, since)
