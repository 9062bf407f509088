"""Faults of the connection and of HTTP/1.1 framing (RFC 9112): where a response begins and ends."""

from cchc_connect.errors import CutShort, SourceHeld, Unreachable
from cchc_connect.testing.doubles.server import Reply
from cchc_connect.testing.faults.fault import WireFault, head_of, whole
from cchc_connect.testing.faults.plays import KEEP, RESET, Play, chunk, head

CHUNKED = "Transfer-Encoding: chunked"
CLOSE = "Connection: close"
LAST = b"0\r\n\r\n"
FALSE_ANSWER = head("200 OK", "Content-Type: application/json", "Content-Length: 16") + b'{"false": "yes"}'


def half(reply: Reply) -> bytes:
    """Return the first half of the body."""
    return reply.body[: len(reply.body) // 2]


def _length(reply: Reply) -> str:
    return f"Content-Length: {len(reply.body)}"


def _chunked(reply: Reply, *pieces: bytes) -> Play:
    return [head_of(reply, CHUNKED, CLOSE), 0.01, *pieces]


def _with_line(reply: Reply, line: bytes) -> Play:
    """Return the play of a good response with one more header line."""
    status_line, _, remainder = whole(reply).partition(b"\r\n")
    return [status_line + b"\r\n" + line + b"\r\n" + remainder]


BROKEN_LINES = (
    WireFault(
        name="reset_before_answer",
        meaning="The connection is reset before a byte of the response.",
        becomes=Unreachable,
        play=lambda _: [RESET],
    ),
    WireFault(
        name="closed_silently",
        meaning="The connection is closed before a byte of the response.",
        becomes=Unreachable,
        play=lambda _: [],
    ),
    WireFault(
        name="cut_in_head",
        meaning="The connection ends in the middle of a header line.",
        becomes=Unreachable,
        play=lambda reply: [whole(reply)[:40]],
    ),
    WireFault(
        name="reset_in_head",
        meaning="The connection is reset in the middle of a header line.",
        becomes=Unreachable,
        play=lambda reply: [whole(reply)[:40], 0.02, RESET],
    ),
    WireFault(
        name="head_without_end",
        meaning="The connection ends after whole header lines, before the empty one.",
        becomes=Unreachable,
        play=lambda reply: [head_of(reply, _length(reply))[:-2]],
    ),
    WireFault(
        name="reset_in_body",
        meaning="The connection is reset in the body.",
        becomes=CutShort,
        play=lambda reply: [head_of(reply, _length(reply)), half(reply), 0.05, RESET],
    ),
    WireFault(
        name="cut_by_length",
        meaning="The body ends before its announced length.",
        becomes=CutShort,
        play=lambda reply: [head_of(reply, _length(reply)), half(reply)],
    ),
    WireFault(
        name="too_long_for_length",
        meaning="The body goes on after its announced length.",
        becomes=SourceHeld,
        play=lambda reply: [head_of(reply, f"Content-Length: {len(half(reply))}"), reply.body, KEEP],
    ),
    WireFault(
        name="no_length_cut",
        meaning="Only the end of the connection marks the end of the body, and it comes in the middle of the body.",
        becomes=CutShort,
        play=lambda reply: [head_of(reply, CLOSE), half(reply)],
    ),
    WireFault(
        name="broken_chunk",
        meaning="The size of a chunk is no number.",
        becomes=CutShort,
        play=lambda reply: _chunked(reply, chunk(half(reply)), b"xyz\r\n", reply.body),
    ),
    WireFault(
        name="negative_chunk",
        meaning="The size of a chunk is below zero.",
        becomes=CutShort,
        play=lambda reply: _chunked(reply, b"-1\r\n", reply.body, b"\r\n", LAST),
    ),
    WireFault(
        name="chunk_overrun",
        meaning="A chunk is longer than its size says.",
        becomes=CutShort,
        play=lambda reply: _chunked(reply, b"%x\r\n" % len(half(reply)), reply.body, b"\r\n", LAST),
    ),
    WireFault(
        name="cut_in_chunk",
        meaning="The connection ends in a chunk.",
        becomes=CutShort,
        play=lambda reply: _chunked(reply, chunk(reply.body)[:-9]),
    ),
    WireFault(
        name="missing_last_chunk",
        meaning="The connection ends before the last chunk, the empty one.",
        becomes=CutShort,
        play=lambda reply: _chunked(reply, chunk(reply.body)),
    ),
    WireFault(
        name="two_content_lengths",
        meaning="Two different lengths are announced.",
        becomes=Unreachable,
        play=lambda reply: _with_line(reply, b"Content-Length: 7"),
    ),
    WireFault(
        name="negative_length",
        meaning="The announced length is below zero.",
        becomes=Unreachable,
        play=lambda reply: [head_of(reply, "Content-Length: -1", CLOSE), reply.body],
    ),
    WireFault(
        name="length_that_is_none",
        meaning="The announced length is no number.",
        becomes=Unreachable,
        play=lambda reply: [head_of(reply, "Content-Length: 0x10", CLOSE), reply.body],
    ),
    WireFault(
        name="unknown_transfer_encoding",
        meaning="The transfer encoding is one that the client did not ask for.",
        becomes=Unreachable,
        play=lambda reply: [head_of(reply, "Transfer-Encoding: gzip, chunked", CLOSE), chunk(reply.body), LAST],
    ),
    WireFault(
        name="http_0_9",
        meaning="The body comes without any head.",
        becomes=Unreachable,
        play=lambda reply: [reply.body],
    ),
    WireFault(
        name="http_2_status_line",
        meaning="The status line names HTTP/2, the framing is HTTP/1.1.",
        becomes=Unreachable,
        play=lambda reply: [whole(reply).replace(b"HTTP/1.1", b"HTTP/2.0", 1)],
    ),
    WireFault(
        name="not_http",
        meaning="A mail server responds.",
        becomes=Unreachable,
        play=lambda _: [b"220 mail.example.vn ESMTP\r\n"],
    ),
    WireFault(
        name="header_without_colon",
        meaning="A header line has no colon.",
        becomes=Unreachable,
        play=lambda reply: _with_line(reply, b"This is no header"),
    ),
    WireFault(
        name="space_before_colon",
        meaning="A header's name ends with a space.",
        becomes=Unreachable,
        play=lambda reply: _with_line(reply, b"Content-Length : 2"),
    ),
    WireFault(
        name="nul_in_head",
        meaning="A header's value holds NUL.",
        becomes=Unreachable,
        play=lambda reply: _with_line(reply, b"X-Note: a\x00b"),
    ),
    WireFault(
        name="split_header",
        meaning="A header's value holds a lone carriage return and what looks like another header.",
        becomes=Unreachable,
        play=lambda reply: _with_line(reply, b"X-Note: a\rContent-Length: 2"),
    ),
    WireFault(
        name="switching_protocols",
        meaning="The server switches to a protocol that the client did not ask for.",
        becomes=Unreachable,
        play=lambda _: [head("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")],
    ),
)

ODD_LINES = (
    WireFault(
        name="no_length",
        meaning="Only the end of the connection marks the end of the body.",
        becomes=None,
        play=lambda reply: [head_of(reply, CLOSE), reply.body],
    ),
    WireFault(
        name="chunked",
        meaning="The body comes in chunks, the sizes with extensions, with a trailer after them.",
        becomes=None,
        play=lambda reply: [
            head_of(reply, CHUNKED),
            chunk(half(reply)),
            chunk(reply.body[len(half(reply)) :]).replace(b"\r\n", b";part=2\r\n", 1),
            b"0\r\nX-Count: 2\r\n\r\n",
            KEEP,
        ],
    ),
    WireFault(
        name="same_length_twice",
        meaning="The same length is announced twice.",
        becomes=None,
        play=lambda reply: [*_with_line(reply, _length(reply).encode()), KEEP],
    ),
    WireFault(
        name="length_and_chunked",
        meaning="A wrong length is announced for a chunked body; the chunks take precedence (RFC 9112 section 6.3).",
        becomes=None,
        play=lambda reply: [head_of(reply, "Content-Length: 7", CHUNKED, CLOSE), chunk(reply.body), LAST],
    ),
    WireFault(
        name="folded_header",
        meaning="A header's value continues in a second line, which was allowed until 2014.",
        becomes=None,
        play=lambda reply: [*_with_line(reply, b"X-Note: a\r\n b"), KEEP],
    ),
    WireFault(
        name="line_feeds_alone",
        meaning="The lines of the head end without a carriage return.",
        becomes=None,
        play=lambda reply: [head_of(reply, _length(reply)).replace(b"\r\n", b"\n"), reply.body, KEEP],
    ),
    WireFault(
        name="continue_first",
        meaning="The server sends 100 Continue first, although the client did not ask for it.",
        becomes=None,
        play=lambda reply: [head("100 Continue"), whole(reply), KEEP],
    ),
    WireFault(
        name="early_hints",
        meaning="The server sends 103 Early Hints first.",
        becomes=None,
        play=lambda reply: [head("103 Early Hints", "Link: </a.css>"), 0.01, whole(reply), KEEP],
    ),
    WireFault(
        name="byte_by_byte",
        meaning="The response comes in packets of one byte.",
        becomes=None,
        play=lambda reply: [*(whole(reply)[at : at + 1] for at in range(len(whole(reply)))), KEEP],
    ),
    WireFault(
        name="closed_between_requests",
        meaning="A connection that should stay open is closed after the response.",
        becomes=None,
        play=lambda reply: [whole(reply)],
    ),
    WireFault(
        name="reset_between_requests",
        meaning="A connection that should stay open is reset a moment after the response.",
        becomes=None,
        play=lambda reply: [whole(reply), 0.02, RESET],
    ),
    WireFault(
        name="rubbish_after_answer",
        meaning="Unannounced bytes follow the response.",
        becomes=None,
        play=lambda reply: [whole(reply) + b"\r\n<!-- served in 3 ms -->\r\n", KEEP],
    ),
    WireFault(
        name="second_answer_unasked",
        meaning="A false response to the next request follows the response at once.",
        becomes=None,
        play=lambda reply: [whole(reply) + FALSE_ANSWER, KEEP],
    ),
    WireFault(
        name="second_answer_later",
        meaning="A false response to the next request follows the response a moment later.",
        becomes=None,
        play=lambda reply: [whole(reply), 0.01, FALSE_ANSWER, KEEP],
    ),
)
