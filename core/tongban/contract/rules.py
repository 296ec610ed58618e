"""How a department writes rules: small pure functions, all of which are asked, so that all problems come at once."""

from collections.abc import Callable, Iterable, Mapping

from tongban.contract.applications import Application
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
