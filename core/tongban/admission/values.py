"""What a proposed definition may hold, so that it is kept, digested and read back as it was given. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
from referencing.exceptions import Unresolvable

from tongban.contract.items import ItemDefinition
from tongban.definitions import faults_of

LARGEST = 2**53
"""Whole numbers beyond it are not the same number to everybody who reads JSON."""
MOST = 10_000
"""Of days, and of copies."""
OLDEST = 120
LONGEST = 100_000
"""Characters of one text."""


def unfit_in(given: Mapping[str, Any]) -> str | None:
    """The first thing in it that can't be kept, in words; None where everything can."""
    return next(_unfit(given, ""), None)


def all_faults_of(definition: ItemDefinition) -> list[str]:
    """What contradicts itself in a definition that came from outside, in words."""
    faults = list(_faults_of_numbers(definition))
    for need in definition.materials:
        try:
            jsonschema.Draft202012Validator.check_schema(dict(need.when or {}))
        except jsonschema.SchemaError as error:
            faults.append(f"material {need.material}: when is no JSON Schema: {error.message}")
    if faults:
        return faults
    try:
        return list(faults_of(definition))
    except (RecursionError, Unresolvable):
        return ["form: a $ref leads nowhere, or to itself"]


def _faults_of_numbers(definition: ItemDefinition) -> Iterator[str]:
    days = (definition.promised_days, definition.statutory_days or 0, definition.extra_days_for_split)
    if not all(0 <= number <= MOST for number in days):
        yield f"days lie between 0 and {MOST}"
    if not all(1 <= need.copies <= MOST for need in definition.materials):
        yield f"copies of a material lie between 1 and {MOST}"
    if not 0 <= definition.sample.age <= OLDEST:
        yield f"sample.age lies between 0 and {OLDEST}"


def _unfit(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _unfit(inner, key)
            if key == "$ref" and not str(inner).startswith("#"):
                yield "$ref points outside the form"
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _unfit(inner, name)
    elif isinstance(value, str):
        if len(value) > LONGEST:
            yield f"{name[:40]!r} is longer than {LONGEST} characters"
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:
        yield f"{name[:40]!r} is a number that is too large"
