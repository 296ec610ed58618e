"""Where a generator's choices come from: a seeded source that is fast, or Hypothesis, which also shrinks."""

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Draw(Protocol):
    """Gives one choice after the other."""

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included; the lower, the simpler."""


class SeededDraw:
    """The same choices each time for the same seed."""

    def __init__(self, seed: int) -> None:
        self._next = random.Random(seed).random  # noqa: S311 - nothing here is secret

    def whole(self, low: int, high: int) -> int:
        return low + int(self._next() * (high - low + 1))


class HypothesisDraw:
    """Choices of Hypothesis, inside a composite strategy."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def whole(self, low: int, high: int) -> int:
        # From 0 on, since that is where Hypothesis shrinks to.
        return low if low == high else low + self._draw(st.integers(0, high - low))


def pick(draw: Draw, values: Sequence[T]) -> T:
    """One of the values; the first is the simplest."""
    return values[draw.whole(0, len(values) - 1)]


def chance(draw: Draw, percent: int) -> bool:
    """True in about so many of a hundred draws; False is simpler."""
    return draw.whole(0, 99) >= 100 - percent
