"""Types whose values lie in a table, and the global ids (Relay) of their rows."""

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Self
from uuid import UUID

import strawberry
from sqlalchemy import Table
from strawberry.types.base import get_object_definition

from tongban.graphql.errors import BadInput
from tongban.graphql.sources import Column, source_of
from tongban.storage.base import Base

STORED: dict[str, type["Stored"]] = {}
"""The stored types by their GraphQL name."""


class Stored:
    """Base of a type over a table: `class Center(Stored, model=models.Center)`.

    An instance holds its row; fields declared as columns are filled from it, the others are read from it when asked.
    """

    table: ClassVar[Table]
    row: Mapping[str, Any]

    def __init_subclass__(cls, *, model: type[Base] | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if model is not None:
            table = model.__table__
            assert isinstance(table, Table)  # noqa: S101
            cls.table = table
            STORED[cls.__name__] = cls

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The object of a row, given by column names."""
        made = cls(**{name: row[column] for name, column in _columns(cls)})  # type: ignore[arg-type]
        made.row = row
        return made


@cache
def _columns(cls: type[Any]) -> tuple[tuple[str, str], ...]:
    """The fields declared as columns, with the columns' names."""
    definition = get_object_definition(cls, strict=True)
    found = ((field.python_name, source_of(field)) for field in definition.fields)
    return tuple((name, source.name or name) for name, source in found if isinstance(source, Column))


def keys_of(cls: type[Stored]) -> tuple[str, ...]:
    """The names of the primary key's columns."""
    return tuple(column.name for column in cls.table.primary_key.columns)


def global_id(cls: type[Stored], row: Mapping[str, Any]) -> strawberry.ID:
    """Base64 of `Type:key`; keys of several columns are joined by dots."""
    text = f"{cls.__name__}:{'.'.join(str(row[key]) for key in keys_of(cls))}"
    return strawberry.ID(base64.b64encode(text.encode()).decode())


def read_global_id(text: str) -> tuple[type[Stored], tuple[UUID, ...]]:
    """The type and the key. Raises BadInput where it is no id of ours."""
    try:
        name, _, key = base64.b64decode(text, validate=True).decode().partition(":")
        cls = STORED[name]
        parts = tuple(UUID(part) for part in key.split("."))
    except (binascii.Error, UnicodeError, KeyError, ValueError):
        raise BadInput(f"Not an id: {text[:80]!r}. Use an id that this server gave.") from None
    if len(parts) != len(keys_of(cls)) or not hasattr(cls, "id"):
        raise BadInput(f"Not an id: {text[:80]!r}. Use an id that this server gave.")
    return cls, parts


def key_of(cls: type[Stored], text: str) -> UUID | None:
    """The row's id in a global id that shall be of this type; None for an id of another type."""
    try:
        found, parts = read_global_id(text)
    except BadInput:
        return None
    return parts[-1] if found is cls else None
