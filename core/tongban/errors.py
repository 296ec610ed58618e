"""The small family of refusals, each with one line on what is wrong and what to do; and how an error is logged."""

import traceback

from tongban.contract.problems import Problem

MOST_LINES, MOST_CAUSES = 20, 5
"""Of a traceback in the log, at most."""
DATABASE_PARTS = ("sqlstate", "table_name", "column_name", "constraint_name")
"""What an error of the database may be logged with."""


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
    """An error and its causes for the log: types, our own lines and the last one, and what a database calls its parts.

    Never a message, and never a value: those can be somebody's name or number.
    """
    told: list[str] = []
    while len(told) < MOST_CAUSES:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames[:-1] if "tongban" in frame.filename]
        lines = "".join(traceback.format_list([*ours, *frames[-1:]][-MOST_LINES:]))
        parts = [str(getattr(error, name, None) or "") for name in DATABASE_PARTS]
        told.append(
            " ".join([f"{type(error).__module__}.{type(error).__qualname__}", *filter(None, parts)]) + f"\n{lines}"
        )
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            break
        error = cause
    return "caused by ".join(told).rstrip()
