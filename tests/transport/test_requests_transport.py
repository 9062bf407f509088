"""What is the blocking carrier's own; all else stands in test_contract."""

import pytest
import responses

from cchc_connect.errors import Maintenance, SourceHeld
from cchc_connect.transport import (
    Dialect,
    Endpoint,
    HttpRequest,
    HttpResponse,
    Policy,
    RequestsTransport,
    Surroundings,
    Traffic,
    Transport,
    Verdict,
)
from tests.transport.dialects import portal, rest
from tests.transport.test_policy import World, longest

BASE = "https://dulieu.example.vn/api"
ASK = HttpRequest(method="GET", path="/parcels")


@responses.activate
def test_waits_are_slept_with_the_sleep_handed_in() -> None:
    responses.get(f"{BASE}/parcels", status=503, headers={"Retry-After": "3"})
    world = World()
    surroundings = Surroundings(clock=world.clock, uniform=longest)

    with (
        RequestsTransport(rest(BASE), Policy(), surroundings, sleep=world.sleep) as transport,
        pytest.raises(Maintenance),
    ):
        transport.send(ASK)

    assert world.slept == [3.0, 3.0, 3.0]
    assert len(responses.calls) == 4


@responses.activate
def test_a_session_is_not_used_any_more_shortly_before_its_life_ends() -> None:
    responses.post(f"{BASE}/login", json={"error_code": 0, "session": "s"})
    responses.post(f"{BASE}/parcels", json={"error_code": 0})
    world = World()
    tell = HttpRequest(method="POST", path="/parcels", json={})

    with RequestsTransport(portal(BASE, lifetime_s=600.0), surroundings=Surroundings(clock=world.clock)) as transport:
        transport.send(tell)
        world.now += 569.0
        transport.send(tell)
        world.now += 1.0
        transport.send(tell)

    paths = [call.request.path_url for call in responses.calls]
    assert paths == ["/api/login", "/api/parcels", "/api/parcels", "/api/login", "/api/parcels"]


@responses.activate
def test_the_request_id_comes_from_its_factory() -> None:
    responses.get(f"{BASE}/parcels", json=[])

    with RequestsTransport(rest(BASE), surroundings=Surroundings(request_id=lambda: "id-1")) as transport:
        transport.send(ASK)

    assert responses.calls[0].request.headers["X-Request-Id"] == "id-1"


@responses.activate
def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    responses.get(f"{BASE}/parcels", json=[])

    with RequestsTransport(rest(BASE)) as transport:
        transport.send(ASK)

    asked_with = responses.calls[0].request.req_kwargs  # type: ignore[attr-defined]  # set by responses
    assert asked_with["verify"] is True
    assert not asked_with["proxies"]


@responses.activate
def test_a_classifier_that_cannot_read_the_body_has_not_understood_it() -> None:
    def classify(response: HttpResponse) -> Verdict:
        return Verdict.OK if response.json() else Verdict.INVALID

    responses.get(f"{BASE}/parcels", body=b"<html>", content_type="text/html")
    endpoint = Endpoint(name="registry", base_url=BASE, dialect=Dialect(classify=classify))

    with RequestsTransport(endpoint) as transport, pytest.raises(SourceHeld) as raised:
        transport.send(ASK)

    assert raised.value.code == "transport.response_unexpected"


def test_it_is_a_transport() -> None:
    transport: Transport = RequestsTransport(rest(BASE))

    assert transport.traffic == Traffic()
