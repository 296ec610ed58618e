"""Answers with something that looks like a problem."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("ANSWERS-GARBAGE")


@hookimpl
def tongban_validate(application: Application) -> Sequence[object]:
    return ({"code": "NOT_ELIGIBLE", "message": "不行"},)
