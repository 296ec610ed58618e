"""The hook for a scanner of malware: a command that is run on each file before it is stored."""

import asyncio
import os
import shlex
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from tongban.errors import SetupError

PATIENCE = 60.0
"""Seconds that a scan may take."""


class ScanFailed(Exception):
    """The scanner gave no verdict. What was not scanned is not stored."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """A command that gets a file's path as its last argument and ends with 0 where it is clean, with 1 where not.

    These are the codes of `clamdscan` and `clamscan`; any other one, and none in time, is no verdict.
    """

    command: tuple[str, ...]
    patience: float = PATIENCE

    async def is_clean(self, file: Path) -> bool:
        """The verdict. Raises ScanFailed where there is none."""
        quiet = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command, str(file), stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
            )
        except OSError as error:
            raise ScanFailed(f"it can't be started: {type(error).__name__}") from error
        try:
            async with asyncio.timeout(self.patience):
                code = await process.wait()
        except TimeoutError:
            raise ScanFailed(f"it took longer than {self.patience:g} s") from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if code not in (0, 1):
            raise ScanFailed(f"it ended with {code}")
        return code == 0


def scanner_from(command: str | None) -> Scanner | None:
    """The scanner that the settings name; None where they name none. Raises SetupError where it can't be run."""
    if not command:
        return None
    try:
        parts = shlex.split(command)
    except ValueError as error:
        raise SetupError(f"TONGBAN_SCAN_COMMAND can't be read: {error}.") from None
    if not parts or shutil.which(parts[0]) is None:
        raise SetupError("TONGBAN_SCAN_COMMAND names no program that can be run: write e.g. clamdscan --fdpass.")
    return Scanner(tuple(parts))
