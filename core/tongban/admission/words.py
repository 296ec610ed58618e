"""The words of admission. The names are the public API's."""

from enum import StrEnum


class ProposalKind(StrEnum):
    """What a proposal would change: 准入, 调整, 退出."""

    ADMIT = "ADMIT"
    ADJUST = "ADJUST"
    EXIT = "EXIT"


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    DRAFT = "DRAFT"
    CHECKING = "CHECKING"
    CHECK_FAILED = "CHECK_FAILED"
    READY = "READY"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    PUBLISHED = "PUBLISHED"


class MemberKind(StrEnum):
    """Who sits in the joint meeting (联席会议): 16 commissions and bureaus, 16 district governments."""

    COMMISSION = "COMMISSION"
    DISTRICT_GOVERNMENT = "DISTRICT_GOVERNMENT"


class Stance(StrEnum):
    """A member's opinion."""

    AGREE = "AGREE"
    OBJECT = "OBJECT"
    ABSTAIN = "ABSTAIN"
