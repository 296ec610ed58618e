"""How host and worker talk: JSON with its length before it. Nothing that comes from a plugin is ever unpickled."""

import struct
from typing import Any

import orjson

HEADER = struct.Struct(">I")


class BadFrame(Exception):
    """What came is longer than agreed, or no JSON object."""


def packed(message: dict[str, Any]) -> bytes:
    """A message as it travels."""
    body = orjson.dumps(message)
    return HEADER.pack(len(body)) + body


def length_of(header: bytes, limit: int) -> int:
    """The length that a header announces. Raises BadFrame beyond `limit`."""
    length: int = HEADER.unpack(header)[0]
    if length > limit:
        raise BadFrame(f"an answer of {length:,} bytes; at most {limit:,} are taken")
    return length


def unpacked(body: bytes) -> dict[str, Any]:
    """The message. Raises BadFrame where it is none."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadFrame("an answer that is no JSON") from None
    if not isinstance(message, dict):
        raise BadFrame("an answer that is no object")
    return message
