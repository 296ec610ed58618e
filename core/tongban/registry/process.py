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

from tongban.registry.frames import HEADER, BadFrame, length_of, packed, unpacked

SECRET = ("TONGBAN_", "PG")
"""Variables of the environment that a plugin does not get to see begin so."""


class WorkerFailed(Exception):
    """The worker did not answer as agreed; it is gone now. The reason is in words."""


class WorkerProcess:
    """One process. It serves one call at a time; a call that fails, is cut off or cancelled ends it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(SECRET)}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "tongban.registry.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._channel = ours

    async def ask(
        self,
        request: dict[str, Any],
        seconds: float,
        limit: int,
        tell: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> dict[str, Any]:
        """The worker's answer. Raises WorkerFailed when it takes longer, is larger, or the worker dies."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(request, limit, tell)
        except TimeoutError:
            self.end()
            raise WorkerFailed(f"no answer within {seconds:g} s") from None
        except (BadFrame, OSError, EOFError) as error:
            code = self.end()
            reason = str(error) if isinstance(error, BadFrame) else f"its process ended (code {code})"
            raise WorkerFailed(reason) from None
        except BaseException:
            self.end()
            raise

    def end(self) -> int | None:
        """Kills the process with all that it started, and waits for it; gives its code."""
        code = self._process.poll()
        if code is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            code = self._process.wait()
        self._channel.close()
        return code

    async def _exchange(self, request: dict[str, Any], limit: int, tell: Callable[[int, int], None]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._channel, packed(request))
        while True:
            header = await self._exactly(HEADER.size)
            answer = unpacked(await self._exactly(length_of(header, limit)))
            if "done" not in answer:
                return answer
            tell(int(answer["done"]), int(answer["total"]))

    async def _exactly(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        parts = bytearray()
        while len(parts) < size:
            part = await loop.sock_recv(self._channel, min(size - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)
