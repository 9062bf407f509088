"""Faults of size: heads and bodies that never end or are too large."""

from collections.abc import Iterator

from cchc_connect.errors import SourceHeld
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.fault import WireFault, complete_response, response_head_of
from cchc_connect.testing.faults.response_scripts import ConnectionEnd, chunk, response_head

_BLOCK = 64 * 1024


def endless(*first: bytes, repeated: bytes) -> Iterator[bytes | float | ConnectionEnd]:
    """Yield the steps of a script that sends `first` and then `repeated` without end."""
    yield from first
    while True:
        yield repeated


def _with_lines(response: ServerResponse, *lines: str) -> bytes:
    """Return the good response with more header lines."""
    return response_head_of(response, *lines, f"Content-Length: {len(response.body)}") + response.body


SIZE_FAULTS = (
    WireFault(
        name="endless_body",
        meaning="A body without a length never ends.",
        expected_error=SourceHeld,
        script=lambda response: endless(response_head_of(response), b"[", repeated=b" " * _BLOCK),
    ),
    WireFault(
        name="endless_chunks",
        meaning="The chunks never end.",
        expected_error=SourceHeld,
        script=lambda response: endless(
            response_head_of(response, "Transfer-Encoding: chunked"), repeated=chunk(b" " * _BLOCK)
        ),
    ),
    WireFault(
        name="endless_chunk",
        meaning="One chunk is as large as a chunk can be.",
        expected_error=SourceHeld,
        script=lambda response: endless(
            response_head_of(response, "Transfer-Encoding: chunked"), b"7fffffffffffffff\r\n", repeated=b" " * _BLOCK
        ),
    ),
    WireFault(
        name="endless_chunk_size",
        meaning="The line with the size of a chunk never ends.",
        expected_error=SourceHeld,
        script=lambda response: endless(
            response_head_of(response, "Transfer-Encoding: chunked"), b"5;a=", repeated=b"x" * _BLOCK
        ),
    ),
    WireFault(
        name="endless_trailers",
        meaning="After the last chunk the trailer never ends.",
        expected_error=SourceHeld,
        script=lambda response: endless(
            response_head_of(response, "Transfer-Encoding: chunked"),
            chunk(response.body),
            b"0\r\n",
            repeated=b"X-Count: 1\r\n" * 999,
        ),
    ),
    WireFault(
        name="endless_headers",
        meaning="The header lines never end.",
        expected_error=SourceHeld,
        script=lambda _: endless(response_head("200 OK")[:-2], repeated=b"X-Note: 1\r\n" * 999),
    ),
    WireFault(
        name="endless_status_line",
        meaning="The status line never ends.",
        expected_error=SourceHeld,
        script=lambda _: endless(b"HTTP/1.1 200 ", repeated=b"OK" * _BLOCK),
    ),
    WireFault(
        name="storm_of_1xx",
        meaning="Informational 1xx responses come without end before the response.",
        expected_error=SourceHeld,
        script=lambda _: endless(
            repeated=response_head("100 Continue") * 999 + response_head("103 Early Hints", "Link: </>") * 999
        ),
    ),
    WireFault(
        name="huge_header_line",
        meaning="One header line has a mebibyte.",
        expected_error=SourceHeld,
        script=lambda response: [_with_lines(response, "X-Note: " + "x" * 1024 * 1024)],
    ),
    WireFault(
        name="huge_head",
        meaning="Ninety header lines have 90 KiB together.",
        expected_error=SourceHeld,
        script=lambda response: [_with_lines(response, *[f"X-Note-{number}: {'x' * 1012}" for number in range(90)])],
    ),
    WireFault(
        name="too_many_headers",
        meaning="There are 200 header lines.",
        expected_error=SourceHeld,
        script=lambda response: [_with_lines(response, *[f"X-Note-{number}: 1" for number in range(200)])],
    ),
    WireFault(
        name="announced_too_large",
        meaning="A terabyte is announced.",
        expected_error=SourceHeld,
        script=lambda response: [
            response_head_of(response, f"Content-Length: {1 << 40}"),
            complete_response(response),
            3600.0,
        ],
    ),
    WireFault(
        name="announced_beyond_numbers",
        meaning="The announced length has five thousand digits.",
        expected_error=SourceHeld,
        script=lambda response: [
            response_head_of(response, f"Content-Length: {'9' * 5000}"),
            complete_response(response),
            3600.0,
        ],
    ),
)
