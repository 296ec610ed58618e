"""Stops at the first problem."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, form_invalid, hookimpl, integer_in, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("ONE-AT-A-TIME")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    hours = integer_in(application.form, "hours")
    if hours is not None and hours > 100:
        return (form_invalid("hours", "hours", "时数过多", "Too many hours"),)
    age = application.applicant.age_on(application.received_on)
    return (not_eligible("age", "未满60周岁", "Younger than 60"),) if age is not None and age < 60 else ()
