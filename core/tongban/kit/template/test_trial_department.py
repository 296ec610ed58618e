"""The department's items and rules, without server or database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tongban_trial_department
from tongban import Application, ItemDefinition
from tongban.testing import applications, conforms, judged, may_apply, sample_application
from tongban_trial_department import DEPARTMENT, tongban_validate


@pytest.mark.parametrize("item", DEPARTMENT.items, ids=lambda item: item.code)
def test_the_sample_of_each_item_is_accepted(item: ItemDefinition) -> None:
    application = sample_application(item)
    assert may_apply(item, application.applicant)
    assert list(tongban_validate(application)) == []


@pytest.mark.parametrize(("age", "problems"), [(17, ["certificate.minor-by-agent"]), (18, [])])
def test_an_agent_acts_for_adults_only(age: int, problems: list[str]) -> None:
    found = judged(tongban_trial_department, "TT-001", {"filedBy": "AGENT"}, age=age)
    assert [problem.detail for problem in found] == problems


@given(st.one_of(*map(applications, DEPARTMENT.items)))
def test_whoever_comes_in_person_is_not_refused(application: Application) -> None:
    if application.form.get("filedBy") != "AGENT":
        assert list(tongban_validate(application)) == []


def test_the_plugin_conforms() -> None:
    conforms(tongban_trial_department)
