"""What all commands share: how they speak, their settings, their database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pydantic import ValidationError
from rich.console import Console

from tongban import prepare
from tongban.errors import SetupError
from tongban.settings import Settings

out = Console(soft_wrap=True, emoji=False)
err = Console(soft_wrap=True, emoji=False, stderr=True)


def say(line: str, console: Console = out) -> None:
    """One line, as it is."""
    console.print(line, markup=False, highlight=False)


def read_settings() -> Settings:
    """The settings of the environment. Raises SetupError with every variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = (f"TONGBAN_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SetupError("; ".join(wrong)) from None


@contextmanager
def running_database(settings: Settings, console: Console = out) -> Iterator[str]:
    """The database while it runs. Says which one it is: a setting is easily forgotten."""
    say(f"database: {prepare.place(settings)}", console)
    with ExitStack() as stack:
        with err.status("starting it"):
            url = stack.enter_context(prepare.database(settings))
        yield url
