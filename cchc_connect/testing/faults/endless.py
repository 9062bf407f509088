"""Faults of size: heads and bodies that do not end, or are larger than anybody needs."""

from collections.abc import Iterator

from cchc_connect.errors import SourceHeld
from cchc_connect.testing.doubles.server import Reply
from cchc_connect.testing.faults.fault import WireFault, head_of, whole
from cchc_connect.testing.faults.plays import Move, chunk, head

_BLOCK = 64 * 1024


def _endless(*first: bytes, then: bytes) -> Iterator[bytes | float | Move]:
    yield from first
    while True:
        yield then


def _with_lines(reply: Reply, *lines: str) -> bytes:
    """Return the good answer with more lines in its head."""
    return head_of(reply, *lines, f"Content-Length: {len(reply.body)}") + reply.body


ENDLESS = (
    WireFault(
        name="endless_body",
        meaning="A body without a length never ends.",
        becomes=SourceHeld,
        play=lambda reply: _endless(head_of(reply), b"[", then=b" " * _BLOCK),
    ),
    WireFault(
        name="endless_chunks",
        meaning="There is always one more chunk.",
        becomes=SourceHeld,
        play=lambda reply: _endless(head_of(reply, "Transfer-Encoding: chunked"), then=chunk(b" " * _BLOCK)),
    ),
    WireFault(
        name="endless_chunk",
        meaning="One chunk is as large as a chunk can be.",
        becomes=SourceHeld,
        play=lambda reply: _endless(
            head_of(reply, "Transfer-Encoding: chunked"), b"7fffffffffffffff\r\n", then=b" " * _BLOCK
        ),
    ),
    WireFault(
        name="endless_chunk_size",
        meaning="The line that says a chunk's size never ends.",
        becomes=SourceHeld,
        play=lambda reply: _endless(head_of(reply, "Transfer-Encoding: chunked"), b"5;a=", then=b"x" * _BLOCK),
    ),
    WireFault(
        name="endless_trailers",
        meaning="After the last chunk header lines come and never end.",
        becomes=SourceHeld,
        play=lambda reply: _endless(
            head_of(reply, "Transfer-Encoding: chunked"), chunk(reply.body), b"0\r\n", then=b"X-Count: 1\r\n" * 999
        ),
    ),
    WireFault(
        name="endless_headers",
        meaning="The header lines never end.",
        becomes=SourceHeld,
        play=lambda _: _endless(head("200 OK")[:-2], then=b"X-Note: 1\r\n" * 999),
    ),
    WireFault(
        name="endless_status_line",
        meaning="The status line never ends.",
        becomes=SourceHeld,
        play=lambda _: _endless(b"HTTP/1.1 200 ", then=b"OK" * _BLOCK),
    ),
    WireFault(
        name="storm_of_1xx",
        meaning="Before the answer there is always one more that only informs.",
        becomes=SourceHeld,
        play=lambda _: _endless(then=head("100 Continue") * 999 + head("103 Early Hints", "Link: </>") * 999),
    ),
    WireFault(
        name="huge_header_line",
        meaning="One header line has a mebibyte.",
        becomes=SourceHeld,
        play=lambda reply: [_with_lines(reply, "X-Note: " + "x" * 1024 * 1024)],
    ),
    WireFault(
        name="huge_head",
        meaning="Ninety header lines have 90 KiB together.",
        becomes=SourceHeld,
        play=lambda reply: [_with_lines(reply, *[f"X-Note-{one}: {'x' * 1012}" for one in range(90)])],
    ),
    WireFault(
        name="too_many_headers",
        meaning="There are 200 header lines.",
        becomes=SourceHeld,
        play=lambda reply: [_with_lines(reply, *[f"X-Note-{one}: 1" for one in range(200)])],
    ),
    WireFault(
        name="announced_too_large",
        meaning="A terabyte is announced.",
        becomes=SourceHeld,
        play=lambda reply: [head_of(reply, f"Content-Length: {1 << 40}"), whole(reply), 3600.0],
    ),
    WireFault(
        name="announced_beyond_numbers",
        meaning="The announced length has five thousand digits.",
        becomes=SourceHeld,
        play=lambda reply: [head_of(reply, f"Content-Length: {'9' * 5000}"), whole(reply), 3600.0],
    ),
)
