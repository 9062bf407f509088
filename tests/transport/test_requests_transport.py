"""Rules of the blocking transport only; rules of both transports are in test_contract."""

from typing import Any

import pytest
import responses

from cchc_connect import Dialect, HttpRequest, HttpResponse, Verdict
from cchc_connect.errors import Maintenance, SourceHeld
from cchc_connect.transport import Endpoint, Policy, RequestsTransport, Traffic, Transport, TransportEnvironment
from tests.transport.dialects import portal_endpoint, rest_endpoint
from tests.transport.test_retry_policy import FakeTime, longest_wait

BASE = "https://dulieu.example.vn/api"
GET = HttpRequest(method="GET", path="/parcels")


@responses.activate
def test_waits_use_the_configured_sleep() -> None:
    responses.get(f"{BASE}/parcels", status=503, headers={"Retry-After": "3"})
    world = FakeTime()
    environment = TransportEnvironment(clock=world.clock, uniform=longest_wait)

    with (
        RequestsTransport(rest_endpoint(BASE), Policy(), environment, sleep=world.sleep) as transport,
        pytest.raises(Maintenance),
    ):
        transport.send(GET)

    assert world.slept == [3.0, 3.0, 3.0]
    assert len(responses.calls) == 4


@responses.activate
def test_a_session_is_replaced_shortly_before_it_expires() -> None:
    responses.post(f"{BASE}/login", json={"error_code": 0, "session": "s"})
    responses.post(f"{BASE}/parcels", json={"error_code": 0})
    world = FakeTime()
    post = HttpRequest(method="POST", path="/parcels", json={})

    with RequestsTransport(
        portal_endpoint(BASE, lifetime_s=600.0), environment=TransportEnvironment(clock=world.clock)
    ) as transport:
        transport.send(post)
        world.now += 569.0
        transport.send(post)
        world.now += 1.0
        transport.send(post)

    paths = [call.request.path_url for call in responses.calls]
    assert paths == ["/api/login", "/api/parcels", "/api/parcels", "/api/login", "/api/parcels"]


@responses.activate
def test_the_request_id_comes_from_its_factory() -> None:
    responses.get(f"{BASE}/parcels", json=[])

    with RequestsTransport(
        rest_endpoint(BASE), environment=TransportEnvironment(request_id=lambda: "id-1")
    ) as transport:
        transport.send(GET)

    assert responses.calls[0].request.headers["X-Request-Id"] == "id-1"


@responses.activate
def test_environment_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    responses.get(f"{BASE}/parcels", json=[])

    with RequestsTransport(rest_endpoint(BASE)) as transport:
        transport.send(GET)

    request: Any = responses.calls[0].request
    assert request.req_kwargs.keys() == {"stream", "timeout", "proxies"}  # no authorities from the environment
    assert dict(request.req_kwargs["proxies"]) == {}


@responses.activate
def test_a_body_that_the_classifier_cannot_read_is_not_understood() -> None:
    def classify(response: HttpResponse) -> Verdict:
        return Verdict.OK if response.json() else Verdict.INVALID

    responses.get(f"{BASE}/parcels", body=b"<html>", content_type="text/html")
    endpoint = Endpoint(name="registry", base_url=BASE, dialect=Dialect(classify=classify))

    with RequestsTransport(endpoint) as transport, pytest.raises(SourceHeld) as raised:
        transport.send(GET)

    assert raised.value.code == "transport.web_page"


def test_requests_transport_satisfies_the_transport_protocol() -> None:
    transport: Transport = RequestsTransport(rest_endpoint(BASE))

    assert transport.traffic == Traffic()
