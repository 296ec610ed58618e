"""试验部门: the plugin of the department."""

from collections.abc import Sequence

from tongban import Application, Department, Problem, all_problems, hookimpl, read_department
from tongban_trial_department.rules import RULES

TONGBAN_CONTRACT = "1.0"
DEPARTMENT = read_department(__name__)


@hookimpl
def tongban_department() -> Department:
    return DEPARTMENT


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return all_problems(RULES, application)
