"""Faults of time: a server that sends nothing, or so slowly that no single read times out."""

from collections.abc import Iterator

from cchc_connect.errors import DeadlineExceeded
from cchc_connect.testing.doubles.server import Reply
from cchc_connect.testing.faults.fault import WireFault, head_of, whole
from cchc_connect.testing.faults.plays import Move, chunk

PAUSE_S = 0.2
FOR_EVER_S = 3600.0


def _dripped(text: bytes) -> Iterator[bytes | float | Move]:
    """Send one byte at a time, then the last byte without end."""
    for at in range(len(text)):
        yield text[at : at + 1]
        yield PAUSE_S
    while True:
        yield text[-1:]
        yield PAUSE_S


def _slow_body(reply: Reply) -> Iterator[bytes | float | Move]:
    yield head_of(reply, "Content-Length: 9000000")
    yield from _dripped(reply.body)


def _slow_chunks(reply: Reply) -> Iterator[bytes | float | Move]:
    yield head_of(reply, "Transfer-Encoding: chunked")
    while True:
        yield chunk(b" ")
        yield PAUSE_S


SLOW = (
    WireFault(
        name="hang",
        meaning="The server accepts the request and sends nothing.",
        becomes=DeadlineExceeded,
        play=lambda _: [FOR_EVER_S],
    ),
    WireFault(
        name="hang_in_body",
        meaning="The server sends nothing more in the middle of the body.",
        becomes=DeadlineExceeded,
        play=lambda reply: [head_of(reply, "Content-Length: 9000"), reply.body, FOR_EVER_S],
    ),
    WireFault(
        name="slow_head",
        meaning="The head comes with one byte every 0.2 s.",
        becomes=DeadlineExceeded,
        play=lambda reply: _dripped(whole(reply)),
    ),
    WireFault(
        name="slow_body",
        meaning="The body comes with one byte every 0.2 s.",
        becomes=DeadlineExceeded,
        play=_slow_body,
    ),
    WireFault(
        name="slow_chunks",
        meaning="The body comes in chunks of one byte, one every 0.2 s.",
        becomes=DeadlineExceeded,
        play=_slow_chunks,
    ),
)
