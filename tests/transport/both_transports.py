"""One blocking interface for both transports, so that one test checks a rule on both."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from cchc_connect import Conversation, HttpRequest, HttpResponse
from cchc_connect.transport import AsyncTransport, Endpoint, Policy, RequestsTransport, Traffic, TransportEnvironment

Result = TypeVar("Result")

FAST_POLICY = Policy(deadline_s=2.0, connect_timeout_s=0.5, read_timeout_s=0.6, backoff_base_s=0.001)
"""The default policy with short timeouts and waits."""


class TransportUnderTest(Protocol):
    """The blocking interface of a transport under test."""

    @property
    def traffic(self) -> Traffic: ...

    def send(self, request: HttpRequest) -> HttpResponse: ...

    def run(self, conversation: Conversation[Result]) -> Result: ...

    def send_concurrently(self, request: HttpRequest, times: int) -> list[HttpResponse]:
        """Send `request` from `times` threads or tasks at once."""
        ...

    def close(self) -> None: ...


class BlockingTransport:
    """The transport over requests, with threads."""

    def __init__(self, endpoint: Endpoint, policy: Policy, environment: TransportEnvironment) -> None:
        self._transport = RequestsTransport(endpoint, policy, environment)
        self.send = self._transport.send

    @property
    def traffic(self) -> Traffic:
        return self._transport.traffic

    def run(self, conversation: Conversation[Result]) -> Result:
        return self._transport.run(conversation)

    def send_concurrently(self, request: HttpRequest, times: int) -> list[HttpResponse]:
        with ThreadPoolExecutor(times) as threads:
            return list(threads.map(self.send, [request] * times))

    def close(self) -> None:
        self._transport.close()


class AsynchronousTransport:
    """The transport over httpx, with tasks on an event loop of its own."""

    def __init__(self, endpoint: Endpoint, policy: Policy, environment: TransportEnvironment) -> None:
        self._loop = asyncio.Runner()
        self._transport = AsyncTransport(endpoint, policy, environment)

    @property
    def traffic(self) -> Traffic:
        return self._transport.traffic

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._loop.run(self._transport.send(request))

    def run(self, conversation: Conversation[Result]) -> Result:
        return self._loop.run(self._transport.run(conversation))

    def send_concurrently(self, request: HttpRequest, times: int) -> list[HttpResponse]:
        async def all_of_them() -> list[HttpResponse]:
            return await asyncio.gather(*[self._transport.send(request) for _ in range(times)])

        return self._loop.run(all_of_them())

    def close(self) -> None:
        self._loop.run(self._transport.close())
        self._loop.close()


MakeCarrier = Callable[[Endpoint, Policy, TransportEnvironment], TransportUnderTest]

TRANSPORTS: dict[str, MakeCarrier] = {"requests": BlockingTransport, "httpx": AsynchronousTransport}


class OpenTransport(Protocol):
    """Opens one of the transports to an endpoint."""

    def __call__(
        self, endpoint: Endpoint, policy: Policy = ..., environment: TransportEnvironment = ...
    ) -> TransportUnderTest: ...
