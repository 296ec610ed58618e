"""Writes a file."""

from collections.abc import Sequence
from pathlib import Path

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl

FILE = Path(__file__).with_suffix(".written")


@hookimpl
def tongban_department() -> Department:
    return a_department("WRITES-FILES")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    try:
        FILE.write_text(str(application.form))
    finally:
        FILE.unlink()
    return ()
