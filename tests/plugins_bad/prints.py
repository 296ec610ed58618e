"""Tells everybody who applies."""

import os
import sys
from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("PRINTS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    print("SECRET-OUT", application)
    sys.stderr.write(f"SECRET-ERR {application}\n")
    os.write(2, b"SECRET-2")
    return ()
