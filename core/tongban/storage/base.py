"""What every table shares: naming convention, column types, text with CHECK instead of enum types."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tongban.storage.ids import new_id


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        UUID: Uuid,
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),  # None is no value, not the JSON value null
        list[dict[str, Any]]: JSONB,
        list[str]: ARRAY(Text),
    }


class Identified:
    """A row with an id of its own: a UUIDv7, made by the application."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class OfCase:
    """A row of a case: keyed by the case first, so that it can live where the case lives."""

    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """The column holds a value of the enumeration; the constraint's name is the column's."""
    words = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)
