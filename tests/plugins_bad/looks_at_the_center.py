"""Judges by the receiving center."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("LOOKS-AT-THE-CENTER")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return (not_eligible("center", "本中心不办", "Not here"),) if application.center.code == "SH0114-01" else ()
