"""Nothing is wrong with it: it is there to be served."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("GOOD")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return (not_eligible("neighbor.young", "年纪不够", "Too young"),) if application.form.get("hours") == 1 else ()
