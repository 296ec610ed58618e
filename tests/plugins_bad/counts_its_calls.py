"""Remembers how often it was asked."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible

CALLS: list[str] = []


@hookimpl
def tongban_department() -> Department:
    return a_department("COUNTS-ITS-CALLS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    CALLS.append(application.item)
    return (not_eligible("often", str(len(CALLS)), "Often"),) if len(CALLS) % 2 else ()
