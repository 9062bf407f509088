"""Against an unmodified nginx that requires client certificates and limits the rate of requests."""

import multiprocessing
import os
import re
import socket
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cchc_connect import Dialect, HttpRequest, SharedDatabase, classify_rest
from cchc_connect.database.state.rate_limits import SharedRateLimit
from cchc_connect.errors import AuthenticationFailed, SourceHeld, Throttled
from cchc_connect.http import Rate
from cchc_connect.transport import Endpoint, RequestsTransport, TransportEnvironment
from cchc_connect.transport.network.tls import PemCertificate, Pkcs12Certificate, tls_context
from tests.thirdparty.installation import program_or_skip
from tests.transport.authority import Authority
from tests.transport.both_transports import FAST_POLICY, TRANSPORTS

pytestmark = pytest.mark.thirdparty

CONFIGURATION = Path(__file__).parent / "nginx" / "nginx.conf"
GET = HttpRequest(method="GET", path="/parcels")
QUOTA = HttpRequest(method="GET", path="/quota")
PER_S = 20
EACH = 25
"""Requests of each process to the rate-limited path."""


@dataclass(frozen=True)
class Gateway:
    """A running nginx."""

    port: int
    authority: Authority
    folder: Path

    def endpoint(self, tls: ssl.SSLContext) -> Endpoint:
        base_url, dialect = f"https://127.0.0.1:{self.port}", Dialect(classify=classify_rest)
        return Endpoint(name="gateway", base_url=base_url, dialect=dialect, tls=tls)

    def trusting(self) -> ssl.SSLContext:
        return tls_context(ca_file=self.authority.ca_file)

    def with_certificate(self) -> ssl.SSLContext:
        """Return a TLS context with the province's client certificate."""
        certificate, key = self.authority.write_pem("tinh")
        context = self.trusting()
        PemCertificate(certificate=certificate, key=key).load_into(context)
        return context

    def statuses(self) -> Counter[str]:
        """Return the number of responses by status."""
        log = (self.folder / "access.log").read_text(encoding="utf-8")
        return Counter(re.findall(r'" (\d{3}) ', log))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway, None, None]:
    nginx, folder = program_or_skip("nginx"), tmp_path_factory.mktemp("nginx")
    authority = Authority(folder)
    certificate, key = authority.write_pem("may-chu")
    (folder / "page.json").write_text("[]", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    replacements: dict[str, object] = {"folder": folder, "port": port, "rate": PER_S}
    replacements |= {"certificate": certificate, "key": key, "ca": authority.ca_file}
    text = CONFIGURATION.read_text(encoding="utf-8")
    for name, value in replacements.items():
        text = text.replace(f"<{name}>", str(value))
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    for shared in (folder, *folder.parents[:2]):
        shared.chmod(0o755)  # nginx's worker runs as another user
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield Gateway(port, authority, folder)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        assert process.poll() is None, "nginx did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("nginx does not listen")


@pytest.mark.parametrize("carrier", TRANSPORTS)
@pytest.mark.parametrize("form", ["PEM", "PKCS #12"])
def test_a_client_certificate_is_sent(gateway: Gateway, carrier: str, form: str) -> None:
    tls = gateway.with_certificate()
    if form == "PKCS #12":
        tls = gateway.trusting()
        Pkcs12Certificate(file=gateway.authority.write_pkcs12("tinh", "mật khẩu"), password="mật khẩu").load_into(tls)
    transport = TRANSPORTS[carrier](gateway.endpoint(tls), FAST_POLICY, TransportEnvironment())

    assert b'"client": "CN=tinh,' in transport.send(GET).body

    transport.close()


@pytest.mark.parametrize("carrier", TRANSPORTS)
def test_a_400_for_a_missing_certificate_is_an_authentication_error(gateway: Gateway, carrier: str) -> None:
    transport = TRANSPORTS[carrier](gateway.endpoint(gateway.trusting()), FAST_POLICY, TransportEnvironment())

    with pytest.raises(AuthenticationFailed) as refused:
        transport.send(GET)

    assert refused.value.context["status"] == 400
    transport.close()


@pytest.mark.parametrize("carrier", TRANSPORTS)
def test_a_gateway_of_an_unknown_authority_gets_no_request(gateway: Gateway, carrier: str) -> None:
    before = gateway.statuses()
    transport = TRANSPORTS[carrier](gateway.endpoint(tls_context()), FAST_POLICY, TransportEnvironment())

    with pytest.raises(SourceHeld) as refused:
        transport.send(GET)

    assert refused.value.code == "transport.tls_refused"
    assert gateway.statuses() == before
    transport.close()


def test_four_processes_that_share_a_quota_are_never_refused(gateway: Gateway, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'shared.db'}"
    SharedDatabase(address, create_or_upgrade=True).close()
    before, began = gateway.statuses(), time.monotonic()
    context = multiprocessing.get_context("fork")
    endpoint = gateway.endpoint(gateway.with_certificate())
    processes = [context.Process(target=_send_each, args=(endpoint, address)) for _ in range(4)]

    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    took_s, drawn = time.monotonic() - began, gateway.statuses() - before
    assert [process.exitcode for process in processes] == [0] * 4
    assert drawn == {"200": 4 * EACH}
    assert took_s < 1.5 * 4 * EACH / PER_S  # the quota is used up, not only kept


def test_without_a_shared_quota_requests_are_refused(gateway: Gateway) -> None:
    """So the rule above comes from the shared quota."""
    with RequestsTransport(gateway.endpoint(gateway.with_certificate()), FAST_POLICY) as transport:
        before = gateway.statuses()
        with suppress(Throttled):
            for _ in range(EACH):
                transport.send(QUOTA)

    assert (gateway.statuses() - before)["429"] > 0


def _send_each(endpoint: Endpoint, address: str) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        pace = SharedRateLimit(database, "gateway", Rate(requests=PER_S, per_s=1.0), lambda: datetime.now(UTC))
        environment = TransportEnvironment(rate_limiter=pace)
        with RequestsTransport(endpoint, FAST_POLICY, environment) as transport:
            for _ in range(EACH):
                transport.send(QUOTA)
    os._exit(0)  # skips the parent's test machinery, which this process inherited
