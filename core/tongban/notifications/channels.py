"""The host of channels to residents: finds them, calls them in threads of their own, and stays whole whatever they do.

A thread can't be ended. One that hangs is left behind: it holds one of its channel's few places until it ends, and
keeps no server from stopping.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeAlias

import pluggy

from tongban.contract.hooks import PROJECT, ChannelHooks
from tongban.contract.notices import ChannelGone, Delivery, NotDelivered, Notice
from tongban.notifications.log import LogChannel
from tongban.notifications.webhook import WebhookChannel
from tongban.registry.breaker import Breaker

GROUP = "tongban.channels"
"""The entry points by which channels are found."""
LONGEST_TEXT = 160
"""Characters of a reason or a reference, at most."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLimits:
    """What a channel gets. `places` are calls at the same time, those that hang included."""

    call_seconds: float = 10
    start_seconds: float = 10
    places: int = 4
    failures_to_open: int = 5
    open_seconds: float = 30
    gone_seconds: float = 3600


class Undelivered(Exception):
    """The channel did not take the notice. The reason is for operators, and quotes no notice."""


@dataclass(slots=True)
class Channel:
    """One channel. `broken` says why it can't be used: every call fails for it until the server starts anew."""

    name: str
    notify: Callable[[Notice], Any] | None
    broken: str | None = None
    limits: ChannelLimits = field(default_factory=ChannelLimits)
    last_problem: str | None = None
    _gone_until: float = 0.0
    _breaker: Breaker = field(init=False)
    _places: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._breaker = Breaker(self.limits.failures_to_open, self.limits.open_seconds)
        self._places = threading.BoundedSemaphore(self.limits.places)

    async def deliver(self, notice: Notice) -> Delivery:
        """What the channel answers. Raises Undelivered, and nothing else whatever the channel does."""
        if self.notify is None:
            raise Undelivered(self.broken or "not loaded")
        if time.monotonic() < self._gone_until or not self._breaker.allows(time.monotonic()):
            raise Undelivered(f"paused: {self.last_problem}")
        if not self._places.acquire(blocking=False):
            raise Undelivered(f"{self.limits.places} calls hang already")
        notify = self.notify
        try:
            answer = await _in_a_thread(
                f"channel {self.name}", lambda: notify(notice), self.limits.call_seconds, self._places.release
            )
            delivery = _delivery(answer)
        except Undelivered as error:
            self.last_problem = str(error)
            if isinstance(error.__cause__, ChannelGone):
                self._gone_until = time.monotonic() + self.limits.gone_seconds
            self._breaker.failed(time.monotonic())
            raise
        self._breaker.succeeded()
        return delivery


Channels: TypeAlias = Mapping[str, Channel]
"""The channels by their names."""


@asynccontextmanager
async def open_channels(
    webhook: tuple[str, str] | None = None,
    found: Iterable[EntryPoint] | None = None,
    limits: ChannelLimits | None = None,
) -> AsyncIterator[Channels]:
    """The channels installed (or those `found`), the webhook where one is set, and the log where there is no other.

    One that can't be loaded is there too: notices wait for it and are seen to wait, instead of not being sent.
    """
    limits = limits or ChannelLimits()
    channels: dict[str, Channel] = {}
    hook = WebhookChannel(*webhook) if webhook is not None else None
    if hook is not None:
        channels[WebhookChannel.NAME] = channel_of(WebhookChannel.NAME, hook, limits)
    for point in sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name):
        if point.name in channels or point.name == LogChannel.NAME:
            log.warning("channel %s of %s is left out: the name is taken", point.name, point.value)
            continue
        channels[point.name] = await _loaded(point, limits)
    if not channels:
        channels[LogChannel.NAME] = channel_of(LogChannel.NAME, LogChannel(), limits)
    try:
        yield channels
    finally:
        if hook is not None:
            hook.close()


def channel_of(name: str, plugin: object, limits: ChannelLimits | None = None) -> Channel:
    """The channel of a plugin. Raises what is wrong with it."""
    host = pluggy.PluginManager(PROJECT)
    host.add_hookspecs(ChannelHooks)
    host.register(plugin, name)
    host.check_pending()
    if not host.get_hookcallers(plugin):
        raise NotDelivered("it has no tongban_notify marked with hookimpl")
    return Channel(name, lambda notice: host.hook.tongban_notify(notice=notice), limits=limits or ChannelLimits())


async def _loaded(point: EntryPoint, limits: ChannelLimits) -> Channel:
    try:
        channel: Channel = await _in_a_thread(
            f"channel {point.name}", lambda: channel_of(point.name, point.load(), limits), limits.start_seconds
        )
    except Undelivered as error:
        log.warning("channel %s can't be loaded: %s", point.name, error)
        return Channel(point.name, None, f"can't be loaded: {error}", limits)
    return channel


async def _in_a_thread(
    name: str, call: Callable[[], Any], seconds: float, ended: Callable[[], None] = lambda: None
) -> Any:
    """What the call gives. Raises Undelivered where it raises anything, or takes longer; `ended` is told its end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()

    def settle(outcome: tuple[Any, BaseException | None]) -> None:
        if not future.done():
            future.set_result(outcome)

    def run() -> None:
        outcome: tuple[Any, BaseException | None]
        try:
            outcome = call(), None
        except BaseException as error:  # a channel that calls sys.exit too ends nobody but itself
            outcome = None, error
        ended()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, outcome)

    # Not of a pool: the interpreter waits at its end for those, also where they hang.
    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            answer, error = await future
    except TimeoutError:
        raise Undelivered(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise Undelivered(_reason(error)) from error
    return answer


def _delivery(answer: object) -> Delivery:
    """The answer, if it is one that can be kept. Raises Undelivered."""
    if type(answer) is not Delivery:
        raise Undelivered(f"it gave {_plain(type(answer).__name__)}, no Delivery")
    if answer.reference is None:
        return answer
    if not isinstance(answer.reference, str):
        raise Undelivered("it gave a Delivery whose reference is no text")
    return Delivery(_plain(answer.reference))


def _reason(error: BaseException) -> str:
    """Why it failed: what a channel chose to say, else the kind of error alone, whose text may quote the notice."""
    if isinstance(error, NotDelivered | pluggy.PluginValidationError):
        try:
            return _plain(str(error)) or type(error).__name__
        except Exception:
            return "NotDelivered"
    return _plain(type(error).__name__)


def _plain(text: str) -> str:
    """Short text in one line that a database keeps."""
    kept = text.encode("utf-8", "replace").decode().replace("\0", "")
    return " ".join(kept.split())[:LONGEST_TEXT]
