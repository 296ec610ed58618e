"""The words of what follows a commit."""

from enum import StrEnum


class Topic(StrEnum):
    """What a message of the outbox is for."""

    EVENT = "EVENT"
    """A case event: told to those who listen, and worded for the resident."""
    TRANSFER = "TRANSFER"
    """A transfer to be stored at its destination."""
    NOTICE = "NOTICE"
    """A notice to the resident, through one channel."""
    BROKER = "BROKER"
    """A case event for the message broker, where there is one: apart, since one that is down shall delay no notice."""


class WorklistChangeKind(StrEnum):
    """What happened to a case on a center's worklist. The names are the public API's."""

    ARRIVED = "ARRIVED"
    CHANGED = "CHANGED"
    LEFT = "LEFT"
