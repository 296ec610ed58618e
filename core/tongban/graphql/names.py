"""How much of a promised SDL a schema has: types, fields, arguments, enumeration values by name."""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    is_specified_scalar_type,
)


@dataclass(frozen=True, slots=True)
class Names:
    """How many names are promised, and which of them are missing."""

    total: int
    missing: tuple[str, ...]


def missing_names(promised: str, served: str) -> Names:
    """Compares two SDL documents; a missing type counts once, not with its fields; GraphQL's own scalars never."""
    wanted = build_schema(promised, assume_valid=True).type_map
    there = build_schema(served, assume_valid=True).type_map
    total, missing = 0, []
    for name, kind in wanted.items():
        if name.startswith("__") or is_specified_scalar_type(kind):
            continue
        found = there.get(name)
        names = _names_in(kind)
        has = set(_names_in(found)) if found is not None else set()
        total += 1
        if found is None:
            missing.append(name)
            continue
        total += len(names)
        missing += [f"{name}.{part}" for part in names if part not in has]
    return Names(total, tuple(missing))


def _names_in(kind: GraphQLNamedType | None) -> list[str]:
    return list(_parts(kind))


def _parts(kind: GraphQLNamedType | None) -> Iterator[str]:
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield name
            yield from (f"{name}({argument})" for argument in field.args)
    elif isinstance(kind, GraphQLInputObjectType):
        yield from kind.fields
    elif isinstance(kind, GraphQLEnumType):
        yield from kind.values
