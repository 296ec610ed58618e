"""The small family of refusals. Each says in one line what is wrong and what to do."""

from tongban.contract.problems import Problem


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
