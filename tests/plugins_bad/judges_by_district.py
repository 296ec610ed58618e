"""Judges by the district of the receiving center."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("JUDGES-BY-DISTRICT")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return (not_eligible("district", "本区不办", "Not here"),) if application.center.district == "310114" else ()
