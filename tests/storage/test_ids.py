"""Ids: UUIDv7 as RFC 9562 lays it out, which sort by time as far as milliseconds go."""

import secrets
import time
from uuid import RFC_4122

import pytest

from tongban.storage.ids import new_id


def at(monkeypatch: pytest.MonkeyPatch, milliseconds: int, random: int | None = None) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: milliseconds * 1_000_000 + 999_999)
    if random is not None:
        monkeypatch.setattr(secrets, "randbits", lambda _bits: random)


def test_the_example_of_the_rfc(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9562, appendix A.6."""
    at(monkeypatch, 0x017F22E279B0, (0xCC3 << 62) | 0x18C4DC0C0C07398F)
    assert str(new_id()) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@pytest.mark.parametrize("random", [0, (1 << 74) - 1])
def test_version_and_variant_stand_whatever_the_random_bits(monkeypatch: pytest.MonkeyPatch, random: int) -> None:
    at(monkeypatch, (1 << 48) - 1, random)
    made = new_id()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == (1 << 48) - 1


def test_a_later_millisecond_sorts_later(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for milliseconds in range(1_000, 1_100):
        at(monkeypatch, milliseconds)
        made.append(new_id())
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_no_two_are_alike_and_all_are_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = {new_id() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(before <= one.int >> 80 <= time.time_ns() // 1_000_000 for one in made)
