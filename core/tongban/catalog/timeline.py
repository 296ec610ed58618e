"""The dated versions of an item, derived from its definition. Pure.

An item lies with the centers before it can be done city-wide: until `tongban_from` it is LOCAL_ONLY, and nobody is
promised anything city-wide, so its audiences are empty. From `permit_holders_from` it is open to permit holders too.
"""

from dataclasses import dataclass, replace
from datetime import date

from tongban.contract.items import Audience, ItemDefinition, ProcessingMode, RoutingBasis

BEGINNING = date(2017, 1, 1)
"""The first day of which the source speaks: the 66 of 2017."""

NOT_YET = "当时尚未完成全市通办论证，仅在户籍地或居住地受理"
"""Why an item was an exception before it joined (compiled)."""


@dataclass(frozen=True, slots=True)
class DatedVersion:
    """What holds of an item from `effective_from` on, until the next version."""

    effective_from: date
    definition: ItemDefinition


def dated_versions(definition: ItemDefinition) -> tuple[DatedVersion, ...]:
    """Every version that the definition's dates tell of, oldest first; the last one is the definition itself."""
    joined = definition.tongban_from
    if joined is None:
        return (DatedVersion(BEGINNING, definition),)
    versions = []
    if joined > BEGINNING:
        versions.append(DatedVersion(BEGINNING, _before_tongban(definition)))
    opened = definition.permit_holders_from
    if opened is not None and opened > joined and Audience.HUKOU in definition.audiences:
        versions.append(DatedVersion(joined, replace(definition, audiences=(Audience.HUKOU,))))
        versions.append(DatedVersion(opened, definition))
    else:
        versions.append(DatedVersion(joined, definition))
    return tuple(versions)


def _before_tongban(definition: ItemDefinition) -> ItemDefinition:
    basis = definition.routing_basis
    if basis is RoutingBasis.NONE:
        basis = RoutingBasis.HUKOU if Audience.HUKOU in definition.audiences else RoutingBasis.RESIDENCE
    return replace(
        definition,
        mode=ProcessingMode.LOCAL_ONLY,
        audiences=(),
        routing_basis=basis,
        extra_days_for_split=0,
        exception_analysis=NOT_YET,
        review_on=definition.tongban_from,
    )
