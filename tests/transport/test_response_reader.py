"""The response reader refuses incomplete and oversized bodies, even those that an HTTP library should have refused."""

import gzip
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from cchc_connect import HttpRequest
from cchc_connect.errors import CutShort, DeadlineExceeded, SourceHeld
from cchc_connect.transport import Policy
from cchc_connect.transport.response_reader import ResponseReader
from tests.transport.test_retry_policy import FakeTime

SMALL = Policy(max_body_bytes=1_000_000, max_compression_ratio=200)


def reader(
    *lines: tuple[str, str], method: str = "GET", status: int = 200, world: FakeTime | None = None
) -> ResponseReader:
    call = (world or FakeTime()).call(HttpRequest(method=method, path="/"), SMALL)
    call.status = status
    return ResponseReader(call, lines, SMALL)


@pytest.mark.parametrize("length", ["", "-1", "5, 6", "0x5", "+5", "٥"])
def test_an_unreadable_content_length_is_refused(length: str) -> None:
    body_reader = reader(("Content-Length", length))

    with pytest.raises(CutShort):
        body_reader.complete_body()


@pytest.mark.parametrize("size", [4, 6])
def test_a_body_that_differs_from_its_content_length_is_refused(size: int) -> None:
    body_reader = reader(("Content-Length", "5"))

    body_reader.feed(b"x" * size)

    with pytest.raises(CutShort):
        body_reader.complete_body()


def test_a_repeated_equal_content_length_is_accepted() -> None:
    body_reader = reader(("Content-Length", "2"), ("content-length", "2"))

    assert body_reader.feed(b"[]")
    assert body_reader.complete_body() == b"[]"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_response_without_a_body_may_have_a_content_length(method: str, status: int) -> None:
    body_reader = reader(("Content-Length", "900"), ("Content-Encoding", "gzip"), method=method, status=status)

    assert body_reader.complete_body() == b""


def test_an_endless_body_is_read_up_to_the_limit() -> None:
    body_reader = reader()
    chunks = 0

    while body_reader.feed(b" " * 65_536):
        chunks += 1

    assert chunks == 1_000_000 // 65_536
    with pytest.raises(SourceHeld):
        body_reader.complete_body()


@pytest.mark.parametrize(
    ("body", "limit"), [(b"\0" * 900_000, "ratio"), (zlib.compress(b"ab", 0) * 200_000, "body")], ids=["ratio", "size"]
)
def test_a_decompression_bomb_is_read_up_to_the_limit(body: bytes, limit: str) -> None:
    policy = Policy(max_body_bytes=1_000_000 if limit == "body" else 10**9)
    call = FakeTime().call(HttpRequest(method="GET", path="/"), policy)
    body_reader = ResponseReader(call, [("Content-Encoding", "gzip")], policy)

    assert not body_reader.feed(gzip.compress(body * 5))

    with pytest.raises(SourceHeld) as raised:
        body_reader.complete_body()
    assert raised.value.context["limit"] == limit


def test_reading_ends_at_the_deadline() -> None:
    world = FakeTime()
    body_reader = reader(world=world)
    world.now += SMALL.deadline_s

    assert not body_reader.feed(b"[]")

    with pytest.raises(DeadlineExceeded):
        body_reader.complete_body()


@pytest.mark.parametrize("missing", [1, 4, 8, 20])
def test_a_compressed_body_that_is_cut_is_refused(missing: int) -> None:
    body_reader = reader(("Content-Encoding", "gzip"))

    body_reader.feed(gzip.compress(b'{"items": []}')[:-missing])

    with pytest.raises(CutShort):
        body_reader.complete_body()


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("coding", ["br", "zstd", "compress"])
def test_a_coding_we_did_not_ask_for_is_refused(coding: str) -> None:
    body_reader = reader(("Content-Encoding", coding))

    with pytest.raises(SourceHeld) as raised:
        body_reader.complete_body()
    assert raised.value.code == "transport.compression_not_requested"


@given(
    coding=st.sampled_from([*PACKERS]),
    body=st.binary(max_size=400),
    offsets=st.lists(st.integers(0, 500), max_size=4),
    spoilt=st.none() | st.tuples(st.integers(0, 500), st.integers(1, 255)),
)
def test_a_compressed_body_is_decompressed_completely_or_refused(
    coding: str, body: bytes, offsets: list[int], spoilt: tuple[int, int] | None
) -> None:
    """In whatever pieces it arrives, and whichever byte is damaged; encodings without a checksum may miss it."""
    packed = PACKERS[coding](body)
    if spoilt is not None:
        at = spoilt[0] % len(packed)
        packed = packed[:at] + bytes([packed[at] ^ spoilt[1]]) + packed[at + 1 :]
    body_reader = reader(("Content-Encoding", coding))
    ends = sorted({0, len(packed), *(offset % len(packed) for offset in offsets)})

    for start, end in pairwise(ends):
        body_reader.feed(packed[start:end])

    try:
        body_read = body_reader.complete_body()
    except (CutShort, SourceHeld):
        assert spoilt is not None
    else:
        assert body_read == body or (spoilt is not None and coding == "gzip")
