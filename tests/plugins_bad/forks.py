"""Leaves a child behind that sleeps."""

import os
import time
from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("FORKS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    if os.fork() == 0:
        time.sleep(600)
    return ()
