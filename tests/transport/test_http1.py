"""Where an answer ends, told from its bytes alone: the same however they arrive, and whichever library reads them."""

import http.client
import io
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, cast

import h11
import pytest
from hypothesis import example, given, strategies as st

from cchc_connect.transport.network.http1 import HEAD_LIMIT, Framing, Malformed, Overlong

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[1, 2, 3]"
CHUNKS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Note: a\r\n\r\n"
    b"4\r\n[1, \r\n5;x=1\r\n2, 3]\r\n0\r\nX-Sum: 6\r\n\r\n"
)
UNMARKED = b"HTTP/1.0 200 OK\nX-Note: a\n  b\n\n[1, 2, 3]"
INFORMED = b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + LENGTH
BODILESS = b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"
ANSWERS = [LENGTH, CHUNKS, UNMARKED, INFORMED, BODILESS]
SPOILERS = [*(bytes([one]) for one in b"\r\n\x00 :9-\x0b\xff"), b"\r\n", b"chunked", b"HTTP/1.1 200 OK\r\n\r\n"]


def given_on(pieces: Sequence[bytes], method: str = "GET") -> bytes:
    """Return what a library gets to read of an answer that arrives in `pieces`, up to where it is none any more."""
    framing, given_so_far = Framing(method), b""
    with suppress(Malformed):
        for piece in [*pieces, b""]:
            framing.raise_if_broken()
            given_so_far += framing.take(piece)
    return given_so_far


def cut_up(text: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % len(text) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


@given(answer=st.sampled_from(ANSWERS), places=st.lists(st.integers(0, 300), max_size=8))
def test_an_answer_is_the_same_however_it_arrives(answer: bytes, places: list[int]) -> None:
    assert given_on(cut_up(answer, places)) == given_on([answer])


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_whole_is_known_to_be(answer: bytes) -> None:
    framing = Framing("GET")

    framing.take(answer)
    if answer is UNMARKED:
        framing.take(b"")

    assert (framing.ended, framing.followed) == (True, False)


@pytest.mark.parametrize("answer", [LENGTH, CHUNKS, BODILESS])
def test_what_follows_an_answer_is_no_part_of_it(answer: bytes) -> None:
    framing = Framing("GET")

    assert framing.take(answer + LENGTH) == given_on([answer])
    assert framing.followed


def test_the_answer_to_head_has_no_body() -> None:
    framing = Framing("HEAD")

    assert b"[" not in framing.take(LENGTH.removesuffix(b"[1, 2, 3]"))
    assert framing.ended


ENDLESS = [
    (b"HTTP/1.1 200 ", b"x" * 65_536),
    (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536),
    (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9_999),
    (b"", b"HTTP/1.1 100 \r\n\r\n" * 9_999),
    (CHUNKS[: CHUNKS.index(b"5;")] + b"5;", b"x" * 65_536),
    (CHUNKS[: CHUNKS.index(b"X-Sum")], b"X: y\r\n" * 9_999),
]


@pytest.mark.parametrize(("start", "piece"), ENDLESS)
def test_no_head_goes_on_for_ever(start: bytes, piece: bytes) -> None:
    framing = Framing("GET")
    taken = 0

    with pytest.raises(Malformed):
        framing.take(start)
        while taken < 9 * HEAD_LIMIT:
            framing.raise_if_broken()
            framing.take(piece)
            taken += len(piece)

    assert taken <= 2 * HEAD_LIMIT


def test_a_long_head_is_told_from_a_broken_one() -> None:
    with pytest.raises(Overlong):
        Framing("GET").take(b"HTTP/1.1 200 OK\r\nX-Note: " + b"x" * HEAD_LIMIT)


@given(
    answer=st.sampled_from(ANSWERS),
    spoilers=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3), st.sampled_from(SPOILERS)), max_size=3),
)
@example(answer=LENGTH, spoilers=[(17, 0, b"Content-Length: 4\r\n")])
@example(answer=LENGTH, spoilers=[(17, 0, b"Transfer-Encoding: chunked\r\n")])
@example(answer=LENGTH, spoilers=[(17, 0, b"X: a\rContent-Length: 2\r\n")])
def test_what_is_given_on_two_libraries_read_alike(answer: bytes, spoilers: list[tuple[int, int, bytes]]) -> None:
    """However an answer is damaged."""
    for place, removed, added in spoilers:
        at = place % (len(answer) + 1)
        answer = answer[:at] + added + answer[at + removed :]

    passed = given_on([answer])

    assert read_by_http_client(passed) == read_by_h11(passed)


Read = tuple[int, list[tuple[str, str]], bytes, bool] | None


def read_by_http_client(answer: bytes) -> Read:
    class Line:
        def makefile(self, _: str) -> io.BytesIO:
            return io.BytesIO(answer)

    response = http.client.HTTPResponse(cast("Any", Line()), method="GET")
    try:
        response.begin()
    except http.client.HTTPException:
        return None
    headers = [(name.lower(), value.strip()) for name, value in response.getheaders()]
    try:
        return response.status, headers, response.read(), True
    except http.client.IncompleteRead as cut:
        return response.status, headers, cut.partial, False


def read_by_h11(answer: bytes) -> Read:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(answer)
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
