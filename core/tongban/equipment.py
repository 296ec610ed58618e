"""What a server works with beside its database, opened as the settings say and closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tongban.catalog.signing import Signer, signer_from
from tongban.documents.files import Files, files_from
from tongban.events.broker import Broker, open_broker
from tongban.notifications.channels import Channels, open_channels
from tongban.registry import Registry, open_registry
from tongban.settings import Settings


@dataclass(frozen=True, slots=True)
class Equipment:
    """Departments, the key that signs editions, the files of documents, the ways to residents and to other systems."""

    registry: Registry
    signer: Signer
    files: Files
    channels: Channels = field(default_factory=dict)
    broker: Broker | None = None


@asynccontextmanager
async def equipped(settings: Settings) -> AsyncIterator[Equipment]:
    """All of it, until the block ends. Raises SetupError where a part of it can't be used."""
    signer, files = signer_from(settings.signing_key_file), files_from(settings)
    async with (
        open_registry() as registry,
        open_channels(settings.webhook) as channels,
        open_broker(settings.broker_url) as broker,
    ):
        yield Equipment(registry, signer, files, channels, broker)
