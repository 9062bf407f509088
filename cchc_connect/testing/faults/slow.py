"""Faults of time: a server that sends nothing, or so slowly that no single read times out."""

from collections.abc import Iterator

from cchc_connect.errors import DeadlineExceeded
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.fault import WireFault, complete_response, response_head_of
from cchc_connect.testing.faults.response_scripts import ConnectionEnd, chunk

PAUSE_S = 0.2
HANG_S = 3600.0


def _byte_by_byte(text: bytes) -> Iterator[bytes | float | ConnectionEnd]:
    """Send one byte at a time, then the last byte without end."""
    for at in range(len(text)):
        yield text[at : at + 1]
        yield PAUSE_S
    while True:
        yield text[-1:]
        yield PAUSE_S


def _slow_body(response: ServerResponse) -> Iterator[bytes | float | ConnectionEnd]:
    yield response_head_of(response, "Content-Length: 9000000")
    yield from _byte_by_byte(response.body)


def _slow_chunks(response: ServerResponse) -> Iterator[bytes | float | ConnectionEnd]:
    yield response_head_of(response, "Transfer-Encoding: chunked")
    while True:
        yield chunk(b" ")
        yield PAUSE_S


TIMING_FAULTS = (
    WireFault(
        name="hang",
        meaning="The server accepts the request and sends nothing.",
        expected_error=DeadlineExceeded,
        script=lambda _: [HANG_S],
    ),
    WireFault(
        name="hang_in_body",
        meaning="The server sends nothing more in the middle of the body.",
        expected_error=DeadlineExceeded,
        script=lambda response: [response_head_of(response, "Content-Length: 9000"), response.body, HANG_S],
    ),
    WireFault(
        name="slow_head",
        meaning="The head comes with one byte every 0.2 s.",
        expected_error=DeadlineExceeded,
        script=lambda response: _byte_by_byte(complete_response(response)),
    ),
    WireFault(
        name="slow_body",
        meaning="The body comes with one byte every 0.2 s.",
        expected_error=DeadlineExceeded,
        script=_slow_body,
    ),
    WireFault(
        name="slow_chunks",
        meaning="The body comes in chunks of one byte, one every 0.2 s.",
        expected_error=DeadlineExceeded,
        script=_slow_chunks,
    ),
)
