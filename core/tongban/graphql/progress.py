"""The resident's view of a case, told in the caller's language; part of cases' desk."""

import datetime as dt
from collections.abc import Sequence

import strawberry
from sqlalchemy import select

from tongban.cases import models
from tongban.cases.progress import STAGES, steps_of
from tongban.cases.words import CaseStatus
from tongban.centers.hours import day_in_shanghai
from tongban.contract.notices import ResidentStage
from tongban.graphql.centers import Center
from tongban.graphql.desk import Desk, Row
from tongban.graphql.fields import reference
from tongban.messages.stages import stage_told


@strawberry.type(description="A stage that a case has reached.")
class ProgressStep:
    stage: ResidentStage
    at: dt.datetime


@strawberry.type(
    description="How a case looks to the resident: the same for every case, whether one center handles it or two."
)
class CaseProgress:
    row: strawberry.Private[Row]
    stage: ResidentStage
    title: str = strawberry.field(description="The stage in the caller's language.")
    what_next: str = strawberry.field(description="What happens next, and what the resident has to do, if anything.")
    contact: Center = reference(
        "Center", "receiving_center_id", description="Whom to ask: always the center that received it."
    )
    due_at: dt.datetime = strawberry.field(description="End of the promised time.")
    steps: list[ProgressStep] = strawberry.field(description="The stages so far, the present one last.")


async def progress_of(desk: Desk, rows: Sequence[Row]) -> list[CaseProgress]:
    """The resident's view of each case, from the states that its events tell."""
    event = models.CaseEvent
    found = await desk.rows(
        select(event.case_id, event.to_status, event.at, event.data["dueAt"].astext.label("until"))
        .where(event.case_id.in_([row["id"] for row in rows]), event.to_status.is_distinct_from(event.from_status))
        .order_by(event.case_id, event.sequence)
    )
    told: dict[object, list[Row]] = {row["id"]: [] for row in rows}
    for one in found:
        told[one["case_id"]].append(one)
    return [_progress(row, told[row["id"]], desk.language) for row in rows]


def _progress(case: Row, events: Sequence[Row], language: str) -> CaseProgress:
    steps = steps_of((CaseStatus(event["to_status"]), event["at"]) for event in events)
    stage = STAGES[CaseStatus(case["status"])]
    until = events[-1]["until"] if stage is ResidentStage.SUPPLEMENT_NEEDED else None
    title, next_ = stage_told(
        stage.value, language, until and day_in_shanghai(dt.datetime.fromisoformat(until)), case["rated_at"] is not None
    )
    return CaseProgress(
        row=case,
        stage=stage,
        title=title,
        what_next=next_,
        due_at=case["due_at"],
        steps=[ProgressStep(stage=step.stage, at=step.at) for step in steps],
    )
