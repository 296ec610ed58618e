"""A circuit breaker: after repeated failures nobody waits for a department that is down. It reads no clock itself."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Opens after `failures_to_open` failures in a row; lets a call through every `open_seconds`; success closes it."""

    failures_to_open: int
    open_seconds: float
    failures: int = 0
    opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def allows(self, now: float) -> bool:
        """Whether a call may be made at `now` (monotonic seconds). While open, the first after the pause is a trial."""
        if self.opened_at is None:
            return True
        if now - self.opened_at < self.open_seconds:
            return False
        self.opened_at = now
        return True

    def succeeded(self) -> None:
        self.failures = 0
        self.opened_at = None

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.failures >= self.failures_to_open:
            self.opened_at = now
