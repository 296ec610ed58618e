"""Answers with ten megabytes."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("ANSWERS-TOO-MUCH")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return (not_eligible("much", "很" * 3_500_000, "Much"),)
