"""Reads a file."""

from collections.abc import Sequence
from pathlib import Path

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("READS-FILES")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    return () if Path("/etc/hosts").read_bytes() is not None else (not_eligible("hosts", "不行", "No"),)
