"""What both carriers promise, proven on a real socket: the whole true answer, or one typed error in time."""

import gzip
import json
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import pytest

from cchc_connect.errors import (
    CchcError,
    DeadlineExceeded,
    Maintenance,
    MessageRefused,
    Retriable,
    SourceHeld,
    Throttled,
    Unreachable,
)
from cchc_connect.testing import FAULTS, FaultyServer, json_reply
from cchc_connect.transport import Basic, HttpRequest, HttpResponse, Traffic, Verdict
from tests.transport.agency import KEEP, RESET, Agency, Asked, Play, answer, drip, head, in_turn
from tests.transport.carriers import IMPATIENT, OpenLine
from tests.transport.dialects import ACCOUNT, rest

PARCELS = json.dumps({"items": [{"use": "Đất ở tại đô thị"}]}, ensure_ascii=False).encode()
ASK = HttpRequest(method="GET", path="/parcels")
TELL = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})
ONCE = replace(IMPATIENT, attempts=1)
ERROR_CONTEXT = {"connection", "method", "path", "status", "verdict", "attempt", "request_id"}

Serve = Callable[[Callable[[Asked], Play]], Agency]


def test_a_whole_answer_arrives_as_it_was_sent(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("200 OK", PARCELS)]))
    carrier = line(rest(f"{agency.base_url}/api"))

    found = carrier.send(HttpRequest(method="GET", path="/parcels?page=2", params={"q": "Thủ Dầu Một"}))

    assert found.verdict is Verdict.OK
    assert found.json() == json.loads(PARCELS)
    assert agency.targets == ["GET /api/parcels?page=2&q=Th%E1%BB%A7%20D%E1%BA%A7u%20M%E1%BB%99t"]
    assert carrier.traffic == Traffic(requests=1, bytes_received=len(PARCELS))


def test_a_message_is_sent_as_utf_8_json_with_our_name_and_a_request_id(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("201 Created", b"{}")]))

    line(rest(agency.base_url, Basic(ACCOUNT))).send(TELL)

    asked = agency.asked[0]
    assert json.loads(asked.body.decode()) == TELL.json
    assert "Thủ" in asked.body.decode()
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["user-agent"].startswith("cchc-connect/")
    assert len(asked.headers["x-request-id"]) == 36
    assert asked.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(PARCELS)),
        ("x-gzip", gzip.compress(PARCELS)),
        ("gzip", gzip.compress(PARCELS[:9]) + gzip.compress(PARCELS[9:])),
        ("deflate", zlib.compress(PARCELS)),
        ("deflate", zlib.compress(PARCELS)[2:-4]),
    ],
    ids=["gzip", "x-gzip", "two gzip streams", "zlib", "bare deflate"],
)
def test_a_compressed_answer_is_unfolded(serve: Serve, line: OpenLine, encoding: str, packed: bytes) -> None:
    agency = serve(in_turn([answer("200 OK", packed, f"Content-Encoding: {encoding}")]))

    assert line(rest(agency.base_url)).send(ASK).body == PARCELS


def test_a_chunked_answer_is_joined(serve: Serve, line: OpenLine) -> None:
    chunked = head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked")
    agency = serve(
        in_turn(
            [chunked, b"2\r\n[1\r\n", 0.01, b"2\r\n,2\r\n1\r\n]\r\n0\r\n\r\n"],
        )
    )

    assert line(rest(agency.base_url)).send(ASK).json() == [1, 2]


JSON_HEAD = ("Content-Type: application/json", "Connection: close")
PASSING = (
    "cut_by_length",
    "no_length_cut",
    "missing_last_chunk",
    "cut_in_chunk",
    "broken_chunk",
    "gzip_cut",
    "gzip_bad_crc",
    "gzip_that_is_none",
    "gzip_and_more",
    "cut_in_head",
    "reset_before_answer",
    "reset_in_body",
    "closed_silently",
    "not_http",
    "status_500",
    "status_429",
)
LASTING = (
    "gzip_bomb",
    "announced_too_large",
    "unknown_encoding",
    "too_many_headers",
    "status_203",
    "status_401",
    "html_with_200",
    "html_saying_json",
    "redirect_same_host",
    "status_404",
    "status_418",
)


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    with FaultyServer(json_reply(json.loads(PARCELS))) as server:
        yield server


@pytest.mark.parametrize("name", [*PASSING, *LASTING])
def test_an_error_says_of_which_call_it_is(faulty: FaultyServer, line: OpenLine, name: str) -> None:
    faulty.fail(name)

    with pytest.raises(CchcError) as raised:
        line(rest(faulty.base_url), ONCE).send(ASK)

    assert type(raised.value) is FAULTS[name].becomes
    assert raised.value.context.keys() >= ERROR_CONTEXT
    assert str(raised.value)


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_costs_one_more_attempt_and_no_more(faulty: FaultyServer, line: OpenLine, name: str) -> None:
    faulty.fail(name, times=1)

    assert line(rest(faulty.base_url)).send(ASK).body == PARCELS
    assert len(faulty.asked) == 2


@pytest.mark.parametrize("name", LASTING)
def test_what_cannot_pass_is_asked_once(faulty: FaultyServer, line: OpenLine, name: str) -> None:
    faulty.fail(name)

    with pytest.raises(SourceHeld):
        line(rest(faulty.base_url)).send(ASK)

    assert len(faulty.asked) == 1


def test_a_lasting_fault_is_asked_about_four_times(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("503 Service Unavailable", b"{}")]))

    with pytest.raises(Maintenance) as raised:
        line(rest(agency.base_url)).send(ASK)

    assert len(agency.asked) == 4
    assert raised.value.context["attempt"] == 4
    assert len({asked.headers["x-request-id"] for asked in agency.asked}) == 1


@pytest.mark.parametrize("name", ["status_500", "status_429", "reset_before_answer", "cut_by_length"])
def test_a_message_that_may_not_repeat_is_sent_once(faulty: FaultyServer, line: OpenLine, name: str) -> None:
    faulty.fail(name)

    with pytest.raises(Retriable):
        line(rest(faulty.base_url)).send(TELL)

    assert len(faulty.asked) == 1


def test_a_message_that_may_repeat_is_sent_again(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([RESET], [answer("201 Created", b"{}")]))

    assert line(rest(agency.base_url)).send(replace(TELL, idempotent=True)).status == 201


def test_even_a_message_that_may_not_repeat_is_tried_again_where_nobody_listens(line: OpenLine) -> None:
    with pytest.raises(Unreachable) as raised:
        line(rest("http://127.0.0.1:9")).send(TELL)

    assert raised.value.code == "transport.never_connected"
    assert raised.value.context["attempt"] == 4


def test_a_refused_message_is_set_aside_and_holds_nothing(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("422 Unprocessable Content", b"{}")]))

    with pytest.raises(MessageRefused):
        line(rest(agency.base_url)).send(TELL)


def test_a_verdict_the_asker_accepts_is_handed_over(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("409 Conflict", b"{}")]))

    found = line(rest(agency.base_url)).send(replace(TELL, accept=frozenset({Verdict.OK, Verdict.DUPLICATE})))

    assert found.verdict is Verdict.DUPLICATE


SLOW: dict[str, Play] = {
    "body": [head("200 OK", *JSON_HEAD, "Content-Length: 900"), *drip(b" ", 0.05, 60)],
    "chunks": [
        head("200 OK", *JSON_HEAD, "Transfer-Encoding: chunked"),
        *drip(b"1\r\n \r\n", 0.05, 60),
    ],
    "head": [b"HTTP/1.1 200 OK\r\nX-Slow: ", *drip(b"x", 0.05, 60)],
    "never": [3.0],
}


@pytest.mark.parametrize("where", SLOW)
def test_a_dripping_answer_ends_with_the_deadline(serve: Serve, line: OpenLine, where: str) -> None:
    agency = serve(in_turn(SLOW[where]))
    started = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        line(rest(agency.base_url), replace(IMPATIENT, deadline_s=0.2, read_s=1.0)).send(ASK)

    assert time.monotonic() - started < 0.2 + 0.5


def test_silence_shorter_than_the_deadline_is_asked_again(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([2.0], [answer("200 OK", PARCELS)]))

    assert line(rest(agency.base_url), replace(IMPATIENT, read_s=0.2)).send(ASK).body == PARCELS


def test_retry_after_is_waited_for(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("429 Too Many Requests", b"", "Retry-After: 1")], [answer("200 OK", PARCELS)]))
    started = time.monotonic()

    line(rest(agency.base_url)).send(ASK)

    assert 1.0 <= time.monotonic() - started < 1.4


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_long_retry_after_ends_the_call_and_is_told(serve: Serve, line: OpenLine, status: str) -> None:
    agency = serve(in_turn([answer(status, b"", "Retry-After: 3600")]))

    with pytest.raises(Throttled) as raised:
        line(rest(agency.base_url)).send(ASK)

    assert raised.value.retry_after_s == 3600.0
    assert len(agency.asked) == 1


def test_a_redirect_is_never_followed(serve: Serve, line: OpenLine) -> None:
    other = serve(in_turn([answer("200 OK", PARCELS)]))
    agency = serve(in_turn([answer("307 Temporary Redirect", b"", f"Location: {other.base_url}/parcels")]))

    with pytest.raises(SourceHeld) as raised:
        line(rest(agency.base_url, Basic(ACCOUNT))).send(ASK)

    assert raised.value.code == "transport.redirected"
    assert other.connections == 0


def test_a_next_link_to_another_origin_is_refused_and_never_contacted(serve: Serve, line: OpenLine) -> None:
    other = serve(in_turn([answer("200 OK", PARCELS)]))
    agency = serve(in_turn([answer("200 OK", PARCELS)]))
    carrier = line(rest(agency.base_url))

    with pytest.raises(SourceHeld) as raised:
        carrier.send(replace(ASK, path=f"{other.base_url}/parcels?page=2"))

    assert raised.value.code == "transport.foreign_address"
    assert (other.connections, agency.connections) == (0, 0)


def test_a_next_link_to_the_same_or_a_listed_origin_is_followed(serve: Serve, line: OpenLine) -> None:
    other = serve(in_turn([answer("200 OK", PARCELS)]))
    agency = serve(in_turn([answer("200 OK", PARCELS)]))
    carrier = line(rest(f"{agency.base_url}/api", None, other.base_url))

    carrier.send(replace(ASK, path=f"{agency.base_url}/api/parcels?page=2"))
    carrier.send(replace(ASK, path=f"{other.base_url}/parcels?page=3"))

    assert agency.targets == ["GET /api/parcels?page=2"]
    assert other.targets == ["GET /parcels?page=3"]


def test_no_cookie_is_kept(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("200 OK", PARCELS, "Set-Cookie: JSESSIONID=abc; Path=/")]))
    carrier = line(rest(agency.base_url))

    carrier.send(ASK)
    carrier.send(ASK)

    assert "cookie" not in agency.asked[1].headers


def test_the_answer_to_head_has_no_body_and_the_connection_goes_on(serve: Serve, line: OpenLine) -> None:
    whole = head("200 OK", "Content-Type: application/json", f"Content-Length: {len(PARCELS)}")
    agency = serve(in_turn([whole, KEEP], [whole, PARCELS, KEEP]))
    carrier = line(rest(agency.base_url))

    first = carrier.send(HttpRequest(method="HEAD", path="/parcels", accept=frozenset({Verdict.UNKNOWN})))

    assert (first.body, carrier.send(ASK).body) == (b"", PARCELS)
    assert agency.connections == 1


def test_connections_are_kept_open(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([head("200 OK", "Content-Type: application/json", "Content-Length: 2"), b"[]", KEEP]))
    carrier = line(rest(agency.base_url))

    assert [carrier.send(ASK).status for _ in range(3)] == [200, 200, 200]
    assert agency.connections == 1


def test_a_tls_connection_to_what_speaks_no_tls_is_not_tried_twice(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("400 Bad Request", b"The plain HTTP request was sent to HTTPS port"), 0.1]))

    with pytest.raises(SourceHeld) as raised:
        line(rest(agency.base_url.replace("http:", "https:"))).send(ASK)

    assert raised.value.code == "transport.tls_refused"
    assert agency.connections == 1


def test_a_conversation_receives_answers_and_typed_errors(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("404 Not Found", b"{}")], [answer("200 OK", PARCELS)]))

    def conversation() -> Generator[HttpRequest, HttpResponse, tuple[str, bytes]]:
        try:
            yield ASK
        except SourceHeld as held:
            found = yield replace(ASK, path="/thua-dat")
            return held.code, found.body
        return "", b""

    assert line(rest(agency.base_url)).run(conversation()) == ("transport.question_refused", PARCELS)


def test_an_error_a_conversation_does_not_deal_with_comes_out(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("404 Not Found", b"{}")]))

    def conversation() -> Generator[HttpRequest, HttpResponse, bytes]:
        return (yield ASK).body

    with pytest.raises(SourceHeld):
        line(rest(agency.base_url)).run(conversation())
