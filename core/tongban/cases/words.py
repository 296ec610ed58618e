"""The words of cases: states, actions, channels, purposes. The names are the public API's."""

from enum import StrEnum


class CaseStatus(StrEnum):
    """Where a case stands."""

    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    IN_TRANSFER = "IN_TRANSFER"
    ROUTING_REVIEW = "ROUTING_REVIEW"
    UNDER_REVIEW = "UNDER_REVIEW"
    SUPPLEMENT_REQUESTED = "SUPPLEMENT_REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    RESULT_IN_TRANSFER = "RESULT_IN_TRANSFER"
    DELIVERED = "DELIVERED"
    WITHDRAWN = "WITHDRAWN"


class CaseAction(StrEnum):
    """What can be done with a case."""

    ACCEPT = "ACCEPT"
    RETURN = "RETURN"
    ACKNOWLEDGE_TRANSFER = "ACKNOWLEDGE_TRANSFER"
    REFUSE_TRANSFER = "REFUSE_TRANSFER"
    REQUEST_SUPPLEMENT = "REQUEST_SUPPLEMENT"
    SUPPLEMENT = "SUPPLEMENT"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    DELIVER_RESULT = "DELIVER_RESULT"
    WITHDRAW = "WITHDRAW"
    RATE = "RATE"


class Channel(StrEnum):
    """Where an application came in (S47)."""

    COUNTER = "COUNTER"
    PORTAL = "PORTAL"
    WECHAT = "WECHAT"
    HOTLINE = "HOTLINE"
    KIOSK = "KIOSK"


class TransferPurpose(StrEnum):
    """Why custody passes between two centers."""

    HANDLING = "HANDLING"
    RESULT = "RESULT"
    REROUTING = "REROUTING"


class DocumentPurpose(StrEnum):
    """What a document of a case is for."""

    APPLICATION = "APPLICATION"
    SUPPLEMENT = "SUPPLEMENT"
    RESULT = "RESULT"
