"""The words of notices. The names are the public API's."""

from enum import StrEnum


class NoticeStatus(StrEnum):
    """Whether a notice has reached its channel."""

    PENDING = "PENDING"
    """Not tried yet, or being tried for the first time."""
    FAILING = "FAILING"
    """Tried in vain, and tried again for as long as it takes."""
    DELIVERED = "DELIVERED"
