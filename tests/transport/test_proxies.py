"""A connection behind a proxy: everything passes through it, over real sockets, and only what must be seen is seen."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cchc_connect import Config, ConfigurationError, Dialect, HttpRequest, SourceHeld, Unreachable, classify_rest
from cchc_connect.sync.connector import endpoint_for
from cchc_connect.testing.doubles.loopback_server import LoopbackServer
from cchc_connect.transport import Endpoint
from cchc_connect.transport.network.proxies import Proxy
from cchc_connect.transport.network.tls import tls_context
from tests.transport.authority import Authority
from tests.transport.both_transports import OpenTransport
from tests.transport.proxy_double import ProxyDouble

PASSWORD = "mat-khau-canary"
GET = HttpRequest(method="GET", path="/ho-so", params={"so": "074000000001"})
BODY = b'{"ok": true}'


class JsonServer(LoopbackServer):
    """A system that answers every request with JSON, with TLS if it has a context."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.heads: list[bytes] = []
        self._context = context

    @property
    def scheme(self) -> str:
        return "https" if self._context else "http"

    def serve(self, connection: socket.socket) -> None:
        try:
            secured = self._context.wrap_socket(connection, server_side=True) if self._context else connection
            head = b""
            while b"\r\n\r\n" not in head:
                head += secured.recv(65536)
            self.heads.append(head)
            length = len(BODY)
            secured.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length + BODY
            )
        except OSError:
            return


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(params=["http", "https"])
def system(request: pytest.FixtureRequest, authority: Authority) -> Iterator[JsonServer]:
    with JsonServer(authority.server_context() if request.param == "https" else None) as running:
        yield running


@pytest.fixture
def proxy() -> Iterator[Callable[..., ProxyDouble]]:
    with ExitStack() as stack:
        yield lambda *credentials: stack.enter_context(ProxyDouble(*credentials))


def endpoint(system: LoopbackServer, authority: Authority, proxy: Proxy | None) -> Endpoint:
    return Endpoint(
        name="desk",
        base_url=system.base_url,
        dialect=Dialect(classify=classify_rest),
        proxy=proxy,
        tls=tls_context(ca_file=authority.ca_file),
    )


def test_requests_pass_through_the_proxy_with_credentials(
    open_carrier: OpenTransport, system: JsonServer, authority: Authority, proxy: Callable[..., ProxyDouble]
) -> None:
    double = proxy("cchc", PASSWORD)
    credentials = Proxy(url=double.base_url, username="cchc", password=PASSWORD)

    response = open_carrier(endpoint(system, authority, credentials)).send(GET)

    assert response.json() == {"ok": True}
    assert b"GET /ho-so?so=074000000001 HTTP/1.1" in system.heads[0]
    assert b"roxy-" not in system.heads[0]
    if system.scheme == "https":
        assert [line.rpartition(" ")[0] for line in double.lines] == [f"CONNECT 127.0.0.1:{system.port}"]
        assert b"ho-so" not in double.bytes_seen
    else:
        assert double.lines == [f"GET {system.base_url}/ho-so?so=074000000001 HTTP/1.1"]


def test_a_proxy_that_refuses_is_told_and_the_system_hears_nothing(
    open_carrier: OpenTransport, system: JsonServer, authority: Authority, proxy: Callable[..., ProxyDouble]
) -> None:
    double = proxy("cchc", PASSWORD)
    transport = open_carrier(endpoint(system, authority, Proxy(url=double.base_url, username="cchc", password="sai")))

    with pytest.raises(SourceHeld) as refusal:
        transport.send(GET)

    assert refusal.value.code == "transport.proxy_refused"
    assert "sai" not in f"{refusal.value!r} {refusal.value} {refusal.value.__cause__!r}"
    assert system.heads == []


def test_a_tunnel_that_is_refused_is_told(
    open_carrier: OpenTransport, authority: Authority, proxy: Callable[..., ProxyDouble]
) -> None:
    double = proxy()
    double.refuses_systems = True
    with JsonServer(authority.server_context()) as system, pytest.raises(SourceHeld) as refusal:
        open_carrier(endpoint(system, authority, Proxy(url=double.base_url))).send(GET)

    assert refusal.value.code == "transport.proxy_refused"


def test_a_proxy_that_is_not_there_is_unreachable(
    open_carrier: OpenTransport, system: JsonServer, authority: Authority
) -> None:
    with pytest.raises(Unreachable):
        open_carrier(endpoint(system, authority, Proxy(url="http://127.0.0.1:9"))).send(GET)


def test_without_a_proxy_in_the_configuration_that_of_the_environment_counts_for_nothing(
    open_carrier: OpenTransport, system: JsonServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert open_carrier(endpoint(system, authority, None)).send(GET).json() == {"ok": True}


def connection(proxy: str) -> str:
    return f"""
[connections.desk]
adapter = "opencps"
agency = "000.00.05.H09"
base_url = "https://desk.example"
proxy = {proxy}
options = {{ group_id = "1" }}
"""


def test_a_proxy_is_configured_by_its_address_or_with_credentials_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", PASSWORD)
    reference = '{ url = "http://proxy.example:3128", username = "cchc", password = { env = "PROXY_PASSWORD" } }'
    for written, expected in (
        ('"http://proxy.example:3128"', Proxy(url="http://proxy.example:3128")),
        (reference, Proxy(url="http://proxy.example:3128", username="cchc", password=PASSWORD)),
    ):
        config = Config.load(connection(written))
        made = endpoint_for("desk", config.connections["desk"], config.adapter("desk"))
        assert made.proxy == expected
        assert PASSWORD not in repr(made)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('"socks5://proxy.example"', "does not have the required form"),
        ('"http://cchc:mat-khau-canary@proxy.example:3128"', "user name"),
        ('{ url = "http://proxy.example:3128", username = "cchc" }', "both username and password"),
        ('{ url = "http://proxy.example", username = "c", password = "mat-khau-canary" }', "not contain the secret"),
    ],
)
def test_a_proxy_that_is_none_is_refused(written: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Config.load(connection(written))

    assert problem in str(refusal.value)
    assert PASSWORD not in str(refusal.value)
