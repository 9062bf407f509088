"""HTTP/1.1 framing: where a response ends does not depend on how its bytes arrive or which library reads them."""

import http.client
import io
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, cast

import h11
import pytest
from hypothesis import example, given, strategies as st

from cchc_connect.transport.network.http1 import MAX_HEAD_BYTES, Framing, Malformed, Overlong

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[1, 2, 3]"
CHUNKS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Note: a\r\n\r\n"
    b"4\r\n[1, \r\n5;x=1\r\n2, 3]\r\n0\r\nX-Sum: 6\r\n\r\n"
)
UNMARKED = b"HTTP/1.0 200 OK\nX-Note: a\n  b\n\n[1, 2, 3]"
INFORMED = b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + LENGTH
BODILESS = b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"
MESSAGES = [LENGTH, CHUNKS, UNMARKED, INFORMED, BODILESS]
INSERTIONS = [*(bytes([octet]) for octet in b"\r\n\x00 :9-\x0b\xff"), b"\r\n", b"chunked", b"HTTP/1.1 200 OK\r\n\r\n"]


def passed_on(pieces: Sequence[bytes], method: str = "GET") -> bytes:
    """Return the bytes passed on to a library of a response that arrives in `pieces`, up to where it is malformed."""
    framing, passed = Framing(method), b""
    with suppress(Malformed):
        for piece in [*pieces, b""]:
            framing.raise_if_broken()
            passed += framing.feed(piece)
    return passed


def cut_up(text: bytes, offsets: Sequence[int]) -> list[bytes]:
    ends = sorted({offset % len(text) for offset in offsets} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


@given(message=st.sampled_from(MESSAGES), offsets=st.lists(st.integers(0, 300), max_size=8))
def test_a_response_is_the_same_in_whatever_pieces_it_arrives(message: bytes, offsets: list[int]) -> None:
    assert passed_on(cut_up(message, offsets)) == passed_on([message])


@pytest.mark.parametrize("message", MESSAGES)
def test_the_end_of_a_complete_response_is_recognised(message: bytes) -> None:
    framing = Framing("GET")

    framing.feed(message)
    if message is UNMARKED:
        framing.feed(b"")

    assert (framing.is_complete, framing.has_trailing_data) == (True, False)


@pytest.mark.parametrize("message", [LENGTH, CHUNKS, BODILESS])
def test_bytes_after_a_response_are_not_passed_on(message: bytes) -> None:
    framing = Framing("GET")

    assert framing.feed(message + LENGTH) == passed_on([message])
    assert framing.has_trailing_data


def test_the_response_to_head_has_no_body() -> None:
    framing = Framing("HEAD")

    assert b"[" not in framing.feed(LENGTH.removesuffix(b"[1, 2, 3]"))
    assert framing.is_complete


ENDLESS = [
    (b"HTTP/1.1 200 ", b"x" * 65_536),
    (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536),
    (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9_999),
    (b"", b"HTTP/1.1 100 \r\n\r\n" * 9_999),
    (CHUNKS[: CHUNKS.index(b"5;")] + b"5;", b"x" * 65_536),
    (CHUNKS[: CHUNKS.index(b"X-Sum")], b"X: y\r\n" * 9_999),
]


@pytest.mark.parametrize(("start", "piece"), ENDLESS)
def test_an_endless_head_is_refused(start: bytes, piece: bytes) -> None:
    framing = Framing("GET")
    fed = 0

    with pytest.raises(Malformed):
        framing.feed(start)
        while fed < 9 * MAX_HEAD_BYTES:
            framing.raise_if_broken()
            framing.feed(piece)
            fed += len(piece)

    assert fed <= 2 * MAX_HEAD_BYTES


def test_a_head_that_is_too_long_has_its_own_error() -> None:
    with pytest.raises(Overlong):
        Framing("GET").feed(b"HTTP/1.1 200 OK\r\nX-Note: " + b"x" * MAX_HEAD_BYTES)


@given(
    message=st.sampled_from(MESSAGES),
    edits=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3), st.sampled_from(INSERTIONS)), max_size=3),
)
@example(message=LENGTH, edits=[(17, 0, b"Content-Length: 4\r\n")])
@example(message=LENGTH, edits=[(17, 0, b"Transfer-Encoding: chunked\r\n")])
@example(message=LENGTH, edits=[(17, 0, b"X: a\rContent-Length: 2\r\n")])
def test_two_libraries_read_the_bytes_passed_on_alike(message: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    """However a response is damaged."""
    for offset, removed, added in edits:
        start = offset % (len(message) + 1)
        message = message[:start] + added + message[start + removed :]

    passed = passed_on([message])

    assert read_by_http_client(passed) == read_by_h11(passed)


Read = tuple[int, list[tuple[str, str]], bytes, bool] | None


def read_by_http_client(message: bytes) -> Read:
    class Socket:
        def makefile(self, _: str) -> io.BytesIO:
            return io.BytesIO(message)

    response = http.client.HTTPResponse(cast("Any", Socket()), method="GET")
    try:
        response.begin()
    except http.client.HTTPException:
        return None
    headers = [(name.lower(), value.strip()) for name, value in response.getheaders()]
    try:
        return response.status, headers, response.read(), True
    except http.client.IncompleteRead as cut:
        return response.status, headers, cut.partial, False


def read_by_h11(message: bytes) -> Read:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(message)
    connection.receive_data(b"")
    head, body = None, b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
            if isinstance(event, h11.Response):
                head = event.status_code, [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
    except h11.RemoteProtocolError:
        return (*head, body, False) if head else None
    return (*head, body, True) if head else None
