"""Misspells a hook."""

from plugins_bad.base import a_department
from tongban import Application, Department, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("MISSPELLS")


@hookimpl
def tongban_valdiate(application: Application) -> None: ...
