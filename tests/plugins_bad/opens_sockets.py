"""Asks the network."""

import socket
from collections.abc import Sequence

from plugins_bad.base import a_department
from tongban import Application, Department, Problem, hookimpl, not_eligible


@hookimpl
def tongban_department() -> Department:
    return a_department("OPENS-SOCKETS")


@hookimpl
def tongban_validate(application: Application) -> Sequence[Problem]:
    with socket.socket() as asked:
        return () if asked.fileno() > 0 else (not_eligible("net", "不行", "No"),)
