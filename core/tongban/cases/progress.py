"""How a case looks to the resident: the same stages whether one center handles it or two. Pure.

Which center decides, and what travels between two, is no matter of the resident's; nothing of it shows here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tongban.cases.words import CaseStatus as Is
from tongban.contract.notices import ResidentStage

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
