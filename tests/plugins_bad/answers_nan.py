"""Answers with what is no number."""

from plugins_bad.base import a_department
from tongban import Application, Department, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("ANSWERS-NAN")


@hookimpl
def tongban_validate(application: Application) -> float:
    return float("nan")
