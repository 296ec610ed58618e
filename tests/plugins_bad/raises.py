"""Raises, with words that quote the application."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("RAISES")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    raise RuntimeError(f"no rule for {application}")
