"""One session for all who share a transport: opened once at a time, and anew once a call."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from cchc_connect import HttpRequest
from cchc_connect.errors import AuthenticationFailed, DeadlineExceeded
from tests.transport.agency import Agency, Asked, Play, answer, in_turn
from tests.transport.carriers import IMPATIENT, OpenLine
from tests.transport.dialects import portal

TELL = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})

Serve = Callable[[Callable[[Asked], Play]], Agency]


def portal_script(spent: set[str], pause_s: float = 0.0) -> Callable[[Asked], Play]:
    """Return a portal that numbers its sessions and refuses those that are `spent`."""
    numbers = itertools.count(1)

    def script(asked: Asked) -> Play:
        message = json.loads(asked.body)
        if asked.target == "/login":
            return [pause_s, answer("200 OK", json.dumps({"error_code": 0, "session": f"s{next(numbers)}"}).encode())]
        code = 401 if message["session"] in spent else 0
        return [answer("200 OK", json.dumps({"error_code": code, "session_seen": message["session"]}).encode())]

    return script


def test_a_session_is_opened_once_and_kept(serve: Serve, line: OpenLine) -> None:
    agency = serve(portal_script(set()))
    carrier = line(portal(agency.base_url))

    carrier.send(TELL)
    carrier.send(TELL)

    assert agency.targets == ["POST /login", "POST /parcels", "POST /parcels"]


def test_a_session_refused_is_opened_anew_once(serve: Serve, line: OpenLine) -> None:
    agency = serve(portal_script({"s1"}))
    carrier = line(portal(agency.base_url))

    found = carrier.send(TELL)

    assert found.json() == {"error_code": 0, "session_seen": "s2"}
    assert agency.targets == ["POST /login", "POST /parcels", "POST /login", "POST /parcels"]


def test_a_new_session_refused_too_is_an_error(serve: Serve, line: OpenLine) -> None:
    agency = serve(portal_script({"s1", "s2"}))

    with pytest.raises(AuthenticationFailed) as raised:
        line(portal(agency.base_url)).send(TELL)

    assert raised.value.code == "transport.auth_refused"
    assert len(agency.asked) == 4


def test_eight_at_once_log_in_once(serve: Serve, line: OpenLine) -> None:
    agency = serve(portal_script(set(), pause_s=0.05))

    found = line(portal(agency.base_url)).together(TELL, 8)

    assert [answer.json() for answer in found] == [{"error_code": 0, "session_seen": "s1"}] * 8
    assert agency.targets.count("POST /login") == 1


def test_eight_at_once_whose_session_ends_log_in_anew_once(serve: Serve, line: OpenLine) -> None:
    spent: set[str] = set()
    agency = serve(portal_script(spent, pause_s=0.05))
    carrier = line(portal(agency.base_url))
    carrier.send(TELL)
    spent.add("s1")

    found = carrier.together(TELL, 8)

    assert [answer.json() for answer in found] == [{"error_code": 0, "session_seen": "s2"}] * 8
    assert agency.targets.count("POST /login") == 2


def test_a_refused_account_is_not_tried_once_for_each_that_waited(serve: Serve, line: OpenLine) -> None:
    """Wrong logins lock accounts."""
    agency = serve(in_turn([0.1, answer("200 OK", b'{"error_code": 0, "session": ""}')]))

    with pytest.raises(AuthenticationFailed) as raised:
        line(portal(agency.base_url)).together(TELL, 8)

    assert raised.value.code == "transport.login_refused"
    assert len(agency.asked) == 1


def test_waiting_for_anothers_login_ends_with_the_deadline(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([3.0]))
    started = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        line(portal(agency.base_url), replace(IMPATIENT, deadline_s=0.3, read_s=1.0)).together(TELL, 4)

    assert time.monotonic() - started < 0.3 + 0.5
