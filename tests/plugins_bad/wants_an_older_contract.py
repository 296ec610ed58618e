"""Was written for a contract that is gone."""

from plugins_bad.base import a_department
from tongban import Department, hookimpl

TONGBAN_CONTRACT = "0.9"


@hookimpl
def tongban_department() -> Department:
    return a_department("OLDER")
