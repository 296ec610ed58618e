"""Takes a gigabyte of memory."""

from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl


@hookimpl
def tongban_department() -> Department:
    return a_department("HOARDS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem] | None:
    taken = bytearray(1 << 30)
    return () if taken else None
