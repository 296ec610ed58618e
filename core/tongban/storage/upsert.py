"""Brings one row to wanted values, and counts what that took."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from tongban.storage.base import Base
from tongban.storage.changes import Changes

Row = TypeVar("Row", bound=Base)


def put(
    session: AsyncSession, row: Row | None, table: type[Row], values: Mapping[str, Any], kind: str, changes: Changes
) -> Row:
    """The row with these values: added where it is None, changed where it differs, else kept as it is."""
    if row is None:
        row = table(**values)
        session.add(row)
        changes.added(kind)
    elif any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        changes.changed(kind)
    else:
        changes.kept(kind)
    return row
