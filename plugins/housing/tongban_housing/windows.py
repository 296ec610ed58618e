"""Batch windows (受理期) of shared-ownership housing: each district sets and publishes its own.

The days are those of `batch_windows.csv`, read once at import. Both `opens` and `closes` belong to the window.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The days, from `opens` to `closes`, on which one district takes applications."""

    opens: date
    closes: date

    def holds(self, day: date) -> bool:
        return self.opens <= day <= self.closes


def _read() -> dict[str, tuple[Window, ...]]:
    text = (files("tongban_housing") / "batch_windows.csv").read_text(encoding="utf-8")
    windows: dict[str, tuple[Window, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        window = Window(date.fromisoformat(row["opens"]), date.fromisoformat(row["closes"]))
        windows[row["district_code"]] = (*windows.get(row["district_code"], ()), window)
    return {district: tuple(sorted(of_district)) for district, of_district in windows.items()}


WINDOWS: Mapping[str, tuple[Window, ...]] = _read()
"""By district code (6 digits), in order of time."""


def open_window(district: str, day: date) -> Window | None:
    """The window of the district that is open on `day`; None outside."""
    return next((window for window in WINDOWS.get(district, ()) if window.holds(day)), None)


def next_window(district: str, day: date) -> Window | None:
    """The district's first window that opens after `day`; None where none is published."""
    return next((window for window in WINDOWS.get(district, ()) if window.opens > day), None)
