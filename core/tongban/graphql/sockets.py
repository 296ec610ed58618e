"""Subscriptions over WebSocket, by the protocol graphql-transport-ws; strawberry's handler with the mends it asks for.

Queries and mutations go over HTTP: a socket is closed at once when the server stops, a request is answered first.
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import orjson
from starlette.websockets import WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import NextMessagePayload
from strawberry.types.graphql import OperationType

from graphql import GraphQLError
from tongban.errors import traced
from tongban.graphql.desk import Desk
from tongban.graphql.errors import shown

LONGEST_MESSAGE = 65_536
"""Bytes of one message from a client."""
FOR_UVICORN: dict[str, Any] = {
    "ws": "websockets-sansio",
    "ws_max_size": LONGEST_MESSAGE,
    "ws_per_message_deflate": False,  # tens of kilobytes for each socket, for messages of a few hundred bytes
}
"""What the server must be told, as sockets are its work."""
MOST_SUBSCRIPTIONS = 20
"""Of one socket, at the same time."""
INIT_SECONDS = 10
"""How long a socket may stay silent before `connection_init`."""
LONGEST_REASON = 120
"""Bytes that a close frame has room for."""

log = logging.getLogger(__name__)


class Socket(ASGIWebSocketAdapter):
    """One socket: text frames out, and a close that always fits into its frame."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        try:
            await self.ws.send_text(orjson.dumps(message).decode())
        except (OSError, RuntimeError) as error:  # closed meanwhile, by whichever side
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            await super().close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class SocketHandler(BaseGraphQLTransportWSHandler[Desk, None]):
    """What a client says over one socket, and what it gets. What breaks the protocol closes it, with its code."""

    async def handle(self) -> None:
        try:
            await super().handle()
        except WebSocketDisconnected:
            pass
        except Exception as error:
            log.error("a socket failed: %s", traced(error))
            await self.websocket.close(1011, "Internal error")

    async def handle_message(self, message: Any) -> None:
        if reason := _wrong(message):
            await self.handle_invalid_message(reason)
        else:
            await super().handle_message(message)

    async def handle_task_exception(self, error: Exception) -> None:
        if not isinstance(error, WebSocketDisconnected):
            log.error("a socket failed: %s", traced(error))

    async def handle_subscribe(self, message: Any) -> None:
        full = self.connection_acknowledged and len(self.operations) >= MOST_SUBSCRIPTIONS
        if not full or message["id"] in self.operations:
            await super().handle_subscribe(message)
            return
        error = GraphQLError(
            f"At most {MOST_SUBSCRIPTIONS} subscriptions on one connection: end one, or open another.",
            extensions={"code": "TOO_MANY_SUBSCRIPTIONS"},
        )
        await self.send_message({"id": message["id"], "type": "error", "payload": [shown(error)]})

    async def run_operation(self, operation: Operation[Desk, None]) -> None:
        """Runs a subscription with a desk of its own, and tells what it gives."""
        desk: Desk = self.view.open_desk(self.websocket.ws)  # type: ignore[attr-defined]
        try:
            async with aclosing(await self._results(operation, desk)) as results:
                async for result in results:
                    errors: list[Any] = [shown(error) for error in result.errors or ()]
                    if errors and result.data is None:  # it fails, and the client goes on from the last one it saw
                        await operation.send_operation_message({"id": operation.id, "type": "error", "payload": errors})
                        return
                    payload: NextMessagePayload = {"data": result.data}
                    if errors:
                        payload["errors"] = errors
                    await operation.send_operation_message({"id": operation.id, "type": "next", "payload": payload})
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except WebSocketDisconnected:
            pass
        except Exception as error:
            log.error("a subscription failed: %s", traced(error))
            await self.websocket.close(1011, "Internal error")
        finally:
            if self.operations.get(operation.id) is operation:
                del self.operations[operation.id]
            await desk.close()

    async def _results(self, operation: Operation[Desk, None], desk: Desk) -> AsyncGenerator[Any, None]:
        results: Any = await self.schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=desk,
            operation_name=operation.operation_name,
            allowed_operation_types=(OperationType.SUBSCRIPTION,),
        )
        return results  # type: ignore[no-any-return]


def _wrong(message: Any) -> str | None:
    """What of a message is not as the protocol has it; None where it is well formed."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message must be an object with a type"
    kind = message["type"]
    if kind in ("subscribe", "complete") and not (isinstance(message.get("id"), str) and message["id"]):
        return f"{kind} must have an id"
    if kind == "subscribe":
        payload = message.get("payload")
        if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
            return "subscribe must have a payload with a query"
        if not isinstance(payload.get("operationName"), str | None):
            return "operationName must be a string or null"
        if not all(isinstance(payload.get(name), dict | None) for name in ("variables", "extensions")):
            return "variables and extensions must be objects or null"
    return None
