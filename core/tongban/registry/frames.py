"""How host and worker talk: JSON with its length before it. Nothing that comes from a plugin is ever unpickled.

Questions carry forms exactly as they were handed in, be it with numbers of a hundred digits. Answers are strict: what
is no JSON, or what no database keeps, is refused. Each question has a number, and its answers bear it: what belongs to
another question is never taken for an answer.
"""

import json
import struct
from typing import Any

from pydantic_core import from_json, to_json

HEADER = struct.Struct(">I")


class BadFrame(Exception):
    """What came is longer than agreed, or no JSON object that can be kept."""


def question_frame(question: dict[str, Any]) -> bytes:
    """A question as it travels."""
    return _framed(json.dumps(question).encode())


def question_in(body: bytes) -> dict[str, Any]:
    """The question that came, from the host, whom a worker trusts."""
    question: dict[str, Any] = json.loads(body)
    return question


def answer_frame(answer: dict[str, Any]) -> bytes:
    """An answer as it travels. Raises BadFrame where it has text that is not Unicode."""
    try:
        return _framed(to_json(answer, inf_nan_mode="null"))
    except ValueError:
        raise BadFrame("an answer with text that is not Unicode") from None


def length_of(header: bytes, limit: int) -> int:
    """The length that a header announces. Raises BadFrame beyond `limit`."""
    length: int = HEADER.unpack(header)[0]
    if length > limit:
        raise BadFrame(f"an answer of {length:,} bytes; at most {limit:,} are taken")
    return length


def answer_in(body: bytes) -> dict[str, Any]:
    """The answer that came. Raises BadFrame where it is none."""
    if b"\\u0000" in body:
        raise BadFrame("an answer with NUL characters, which no database keeps")
    try:
        answer = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise BadFrame("an answer that is no JSON") from None
    if not isinstance(answer, dict):
        raise BadFrame("an answer that is no object")
    return answer


def _framed(body: bytes) -> bytes:
    return HEADER.pack(len(body)) + body
