"""What a raw server does with one request: bytes it sends, pauses it makes, and how it leaves the line.

A play is written down move by move, so that a server can be as wrong as no HTTP library would let it be::

    [head("200 OK", "Content-Length: 900"), b"[", 0.2, RESET]
"""

from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias


class Move(Enum):
    """How a play may leave the line; without one of these it closes it in good order."""

    RESET = "reset"
    """Break the connection as a crashing machine does."""
    CUT = "cut"
    """Close without TLS's word of farewell, as a machine in between does."""
    KEEP = "keep"
    """Leave the connection open for the next request."""


RESET, CUT, KEEP = Move

Play: TypeAlias = Iterable[bytes | float | Move]
"""Moves in their order: bytes are sent, a number is a pause in seconds; one of `Move` is the last."""

JSON = "application/json"


def head(status: str, *lines: str) -> bytes:
    """Return the head of an answer and nothing that would mark the end of its body."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def answer(status: str, body: bytes = b"", *lines: str, kind: str = JSON) -> bytes:
    """Return a well-formed answer that ends the connection."""
    return head(status, f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close", *lines) + body


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk (RFC 9112 section 7.1); none at all is the last."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def drip(drop: bytes, pause_s: float, times: int) -> Play:
    """Send `drop` again and again, slowly."""
    return [move for _ in range(times) for move in (drop, pause_s)]
