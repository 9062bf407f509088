"""The fault kit: its faults, how often they occur, and its example in the guide."""

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from cchc_connect.errors import ConfigurationError
from cchc_connect.testing import FAULTS, FaultyServer, OgcFeaturesDouble, World, json_response
from cchc_connect.testing.doubles.ogc_features import ITEMS
from tests.checkout import ROOT
from tests.coverage_switch import without_coverage

PAGE = json_response({"items": [{"id": "p1"}, {"id": "p2"}]})
GUIDE = ROOT / "docs" / "adapters.md"


def get_page(server: FaultyServer) -> bytes:
    """Send a request and return all bytes of the response."""
    with socket.create_connection(server.address, 2.0) as connection:
        connection.sendall(b"GET /parcels?page=2 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_in_one_sentence_what_the_server_does(name: str) -> None:
    fault = FAULTS[name]

    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert fault.name == name
    assert re.fullmatch(r"[A-Z0-9n].*[^.]\.", fault.meaning)


def test_a_fault_happens_as_often_as_it_is_told_and_then_no_more() -> None:
    with FaultyServer(PAGE) as server:
        server.fail("status_503", times=2)
        firsts = [get_page(server).split(b"\r\n")[0] for _ in range(4)]

    assert firsts == [b"HTTP/1.1 503 Service Unavailable"] * 2 + [b"HTTP/1.1 200 OK"] * 2


def test_a_fault_happens_always_until_the_server_is_healed() -> None:
    with FaultyServer(PAGE) as server:
        server.fail(FAULTS["closed_silently"])
        broken = [get_page(server) for _ in range(3)]
        server.clear_fault()

        assert (broken, get_page(server).endswith(PAGE.body)) == ([b""] * 3, True)


def test_a_fault_is_done_to_the_good_answer_byte_for_byte() -> None:
    with FaultyServer(PAGE) as server:
        server.fail("cut_by_length")
        cut = get_page(server)
        server.fail("chunked")
        chunked = get_page(server)

    assert cut.endswith(b"\r\n\r\n" + PAGE.body[: len(PAGE.body) // 2])
    assert f"Content-Length: {len(PAGE.body)}".encode() in cut
    assert b"Transfer-Encoding: chunked" in chunked
    assert chunked.endswith(b"0\r\nX-Count: 2\r\n\r\n")


def test_an_item_is_spoilt_and_the_others_are_not() -> None:
    with FaultyServer(PAGE) as server:
        server.fail("nan")

        assert get_page(server).endswith(b'[{"id": "p1", "spoilt": NaN}, {"id": "p2"}]}')


def test_the_good_answers_may_be_a_doubles(world: World, http: requests.Session) -> None:
    with OgcFeaturesDouble(world) as double, FaultyServer(double.respond) as server:
        response = http.get(f"{server.base_url}{ITEMS}", params={"f": "json", "limit": "3"}, timeout=5)

    assert len(response.json()["features"]) == 3
    assert server.requests[0].first("limit") == "3"


def test_what_no_fault_is_called_cannot_happen() -> None:
    with FaultyServer() as server, pytest.raises(KeyError):
        server.fail("gremlins")


def test_a_fault_of_tls_needs_a_server_that_speaks_it() -> None:
    with FaultyServer() as server, pytest.raises(ValueError, match="tls=True"):
        server.fail("expired_tls")


def test_certificates_are_made_for_the_occasion_and_gone_with_it() -> None:
    with FaultyServer(PAGE, tls=True) as server:
        ca_file = server.ca_file
        response = requests.get(server.base_url, verify=str(ca_file), timeout=5)

        assert response.content == PAGE.body
        assert {path.stat().st_mode & 0o077 for path in ca_file.parent.glob("*.pem") if path != ca_file} == {0}

    assert not ca_file.parent.exists()
    with pytest.raises(RuntimeError):
        server.ca_file  # noqa: B018  # reading the attribute is the test


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    monkeypatch.delitem(sys.modules, "cchc_connect.testing.faults.certificates", raising=False)

    with pytest.raises(ConfigurationError) as raised:
        FaultyServer(tls=True).start()

    assert raised.value.code == "extra.testing"
    assert "cchc-connect[testing]" in str(raised.value)


def test_a_stopped_server_leaves_no_thread() -> None:
    """Not even the thread of a response that hangs."""
    before = threading.active_count()
    with FaultyServer(PAGE) as server:
        server.fail("hang")
        with socket.create_connection(server.address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while not server.requests:
                threading.Event().wait(0.001)
            server.stop()
            server.stop()

    assert threading.active_count() == before


def test_the_guides_example_passes(tmp_path: Path) -> None:
    """In a process of its own, as an integrator runs it."""
    (example,) = re.findall(r"```python\n(import pytest\n.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    tmp_path.joinpath("test_mine.py").write_text(example, encoding="utf-8")
    roots = [ROOT, ROOT / "schemas", ROOT / "adapters", ROOT / "examples/district_registry_adapter/src"]
    environment = without_coverage(os.environ) | {"PYTHONPATH": os.pathsep.join(map(str, roots))}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # ours take longer to import than the example takes

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "4 passed" in done.stdout, done.stdout
