"""What a load did, in one line."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Changes:
    """Counts rows added, changed, withdrawn and kept, by kind."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def added(self, kind: str) -> None:
        self._count(kind, "new")

    def changed(self, kind: str) -> None:
        self._count(kind, "changed")

    def withdrawn(self, kind: str) -> None:
        self._count(kind, "withdrawn")

    def kept(self, kind: str) -> None:
        self._count(kind, "unchanged")

    @property
    def any(self) -> bool:
        """Whether anything differs from before."""
        return any(count.keys() - {"unchanged"} for count in self.counts.values())

    def __str__(self) -> str:
        """One line: `center 287 (220 new, 67 unchanged), item 174 (174 unchanged)`."""
        return ", ".join(
            f"{kind.replace('_', ' ')} {count.total()} ({_said(count)})" for kind, count in self.counts.items()
        )

    def _count(self, kind: str, what: str) -> None:
        self.counts.setdefault(kind, Counter())[what] += 1


def _said(count: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(count.items()))
