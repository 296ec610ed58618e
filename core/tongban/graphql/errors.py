"""Errors at the border: what a malformed request gets. Everything expected is `problems`, not this."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from graphql import GraphQLError

DATA_EXCEPTIONS = "22"
"""SQLSTATE class of values that PostgreSQL can't take: NUL characters, numbers out of range, lone surrogates."""


class BadInput(GraphQLError):
    """The request can't be understood as it stands: a wrong id, cursor or page size."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "BAD_USER_INPUT"})


class Unavailable(GraphQLError):
    """The database can't be reached now; nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            "The database can't be reached at the moment. Try again in a few seconds.",
            extensions={"code": "SERVICE_UNAVAILABLE"},
        )


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the driver says of bad values and lost connections into errors that the caller understands."""
    try:
        yield
    except (NoConnectionFree, ConnectionError, OSError) as error:
        raise Unavailable from error
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", None) or "").startswith(DATA_EXCEPTIONS):
            raise BadInput("A value holds characters or numbers that can't be stored.") from error
        if error.connection_invalidated or isinstance(error, InterfaceError | OperationalError):
            raise Unavailable from error
        raise
