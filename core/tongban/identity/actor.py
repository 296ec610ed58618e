"""Who is asking, as a value that every verb takes."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody acts as. The names are the public API's."""

    PUBLIC = "PUBLIC"
    RESIDENT = "RESIDENT"
    CLERK = "CLERK"
    REVIEWER = "REVIEWER"
    CENTER_MANAGER = "CENTER_MANAGER"
    DEPARTMENT_OFFICER = "DEPARTMENT_OFFICER"
    JOINT_MEETING_MEMBER = "JOINT_MEETING_MEMBER"
    JOINT_MEETING_OFFICE = "JOINT_MEETING_OFFICE"
    OPERATOR = "OPERATOR"
    AUDITOR = "AUDITOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Subject, roles, and the codes of the centers for which somebody acts; `everywhere` is the whole city."""

    subject: str
    name: str
    roles: frozenset[Role]
    centers: frozenset[str] = frozenset()
    everywhere: bool = False


DEVELOPER = Actor(subject="developer", name="Developer", roles=frozenset(Role), everywhere=True)
"""The one trusted actor while there is no sign-in: a server for development, bound to the loopback address."""

SYSTEM = Actor(subject="system", name="System", roles=frozenset(), everywhere=True)
"""Who does what nobody asked for: timers, and the storing of what was sent."""
