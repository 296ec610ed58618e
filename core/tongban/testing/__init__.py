"""For department developers: applications to a department's rules, and its plugin to the check, without a server."""

from tongban.testing.conformity import applications, conforms
from tongban.testing.samples import (
    A_DAY,
    HONGKOU_STREET,
    JIADING,
    OUTSIDE,
    item_of,
    judged,
    may_apply,
    needed_materials,
    sample_applicant,
    sample_application,
)

__all__ = [
    "A_DAY",
    "HONGKOU_STREET",
    "JIADING",
    "OUTSIDE",
    "applications",
    "conforms",
    "item_of",
    "judged",
    "may_apply",
    "needed_materials",
    "sample_applicant",
    "sample_application",
]
