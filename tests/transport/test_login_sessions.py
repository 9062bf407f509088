"""Callers of one transport share one login session, which is replaced at most once per call."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cchc_connect import HttpRequest
from cchc_connect.errors import AuthenticationFailed, DeadlineExceeded
from tests.transport.both_transports import FAST_POLICY, OpenTransport
from tests.transport.dialects import portal_endpoint
from tests.transport.scripted_server import ReceivedRequest, ResponseScript, ScriptedServer, closing_response, in_turn

POST = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]


def portal_script(spent: set[str], pause_s: float = 0.0) -> Callable[[ReceivedRequest], ResponseScript]:
    """Return the script of a portal that numbers its sessions and refuses those that are `spent`."""
    numbers = itertools.count(1)

    def script(request: ReceivedRequest) -> ResponseScript:
        message = json.loads(request.body)
        if request.target == "/login":
            return [
                pause_s,
                closing_response("200 OK", json.dumps({"error_code": 0, "session": f"s{next(numbers)}"}).encode()),
            ]
        code = 401 if message["session"] in spent else 0
        return [
            closing_response("200 OK", json.dumps({"error_code": code, "session_seen": message["session"]}).encode())
        ]

    return script


def test_a_session_is_opened_once_and_reused(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(portal_script(set()))
    carrier = open_carrier(portal_endpoint(agency.base_url))

    carrier.send(POST)
    carrier.send(POST)

    assert agency.request_lines == ["POST /login", "POST /parcels", "POST /parcels"]


def test_a_refused_session_is_replaced_once(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(portal_script({"s1"}))
    carrier = open_carrier(portal_endpoint(agency.base_url))

    response = carrier.send(POST)

    assert response.json() == {"error_code": 0, "session_seen": "s2"}
    assert agency.request_lines == ["POST /login", "POST /parcels", "POST /login", "POST /parcels"]


def test_a_second_refused_session_is_an_error(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(portal_script({"s1", "s2"}))

    with pytest.raises(AuthenticationFailed) as raised:
        open_carrier(portal_endpoint(agency.base_url)).send(POST)

    assert raised.value.code == "transport.auth_refused"
    assert len(agency.requests) == 4


def test_eight_concurrent_calls_log_in_once(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(portal_script(set(), pause_s=0.05))

    responses = open_carrier(portal_endpoint(agency.base_url)).send_concurrently(POST, 8)

    assert [response.json() for response in responses] == [{"error_code": 0, "session_seen": "s1"}] * 8
    assert agency.request_lines.count("POST /login") == 1


def test_eight_concurrent_calls_whose_session_ends_log_in_once_again(serve: Serve, open_carrier: OpenTransport) -> None:
    spent: set[str] = set()
    agency = serve(portal_script(spent, pause_s=0.05))
    carrier = open_carrier(portal_endpoint(agency.base_url))
    carrier.send(POST)
    spent.add("s1")

    responses = carrier.send_concurrently(POST, 8)

    assert [response.json() for response in responses] == [{"error_code": 0, "session_seen": "s2"}] * 8
    assert agency.request_lines.count("POST /login") == 2


def test_a_refused_login_is_not_repeated_by_waiting_callers(serve: Serve, open_carrier: OpenTransport) -> None:
    """Repeated failed logins lock accounts."""
    agency = serve(in_turn([0.1, closing_response("200 OK", b'{"error_code": 0, "session": ""}')]))

    with pytest.raises(AuthenticationFailed) as raised:
        open_carrier(portal_endpoint(agency.base_url)).send_concurrently(POST, 8)

    assert raised.value.code == "transport.login_refused"
    assert len(agency.requests) == 1


def test_waiting_for_another_callers_login_ends_at_the_deadline(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([3.0]))
    started = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        open_carrier(
            portal_endpoint(agency.base_url), replace(FAST_POLICY, deadline_s=0.3, read_timeout_s=1.0)
        ).send_concurrently(POST, 4)

    assert time.monotonic() - started < 0.3 + 0.5
