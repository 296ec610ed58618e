"""The channel of those who have none yet: one line in the log, from which nobody is recognized."""

import logging

import orjson

from tongban.contract.hooks import hookimpl
from tongban.contract.notices import Delivery, Notice

log = logging.getLogger(__name__)


class LogChannel:
    """Says that a notice would go out: which, not to whom, of what, or in which words."""

    NAME = "log"

    @hookimpl
    def tongban_notify(self, notice: Notice) -> Delivery:
        """One structured line."""
        said = {"notice": notice.id, "kind": notice.kind, "stage": notice.stage, "language": notice.language}
        log.info("notice %s", orjson.dumps(said).decode())
        return Delivery()
