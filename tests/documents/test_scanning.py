"""The scanner: clean, infected, or no verdict; without one nothing is stored."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from documents_support import EICAR, GREP, a_pdf, a_scanner
from tongban.documents.scanning import ScanFailed, Scanner, scanner_from
from tongban.errors import SetupError


async def test_clean_and_infected(tmp_path: Path) -> None:
    scanner = scanner_from(a_scanner(tmp_path, GREP))
    assert scanner is not None
    file = tmp_path / "file"
    file.write_bytes(a_pdf())
    assert await scanner.is_clean(file)
    file.write_bytes(a_pdf(EICAR.decode()))
    assert not await scanner.is_clean(file)


@pytest.mark.parametrize("script", ["exit 2", "exit 127", "kill -9 $$", "kill -SEGV $$"])
async def test_any_other_end_is_no_verdict(tmp_path: Path, script: str) -> None:
    scanner = scanner_from(a_scanner(tmp_path, script))
    assert scanner is not None
    with pytest.raises(ScanFailed):
        await scanner.is_clean(tmp_path)


async def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    command = a_scanner(tmp_path, f"sleep 300 & echo $! > {tmp_path}/child; wait")
    began = time.monotonic()
    with pytest.raises(ScanFailed, match=r"longer than 0\.5 s"):
        await Scanner((command,), patience=0.5).is_clean(tmp_path)
    assert time.monotonic() - began < 10
    child = int((tmp_path / "child").read_text())
    while True:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            break
        assert time.monotonic() - began < 10
        await asyncio.sleep(0.01)


async def test_a_program_that_went_away_is_no_verdict(tmp_path: Path) -> None:
    command = a_scanner(tmp_path, "exit 0")
    scanner = scanner_from(command)
    assert scanner is not None
    Path(command).unlink()
    with pytest.raises(ScanFailed, match="can't be started"):
        await scanner.is_clean(tmp_path)


@pytest.mark.parametrize("command", ["''", "no-such-program --quiet", "'unclosed"])
def test_a_command_that_can_t_be_run_is_one_line(command: str) -> None:
    with pytest.raises(SetupError, match="TONGBAN_SCAN_COMMAND"):
        scanner_from(command)


def test_none_is_none() -> None:
    assert scanner_from(None) is scanner_from("") is None
