"""What a channel is told, to pass it on to a resident: as little as will do.

A notice has no name, no number of a document, no telephone and nothing that was written in a form. Who it is for is an
opaque id, which the channel's own directory turns into an address: where Tongban's data and the addresses are kept
apart, a message that goes astray tells nobody whose case it is.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a resident is told. The names are the public API's."""

    RECEIVED = "RECEIVED"
    IN_REVIEW = "IN_REVIEW"
    SUPPLEMENT_NEEDED = "SUPPLEMENT_NEEDED"
    SUPPLEMENT_RECEIVED = "SUPPLEMENT_RECEIVED"
    SUPPLEMENT_EXPIRED = "SUPPLEMENT_EXPIRED"
    DECIDED = "DECIDED"
    READY = "READY"
    DONE = "DONE"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"
    DUE_CHANGED = "DUE_CHANGED"


class ResidentStage(StrEnum):
    """Where a case stands for the resident: the same stages whether one center or two work on it."""

    RECEIVED = "RECEIVED"
    """已收件: handed in; the center looks whether everything is there."""
    IN_REVIEW = "IN_REVIEW"
    """审核中: being reviewed, wherever."""
    SUPPLEMENT_NEEDED = "SUPPLEMENT_NEEDED"
    """待补正: the resident has to bring something; the only stage in which it is the resident's turn."""
    DECIDED = "DECIDED"
    """已决定: decided, and the result is on its way home or lies there."""
    DONE = "DONE"
    """已办结: the result is in the resident's hands."""
    RETURNED = "RETURNED"
    """已退回: not accepted; the resident was told everything that is missing."""
    WITHDRAWN = "WITHDRAWN"
    """已撤回: by the resident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell one resident. Texts are Chinese; the `_en` twins are English.

    `id` is the same however often delivery is tried. `language` is the resident's: `zh` or `en`. `center` is the one
    that the resident deals with, whoever else works on the case, and `telephone` is that center's.
    """

    id: str
    resident: str
    case_number: str
    item: str
    item_en: str
    kind: NoticeKind
    stage: ResidentStage
    at: datetime
    language: str
    title: str
    title_en: str
    text: str
    text_en: str
    next_step: str | None = None
    next_step_en: str | None = None
    center: str
    center_en: str
    telephone: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The channel has taken the notice. `reference` is the channel's own number for it, for inquiries."""

    reference: str | None = None


class NotDelivered(Exception):
    """For channels to raise: it did not work now. The text is shown to operators, so no personal data in it."""


class ChannelGone(NotDelivered):
    """For channels to raise: nobody takes notices here any more, until an operator sees to it."""
