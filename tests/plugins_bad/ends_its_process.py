"""Ends its process in the middle of a question."""

import os
from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("ENDS-ITS-PROCESS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    os._exit(3)
