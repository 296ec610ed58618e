"""Gives something else than a department."""

from tongban import hookimpl


@hookimpl
def tongban_department() -> str:
    return "a department"
