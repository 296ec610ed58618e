"""Problems: what a caller can mend, said all at once and as data (一次性告知)."""

from dataclasses import dataclass, replace
from enum import StrEnum


class ProblemCode(StrEnum):
    """Why something was not done. The names are the public API's."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID_INPUT = "INVALID_INPUT"
    STALE_VERSION = "STALE_VERSION"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    ITEM_NOT_IN_FORCE = "ITEM_NOT_IN_FORCE"
    NOT_OFFERED_HERE = "NOT_OFFERED_HERE"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    ROUTING_UNKNOWN = "ROUTING_UNKNOWN"
    MATERIAL_MISSING = "MATERIAL_MISSING"
    MATERIAL_INVALID = "MATERIAL_INVALID"
    FORM_INVALID = "FORM_INVALID"
    DUPLICATE_CASE = "DUPLICATE_CASE"
    ACTION_NOT_ALLOWED = "ACTION_NOT_ALLOWED"
    SLOT_TAKEN = "SLOT_TAKEN"
    CENTER_CLOSED = "CENTER_CLOSED"
    CHECK_FAILED = "CHECK_FAILED"
    NOT_DECIDABLE = "NOT_DECIDABLE"
    PLUGIN_FAILED = "PLUGIN_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend, with its place in the input and the next step.

    `message` and `next_step` are Chinese; the `_en` twins are English and may be left out.
    `path` names the place in the input, e.g. `("form", "birthDate")`.
    `detail` is a department's own code for its rule, e.g. `"senior-card.age"`.
    """

    code: ProblemCode
    message: str
    message_en: str | None = None
    path: tuple[str, ...] = ()
    detail: str | None = None
    next_step: str | None = None
    next_step_en: str | None = None

    def at(self, *path: str) -> "Problem":
        """The same problem, placed at `path`."""
        return replace(self, path=path)
