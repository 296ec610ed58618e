"""The hooks: everything that core may ask of a department's plugin, and of a channel.

A department implements `tongban_department`; its other hooks have defaults. Each call is addressed to the one
department concerned. Values in, values out: no session, no request, no clock (`docs/reference/hooks.md`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from tongban.contract.applications import Application
    from tongban.contract.items import Department, ProcessingMode
    from tongban.contract.notices import Delivery, Notice
    from tongban.contract.problems import Problem

PROJECT = "tongban"
CONTRACT_VERSION = "1.0.0"
"""Semantic version of this file and of the values it speaks in."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class DepartmentHooks:
    """What a department's plugin may answer."""

    @hookspec(firstresult=True)
    def tongban_department(self) -> "Department | None":
        """The department with its items and materials. Asked once, when the server starts."""

    @hookspec(firstresult=True)
    def tongban_validate(self, application: "Application") -> "Sequence[Problem] | None":
        """Every problem with the application by the department's own rules, all at once. Pure; empty or None: none.

        Core checks item, center, audience, form schema and materials; the rules add what those can't say.
        """

    @hookspec(firstresult=True)
    def tongban_processing_mode(self, application: "Application") -> "ProcessingMode | None":
        """The mode of this application where it differs from the item's; None: the item's own. Pure.

        Only from SPLIT to DIRECT: a case may need less than its item, never more than was admitted.
        """


class ChannelHooks:
    """What a channel to residents answers. A channel is a distribution of its own, and no department's."""

    @hookspec(firstresult=True)
    def tongban_notify(self, notice: "Notice") -> "Delivery":
        """Passes a notice on. Raises where that did not work: it is tried again, with the same `notice.id`.

        Called in a thread, several at a time; what takes longer than 10 s counts as failed.
        """
        raise NotImplementedError  # a specification is never called; its type has no None to return
