"""Script of the response to one request: bytes to send, pauses, and how the connection ends.

It can describe responses that no HTTP library would send::

    [response_head("200 OK", "Content-Length: 900"), b"[", 0.2, RESET]
"""

from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias


class ConnectionEnd(Enum):
    """How a script ends the connection; without one of these the connection is closed in good order."""

    RESET = "reset"
    """Reset the connection."""
    CUT = "cut"
    """Close without the closing alert of TLS, as a middlebox (a proxy or firewall) does."""
    KEEP_OPEN = "keep_open"
    """Leave the connection open for the next request."""


RESET, CUT, KEEP_OPEN = ConnectionEnd.RESET, ConnectionEnd.CUT, ConnectionEnd.KEEP_OPEN

ResponseScript: TypeAlias = Iterable[bytes | float | ConnectionEnd]
"""Steps in order: bytes are sent, a number is a pause in seconds; a `ConnectionEnd` is the last."""

JSON = "application/json"


def response_head(status: str, *lines: str) -> bytes:
    """Return the head of a response; it adds no Content-Length and no Transfer-Encoding to `lines`."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def closing_response(status: str, body: bytes = b"", *lines: str, media_type: str = JSON) -> bytes:
    """Return a well-formed response that ends the connection."""
    return (
        response_head(
            status, f"Content-Type: {media_type}", f"Content-Length: {len(body)}", "Connection: close", *lines
        )
        + body
    )


def chunk(content: bytes) -> bytes:
    """Return `content` as one chunk (RFC 9112 section 7.1); an empty chunk is the last."""
    return b"%x\r\n%s\r\n" % (len(content), content)


def drip(part: bytes, pause_s: float, times: int) -> ResponseScript:
    """Send `part` `times` times, with a pause of `pause_s` seconds after each."""
    return [step for _ in range(times) for step in (part, pause_s)]
