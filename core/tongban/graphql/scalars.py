"""Scalars of the public API."""

from typing import Any, NewType

import strawberry

IdNumber = NewType("IdNumber", str)
Digest = NewType("Digest", str)

SCALARS: dict[object, Any] = {
    IdNumber: strawberry.scalar(
        name="IdNumber",
        description="GB 11643 citizen number, or the number of another identity document. "
        "Masked unless the viewer may see it and has said why.",
        serialize=str,
        parse_value=lambda value: _text("IdNumber", value),
    ),
    Digest: strawberry.scalar(
        name="Digest",
        description="SHA-256 digest, 64 hexadecimal digits.",
        serialize=str,
        parse_value=lambda value: _text("Digest", value),
    ),
}


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a string.")
    return value
