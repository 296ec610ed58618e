"""Loops without end, and swallows whatever is raised to end it."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("LOOPS-AND-SWALLOWS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    while True:
        try:
            while True:
                pass
        except BaseException:  # noqa: S112 - that is what is bad
            continue
