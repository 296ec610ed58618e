"""Desks: the public API's types, queries and mutations, one file a room. No rule lives here."""
