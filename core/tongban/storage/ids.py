"""UUIDv7 (RFC 9562): ids that the application makes and that sort roughly by time. Order is no cursor."""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """48 bits of milliseconds since 1970, version 7, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | (0b10 << 62) | low)
