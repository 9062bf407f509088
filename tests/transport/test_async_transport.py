"""Rules of the asynchronous transport only; rules of both transports are in test_contract."""

import asyncio
import sys

import httpx
import pytest
import respx

from cchc_connect import HttpRequest
from cchc_connect.errors import ConfigurationError, Maintenance, Unreachable
from cchc_connect.transport import AsyncTransport, Policy, TransportEnvironment
from tests.transport.dialects import rest_endpoint
from tests.transport.test_retry_policy import FakeTime, longest_wait

BASE = "https://dulieu.example.vn/api"
GET = HttpRequest(method="GET", path="/parcels")


async def send(world: FakeTime) -> int:
    environment = TransportEnvironment(clock=world.clock, uniform=longest_wait)
    async with AsyncTransport(rest_endpoint(BASE), Policy(), environment, sleep=world.sleep_async) as transport:
        response = await transport.send(GET)
        return response.status


@respx.mock
def test_waits_use_the_configured_sleep() -> None:
    route = respx.get(f"{BASE}/parcels").respond(503, headers={"Retry-After": "3"})
    world = FakeTime()

    with pytest.raises(Maintenance):
        asyncio.run(send(world))

    assert world.slept == [3.0, 3.0, 3.0]
    assert route.call_count == 4


@respx.mock
@pytest.mark.parametrize("foreign", [httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout, httpx.ConnectError])
def test_errors_of_httpx_are_retried(foreign: type[httpx.TransportError]) -> None:
    respx.get(f"{BASE}/parcels").mock(side_effect=[foreign("?token=canary"), httpx.Response(200, json=[])])
    world = FakeTime()

    assert asyncio.run(send(world)) == 200
    assert world.slept == [0.5]


@respx.mock
def test_a_lasting_error_of_httpx_becomes_ours_without_a_cause() -> None:
    respx.get(f"{BASE}/parcels").mock(side_effect=httpx.ConnectError("?token=canary"))

    with pytest.raises(Unreachable) as raised:
        asyncio.run(send(FakeTime()))

    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


@respx.mock
def test_cancelling_a_task_cancels_its_call() -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(5)
        return httpx.Response(200)

    respx.get(f"{BASE}/parcels").mock(side_effect=hang)

    async def cancel() -> None:
        async with AsyncTransport(rest_endpoint(BASE)) as transport:
            task = asyncio.create_task(transport.send(GET))
            await asyncio.sleep(0.05)
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


def test_without_its_extra_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    monkeypatch.delitem(sys.modules, "cchc_connect.transport.httpx_carrier", raising=False)

    with pytest.raises(ConfigurationError) as raised:
        AsyncTransport(rest_endpoint(BASE))

    assert raised.value.code == "extra.async"
    assert "pip install 'cchc-connect[async]'" in str(raised.value)
