"""What the host says of plugins, and the limits that it sets them."""

from dataclasses import dataclass
from enum import StrEnum

from tongban.contract.items import Department, ProcessingMode
from tongban.contract.problems import Problem

GROUP = "tongban.plugins"
"""The entry points by which plugins are found."""


class PluginState(StrEnum):
    """Whether a plugin serves."""

    ACTIVE = "ACTIVE"
    QUARANTINED = "QUARANTINED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One distribution's plugin, and its department where it could be loaded.

    `code_digest` is the SHA-256 of the package's files other than its definitions: rules, tables, whatever decides.
    """

    name: str
    distribution: str
    version: str
    state: PluginState
    department: Department | None = None
    contract: str | None = None
    hooks: tuple[str, ...] = ()
    code_digest: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Judgment:
    """What a department says of an application."""

    problems: tuple[Problem, ...]
    mode: ProcessingMode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a plugin gets. Seconds are of the clock on the wall; bytes are of address space, and of one answer.

    `call_seconds` is all that a caller waits: for its turn, for a process that must be started anew, for the answer.
    """

    start_seconds: float = 30
    call_seconds: float = 2
    check_seconds: float = 120
    memory_bytes: int = 1 << 30
    answer_bytes: int = 256 * 1024
    definition_bytes: int = 32 * 1024 * 1024
    failures_to_open: int = 5
    open_seconds: float = 30
