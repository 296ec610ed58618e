"""How a case looks to the resident: the same stages whether one center handles it or two. Pure.

Which center decides, and what travels between two, is no matter of the resident's; nothing of it shows here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tongban.cases.words import CaseStatus as Is


class ResidentStage(StrEnum):
    """Where a case stands for the resident."""

    RECEIVED = "RECEIVED"
    """已收件: handed in; the center looks whether everything is there."""
    IN_REVIEW = "IN_REVIEW"
    """审核中: being reviewed, wherever."""
    SUPPLEMENT_NEEDED = "SUPPLEMENT_NEEDED"
    """待补正: the resident has to bring something; the only stage in which it is the resident's turn."""
    DECIDED = "DECIDED"
    """已决定: decided, and the result is on its way home."""
    DONE = "DONE"
    """已办结: the result is in the resident's hands."""
    RETURNED = "RETURNED"
    """已退回: not accepted; the resident was told everything that is missing."""
    WITHDRAWN = "WITHDRAWN"
    """已撤回: by the resident."""


STAGES = {
    Is.SUBMITTED: ResidentStage.RECEIVED,
    Is.RETURNED: ResidentStage.RETURNED,
    Is.IN_TRANSFER: ResidentStage.IN_REVIEW,
    Is.ROUTING_REVIEW: ResidentStage.IN_REVIEW,
    Is.UNDER_REVIEW: ResidentStage.IN_REVIEW,
    Is.SUPPLEMENT_REQUESTED: ResidentStage.SUPPLEMENT_NEEDED,
    Is.APPROVED: ResidentStage.DECIDED,
    Is.REJECTED: ResidentStage.DECIDED,
    Is.RESULT_IN_TRANSFER: ResidentStage.DECIDED,
    Is.DELIVERED: ResidentStage.DONE,
    Is.WITHDRAWN: ResidentStage.WITHDRAWN,
}
"""The stage of each state."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage, and when it was reached."""

    stage: ResidentStage
    at: datetime


def steps_of(history: Iterable[tuple[Is, datetime]]) -> list[Step]:
    """The stages that a case went through, from the states of its events in their order."""
    steps: list[Step] = []
    for status, at in history:
        stage = STAGES[status]
        if not steps or steps[-1].stage is not stage:
            steps.append(Step(stage, at))
    return steps
