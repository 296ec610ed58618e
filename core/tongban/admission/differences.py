"""Field by field, what differs between two definitions. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs: a path of keys joined by dots, and both values; None where there is none."""

    field: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs, in the order of the fields' names; objects are compared key by key, lists as a whole."""
    return sorted(_differences("", before, after), key=lambda one: one.field)


def _differences(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        here = f"{path}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(f"{here}.", old, new)
        elif old != new:
            yield Difference(here, old, new)
