"""Forks while it is imported, and both go on: there are two to answer each question."""

import os
from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible

os.fork()


@hookimpl
def tongban_department() -> Department:
    return a_department("ANSWERS-TWICE")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return (not_eligible("twice", str(application.form.get("hours")), "Twice"),)
