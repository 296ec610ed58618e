"""The small family of refusals, each with one line on what is wrong and what to do; and how an error is logged."""

import traceback

from tongban.contract.problems import Problem

MOST_LINES, MOST_CAUSES = 20, 5
"""Of a traceback in the log, at most."""


class Refused(Exception):
    """Something the caller can mend was refused; nothing was written. Carries every problem at once."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class SetupError(Exception):
    """The server can't start or a command can't run as things stand. The message is one clear line for a person."""


class DataError(Exception):
    """Data to be loaded has bad rows; nothing was loaded. Each reason is `file:line: what is wrong`."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


def traced(error: BaseException) -> str:
    """An error and its causes for the log: their types and lines, never their messages, which hold personal data."""
    told = []
    while True:
        lines = "".join(traceback.format_tb(error.__traceback__)[-MOST_LINES:])
        told.append(f"{type(error).__module__}.{type(error).__qualname__}\n{lines}")
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None or len(told) == MOST_CAUSES:
            return "caused by ".join(told).rstrip()
        error = cause
