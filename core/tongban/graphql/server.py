"""The endpoint: strawberry's ASGI view with the mends that GraphQL over HTTP and bad input ask for."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import orjson
from cross_web import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData, process_result
from strawberry.http.streaming import MultipartSubscriptionTransport, SSETransport
from strawberry.subscriptions import (
    GRAPHQL_SSE_PROTOCOL,
    GRAPHQL_TRANSPORT_WS_PROTOCOL,
    MULTIPART_SUBSCRIPTION_PROTOCOL,
)
from strawberry.types import ExecutionResult

from tongban.graphql.desk import Desk
from tongban.graphql.errors import shown
from tongban.graphql.schema import Schema
from tongban.graphql.sockets import INIT_SECONDS, MOST_SUBSCRIPTIONS, Socket, SocketHandler

ASSETS = Path(__file__).parent / "graphiql"
"""GraphiQL's files, served from the package: the page needs no outside host."""
GRAPHQL_JSON = "application/graphql-response+json"
LONGEST_BODY = 1_000_000
"""Bytes of a request, at most."""
REFUSALS = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    410: "GONE",
    413: "REQUEST_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE_CONTENT",
    503: "SERVICE_UNAVAILABLE",
}
"""The codes of what is refused before there is a document to look at."""


class EventStream(SSETransport):
    """Server-sent events, for a client that accepts nothing else: some name them with every query. Lines end in LF."""

    def accepts(self, accept: str) -> bool:
        return super().accepts(accept) and "json" not in accept

    def encode_event(self, event: str, data: str | None = None) -> str:
        return super().encode_event(event, data).replace("\r\n", "\n")

    def encode_comment(self, comment: str) -> str:
        return super().encode_comment(comment).replace("\r\n", "\n")


class Endpoint(GraphQL[Desk, None]):
    """`/graphql`. Each request gets a desk, which is closed when it is answered.

    A GET reads and never writes. A foreign page can send one without asking, but can't see the answer; a POST has to be
    `application/json`, for which a browser asks first and is told no.
    """

    stream_transport_classes_by_protocol = {  # noqa: RUF012 - as strawberry has it
        GRAPHQL_SSE_PROTOCOL: EventStream,
        MULTIPART_SUBSCRIPTION_PROTOCOL: MultipartSubscriptionTransport,
    }
    graphql_transport_ws_handler_class = SocketHandler
    websocket_adapter_class = Socket

    def __init__(self, schema: Schema, open_desk: Callable[[HTTPConnection], Desk]) -> None:
        super().__init__(
            schema,
            subscription_protocols=(
                GRAPHQL_TRANSPORT_WS_PROTOCOL,
                GRAPHQL_SSE_PROTOCOL,
                MULTIPART_SUBSCRIPTION_PROTOCOL,
            ),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=MOST_SUBSCRIPTIONS,
        )
        self.open_desk = open_desk

    async def get_context(self, request: Any, response: Any) -> Desk:
        if self.is_websocket_request(request):
            return cast(Desk, None)  # each subscription gets a desk of its own
        request.state.desk = self.open_desk(request)
        desk: Desk = request.state.desk
        return desk

    async def run(self, request: Any, *args: Any, **options: Any) -> Any:
        try:
            return await super().run(request, *args, **options)
        except HTTPException as refused:
            return refusal(request, refused.status_code, refused.reason)
        finally:
            if (desk := getattr(request.state, "desk", None)) is not None:
                await desk.close()

    async def create_streaming_response(
        self, request: Any, stream: Callable[[], Any], sub_response: Response, headers: Mapping[str, str]
    ) -> Response:
        desk: Desk = request.state.desk
        request.state.desk = None  # the stream's now, and closed when that ends

        async def told() -> AsyncIterator[str]:
            try:
                async with aclosing(stream()) as parts:
                    async for part in parts:
                        yield part
            finally:
                await desk.close()

        return await super().create_streaming_response(request, told, sub_response, headers)

    async def render_graphql_ide(self, request: Request) -> Response:
        return HTMLResponse((ASSETS / "index.html").read_bytes())

    def parse_json(self, data: str | bytes) -> Any:
        """Strict JSON, an object or a list: anything else is the caller's fault, not ours.

        It is the body of a request, or what a GET has under `variables` and `extensions`.
        """
        try:
            parsed = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise HTTPException(400, f"The request is not JSON: {error}") from error
        if not isinstance(parsed, dict | list):
            raise HTTPException(400, "The request must be a JSON object, and so must its variables.")
        return parsed

    def decode_json(self, data: str | bytes) -> object:
        """A message over a socket."""
        return orjson.loads(data)

    async def parse_http_body(self, request: Any) -> Any:
        """The request's parts. Refuses with 400 where one is of a wrong type."""
        data = await super().parse_http_body(request)
        if isinstance(data, GraphQLRequestData) and not isinstance(data.operation_name, str | None):
            raise HTTPException(400, "`operationName` must be a string or null.")
        return data

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """Every error with a code; what failed before anything ran has no `data` under `GRAPHQL_JSON`."""
        answer = process_result(result)
        if result.errors:
            answer["errors"] = [shown(error) for error in result.errors]
            if result.data is None and not any(error.path for error in result.errors) and _wants_graphql_json(request):
                del answer["data"]
        return answer

    async def get_sub_response(self, request: Any) -> Response:
        sub_response = await super().get_sub_response(request)
        if _wants_graphql_json(request):
            sub_response.media_type = GRAPHQL_JSON
        return sub_response

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        response = super().create_response(response_data, sub_response)
        if sub_response.media_type == GRAPHQL_JSON:
            response.headers["content-type"] = f"{GRAPHQL_JSON}; charset=utf-8"
            if isinstance(response_data, dict) and "data" not in response_data:
                response.status_code = 400
        return response


class BodyLimit:
    """A route whose bodies have at most `LONGEST_BODY` bytes, counted as they come in; answers 413 to a longer one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > LONGEST_BODY:
                answer = refusal(Request(scope), 413, f"A request has at most {LONGEST_BODY:,} bytes.")
                await answer(scope, receive, send)
                return
        read = False

        async def whole() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self.app(scope, whole, send)


def refusal(request: Request, status: int, message: str, next_step: str | None = None) -> Response:
    """The answer to a request that is none: an error like any other, so that a client need not tell them apart."""
    extensions = {"code": REFUSALS.get(status, "BAD_REQUEST")} | ({"nextStep": next_step} if next_step else {})
    error = {"message": message, "extensions": extensions}
    kind = GRAPHQL_JSON if _wants_graphql_json(request) else "application/json"
    return Response(
        orjson.dumps({"errors": [error]}),
        status,
        {"allow": "GET, POST"} if status == 405 else None,
        media_type=f"{kind}; charset=utf-8",
    )


def base_of(request: HTTPConnection) -> str:
    """The address at which the server was reached over HTTP, also by somebody who follows a WebSocket."""
    url = request.base_url
    return str(url.replace(scheme={"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)))


def language_of(request: HTTPConnection) -> str:
    """`en` where English is asked for first, else `zh`."""
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def _wants_graphql_json(request: Request) -> bool:
    return GRAPHQL_JSON in request.headers.get("accept", "")
