"""Checks of a system from outside (name resolution, TLS, clock); a finding has a code and a text in two languages."""

import socket
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from cchc_connect import Config, Credentials, Dialect, HttpResponse, SourceHeld, Unreachable, Verdict
from cchc_connect.adapter import Adapter
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.diagnostics.connections import check_connections
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.diagnostics.network import NetworkTarget, probe_network
from cchc_connect.diagnostics.responses import ObservedAdapter
from cchc_connect.messages import Language, render_message
from cchc_connect.sync.connector import endpoint_for
from cchc_connect.transport import Endpoint, Policy, RequestsTransport
from cchc_connect.transport.network.dns import Resolver, system_resolver
from cchc_connect.transport.network.tls import default_tls_context, tls_context
from cchc_connect.transport.network.url_guard import Origin
from tests.cli.conftest import install_adapters
from tests.transport.authority import Authority

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PAGE = b'{"items": [], "next": null, "total": 0, "gone": []}'


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def trust(authority: Authority) -> ssl.SSLContext:
    return tls_context(ca_file=authority.ca_file)


@contextmanager
def secure_server(context: ssl.SSLContext | None, date: str | None = None) -> Generator[int]:
    """Serve an empty page over TLS with `date` as its Date header; give the port. Without a context, serve no TLS."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            if date is not None:
                self.send_header("Date", date)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class calls it so
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Ignore clients that break off the handshake."""

    with Server(("127.0.0.1", 0), Answering) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        serving = Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()


def outside(port: int, trust: ssl.SSLContext, **more: Any) -> NetworkTarget:
    origin = Origin(more.pop("scheme", "https"), more.pop("host", "127.0.0.1"), port)
    return NetworkTarget(connection="land", origin=origin, tls_context=trust, **more)


def seen(system: NetworkTarget, resolve: Resolver = system_resolver) -> list[Finding]:
    return list(probe_network(system, lambda: NOW, resolve))


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.message.code) for finding in findings]


def test_a_good_system_is_reported_with_the_days_its_certificate_is_valid(authority: Authority) -> None:
    with secure_server(authority.server_context(valid_until=90 * DAY + timedelta(hours=1))) as port:
        named, secured = seen(outside(port, trust(authority), host="localhost"))

    assert codes([named, secured]) == [("good", "network.name_resolved"), ("good", "network.certificate_valid")]
    assert int(str(named.message.context["number"])) >= 1
    assert secured.message.context["days"] == 90
    assert str(secured.message.context["version"]).startswith("TLSv1.")


def test_an_ip_address_is_not_resolved(authority: Authority) -> None:
    with secure_server(authority.server_context()) as port:
        findings = seen(outside(port, trust(authority)))

    assert codes(findings)[0] == ("good", "network.is_address")


@pytest.mark.parametrize(("days", "level"), [(29, "warning"), (31, "good")])
def test_a_certificate_that_ends_soon_is_a_warning(authority: Authority, days: int, level: str) -> None:
    with secure_server(authority.server_context(valid_until=days * DAY + timedelta(hours=1))) as port:
        secured = seen(outside(port, trust(authority)))[-1]

    assert (secured.level, secured.message.context["days"], secured.error) == (level, days, None)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"valid_from": -9 * DAY, "valid_until": -DAY}, "network.certificate_expired"),
        ({"valid_from": DAY, "valid_until": 2 * DAY}, "network.certificate_not_yet"),
        ({"names": ["land.example"]}, "network.certificate_other_name"),
    ],
)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_bad_certificate_is_reported_by_its_fault(
    authority: Authority, made: dict[str, Any], code: str, host: str
) -> None:
    with secure_server(authority.server_context(**made)) as port:
        secured = seen(outside(port, trust(authority), host=host))[-1]

    assert codes([secured]) == [("bad", code)]
    assert isinstance(secured.error, SourceHeld)


def test_a_certificate_of_an_unknown_authority_is_untrusted(authority: Authority) -> None:
    with secure_server(authority.server_context()) as port:
        secured = seen(outside(port, default_tls_context()))[-1]

    assert codes([secured]) == [("bad", "network.certificate_untrusted")]


def test_a_connection_without_verification_is_a_warning_with_its_reason(authority: Authority) -> None:
    blind = tls_context(unverified=True)

    with secure_server(authority.server_context(["land.example"], -9 * DAY, -DAY)) as port:
        secured = seen(outside(port, blind, unverified_because="chờ chứng thư mới"))[-1]

    assert codes([secured]) == [("warning", "network.unverified")]
    assert secured.message.context["reason"] == "chờ chứng thư mới"


def test_a_server_without_tls_is_reported(authority: Authority) -> None:
    with secure_server(None) as port:
        secured = seen(outside(port, trust(authority)))[-1]

    assert codes([secured]) == [("bad", "network.tls_failed")]


def test_a_closed_port_is_reported_as_no_connection(authority: Authority) -> None:
    secured = seen(outside(9, trust(authority)))[-1]

    assert codes([secured]) == [("bad", "network.no_connection")]
    assert isinstance(secured.error, Unreachable)


def test_a_silent_handshake_ends_at_the_timeout(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cchc_connect.diagnostics.network.PROBE_TIMEOUT_S", 0.2)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        secured = seen(outside(silent.getsockname()[1], trust(authority)))[-1]

    assert codes([secured]) == [("bad", "network.tls_handshake_timeout")]


def test_plain_http_is_a_warning_with_its_reason_except_on_loopback() -> None:
    remote = seen(outside(80, default_tls_context(), scheme="http", host="192.0.2.1", plain_because="mạng riêng"))[-1]
    local = seen(outside(80, default_tls_context(), scheme="http"))[-1]

    assert codes([remote, local]) == [("warning", "network.plain_http"), ("good", "network.plain_http_loopback")]
    assert remote.message.context["reason"] == "mạng riêng"


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.0.1", "100.100.100.200"])
def test_a_name_that_leads_to_a_metadata_address_is_not_followed(address: str) -> None:
    """One such address among several is enough; nothing is sent to any of them."""
    findings = seen(outside(443, default_tls_context(), host="land.example"), lambda _: ["127.0.0.1", address])

    assert codes(findings) == [("bad", "network.forbidden_address")]
    assert address not in repr(findings)


def test_a_name_that_does_not_resolve_is_reported() -> None:
    def unknown(_: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    findings = seen(outside(443, default_tls_context(), host="land.example"), unknown)

    assert codes(findings) == [("bad", "network.name_unresolved")]
    assert findings[0].error is not None
    assert findings[0].error.__context__ is None


def test_a_silent_name_service_ends_at_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    monkeypatch.setattr("cchc_connect.diagnostics.network.PROBE_TIMEOUT_S", 0.05)

    def silent(_: str) -> list[str]:
        ended.wait(20)
        return []

    findings = seen(outside(443, default_tls_context(), host="land.example"), silent)
    ended.set()

    assert codes(findings) == [("bad", "network.name_service_timeout")]


class Quiet:
    """An adapter with a dialect and nothing else."""

    sources = ()
    targets = ()

    def __init__(self, *verdicts: Verdict) -> None:
        remaining = list(verdicts)
        self.dialect = Dialect(classify=lambda _: remaining.pop(0))


def findings_of_responses(*verdicts: Verdict, username: str | None = None, **headers: str) -> Mapping[str, Finding]:
    """Return the findings from responses with these verdicts and headers, by code."""
    adapter = ObservedAdapter(Quiet(*verdicts), lambda: NOW)
    for _ in verdicts:
        adapter.dialect.classify(HttpResponse(status=200, headers=headers, body=b""))
    return {finding.message.code: finding for finding in adapter.findings("land", username)}


@pytest.mark.parametrize(
    ("ahead_s", "code", "seconds"),
    [
        (0, "network.clock_ok", 0),
        (4, "network.clock_ok", 4),
        (60, "network.clock_ahead", 60),
        (-3600, "network.clock_behind", 3600),
    ],
)
def test_a_clock_that_is_off_is_a_warning(ahead_s: int, code: str, seconds: int) -> None:
    """The Date header has whole seconds, so a difference of one second is tolerated."""
    findings = findings_of_responses(Verdict.OK, date=format_datetime(NOW + timedelta(seconds=ahead_s), usegmt=False))

    assert abs(int(str(findings[code].message.context["seconds"])) - seconds) <= 1
    assert findings[code].is_warning == (code != "network.clock_ok")


@pytest.mark.parametrize("headers", [{}, {"date": "gestern"}, {"date": "Thu, 01 Jan 1970 00:00:00 GMT", "age": "9"}])
def test_a_missing_or_unusable_date_header_is_no_warning(headers: dict[str, str]) -> None:
    assert findings_of_responses(Verdict.OK, **headers)["network.clock_unknown"].level == "good"


def test_an_account_is_reported_as_accepted_after_a_good_response() -> None:
    assert "network.account_accepted" in findings_of_responses(Verdict.OK, username="dong-bo")
    assert "network.account_accepted" in findings_of_responses(Verdict.AUTH, Verdict.OK, username="dong-bo")
    assert "network.account_accepted" not in findings_of_responses(Verdict.AUTH, username="dong-bo")
    assert "network.account_accepted" not in findings_of_responses(Verdict.UNKNOWN, username="dong-bo")
    assert "network.account_accepted" not in findings_of_responses(Verdict.OK)


def test_responses_are_reported_as_understood_if_no_verdict_is_unknown() -> None:
    assert findings_of_responses(Verdict.OK, Verdict.NOT_FOUND)["network.responses_understood"].message.context == {
        "number": 2
    }
    assert "network.responses_understood" not in findings_of_responses(Verdict.OK, Verdict.UNKNOWN)
    assert findings_of_responses() == {}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Config]:
    """Give a function that makes a configuration with one connection to a base URL."""
    install_adapters(tmp_path, monkeypatch, {"district": "tests.cli.district_adapter:DistrictAdapter"})

    def connecting(base_url: str) -> Config:
        table = {"adapter": "district", "agency": "000.00.01.H09", "base_url": base_url}
        return Config.from_tables({"connections": {"land": table}}, tmp_path / "cchc.toml")

    return connecting


def trusting(
    context: ssl.SSLContext,
) -> tuple[Callable[..., AbstractContextManager[RequestsTransport]], Callable[..., Endpoint]]:
    """Return functions that open a transport and describe an endpoint, both with the TLS context of a test."""

    def open_endpoint(name: str, table: ConnectionTable, adapter: Adapter) -> Endpoint:
        return replace(endpoint_for(name, table, adapter), tls=context)

    def connect(
        name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float
    ) -> AbstractContextManager[RequestsTransport]:
        return RequestsTransport(open_endpoint(name, table, adapter), Policy(deadline_s=deadline_s))

    return connect, open_endpoint


def test_a_check_goes_from_the_name_to_the_first_page(authority: Authority, config: Callable[[str], Config]) -> None:
    """One finding each, over real connections."""
    behind = format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)

    with secure_server(authority.server_context(valid_until=9 * DAY), behind) as port:
        findings = list(check_connections(config(f"https://localhost:{port}"), *trusting(trust(authority))))

    assert codes(findings) == [
        ("good", "network.name_resolved"),
        ("warning", "network.certificate_expiring"),
        ("good", "check.page_readable"),
        ("warning", "network.clock_behind"),
        ("good", "network.responses_understood"),
    ]


def test_a_system_with_a_bad_certificate_gets_no_request(authority: Authority, config: Callable[[str], Config]) -> None:
    with secure_server(authority.server_context(valid_until=-DAY, valid_from=-9 * DAY)) as port:
        findings = list(check_connections(config(f"https://localhost:{port}"), *trusting(trust(authority))))

    assert codes(findings) == [("good", "network.name_resolved"), ("bad", "network.certificate_expired")]


@pytest.mark.parametrize("language", Language)
def test_every_finding_is_a_sentence(authority: Authority, language: Language) -> None:
    with secure_server(authority.server_context(valid_until=9 * DAY)) as port:
        findings = [
            *seen(outside(port, trust(authority), host="localhost")),
            *seen(outside(port, default_tls_context())),
            *findings_of_responses(Verdict.OK, username="dong-bo", date=format_datetime(NOW)).values(),
        ]

    for finding in findings:
        assert "{" not in render_message(finding.message.code, language, finding.message.context)


def test_a_finding_names_an_account_without_its_password() -> None:
    account = Credentials(username="dong-bo", password="canary-of-probes")

    assert "canary" not in repr(findings_of_responses(Verdict.OK, username=account.username))
