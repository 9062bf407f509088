"""What both transports promise, on real sockets: the complete response, or one typed error before the deadline."""

import gzip
import json
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import pytest

from cchc_connect import HttpRequest, HttpResponse, Verdict
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
from cchc_connect.testing import FAULTS, FaultyServer, json_response
from cchc_connect.transport import Basic, Traffic, TransportEnvironment
from cchc_connect.transport.calls.error_mapping import NEVER_SENT
from tests.transport.both_transports import FAST_POLICY, OpenTransport
from tests.transport.dialects import ACCOUNT, rest_endpoint
from tests.transport.scripted_server import (
    KEEP_OPEN,
    RESET,
    ReceivedRequest,
    ResponseScript,
    ScriptedServer,
    closing_response,
    drip,
    in_turn,
    response_head,
)

PARCELS = json.dumps({"items": [{"use": "Đất ở tại đô thị"}]}, ensure_ascii=False).encode()
GET = HttpRequest(method="GET", path="/parcels")
POST = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})
ONCE = replace(FAST_POLICY, max_attempts=1)
ERROR_CONTEXT = {"connection", "method", "path", "status", "verdict", "attempt", "request_id"}

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]


def test_a_complete_response_arrives_as_it_was_sent(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", PARCELS)]))
    carrier = open_carrier(rest_endpoint(f"{agency.base_url}/api"))

    response = carrier.send(HttpRequest(method="GET", path="/parcels?page=2", params={"q": "Thủ Dầu Một"}))

    assert response.verdict is Verdict.OK
    assert response.json() == json.loads(PARCELS)
    assert agency.request_lines == ["GET /api/parcels?page=2&q=Th%E1%BB%A7%20D%E1%BA%A7u%20M%E1%BB%99t"]
    assert carrier.traffic == Traffic(requests=1, bytes_received=len(PARCELS))


def test_a_message_is_sent_as_utf_8_json_with_user_agent_and_request_id(
    serve: Serve, open_carrier: OpenTransport
) -> None:
    agency = serve(in_turn([closing_response("201 Created", b"{}")]))

    open_carrier(rest_endpoint(agency.base_url, Basic(ACCOUNT))).send(POST)

    request = agency.requests[0]
    assert json.loads(request.body.decode()) == POST.json
    assert "Thủ" in request.body.decode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("cchc-connect/")
    assert len(request.headers["x-request-id"]) == 36
    assert request.headers["authorization"].startswith("Basic ")


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
def test_a_compressed_response_is_decompressed(
    serve: Serve, open_carrier: OpenTransport, encoding: str, packed: bytes
) -> None:
    agency = serve(in_turn([closing_response("200 OK", packed, f"Content-Encoding: {encoding}")]))

    assert open_carrier(rest_endpoint(agency.base_url)).send(GET).body == PARCELS


def test_a_chunked_response_is_joined(serve: Serve, open_carrier: OpenTransport) -> None:
    chunked = response_head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked")
    agency = serve(
        in_turn(
            [chunked, b"2\r\n[1\r\n", 0.01, b"2\r\n,2\r\n1\r\n]\r\n0\r\n\r\n"],
        )
    )

    assert open_carrier(rest_endpoint(agency.base_url)).send(GET).json() == [1, 2]


JSON_HEAD = ("Content-Type: application/json", "Connection: close")
TRANSIENT = (
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
    "reset_before_response",
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
    with FaultyServer(json_response(json.loads(PARCELS))) as server:
        yield server


@pytest.mark.parametrize("name", [*TRANSIENT, *LASTING])
def test_an_error_names_the_call_it_belongs_to(faulty: FaultyServer, open_carrier: OpenTransport, name: str) -> None:
    faulty.fail(name)

    with pytest.raises(CchcError) as raised:
        open_carrier(rest_endpoint(faulty.base_url), ONCE).send(GET)

    assert type(raised.value) is FAULTS[name].expected_error
    assert raised.value.context.keys() >= ERROR_CONTEXT
    assert str(raised.value)


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_transient_fault_costs_one_more_attempt(faulty: FaultyServer, open_carrier: OpenTransport, name: str) -> None:
    faulty.fail(name, times=1)

    assert open_carrier(rest_endpoint(faulty.base_url)).send(GET).body == PARCELS
    assert len(faulty.requests) == 2


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_is_not_retried(faulty: FaultyServer, open_carrier: OpenTransport, name: str) -> None:
    faulty.fail(name)

    with pytest.raises(SourceHeld):
        open_carrier(rest_endpoint(faulty.base_url)).send(GET)

    assert len(faulty.requests) == 1


def test_maintenance_that_lasts_is_tried_four_times(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("503 Service Unavailable", b"{}")]))

    with pytest.raises(Maintenance) as raised:
        open_carrier(rest_endpoint(agency.base_url)).send(GET)

    assert len(agency.requests) == 4
    assert raised.value.context["attempt"] == 4
    assert len({request.headers["x-request-id"] for request in agency.requests}) == 1


@pytest.mark.parametrize("name", ["status_500", "status_429", "reset_before_response", "cut_by_length"])
def test_a_message_that_is_not_idempotent_is_sent_once(
    faulty: FaultyServer, open_carrier: OpenTransport, name: str
) -> None:
    faulty.fail(name)

    with pytest.raises(Retriable):
        open_carrier(rest_endpoint(faulty.base_url)).send(POST)

    assert len(faulty.requests) == 1


def test_an_idempotent_message_is_sent_again(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([RESET], [closing_response("201 Created", b"{}")]))

    assert open_carrier(rest_endpoint(agency.base_url)).send(replace(POST, idempotent=True)).status == 201


def test_even_a_message_that_is_not_idempotent_is_retried_if_no_connection_was_made(
    open_carrier: OpenTransport,
) -> None:
    with pytest.raises(Unreachable) as raised:
        open_carrier(rest_endpoint("http://127.0.0.1:9")).send(POST)

    assert raised.value.code == "transport.never_connected"
    assert raised.value.context["attempt"] == 4


def test_a_refused_message_raises_message_refused(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("422 Unprocessable Content", b"{}")]))

    with pytest.raises(MessageRefused):
        open_carrier(rest_endpoint(agency.base_url)).send(POST)


def test_a_response_with_an_accepted_verdict_is_returned(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("409 Conflict", b"{}")]))

    response = open_carrier(rest_endpoint(agency.base_url)).send(
        replace(POST, accepted_verdicts=frozenset({Verdict.OK, Verdict.DUPLICATE}))
    )

    assert response.verdict is Verdict.DUPLICATE


SLOW: dict[str, ResponseScript] = {
    "body": [response_head("200 OK", *JSON_HEAD, "Content-Length: 900"), *drip(b" ", 0.05, 60)],
    "chunks": [
        response_head("200 OK", *JSON_HEAD, "Transfer-Encoding: chunked"),
        *drip(b"1\r\n \r\n", 0.05, 60),
    ],
    "head": [b"HTTP/1.1 200 OK\r\nX-Slow: ", *drip(b"x", 0.05, 60)],
    "never": [3.0],
}


@pytest.mark.parametrize("where", SLOW)
def test_a_dripping_response_ends_at_the_deadline(serve: Serve, open_carrier: OpenTransport, where: str) -> None:
    agency = serve(in_turn(SLOW[where]))
    started = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        open_carrier(rest_endpoint(agency.base_url), replace(FAST_POLICY, deadline_s=0.2, read_timeout_s=1.0)).send(GET)

    assert time.monotonic() - started < 0.2 + 0.5


def test_a_read_timeout_before_the_deadline_is_retried(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([2.0], [closing_response("200 OK", PARCELS)]))

    assert (
        open_carrier(rest_endpoint(agency.base_url), replace(FAST_POLICY, read_timeout_s=0.2)).send(GET).body == PARCELS
    )


def test_retry_after_is_respected(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(
        in_turn(
            [closing_response("429 Too Many Requests", b"", "Retry-After: 1")], [closing_response("200 OK", PARCELS)]
        )
    )
    started = time.monotonic()

    open_carrier(rest_endpoint(agency.base_url)).send(GET)

    assert 1.0 <= time.monotonic() - started < 1.4


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_long_retry_after_ends_the_call_and_is_reported(
    serve: Serve, open_carrier: OpenTransport, status: str
) -> None:
    agency = serve(in_turn([closing_response(status, b"", "Retry-After: 3600")]))

    with pytest.raises(Throttled) as raised:
        open_carrier(rest_endpoint(agency.base_url)).send(GET)

    assert raised.value.retry_after_s == 3600.0
    assert len(agency.requests) == 1


def test_a_redirect_is_never_followed(serve: Serve, open_carrier: OpenTransport) -> None:
    other_agency = serve(in_turn([closing_response("200 OK", PARCELS)]))
    agency = serve(
        in_turn([closing_response("307 Temporary Redirect", b"", f"Location: {other_agency.base_url}/parcels")])
    )

    with pytest.raises(SourceHeld) as raised:
        open_carrier(rest_endpoint(agency.base_url, Basic(ACCOUNT))).send(GET)

    assert raised.value.code == "transport.redirected"
    assert other_agency.connections == 0


def test_a_next_link_to_another_origin_is_refused_and_never_contacted(
    serve: Serve, open_carrier: OpenTransport
) -> None:
    other_agency = serve(in_turn([closing_response("200 OK", PARCELS)]))
    agency = serve(in_turn([closing_response("200 OK", PARCELS)]))
    carrier = open_carrier(rest_endpoint(agency.base_url))

    with pytest.raises(SourceHeld) as raised:
        carrier.send(replace(GET, path=f"{other_agency.base_url}/parcels?page=2"))

    assert raised.value.code == "transport.foreign_address"
    assert (other_agency.connections, agency.connections) == (0, 0)


def test_a_next_link_to_the_same_or_a_listed_origin_is_followed(serve: Serve, open_carrier: OpenTransport) -> None:
    other_agency = serve(in_turn([closing_response("200 OK", PARCELS)]))
    agency = serve(in_turn([closing_response("200 OK", PARCELS)]))
    carrier = open_carrier(rest_endpoint(f"{agency.base_url}/api", None, other_agency.base_url))

    carrier.send(replace(GET, path=f"{agency.base_url}/api/parcels?page=2"))
    carrier.send(replace(GET, path=f"{other_agency.base_url}/parcels?page=3"))

    assert agency.request_lines == ["GET /api/parcels?page=2"]
    assert other_agency.request_lines == ["GET /parcels?page=3"]


def test_no_cookie_is_sent_back(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", PARCELS, "Set-Cookie: JSESSIONID=abc; Path=/")]))
    carrier = open_carrier(rest_endpoint(agency.base_url))

    carrier.send(GET)
    carrier.send(GET)

    assert "cookie" not in agency.requests[1].headers


def test_the_response_to_head_has_no_body_and_the_connection_is_reused(
    serve: Serve, open_carrier: OpenTransport
) -> None:
    full_head = response_head("200 OK", "Content-Type: application/json", f"Content-Length: {len(PARCELS)}")
    agency = serve(in_turn([full_head, KEEP_OPEN], [full_head, PARCELS, KEEP_OPEN]))
    carrier = open_carrier(rest_endpoint(agency.base_url))

    first = carrier.send(HttpRequest(method="HEAD", path="/parcels", accepted_verdicts=frozenset({Verdict.UNKNOWN})))

    assert (first.body, carrier.send(GET).body) == (b"", PARCELS)
    assert agency.connections == 1


def test_connections_are_kept_open(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(
        in_turn([response_head("200 OK", "Content-Type: application/json", "Content-Length: 2"), b"[]", KEEP_OPEN])
    )
    carrier = open_carrier(rest_endpoint(agency.base_url))

    assert [carrier.send(GET).status for _ in range(3)] == [200, 200, 200]
    assert agency.connections == 1


def test_a_tls_connection_to_a_server_without_tls_is_not_retried(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(
        in_turn([closing_response("400 Bad Request", b"The plain HTTP request was sent to HTTPS port"), 0.1])
    )

    with pytest.raises(SourceHeld) as raised:
        open_carrier(rest_endpoint(agency.base_url.replace("http:", "https:"))).send(GET)

    assert raised.value.code == "transport.tls_refused"
    assert agency.connections == 1


def test_a_conversation_receives_responses_and_typed_errors(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("404 Not Found", b"{}")], [closing_response("200 OK", PARCELS)]))

    def conversation() -> Generator[HttpRequest, HttpResponse, tuple[str, bytes]]:
        try:
            yield GET
        except SourceHeld as held:
            response = yield replace(GET, path="/thua-dat")
            return held.code, response.body
        return "", b""

    assert open_carrier(rest_endpoint(agency.base_url)).run(conversation()) == ("transport.request_refused", PARCELS)


def test_an_error_that_a_conversation_does_not_catch_is_raised(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("404 Not Found", b"{}")]))

    def conversation() -> Generator[HttpRequest, HttpResponse, bytes]:
        return (yield GET).body

    with pytest.raises(SourceHeld):
        open_carrier(rest_endpoint(agency.base_url)).run(conversation())


def test_before_each_attempt_it_is_asked_whether_the_request_may_still_leave(
    serve: Serve, open_carrier: OpenTransport
) -> None:
    """Directly before its first byte, with the number of the attempt; a refusal says that nothing was sent."""
    agency = serve(in_turn([closing_response("503 Service Unavailable", b"")]))
    attempts = list[int]()

    def refuse_repetitions(attempt: int, /) -> None:
        attempts.append(attempt)
        if attempt > 1:
            raise SourceHeld("push.permission_lapsed", route="publish")

    with pytest.raises(SourceHeld) as raised:
        open_carrier(
            rest_endpoint(agency.base_url), environment=TransportEnvironment(may_send=refuse_repetitions)
        ).send(GET)

    assert raised.value.code == "push.permission_lapsed"
    assert attempts == [1, 2]
    assert len(agency.request_lines) == 1
    assert NEVER_SENT not in raised.value.context


def test_a_request_that_may_not_leave_reaches_nobody(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", PARCELS)]))

    def refuse(_: int, /) -> None:
        raise SourceHeld("push.permission_lapsed", route="publish")

    with pytest.raises(SourceHeld) as raised:
        open_carrier(rest_endpoint(agency.base_url), environment=TransportEnvironment(may_send=refuse)).send(POST)

    assert raised.value.context[NEVER_SENT] is True
    assert agency.request_lines == []
