"""What a message broker is to Tongban: it takes a case event, and says when it has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from tongban.errors import SetupError


@dataclass(frozen=True, slots=True)
class Publication:
    """A case event as it is published. `id` is the same however often that is tried."""

    id: str
    subject: str
    body: bytes


class Broker(Protocol):
    """Takes publications."""

    async def publish(self, publication: Publication) -> None:
        """Returns once the broker has it for good. Raises anything where it may not."""


@asynccontextmanager
async def open_broker(url: str | None) -> AsyncIterator[Broker | None]:
    """The broker at `url`, reached when there is something to publish; None without one. Raises SetupError."""
    if url is None:
        yield None
        return
    try:
        from tongban.events.nats import NatsBroker
    except ImportError:
        raise SetupError("TONGBAN_BROKER_URL needs NATS's client: pip install 'tongban[nats]'.") from None
    broker = NatsBroker(url)
    try:
        yield broker
    finally:
        await broker.close()
