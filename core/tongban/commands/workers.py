"""Several server processes under one parent: started, started anew where one dies, and told to end.

Each worker inherits the listening socket, and one end of a socket pair: over it the worker says that it serves, and
either side sees by it that the other has ended. Workers are in sessions of their own: the parent decides when they end,
not the terminal.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from tongban.commands.terminal import say
from tongban.errors import SetupError

READY = b"ready"
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds until one that died is started anew; longer each time that it dies before it serves."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending(Protocol):
    """A server that can be told to end."""

    should_exit: bool


def tell_ready(lead: socket.socket) -> None:
    """Says to the parent that this worker serves."""
    with suppress(OSError):
        lead.send(READY)


@contextmanager
def following(lead: socket.socket, server: Ending) -> Iterator[None]:
    """Has the server end when the parent does, however it ends."""
    loop = asyncio.get_running_loop()
    lead.setblocking(False)

    def look() -> None:
        try:
            over = not lead.recv(1)
        except BlockingIOError:
            return
        except OSError:
            over = True
        if over:
            loop.remove_reader(lead)
            server.should_exit = True

    loop.add_reader(lead, look)
    try:
        yield
    finally:
        loop.remove_reader(lead)
        lead.close()


async def supervise(
    number: int,
    command: Sequence[str],
    listener: socket.socket,
    settings: Mapping[str, str],
    serves: Callable[[], None],
    grace: float,
) -> None:
    """Keeps that many workers alive until a signal ends it; calls `serves` once all of them serve for the first time.

    Raises SetupError where one ends before that: what it said stands above.
    """
    team = _Team(command, listener, settings, grace)
    with _signals(team.signaled):
        places = [asyncio.create_task(team.keep(place)) for place in range(1, number + 1)]
        try:
            await team.until(lambda: team.ending or len(team.serving) == number, places)
            if not team.ending:
                serves()
            await team.until(lambda: team.ending, places)
        finally:
            await team.end()
            await asyncio.gather(*places, return_exceptions=True)


class _Team:
    """The workers, each in its place."""

    def __init__(
        self, command: Sequence[str], listener: socket.socket, settings: Mapping[str, str], grace: float
    ) -> None:
        self.program = (*_program(), *command)
        self.listener, self.settings, self.grace = listener, settings, grace
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        self.serving: set[int] = set()
        self.ending = False
        self._changed = asyncio.Event()

    def signaled(self, number: int) -> None:
        """Passes it on, as SIGTERM; a second Ctrl-C as what it is, so that it ends open requests too."""
        again = self.ending and number == signal.SIGINT
        self.ending = True
        self.listener.close()  # nobody shall wait for a connection that nobody takes
        self._changed.set()
        for process in self.processes.values():
            _send(process, signal.SIGINT if again else signal.SIGTERM)

    async def until(self, come: Callable[[], bool], places: Sequence["asyncio.Task[None]"]) -> None:
        """Returns when it has come to that. Raises what a place fails with."""
        while not come():
            for place in places:
                if place.done():
                    place.result()
            await self._changed.wait()
            self._changed.clear()

    async def keep(self, place: int) -> None:
        """Has a worker in this place, one after another."""
        wait, first = FIRST_WAIT, True
        while not self.ending:
            began = time.monotonic()
            code = await self._one(place)
            served = place in self.serving
            self.serving.discard(place)
            self._changed.set()
            if self.ending:
                return
            if first and not served:
                raise SetupError(f"Worker {place} ended before it served ({_told(code)}).")
            first = False
            wait = FIRST_WAIT if served and time.monotonic() - began > LONGEST_WAIT else min(wait * 2, LONGEST_WAIT)
            say(f"worker {place} ended ({_told(code)}): it is started anew")
            await self._rest(wait)

    async def _one(self, place: int) -> int:
        """Starts a worker and waits for its end; gives how it ended."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            handed = (self.listener.fileno(), theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *self.program,
                f"--listener={handed[0]}",
                f"--lead={handed[1]}",
                pass_fds=handed,
                stdin=asyncio.subprocess.DEVNULL,
                env=os.environ | self.settings,
                start_new_session=True,
            )
            theirs.close()
            self.processes[place] = process
            ours.setblocking(False)
            listening = asyncio.create_task(self._heard(place, ours))
            try:
                if self.ending:  # told while it was being started
                    _send(process, signal.SIGTERM)
                return await process.wait()
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                del self.processes[place]

    async def _heard(self, place: int, ours: socket.socket) -> None:
        if await asyncio.get_running_loop().sock_recv(ours, len(READY)):
            self.serving.add(place)
            self._changed.set()

    async def _rest(self, seconds: float) -> None:
        """Waits that long, or until the end begins."""
        until = time.monotonic() + seconds
        while not self.ending and time.monotonic() < until:
            await asyncio.sleep(0.1)

    async def end(self) -> None:
        """Tells all to end; kills those that don't within their time."""
        if not self.ending:
            self.signaled(signal.SIGTERM)
        until = time.monotonic() + self.grace
        while self.processes and time.monotonic() < until:
            await asyncio.sleep(0.05)
        for process in self.processes.values():
            _send(process, signal.SIGKILL)


def _program() -> tuple[str, ...]:
    """How we were started ourselves, up to the command."""
    rest = sys.orig_argv[1:]
    return (sys.executable, *rest[: len(rest) - len(sys.argv) + 1])


def _send(process: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _told(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with code {code}"


@contextmanager
def _signals(told: Callable[[int], None]) -> Iterator[None]:
    """Has signals that end us call `told`, on the loop; those that are ignored, as under nohup, stay so."""
    loop = asyncio.get_running_loop()
    heard = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.getsignal(number) for number in heard}
    for number in heard:
        loop.add_signal_handler(number, told, number)
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
