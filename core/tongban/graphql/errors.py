"""Errors at the border: what a malformed request gets. Everything expected is `problems`, not this."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from graphql import GraphQLError, GraphQLFormattedError

DATA_EXCEPTIONS = "22"
"""SQLSTATE class of values that PostgreSQL can't take: NUL characters, numbers and dates out of range."""
PASSING = ("08", "25006", "40", "53", "55P03", "57", "58")
"""SQLSTATEs, or their first characters, of what passes by itself: connections lost, a standby that takes no writes,
deadlocks, a full disk, locks and statements that took too long, a server that stops or starts."""


CALLERS = (GraphQLError, MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)
"""Kinds of errors that are the caller's to mend."""


class BadInput(GraphQLError):
    """The request can't be understood as it stands: a wrong id, cursor or page size."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "BAD_USER_INPUT"})


class NotThere(GraphQLError):
    """What shall be followed does not exist."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "NOT_FOUND"})


class Resume(GraphQLError):
    """A subscription ends before its time, as its reader is too slow or the server stops; nothing is lost."""

    def __init__(self, since: str | int | None) -> None:
        super().__init__(
            "The subscription has ended. Subscribe again with `since` as in `extensions`, and nothing is missed.",
            extensions={"code": "RESUME", "since": since},
        )


class Unavailable(GraphQLError):
    """The database does not answer now. Whether a commit that was under way took effect is not known."""

    def __init__(self) -> None:
        super().__init__(
            "The database does not answer at the moment. Try again in a few seconds; what was sent with an "
            "idempotencyKey is done once.",
            extensions={"code": "SERVICE_UNAVAILABLE"},
        )


@contextmanager
def reaching() -> Iterator[None]:
    """For the moment in which a connection is taken: whatever stands in the way, the database can't be reached."""
    try:
        yield
    except (NoConnectionFree, OSError, DBAPIError) as error:
        raise Unavailable from error


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the driver says of bad values and lost connections into errors that the caller understands."""
    try:
        yield
    except ConnectionError as error:
        raise Unavailable from error
    except DBAPIError as error:
        state = sqlstate(error)
        if state.startswith(DATA_EXCEPTIONS):
            raise BadInput("A value holds characters or numbers that can't be stored.") from error
        if error.connection_invalidated or state.startswith(PASSING):
            raise Unavailable from error
        raise


def sqlstate(error: DBAPIError) -> str:
    """PostgreSQL's code of the error; empty where it did not come from there."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def is_unexpected(error: GraphQLError) -> bool:
    """Whether it is a fault of ours: the caller is told no more than that."""
    return error.original_error is not None and not isinstance(error.original_error, CALLERS)


def shown(error: GraphQLError) -> GraphQLFormattedError:
    """The error as the caller sees it, always with a code in its extensions."""
    formatted = error.formatted
    code = "BAD_USER_INPUT" if error.path else "GRAPHQL_VALIDATION_FAILED"
    if is_unexpected(error):
        formatted["message"], code = "Internal error", "INTERNAL_ERROR"
    formatted["extensions"] = {"code": code} | (formatted.get("extensions") or {})
    return formatted
