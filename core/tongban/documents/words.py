"""The words of uploads."""

from enum import StrEnum


class UploadState(StrEnum):
    """Where an upload stands. Only what is STORED can be handed in."""

    AWAITED = "AWAITED"
    STORED = "STORED"
    REFUSED = "REFUSED"
