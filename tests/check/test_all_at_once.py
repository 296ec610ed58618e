"""All problems in one answer: who stops at the first one is found, who has reasons to say less is not."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from check_support import THOROUGH, checked, failed, good, of_rule, rules
from tongban.check import QUICK, Verdict
from tongban.contract.applications import Application
from tongban.contract.form_values import date_in, integer_in
from tongban.contract.problems import Problem, ProblemCode
from tongban.contract.rules import form_invalid, not_eligible

EFFORTS = pytest.mark.parametrize("effort", [QUICK, THOROUGH], ids=["quick", "full"])


def first_only(application: Application) -> Sequence[Problem]:
    return good(application)[:1]


def last_only(application: Application) -> Sequence[Problem]:
    return good(application)[-1:]


def two_at_most(application: Application) -> Sequence[Problem]:
    """Hides a problem only where there are three, which no pair shows."""
    return good(application)[:2]


def not_for_the_young(application: Application) -> Iterator[Problem]:
    """Looks at the form only where the age is right."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < 60:
        return iter([not_eligible("care.age", "未满60周岁", "Younger than 60")])
    return rules(application)


def form_before_person(application: Application) -> Sequence[Problem]:
    found = good(application)
    return [problem for problem in found if problem.code == ProblemCode.FORM_INVALID] or found


@EFFORTS
@pytest.mark.parametrize("judge", [first_only, last_only, not_for_the_young, form_before_person])
def test_who_keeps_problems_back_is_found(judge: Callable[[Application], Sequence[Problem]], effort: object) -> None:
    def listed(application: Application) -> Sequence[Problem]:
        return list(judge(application))

    report = checked(listed, effort=effort)

    found = of_rule(report, "all-at-once")
    assert found.verdict is Verdict.FAIL
    assert found.example is not None
    assert len(found.example["expected"]) == 2
    assert len(found.example["answered"]) == 1
    assert len(found.example["changed"]) == 2
    assert failed(report) == {"all-at-once"}


@EFFORTS
def test_materials_that_a_department_checks_itself_come_together(effort: object) -> None:
    def missing(application: Application) -> list[Problem]:
        return [
            Problem(code=ProblemCode.MATERIAL_MISSING, message=f"缺少{code}", detail=f"missing.{code}")
            for code in ("M-ID", "M-CARE")
            if code not in application.materials
        ]

    assert failed(checked(missing, effort=effort)) == set()
    assert failed(checked(lambda application: missing(application)[:1], effort=effort)) == {"all-at-once"}


@EFFORTS
def test_problems_that_rule_each_other_out_may_come_alone(effort: object) -> None:
    def judge(application: Application) -> Iterator[Problem]:
        age = application.applicant.age_on(application.received_on)
        since, hours = date_in(application.form, "since"), integer_in(application.form, "hours")
        if application.form.get("ground") == "AGE" and age is not None and age < 60:
            yield not_eligible("care.too-young", "未满60周岁", "Younger than 60")
        if age is not None and age >= 60 and hours is not None and hours < 10:
            yield form_invalid("care.too-few", "hours", "时数过少", "Too few hours")
        if since is not None and since > application.received_on:
            yield form_invalid("care.since", "since", "起始日期在将来", "In the future")
        elif since is not None and since.year < 1990:
            yield form_invalid("care.long-ago", "since", "起始日期过早", "Long ago")

    assert failed(checked(lambda application: tuple(judge(application)), effort=effort)) == set()


@EFFORTS
def test_a_field_whose_every_value_brings_a_problem_of_its_own_hides_nothing(effort: object) -> None:
    def judge(application: Application) -> Iterator[Problem]:
        """Illness asks for hours, and there are no hours that are right."""
        hours = application.form.get("hours")
        if application.form.get("ground") == "ILLNESS" and hours is None:
            yield form_invalid("care.hours-needed", "hours", "请填写时数", "Hours are needed")
        if hours is not None:
            yield form_invalid("care.hours-wrong", "hours", "时数不对", "The hours are wrong")

    assert failed(checked(lambda application: tuple(judge(application)), effort=effort)) == set()


def test_where_nothing_is_accepted_nothing_can_be_tried() -> None:
    def never(application: Application) -> Sequence[Problem]:
        return (not_eligible("care.never", "不受理", "Never"),)

    report = checked(never)

    assert of_rule(report, "all-at-once").verdict is Verdict.WARN
    assert report.passed


def test_three_problems_at_a_time_are_beyond_what_pairs_show() -> None:
    """A limit of the rule, said here so that nobody relies on more."""
    assert checked(two_at_most).passed
