"""The host's end of one worker: starts it, asks it, and ends it when it does not answer as agreed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tongban.registry.frames import HEADER, BadFrame, answer_in, length_of, question_frame

KEPT = {"LANG", "LANGUAGE", "PATH", "TMPDIR", "TZ", "TZDIR", "VIRTUAL_ENV"}
KEPT_BEGINNINGS = ("DYLD_", "LC_", "LD_", "PYTHON")
"""The variables of the environment that a plugin gets to see, and how they begin: no credential is among them."""
Tell = Callable[[int, int], None]


def _untold(_done: int, _total: int) -> None:
    """Nobody wants to know how far it is."""


class WorkerFailed(Exception):
    """The worker did not answer as agreed; it is of no use any more. The reason is in words."""


class WorkerProcess:
    """One process. It serves one call at a time; a call that fails, is cut off or cancelled ends it.

    It inherits one socket and nothing else: no other file descriptor, no credential, no terminal. `label` is for
    people who look at the list of processes.
    """

    def __init__(self, label: str) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-P", "-m", "tongban.registry.worker", str(theirs.fileno()), label],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        self._channel = ours
        self._killed = False
        self._questions = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether it still waits for a question: it lives, and says nothing unasked."""
        if self._killed:
            return False
        with suppress(BlockingIOError):
            self._channel.recv(1, socket.MSG_PEEK)  # its end of the line, or an answer that nobody asked for
            return False
        return True

    async def ask(self, question: dict[str, Any], seconds: float, limit: int, tell: Tell = _untold) -> dict[str, Any]:
        """The worker's answer. Raises WorkerFailed when it takes longer, is larger than `limit`, or the worker dies."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(question, limit, tell)
        except TimeoutError:
            await self.end()
            raise WorkerFailed(f"no answer within {seconds:g} s") from None
        except BadFrame as error:
            await self.end()
            raise WorkerFailed(str(error)) from None
        except (OSError, EOFError):
            raise WorkerFailed(f"its process ended ({_ended(await self.end())})") from None
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """Kills the process with all that it started in its session; who waits for its answer hears of it."""
        if self._killed:
            return
        self._killed = True
        # The process has not been waited for, so that its number can't be somebody else's.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)

    async def end(self) -> int:
        """Kills the process and sees it gone, without holding up the event loop; gives its code."""
        self.kill()
        while (code := self._process.poll()) is None:
            await asyncio.sleep(0.002)
        self._channel.close()
        return code

    async def _exchange(self, question: dict[str, Any], limit: int, tell: Tell) -> dict[str, Any]:
        self._questions += 1
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._channel, question_frame({**question, "n": self._questions}))
        while True:
            header = await self._exactly(HEADER.size)
            answer = answer_in(await self._exactly(length_of(header, limit)))
            if answer.get("n") != self._questions:
                raise BadFrame("an answer to another question")
            if "done" not in answer:
                return answer
            done, total = answer["done"], answer.get("total")
            if not isinstance(done, int) or not isinstance(total, int):
                raise BadFrame("progress that is no number")
            tell(done, total)

    async def _exactly(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        parts = bytearray()
        while len(parts) < size:
            part = await loop.sock_recv(self._channel, min(size - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)


def _environment() -> dict[str, str]:
    """What a worker sees of the environment, and where it finds modules: where we do."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_BEGINNINGS)}
    return kept | {"PYTHONPATH": os.pathsep.join(path or str(os.getcwd()) for path in sys.path)}  # noqa: PTH109


def _ended(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
