"""An nginx as it is: it wants a client certificate, and counts who asks how often."""

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
from cchc_connect.database.state.rate_limits import SharedPace
from cchc_connect.errors import AuthenticationFailed, SourceHeld, Throttled
from cchc_connect.http import Rate
from cchc_connect.transport import Endpoint, RequestsTransport, Surroundings
from cchc_connect.transport.network.tls import PemCertificate, Pkcs12Certificate, tls_context
from tests.thirdparty.foreign import program
from tests.transport.authority import Authority
from tests.transport.carriers import CARRIERS, IMPATIENT

pytestmark = pytest.mark.thirdparty

CONFIGURATION = Path(__file__).parent / "nginx" / "nginx.conf"
ASK = HttpRequest(method="GET", path="/parcels")
QUOTA = HttpRequest(method="GET", path="/quota")
PER_S = 20
EACH = 25
"""Requests of each process at the quota."""


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
        return tls_context(ca_file=self.authority.file)

    def known(self) -> ssl.SSLContext:
        """Return a context that shows the province's certificate."""
        certificate, key = self.authority.pem("tinh")
        context = self.trusting()
        PemCertificate(certificate=certificate, key=key).load_into(context)
        return context

    def statuses(self) -> Counter[str]:
        """Return how often it answered with which status."""
        log = (self.folder / "access.log").read_text(encoding="utf-8")
        return Counter(re.findall(r'" (\d{3}) ', log))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway, None, None]:
    nginx, folder = program("nginx"), tmp_path_factory.mktemp("nginx")
    authority = Authority(folder)
    certificate, key = authority.pem("may-chu")
    (folder / "page.json").write_text("[]", encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    places: dict[str, object] = {"folder": folder, "port": port, "rate": PER_S}
    places |= {"certificate": certificate, "key": key, "ca": authority.file}
    text = CONFIGURATION.read_text(encoding="utf-8")
    for name, value in places.items():
        text = text.replace(f"<{name}>", str(value))
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    for shared in (folder, *folder.parents[:2]):
        shared.chmod(0o755)  # its worker is another user
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


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("form", ["PEM", "PKCS #12"])
def test_a_client_certificate_is_shown(gateway: Gateway, carrier: str, form: str) -> None:
    tls = gateway.known()
    if form == "PKCS #12":
        tls = gateway.trusting()
        Pkcs12Certificate(file=gateway.authority.bundle("tinh", "mật khẩu"), password="mật khẩu").load_into(tls)
    line = CARRIERS[carrier](gateway.endpoint(tls), IMPATIENT, Surroundings())

    assert b'"asked_by": "CN=tinh,' in line.send(ASK).body

    line.close()


@pytest.mark.parametrize("carrier", CARRIERS)
def test_without_a_certificate_its_400_is_a_refusal_of_who_we_are(gateway: Gateway, carrier: str) -> None:
    line = CARRIERS[carrier](gateway.endpoint(gateway.trusting()), IMPATIENT, Surroundings())

    with pytest.raises(AuthenticationFailed) as refused:
        line.send(ASK)

    assert refused.value.context["status"] == 400
    line.close()


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_gateway_whose_authority_we_do_not_know_hears_nothing(gateway: Gateway, carrier: str) -> None:
    before = gateway.statuses()
    line = CARRIERS[carrier](gateway.endpoint(tls_context()), IMPATIENT, Surroundings())

    with pytest.raises(SourceHeld) as refused:
        line.send(ASK)

    assert refused.value.code == "transport.tls_refused"
    assert gateway.statuses() == before
    line.close()


def test_four_processes_at_the_quota_draw_no_refusal(gateway: Gateway, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'shared.db'}"
    SharedDatabase(address).close()
    before, began = gateway.statuses(), time.monotonic()
    context = multiprocessing.get_context("fork")
    endpoint = gateway.endpoint(gateway.known())
    crowd = [context.Process(target=_ask, args=(endpoint, address)) for _ in range(4)]

    for one in crowd:
        one.start()
    for one in crowd:
        one.join(60)

    took_s, drawn = time.monotonic() - began, gateway.statuses() - before
    assert [one.exitcode for one in crowd] == [0] * 4
    assert drawn == {"200": 4 * EACH}
    assert took_s < 1.5 * 4 * EACH / PER_S  # the quota is used, not only kept


def test_without_turns_the_same_processes_are_refused(gateway: Gateway) -> None:
    """The rule is the turns' doing."""
    with RequestsTransport(gateway.endpoint(gateway.known()), IMPATIENT) as line:
        before = gateway.statuses()
        with suppress(Throttled):
            for _ in range(EACH):
                line.send(QUOTA)

    assert (gateway.statuses() - before)["429"] > 0


def _ask(endpoint: Endpoint, address: str) -> None:
    with SharedDatabase(address) as database:
        pace = SharedPace(database, "gateway", Rate(requests=PER_S, per_s=1.0), lambda: datetime.now(UTC))
        surroundings = Surroundings(pace=pace)
        with RequestsTransport(endpoint, IMPATIENT, surroundings) as line:
            for _ in range(EACH):
                line.send(QUOTA)
    os._exit(0)  # no test machinery of the parent is to end here
