"""What no well-behaved library lets through to us, and what must hold if one does."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cchc_connect.errors import CutShort, DeadlineExceeded, SourceHeld
from cchc_connect.testing.faults.packing import Pack, brotli, zstd
from cchc_connect.transport import HttpRequest, Policy
from cchc_connect.transport.reading import AnswerReader
from cchc_connect.transport.unpacking import accepted
from tests.transport.test_policy import World

SMALL = Policy(body_limit=1_000_000, ratio_limit=200)


def reader(*lines: tuple[str, str], method: str = "GET", status: int = 200, world: World | None = None) -> AnswerReader:
    call = (world or World()).call(HttpRequest(method=method, path="/"), SMALL)
    call.status = status
    return AnswerReader(call, lines, SMALL)


@pytest.mark.parametrize("length", ["", "-1", "5, 6", "0x5", "+5", "٥"])
def test_a_length_that_cannot_be_read_proves_nothing(length: str) -> None:
    answer = reader(("Content-Length", length))

    with pytest.raises(CutShort):
        answer.body()


@pytest.mark.parametrize("size", [4, 6])
def test_a_body_of_another_length_than_announced_is_refused(size: int) -> None:
    answer = reader(("Content-Length", "5"))

    answer.feed(b"x" * size)

    with pytest.raises(CutShort):
        answer.body()


def test_a_length_told_twice_alike_is_one_length() -> None:
    answer = reader(("Content-Length", "2"), ("content-length", "2"))

    assert answer.feed(b"[]")
    assert answer.body() == b"[]"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_where_there_is_no_body_its_length_is_no_promise(method: str, status: int) -> None:
    answer = reader(("Content-Length", "900"), ("Content-Encoding", "gzip"), method=method, status=status)

    assert answer.body() == b""


def test_an_endless_body_is_left_at_its_limit() -> None:
    answer = reader()
    chunks = 0

    while answer.feed(b" " * 65_536):
        chunks += 1

    assert chunks == 1_000_000 // 65_536
    with pytest.raises(SourceHeld):
        answer.body()


@pytest.mark.parametrize(
    ("body", "limit"), [(b"\0" * 900_000, "ratio"), (zlib.compress(b"ab", 0) * 200_000, "body")], ids=["ratio", "size"]
)
def test_a_body_that_unfolds_too_far_is_left_at_its_limit(body: bytes, limit: str) -> None:
    policy = Policy(body_limit=1_000_000 if limit == "body" else 10**9)
    call = World().call(HttpRequest(method="GET", path="/"), policy)
    answer = AnswerReader(call, [("Content-Encoding", "gzip")], policy)

    assert not answer.feed(gzip.compress(body * 5))

    with pytest.raises(SourceHeld) as raised:
        answer.body()
    assert raised.value.context["limit"] == limit


def test_reading_ends_with_the_deadline() -> None:
    world = World()
    answer = reader(world=world)
    world.now += SMALL.deadline_s

    assert not answer.feed(b"[]")

    with pytest.raises(DeadlineExceeded):
        answer.body()


@pytest.mark.parametrize("missing", [1, 4, 8, 20])
def test_a_compressed_body_is_whole_only_at_the_end_of_its_stream(missing: int) -> None:
    answer = reader(("Content-Encoding", "gzip"))

    answer.feed(gzip.compress(b'{"items": []}')[:-missing])

    with pytest.raises(CutShort):
        answer.body()


PACKERS: dict[str, Pack] = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli, "zstd": zstd}


@pytest.fixture
def without_brotli(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "brotli", None)
    accepted.cache_clear()
    yield
    accepted.cache_clear()


@pytest.mark.usefixtures("without_brotli")
def test_nobody_is_asked_for_what_could_not_be_read() -> None:
    answer = reader(("Content-Encoding", "br"))

    assert accepted() == ("gzip", "zstd")
    with pytest.raises(SourceHeld) as raised:
        answer.body()
    assert raised.value.code == "transport.compression_not_requested"


@given(
    coding=st.sampled_from([*PACKERS]),
    body=st.binary(max_size=400),
    places=st.lists(st.integers(0, 500), max_size=4),
    spoilt=st.none() | st.tuples(st.integers(0, 500), st.integers(1, 255)),
)
def test_a_packed_body_is_unpacked_whole_or_not_at_all(
    coding: str, body: bytes, places: list[int], spoilt: tuple[int, int] | None
) -> None:
    """However it arrives, and whatever byte of it is wrong; what checks nothing itself may come out wrong."""
    packed = PACKERS[coding](body)
    if spoilt is not None:
        at = spoilt[0] % len(packed)
        packed = packed[:at] + bytes([packed[at] ^ spoilt[1]]) + packed[at + 1 :]
    answer = reader(("Content-Encoding", coding))
    ends = sorted({0, len(packed), *(place % len(packed) for place in places)})

    for start, end in pairwise(ends):
        answer.feed(packed[start:end])

    try:
        found = answer.body()
    except (CutShort, SourceHeld):
        assert spoilt is not None
    else:
        assert found == body or (spoilt is not None and coding in {"br", "zstd", "gzip"})
