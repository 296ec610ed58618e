"""A client of subscriptions, and a server for them in this process: real sockets on both sides."""

import asyncio
import contextlib
import itertools
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from support import equipment_in
from tongban import cli
from tongban.app import create_server_app
from tongban.registry import Registry

PROTOCOL = "graphql-transport-ws"


class Server(cli._Server):
    """The server of `tongban serve`, which leaves signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def live(url: str, registry: Registry, pool_size: int = 5) -> AsyncIterator[str]:
    """The public API over the database at `url`; gives where it listens, without `/graphql`."""
    with tempfile.TemporaryDirectory(prefix="tongban-files-") as folder:
        app = create_server_app(url, equipment_in(Path(folder), registry), pool_size)
        async with _served(Server(app, lambda: None)) as where:
            yield where


@asynccontextmanager
async def _served(server: "Server") -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield where
        finally:
            server.should_exit = True
            await serving


@dataclass(slots=True)
class Client:
    """One socket, spoken to by the protocol."""

    connection: ClientConnection
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def send(self, **message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def receive(self, seconds: float = 10) -> dict[str, Any]:
        text = await asyncio.wait_for(self.connection.recv(), seconds)
        assert isinstance(text, str)
        message: dict[str, Any] = orjson.loads(text)
        return message

    async def begin(self) -> None:
        await self.send(type="connection_init")
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, document: str, **variables: Any) -> str:
        """Subscribes; gives the subscription's id."""
        number = str(next(self.numbers))
        await self.send(id=number, type="subscribe", payload={"query": document, "variables": variables})
        return number

    async def next(self, number: str = "0") -> Any:
        """The data of the next answer; anything else fails the test."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", number), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def error(self, number: str = "0") -> dict[str, Any]:
        """The one error that ended the subscription."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("error", number), message
        [error] = message["payload"]
        return dict(error)

    async def silent(self, seconds: float = 0.8) -> bool:
        with contextlib.suppress(TimeoutError):
            raise AssertionError(await self.receive(seconds))
        return True


@asynccontextmanager
async def client(where: str, *, begun: bool = True, **options: Any) -> AsyncIterator[Client]:
    """A client connected there."""
    options = {"subprotocols": [PROTOCOL], "proxy": None, "compression": None} | options
    async with connect(f"{where.replace('http', 'ws', 1)}/graphql", **options) as connection:
        made = Client(connection)
        if begun:
            await made.begin()
        yield made
