"""The words of centers."""

from enum import StrEnum


class CalendarKind(StrEnum):
    """How a day departs from the plain week: a statutory holiday, or a make-up workday (调休)."""

    STATUTORY_HOLIDAY = "STATUTORY_HOLIDAY"
    MAKE_UP_WORKDAY = "MAKE_UP_WORKDAY"
