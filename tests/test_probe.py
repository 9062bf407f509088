"""What is seen of a system from outside: its name, its TLS, its clock; each finding has a code, and two languages."""

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
from cchc_connect.answers_heard import AnswersHeard
from cchc_connect.check import check_connections
from cchc_connect.connections import ConnectionTable
from cchc_connect.finding import Finding
from cchc_connect.messages import Language, message
from cchc_connect.probe import Outside, probe
from cchc_connect.sync.connect import endpoint
from cchc_connect.transport import Endpoint, Policy, RequestsTransport
from cchc_connect.transport.guard import Origin
from cchc_connect.transport.resolving import Resolver, system_resolver
from cchc_connect.transport.tls import tls_context, usual_trust
from tests.cli.conftest import install_adapters
from tests.transport.authority import Authority

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PAGE = b'{"items": [], "next": null, "total": 0, "gone": []}'


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def trust(authority: Authority) -> ssl.SSLContext:
    return tls_context(ca_file=authority.file)


@contextmanager
def secure_server(context: ssl.SSLContext | None, date: str | None = None) -> Generator[int]:
    """Serve an empty page over TLS, dated as told, and give the port; without a context it does not speak TLS."""

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
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Let those who turn away go."""

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


def outside(port: int, trust: ssl.SSLContext, **more: Any) -> Outside:
    origin = Origin(more.pop("scheme", "https"), more.pop("host", "127.0.0.1"), port)
    return Outside(connection="land", origin=origin, trust=trust, **more)


def seen(one: Outside, resolve: Resolver = system_resolver) -> list[Finding]:
    return list(probe(one, lambda: NOW, resolve))


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.said.code) for finding in findings]


def test_a_system_in_order_is_told_with_its_certificates_days(authority: Authority) -> None:
    with secure_server(authority.server(ends=90 * DAY + timedelta(hours=1))) as port:
        named, secured = seen(outside(port, trust(authority), host="localhost"))

    assert codes([named, secured]) == [("good", "network.name_resolved"), ("good", "network.certificate_valid")]
    assert int(str(named.said.context["number"])) >= 1
    assert secured.said.context["days"] == 90
    assert str(secured.said.context["version"]).startswith("TLSv1.")


def test_an_address_has_no_name_to_be_resolved(authority: Authority) -> None:
    with secure_server(authority.server()) as port:
        found = seen(outside(port, trust(authority)))

    assert codes(found)[0] == ("good", "network.is_address")


@pytest.mark.parametrize(("days", "level"), [(29, "warning"), (31, "good")])
def test_a_certificate_that_ends_soon_is_a_warning(authority: Authority, days: int, level: str) -> None:
    with secure_server(authority.server(ends=days * DAY + timedelta(hours=1))) as port:
        secured = seen(outside(port, trust(authority)))[-1]

    assert (secured.level, secured.said.context["days"], secured.error) == (level, days, None)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"begins": -9 * DAY, "ends": -DAY}, "network.certificate_expired"),
        ({"begins": DAY, "ends": 2 * DAY}, "network.certificate_not_yet"),
        ({"names": ["land.example"]}, "network.certificate_other_name"),
    ],
)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_is_not_good_is_told_by_its_fault(
    authority: Authority, made: dict[str, Any], code: str, host: str
) -> None:
    with secure_server(authority.server(**made)) as port:
        secured = seen(outside(port, trust(authority), host=host))[-1]

    assert codes([secured]) == [("bad", code)]
    assert isinstance(secured.error, SourceHeld)


def test_an_authority_that_nobody_here_knows_is_told(authority: Authority) -> None:
    with secure_server(authority.server()) as port:
        secured = seen(outside(port, usual_trust()))[-1]

    assert codes([secured]) == [("bad", "network.certificate_untrusted")]


def test_what_is_not_verified_is_a_warning_with_its_reason(authority: Authority) -> None:
    blind = tls_context(unverified=True)

    with secure_server(authority.server(["land.example"], -9 * DAY, -DAY)) as port:
        secured = seen(outside(port, blind, unverified_because="chờ chứng thư mới"))[-1]

    assert codes([secured]) == [("warning", "network.unverified")]
    assert secured.said.context["reason"] == "chờ chứng thư mới"


def test_a_server_that_speaks_no_tls_is_told(authority: Authority) -> None:
    with secure_server(None) as port:
        secured = seen(outside(port, trust(authority)))[-1]

    assert codes([secured]) == [("bad", "network.tls_failed")]


def test_where_nobody_listens_there_is_no_connection(authority: Authority) -> None:
    secured = seen(outside(9, trust(authority)))[-1]

    assert codes([secured]) == [("bad", "network.no_connection")]
    assert isinstance(secured.error, Unreachable)


def test_nobody_waits_for_a_greeting_that_does_not_end(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cchc_connect.probe.PATIENCE_S", 0.2)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        secured = seen(outside(silent.getsockname()[1], trust(authority)))[-1]

    assert codes([secured]) == [("bad", "network.tls_handshake_timeout")]


def test_plain_http_is_a_warning_with_its_reason_unless_it_stays_here() -> None:
    far = seen(outside(80, usual_trust(), scheme="http", host="192.0.2.1", plain_because="mạng riêng"))[-1]
    here = seen(outside(80, usual_trust(), scheme="http"))[-1]

    assert codes([far, here]) == [("warning", "network.plain_http"), ("good", "network.plain_http_loopback")]
    assert far.said.context["reason"] == "mạng riêng"


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.0.1", "100.100.100.200"])
def test_a_name_that_leads_to_a_metadata_address_is_not_followed(address: str) -> None:
    """One among several is enough; nothing is sent to any of them."""
    found = seen(outside(443, usual_trust(), host="land.example"), lambda _: ["127.0.0.1", address])

    assert codes(found) == [("bad", "network.forbidden_address")]
    assert address not in repr(found)


def test_a_name_that_does_not_resolve_is_told() -> None:
    def unknown(_: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    found = seen(outside(443, usual_trust(), host="land.example"), unknown)

    assert codes(found) == [("bad", "network.name_unresolved")]
    assert found[0].error is not None
    assert found[0].error.__context__ is None


def test_nobody_waits_for_a_name_service_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    monkeypatch.setattr("cchc_connect.probe.PATIENCE_S", 0.05)

    def silent(_: str) -> list[str]:
        ended.wait(20)
        return []

    found = seen(outside(443, usual_trust(), host="land.example"), silent)
    ended.set()

    assert codes(found) == [("bad", "network.name_service_timeout")]


class Quiet:
    """An adapter with a dialect and nothing else."""

    sources = ()
    targets = ()

    def __init__(self, *verdicts: Verdict) -> None:
        left = list(verdicts)
        self.dialect = Dialect(classify=lambda _: left.pop(0))


def heard(*verdicts: Verdict, username: str | None = None, **headers: str) -> Mapping[str, Finding]:
    """Return what is told of answers with these verdicts and headers, by code."""
    adapter = AnswersHeard(Quiet(*verdicts), lambda: NOW)
    for _ in verdicts:
        adapter.dialect.classify(HttpResponse(status=200, headers=headers, body=b""))
    return {finding.said.code: finding for finding in adapter.findings("land", username)}


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
    """Its Date has whole seconds, so that one more or less tells nothing."""
    found = heard(Verdict.OK, date=format_datetime(NOW + timedelta(seconds=ahead_s), usegmt=False))

    assert abs(int(str(found[code].said.context["seconds"])) - seconds) <= 1
    assert found[code].is_warning == (code != "network.clock_ok")


@pytest.mark.parametrize("headers", [{}, {"date": "gestern"}, {"date": "Thu, 01 Jan 1970 00:00:00 GMT", "age": "9"}])
def test_a_clock_that_is_not_told_is_no_trouble(headers: dict[str, str]) -> None:
    assert heard(Verdict.OK, **headers)["network.clock_unknown"].level == "good"


def test_an_account_is_accepted_where_an_answer_was_given_for_it() -> None:
    assert "network.account_accepted" in heard(Verdict.OK, username="dong-bo")
    assert "network.account_accepted" in heard(Verdict.AUTH, Verdict.OK, username="dong-bo")
    assert "network.account_accepted" not in heard(Verdict.AUTH, username="dong-bo")
    assert "network.account_accepted" not in heard(Verdict.UNKNOWN, username="dong-bo")
    assert "network.account_accepted" not in heard(Verdict.OK)


def test_answers_are_understood_where_none_is_unknown() -> None:
    assert heard(Verdict.OK, Verdict.NOT_FOUND)["network.responses_understood"].said.context == {"number": 2}
    assert "network.responses_understood" not in heard(Verdict.OK, Verdict.UNKNOWN)
    assert heard() == {}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Config]:
    """Give what makes a configuration that connects a district at an address."""
    install_adapters(tmp_path, monkeypatch, {"district": "tests.cli.district_adapter:DistrictAdapter"})

    def connecting(base_url: str) -> Config:
        table = {"adapter": "district", "agency": "000.00.01.H09", "base_url": base_url}
        return Config.from_tables({"connections": {"land": table}}, tmp_path / "cchc.toml")

    return connecting


def reached(
    context: ssl.SSLContext,
) -> tuple[Callable[..., AbstractContextManager[RequestsTransport]], Callable[..., Endpoint]]:
    """Return how connections are opened and told that trust an authority of a test."""

    def far_end(name: str, table: ConnectionTable, adapter: Adapter) -> Endpoint:
        return replace(endpoint(name, table, adapter), tls=context)

    def connect(
        name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float
    ) -> AbstractContextManager[RequestsTransport]:
        return RequestsTransport(far_end(name, table, adapter), Policy(deadline_s=deadline_s))

    return connect, far_end


def test_a_check_goes_from_the_name_to_the_first_page(authority: Authority, config: Callable[[str], Config]) -> None:
    """One line each, over the real wire, with the trust of a run."""
    behind = format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)

    with secure_server(authority.server(ends=9 * DAY), behind) as port:
        found = list(check_connections(config(f"https://localhost:{port}"), *reached(trust(authority))))

    assert codes(found) == [
        ("good", "network.name_resolved"),
        ("warning", "network.certificate_expiring"),
        ("good", "check.page_readable"),
        ("warning", "network.clock_behind"),
        ("good", "network.responses_understood"),
    ]


def test_a_system_that_cannot_be_trusted_is_not_asked(authority: Authority, config: Callable[[str], Config]) -> None:
    with secure_server(authority.server(ends=-DAY, begins=-9 * DAY)) as port:
        found = list(check_connections(config(f"https://localhost:{port}"), *reached(trust(authority))))

    assert codes(found) == [("good", "network.name_resolved"), ("bad", "network.certificate_expired")]


@pytest.mark.parametrize("language", Language)
def test_every_finding_is_a_sentence(authority: Authority, language: Language) -> None:
    with secure_server(authority.server(ends=9 * DAY)) as port:
        found = [
            *seen(outside(port, trust(authority), host="localhost")),
            *seen(outside(port, usual_trust())),
            *heard(Verdict.OK, username="dong-bo", date=format_datetime(NOW)).values(),
        ]

    for finding in found:
        assert "{" not in message(finding.said.code, language, finding.said.context)


def test_an_account_is_told_by_its_name_alone() -> None:
    account = Credentials(username="dong-bo", password="canary-of-probes")

    assert "canary" not in repr(heard(Verdict.OK, username=account.username))
