"""How a department writes rules: small pure functions, all of which are asked, so that all problems come at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from tongban.contract.applications import Application
from tongban.contract.form_values import date_in
from tongban.contract.problems import Problem, ProblemCode

Rule = Callable[[Application], Iterable[Problem]]
"""Gives the problems that one rule sees in an application; none, where it holds."""


def all_problems(rules: Mapping[str, tuple[Rule, ...]], application: Application) -> tuple[Problem, ...]:
    """Every problem that the rules of the application's item find, in the order of the rules."""
    return tuple(problem for rule in rules.get(application.item, ()) for problem in rule(application))


def not_eligible(
    detail: str, message: str, message_en: str, *, next_step: str | None = None, next_step_en: str | None = None
) -> Problem:
    """The applicant doesn't meet a condition of the item. `detail` is the department's own code for it."""
    return Problem(
        code=ProblemCode.NOT_ELIGIBLE,
        message=message,
        message_en=message_en,
        path=("applicant",),
        detail=detail,
        next_step=next_step,
        next_step_en=next_step_en,
    )


def form_invalid(detail: str, field: str, message: str, message_en: str) -> Problem:
    """A field of the form contradicts another fact. `field` is its name in the form."""
    return Problem(
        code=ProblemCode.FORM_INVALID, message=message, message_en=message_en, path=("form", field), detail=detail
    )


def not_in_future(field: str, words: str, words_en: str, *, detail: str = "date.in-future") -> Rule:
    """The rule that the day in `field` is not after the day of receipt. `words` name that day to people."""

    def rule(application: Application) -> Iterator[Problem]:
        day = date_in(application.form, field)
        if day is not None and day > application.received_on:
            yield form_invalid(
                detail, field, f"{words}不能晚于受理日期", f"{words_en} can't be after the day of receipt"
            )

    return rule
