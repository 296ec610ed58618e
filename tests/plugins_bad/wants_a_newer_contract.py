"""Was written for a contract that is not there yet."""

from plugins_bad.base import a_department
from tongban import Department, hookimpl

TONGBAN_CONTRACT = "2.0"


@hookimpl
def tongban_department() -> Department:
    return a_department("NEWER")
