"""Closes every file that is open."""

import os
from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("CLOSES-DESCRIPTORS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    os.closerange(0, 256)
    return ()
