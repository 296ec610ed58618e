"""Raises SystemExit, which is no Exception."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("EXITS-SOFTLY")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    raise SystemExit(0)
