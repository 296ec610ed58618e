"""Claims the code of another department, with its item."""

from plugins_bad.base import a_department
from tongban import Department, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("GOOD")
