"""The resident's stages: one for each state, and the same whether one center handles the case or two."""

from datetime import timedelta

from support import NOW
from tongban.cases.progress import STAGES, Step, steps_of
from tongban.cases.words import CaseStatus as Is
from tongban.contract.notices import ResidentStage
from tongban.messages.stages import STAGES as TOLD

S = ResidentStage


def test_every_state_has_a_stage_and_every_stage_is_told() -> None:
    assert set(STAGES) == set(Is)
    assert set(STAGES.values()) == set(S)
    assert set(TOLD) == {*S, "RATED"}


def test_the_stages_know_no_passing_on() -> None:
    assert {STAGES[Is.IN_TRANSFER], STAGES[Is.ROUTING_REVIEW], STAGES[Is.UNDER_REVIEW]} == {S.IN_REVIEW}
    assert STAGES[Is.RESULT_IN_TRANSFER] is STAGES[Is.APPROVED] is S.DECIDED


def test_it_is_the_residents_turn_in_one_state_only() -> None:
    assert [status for status, stage in STAGES.items() if stage is S.SUPPLEMENT_NEEDED] == [Is.SUPPLEMENT_REQUESTED]


def test_what_travels_between_two_centers_is_no_step() -> None:
    direct = [Is.SUBMITTED, Is.UNDER_REVIEW, Is.SUPPLEMENT_REQUESTED, Is.UNDER_REVIEW, Is.APPROVED, Is.DELIVERED]
    split = [
        *(Is.SUBMITTED, Is.IN_TRANSFER, Is.ROUTING_REVIEW, Is.IN_TRANSFER, Is.UNDER_REVIEW, Is.SUPPLEMENT_REQUESTED),
        *(Is.IN_TRANSFER, Is.UNDER_REVIEW, Is.APPROVED, Is.RESULT_IN_TRANSFER, Is.DELIVERED),
    ]
    wanted = [S.RECEIVED, S.IN_REVIEW, S.SUPPLEMENT_NEEDED, S.IN_REVIEW, S.DECIDED, S.DONE]
    for history in (direct, split):
        assert [step.stage for step in steps_of((status, NOW) for status in history)] == wanted


def test_a_stage_was_reached_when_the_first_of_its_states_was() -> None:
    moments = [NOW + timedelta(hours=hour) for hour in range(4)]
    history = zip([Is.SUBMITTED, Is.IN_TRANSFER, Is.UNDER_REVIEW, Is.REJECTED], moments, strict=True)
    assert steps_of(history) == [
        Step(S.RECEIVED, moments[0]),
        Step(S.IN_REVIEW, moments[1]),
        Step(S.DECIDED, moments[3]),
    ]
    assert steps_of([]) == []
