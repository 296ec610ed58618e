"""Desks: the public API's types, queries and mutations, one file a room. No rule lives here."""

from tongban.graphql import enums as enums  # before any type that has a field of one, or they go undescribed
