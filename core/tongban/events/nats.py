"""NATS JetStream as the broker.

The client reconnects only when there is something to publish, and nothing is buffered in it: what was not acknowledged
is the outbox's to send again, and the server drops what it has already by the message's id.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import Header, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from tongban.events.broker import Publication
from tongban.events.relay import NotYet
from tongban.registry.breaker import Breaker

STREAM, SUBJECTS = "TONGBAN", "tongban.case.>"
SECONDS = 5
"""For connecting, and for an acknowledgment."""
FAILURES, PAUSE = 3, 10.0
"""After so many failures in a row, so many seconds without a try: who waits for a broker holds up other messages."""
AT_ONCE: dict[str, Any] = {
    "allow_reconnect": False,
    "max_reconnect_attempts": 1,
    "reconnect_time_wait": 0,
    "connect_timeout": SECONDS,
}
"""A server that is not there is said not to be there, instead of waited for."""
REMEMBERED = 3600.0
"""Seconds for which the server knows ids it has had: well over the longest pause between two attempts."""

log = logging.getLogger(__name__)


class NatsBroker:
    """Publishes to JetStream. The stream is made where there is none; one that is there is left as it is."""

    def __init__(self, url: str, breaker: Breaker | None = None) -> None:
        self.url = url
        self.breaker = breaker or Breaker(FAILURES, PAUSE)
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None
        self._turn = asyncio.Lock()

    async def publish(self, publication: Publication) -> None:
        """Returns when the stream has it on disk. Raises where that is not known; at once, while a pause lasts."""
        if not self.breaker.allows(time.monotonic()):
            raise NotYet("the broker does not answer")
        try:
            stream = await self._connected()
            await stream.publish(
                publication.subject,
                publication.body,
                timeout=SECONDS,
                stream=STREAM,
                headers={Header.MSG_ID.value: publication.id},
            )
        except Exception:
            self.breaker.failed(time.monotonic())
            await self.close()  # the next attempt begins anew, whatever it was
            raise
        self.breaker.succeeded()

    async def close(self) -> None:
        client, self._client, self._stream = self._client, None, None
        if client is not None:
            with suppress(Exception):
                await client.close()

    async def _connected(self) -> JetStreamContext:
        async with self._turn:
            if self._stream is not None and self._client is not None and self._client.is_connected:
                return self._stream
            await self.close()
            self._client = client = Client()
            try:
                async with asyncio.timeout(SECONDS):
                    await client.connect(self.url, name="tongban", error_cb=_noted, **AT_ONCE)
                    self._stream = stream = client.jetstream()
                    await _require_stream(stream)
            except BaseException:
                await self.close()
                raise
            return stream


async def _require_stream(stream: JetStreamContext) -> None:
    try:
        await stream.stream_info(STREAM)
    except NotFoundError:
        await stream.add_stream(
            StreamConfig(name=STREAM, subjects=[SUBJECTS], storage=StorageType.FILE, duplicate_window=REMEMBERED)
        )


async def _noted(error: Exception) -> None:
    """The client's own troubles; who publishes hears of them by an error."""
    log.debug("NATS: %s", type(error).__name__)
