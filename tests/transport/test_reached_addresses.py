"""The URL guard: which IP addresses requests reach, however host names and links are written."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from threading import Event

import pytest

from cchc_connect import HttpRequest
from cchc_connect.errors import DeadlineExceeded, SourceHeld, Unreachable
from cchc_connect.transport import Basic, TransportEnvironment
from tests.transport.both_transports import FAST_POLICY, OpenTransport, TransportUnderTest
from tests.transport.dialects import ACCOUNT, rest_endpoint
from tests.transport.scripted_server import ReceivedRequest, ResponseScript, ScriptedServer, closing_response, in_turn

GET = HttpRequest(method="GET", path="/parcels")
NAME = "dulieu.example.vn"

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]


def resolving(*addresses: str) -> TransportEnvironment:
    """Return an environment whose resolver has one name, with these addresses."""

    def resolve(name: str) -> Sequence[str]:
        assert name == NAME
        return addresses

    return TransportEnvironment(resolve=resolve)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1%eth0",
        "::ffff:169.254.1.1",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "168.63.129.16",
    ],
)
def test_a_name_that_resolves_to_a_forbidden_address_is_refused_before_anything_is_sent(
    serve: Serve, open_carrier: OpenTransport, address: str
) -> None:
    """Also if another of its addresses is allowed."""
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    carrier = open_carrier(rest_endpoint(f"http://{NAME}:{agency.port}"), environment=resolving("127.0.0.1", address))

    with pytest.raises(SourceHeld) as raised:
        carrier.send(GET)

    assert (raised.value.code, raised.value.context["rule"]) == ("transport.foreign_address", "link_local")
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert agency.connections == 0


def test_a_name_is_resolved_by_the_configured_resolver(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))

    open_carrier(rest_endpoint(f"http://{NAME}:{agency.port}"), environment=resolving("127.0.0.1")).send(GET)

    assert agency.requests[0].headers["host"] == f"{NAME}:{agency.port}"


def test_the_next_address_of_a_name_is_tried_if_one_refuses_connections(
    serve: Serve, open_carrier: OpenTransport
) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    carrier = open_carrier(
        rest_endpoint(f"http://{NAME}:{agency.port}"), environment=resolving("127.0.0.9", "127.0.0.1")
    )

    assert carrier.send(GET).status == 200


def test_a_name_that_does_not_resolve_is_reported_as_never_connected(open_carrier: OpenTransport) -> None:
    def resolve(_: str) -> Sequence[str]:
        raise OSError("CANARY")

    with pytest.raises(Unreachable) as raised:
        open_carrier(rest_endpoint(f"http://{NAME}"), environment=TransportEnvironment(resolve=resolve)).send(GET)

    assert raised.value.code == "transport.never_connected"
    assert raised.value.__context__ is None


def test_a_silent_name_server_ends_the_call_at_the_deadline(open_carrier: OpenTransport) -> None:
    ended = Event()

    def resolve(_: str) -> Sequence[str]:
        ended.wait(5)
        return ["127.0.0.1"]

    carrier = open_carrier(
        rest_endpoint(f"http://{NAME}"), replace(FAST_POLICY, deadline_s=0.3), TransportEnvironment(resolve=resolve)
    )
    began = time.monotonic()

    with pytest.raises(DeadlineExceeded):
        carrier.send(GET)

    assert time.monotonic() - began < 0.3 + 0.5
    ended.set()


@pytest.fixture(scope="module")
def bystanders() -> Iterator[list[ScriptedServer]]:
    """Servers on other loopback addresses, to which no request may connect."""
    with ExitStack() as stack:
        servers = [ScriptedServer(in_turn([closing_response("200 OK", b"[]")])) for _ in range(2, 10)]
        for number, server in enumerate(servers, start=2):
            stack.callback(server.start(f"127.0.0.{number}").stop)
        yield servers


HOSTILE = [
    "http://{evil}/p",
    "HTTP://{evil}/p",
    "https://{evil}/p",
    "ftp://{evil}/p",
    "gopher://{evil}/p",
    "ws://{evil}/p",
    "file://{evil}/p",
    "//{evil}/p",
    "///{evil}/p",
    "\\\\{evil}\\p",
    "/\\{evil}/p",
    "http:\\\\{evil}\\p",
    "http:/{evil}/p",
    "http:{evil}/p",
    "http:////{evil}/p",
    "http://{good}\\@{evil}/p",
    "http://{evil}\\@{good}/p",
    "http://{good}@{evil}/p",
    "http://{good}:pw@{evil}/p",
    "http://{good}%2f@{evil}/p",
    "http://{good}%00@{evil}/p",
    "http://{good};@{evil}/p",
    "http://{good}&@{evil}/p",
    "http://{evil}#@{good}/p",
    "http://{evil}?@{good}/p",
    "http://{evil}/@{good}/p",
    "http://{evil}%23@{good}/p",
    "http://{evil}%2f{good}/p",
    "http://{evil}\x00.{good}/p",
    "http://{evil}\t/p",
    "ht\ttp://{evil}/p",
    "\thttp://{evil}/p",
    " http://{evil}/p",
    "http:// {evil}/p",
    "http://{good}\r\nHost: {evil}\r\n\r\n/p",
    "http://{good}\u2028@{evil}/p",
    "http://\uff11\uff12\uff17.0.0.2:{port}/p",
    "http://127\u30020.0.2:{port}/p",
    "http://2130706434:{port}/p",
    "http://0x7f000002:{port}/p",
    "http://0x7f.0.0.2:{port}/p",
    "http://0177.0.0.2:{port}/p",
    "http://127.2:{port}/p",
    "http://127.0.2:{port}/p",
    "http://127.0.0.2.:{port}/p",
    "http://[::ffff:127.0.0.2]:{port}/p",
    "http://[::ffff:7f00:2]:{port}/p",
    "http://[::1]:{port}/p",
    "http://127.0.0.1:{port}/p",
    "http://localhost:{port}/p",
    "http://127.0.0.1:00{port}/p",
    "http://127.0.0.1:/p",
    "http://169.254.169.254/latest/meta-data/",
    "javascript:alert(1)",
    "data:application/json,[]",
]


def test_a_hostile_link_never_reaches_another_server(
    serve: Serve, open_carrier: OpenTransport, bystanders: list[ScriptedServer]
) -> None:
    """It is refused, or it is requested as a path of the connection's own server."""
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    hosts = {"good": f"127.0.0.1:{agency.port}", "evil": f"127.0.0.2:{bystanders[0].port}", "port": bystanders[0].port}
    carrier = open_carrier(rest_endpoint(agency.base_url, Basic(ACCOUNT)))

    outcomes = {hostile: outcome(carrier, hostile.format(**hosts)) for hostile in HOSTILE}

    assert set(outcomes.values()) <= {"transport.foreign_address", "200"}
    assert [server.connections for server in bystanders] == [0] * len(bystanders)
    assert {request.headers["host"] for request in agency.requests} == {hosts["good"]}
    assert all(request.target.startswith("/") for request in agency.requests)


def outcome(carrier: TransportUnderTest, link: str) -> str:
    try:
        return str(carrier.send(replace(GET, path=link)).status)
    except SourceHeld as refused:
        return refused.code


@pytest.mark.parametrize("location", ["http://{evil}/p", "//{evil}/p", "/p", "http://{good}@{evil}/p"])
def test_no_redirect_is_followed(
    serve: Serve, open_carrier: OpenTransport, bystanders: list[ScriptedServer], location: str
) -> None:
    evil = f"127.0.0.2:{bystanders[0].port}"
    target = location.format(evil=evil, good="dulieu.example.vn")
    agency = serve(in_turn([closing_response("307 Temporary Redirect", b"", f"Location: {target}")]))

    with pytest.raises(SourceHeld) as raised:
        open_carrier(rest_endpoint(agency.base_url, Basic(ACCOUNT))).send(GET)

    assert raised.value.code == "transport.redirected"
    assert ([server.connections for server in bystanders], len(agency.requests)) == ([0] * len(bystanders), 1)
