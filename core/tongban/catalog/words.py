"""The words of the catalog. The names are the public API's."""

from enum import StrEnum


class ItemStatus(StrEnum):
    """Where a version of an item stands."""

    PROPOSED = "PROPOSED"
    PLANNED = "PLANNED"
    IN_FORCE = "IN_FORCE"
    SUSPENDED = "SUSPENDED"
    WITHDRAWN = "WITHDRAWN"
