"""Faults of the connection and of HTTP/1.1 framing (RFC 9112): where a response begins and ends."""

from cchc_connect.errors import CutShort, SourceHeld, Unreachable
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.fault import WireFault, complete_response, response_head_of
from cchc_connect.testing.faults.response_scripts import KEEP_OPEN, RESET, ResponseScript, chunk, response_head

CHUNKED = "Transfer-Encoding: chunked"
CLOSE = "Connection: close"
LAST_CHUNK = b"0\r\n\r\n"
FALSE_RESPONSE = response_head("200 OK", "Content-Type: application/json", "Content-Length: 16") + b'{"false": "yes"}'


def first_half(response: ServerResponse) -> bytes:
    """Return the first half of the body."""
    return response.body[: len(response.body) // 2]


def _length(response: ServerResponse) -> str:
    return f"Content-Length: {len(response.body)}"


def _chunked(response: ServerResponse, *pieces: bytes) -> ResponseScript:
    return [response_head_of(response, CHUNKED, CLOSE), 0.01, *pieces]


def _with_line(response: ServerResponse, line: bytes) -> ResponseScript:
    """Return the script of a good response with one more header line."""
    status_line, _, remainder = complete_response(response).partition(b"\r\n")
    return [status_line + b"\r\n" + line + b"\r\n" + remainder]


FRAMING_FAULTS = (
    WireFault(
        name="reset_before_response",
        meaning="The connection is reset before a byte of the response.",
        expected_error=Unreachable,
        script=lambda _: [RESET],
    ),
    WireFault(
        name="closed_silently",
        meaning="The connection is closed before a byte of the response.",
        expected_error=Unreachable,
        script=lambda _: [],
    ),
    WireFault(
        name="cut_in_head",
        meaning="The connection ends in the middle of a header line.",
        expected_error=Unreachable,
        script=lambda response: [complete_response(response)[:40]],
    ),
    WireFault(
        name="reset_in_head",
        meaning="The connection is reset in the middle of a header line.",
        expected_error=Unreachable,
        script=lambda response: [complete_response(response)[:40], 0.02, RESET],
    ),
    WireFault(
        name="head_without_end",
        meaning="The connection ends after whole header lines, before the empty one.",
        expected_error=Unreachable,
        script=lambda response: [response_head_of(response, _length(response))[:-2]],
    ),
    WireFault(
        name="reset_in_body",
        meaning="The connection is reset in the body.",
        expected_error=CutShort,
        script=lambda response: [response_head_of(response, _length(response)), first_half(response), 0.05, RESET],
    ),
    WireFault(
        name="cut_by_length",
        meaning="The body ends before its announced length.",
        expected_error=CutShort,
        script=lambda response: [response_head_of(response, _length(response)), first_half(response)],
    ),
    WireFault(
        name="too_long_for_length",
        meaning="The body goes on after its announced length.",
        expected_error=SourceHeld,
        script=lambda response: [
            response_head_of(response, f"Content-Length: {len(first_half(response))}"),
            response.body,
            KEEP_OPEN,
        ],
    ),
    WireFault(
        name="no_length_cut",
        meaning="Only the end of the connection marks the end of the body, and it comes in the middle of the body.",
        expected_error=CutShort,
        script=lambda response: [response_head_of(response, CLOSE), first_half(response)],
    ),
    WireFault(
        name="broken_chunk",
        meaning="The size of a chunk is no number.",
        expected_error=CutShort,
        script=lambda response: _chunked(response, chunk(first_half(response)), b"xyz\r\n", response.body),
    ),
    WireFault(
        name="negative_chunk",
        meaning="The size of a chunk is below zero.",
        expected_error=CutShort,
        script=lambda response: _chunked(response, b"-1\r\n", response.body, b"\r\n", LAST_CHUNK),
    ),
    WireFault(
        name="chunk_overrun",
        meaning="A chunk is longer than its size says.",
        expected_error=CutShort,
        script=lambda response: _chunked(
            response, b"%x\r\n" % len(first_half(response)), response.body, b"\r\n", LAST_CHUNK
        ),
    ),
    WireFault(
        name="cut_in_chunk",
        meaning="The connection ends in a chunk.",
        expected_error=CutShort,
        script=lambda response: _chunked(response, chunk(response.body)[:-9]),
    ),
    WireFault(
        name="missing_last_chunk",
        meaning="The connection ends before the last chunk, the empty one.",
        expected_error=CutShort,
        script=lambda response: _chunked(response, chunk(response.body)),
    ),
    WireFault(
        name="two_content_lengths",
        meaning="Two different lengths are announced.",
        expected_error=Unreachable,
        script=lambda response: _with_line(response, b"Content-Length: 7"),
    ),
    WireFault(
        name="negative_length",
        meaning="The announced length is below zero.",
        expected_error=Unreachable,
        script=lambda response: [response_head_of(response, "Content-Length: -1", CLOSE), response.body],
    ),
    WireFault(
        name="non_numeric_length",
        meaning="The announced length is no number.",
        expected_error=Unreachable,
        script=lambda response: [response_head_of(response, "Content-Length: 0x10", CLOSE), response.body],
    ),
    WireFault(
        name="unknown_transfer_encoding",
        meaning="The transfer encoding is one that the client did not request.",
        expected_error=Unreachable,
        script=lambda response: [
            response_head_of(response, "Transfer-Encoding: gzip, chunked", CLOSE),
            chunk(response.body),
            LAST_CHUNK,
        ],
    ),
    WireFault(
        name="http_0_9",
        meaning="The body comes without any head.",
        expected_error=Unreachable,
        script=lambda response: [response.body],
    ),
    WireFault(
        name="http_2_status_line",
        meaning="The status line names HTTP/2, the framing is HTTP/1.1.",
        expected_error=Unreachable,
        script=lambda response: [complete_response(response).replace(b"HTTP/1.1", b"HTTP/2.0", 1)],
    ),
    WireFault(
        name="not_http",
        meaning="A mail server responds.",
        expected_error=Unreachable,
        script=lambda _: [b"220 mail.example.vn ESMTP\r\n"],
    ),
    WireFault(
        name="header_without_colon",
        meaning="A header line has no colon.",
        expected_error=Unreachable,
        script=lambda response: _with_line(response, b"This is no header"),
    ),
    WireFault(
        name="space_before_colon",
        meaning="A header's name ends with a space.",
        expected_error=Unreachable,
        script=lambda response: _with_line(response, b"Content-Length : 2"),
    ),
    WireFault(
        name="nul_in_head",
        meaning="A header's value holds NUL.",
        expected_error=Unreachable,
        script=lambda response: _with_line(response, b"X-Note: a\x00b"),
    ),
    WireFault(
        name="split_header",
        meaning="A header's value holds a lone carriage return and what looks like another header.",
        expected_error=Unreachable,
        script=lambda response: _with_line(response, b"X-Note: a\rContent-Length: 2"),
    ),
    WireFault(
        name="switching_protocols",
        meaning="The server switches to a protocol that the client did not request.",
        expected_error=Unreachable,
        script=lambda _: [response_head("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")],
    ),
)

UNUSUAL_FRAMING = (
    WireFault(
        name="no_length",
        meaning="Only the end of the connection marks the end of the body.",
        expected_error=None,
        script=lambda response: [response_head_of(response, CLOSE), response.body],
    ),
    WireFault(
        name="chunked",
        meaning="The body comes in chunks, the sizes with extensions, with a trailer after them.",
        expected_error=None,
        script=lambda response: [
            response_head_of(response, CHUNKED),
            chunk(first_half(response)),
            chunk(response.body[len(first_half(response)) :]).replace(b"\r\n", b";part=2\r\n", 1),
            b"0\r\nX-Count: 2\r\n\r\n",
            KEEP_OPEN,
        ],
    ),
    WireFault(
        name="same_length_twice",
        meaning="The same length is announced twice.",
        expected_error=None,
        script=lambda response: [*_with_line(response, _length(response).encode()), KEEP_OPEN],
    ),
    WireFault(
        name="length_and_chunked",
        meaning="A wrong length is announced for a chunked body; the chunks take precedence (RFC 9112 section 6.3).",
        expected_error=None,
        script=lambda response: [
            response_head_of(response, "Content-Length: 7", CHUNKED, CLOSE),
            chunk(response.body),
            LAST_CHUNK,
        ],
    ),
    WireFault(
        name="folded_header",
        meaning="A header's value continues in a second line, which was allowed until 2014.",
        expected_error=None,
        script=lambda response: [*_with_line(response, b"X-Note: a\r\n b"), KEEP_OPEN],
    ),
    WireFault(
        name="line_feeds_alone",
        meaning="The lines of the head end without a carriage return.",
        expected_error=None,
        script=lambda response: [
            response_head_of(response, _length(response)).replace(b"\r\n", b"\n"),
            response.body,
            KEEP_OPEN,
        ],
    ),
    WireFault(
        name="continue_first",
        meaning="The server sends 100 Continue first, although the client did not request it.",
        expected_error=None,
        script=lambda response: [response_head("100 Continue"), complete_response(response), KEEP_OPEN],
    ),
    WireFault(
        name="early_hints",
        meaning="The server sends 103 Early Hints first.",
        expected_error=None,
        script=lambda response: [
            response_head("103 Early Hints", "Link: </a.css>"),
            0.01,
            complete_response(response),
            KEEP_OPEN,
        ],
    ),
    WireFault(
        name="byte_by_byte",
        meaning="The response comes in packets of one byte.",
        expected_error=None,
        script=lambda response: [
            *(complete_response(response)[at : at + 1] for at in range(len(complete_response(response)))),
            KEEP_OPEN,
        ],
    ),
    WireFault(
        name="closed_between_requests",
        meaning="A connection that should stay open is closed after the response.",
        expected_error=None,
        script=lambda response: [complete_response(response)],
    ),
    WireFault(
        name="reset_between_requests",
        meaning="A connection that should stay open is reset a moment after the response.",
        expected_error=None,
        script=lambda response: [complete_response(response), 0.02, RESET],
    ),
    WireFault(
        name="rubbish_after_response",
        meaning="Unannounced bytes follow the response.",
        expected_error=None,
        script=lambda response: [complete_response(response) + b"\r\n<!-- served in 3 ms -->\r\n", KEEP_OPEN],
    ),
    WireFault(
        name="second_response_at_once",
        meaning="A false response to the next request follows the response at once.",
        expected_error=None,
        script=lambda response: [complete_response(response) + FALSE_RESPONSE, KEEP_OPEN],
    ),
    WireFault(
        name="second_response_later",
        meaning="A false response to the next request follows the response a moment later.",
        expected_error=None,
        script=lambda response: [complete_response(response), 0.01, FALSE_RESPONSE, KEEP_OPEN],
    ),
)
