"""Answers with a character that no database keeps."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("ANSWERS-WITH-NUL")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return (not_eligible("nul", "不\0行", "N\0"),)
