"""民政: the plugin of civil affairs."""

from collections.abc import Sequence

from tongban import Application, Department, Problem, all_problems, hookimpl, read_department
from tongban_civil_affairs.rules import RULES

DEPARTMENT = read_department(__name__)


@hookimpl
def tongban_department() -> Department:
    return DEPARTMENT


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return all_problems(RULES, application)
