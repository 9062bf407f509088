"""The transport for asyncio, over httpx (extra `async`)."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tenacity import AsyncRetrying

from cchc_connect.errors import Throttled
from cchc_connect.extras import extra
from cchc_connect.http import Exchange, HttpRequest, HttpResponse, Result
from cchc_connect.transport.attempt import Attempt, keep_quiet
from cchc_connect.transport.auth.sessions import Pause
from cchc_connect.transport.calls.call import Send, Traffic
from cchc_connect.transport.calls.error_mapping import overdue
from cchc_connect.transport.channel import Line
from cchc_connect.transport.conversation import OpenSession, drive_async, serve
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.network.dns import Resolver
from cchc_connect.transport.retry_policy import Policy, Surroundings

if TYPE_CHECKING:
    from cchc_connect.transport.httpx_carrier import HttpxCarrier


class AsyncTransport:
    """Sends requests to one system for the tasks of one event loop, by the rules of `RequestsTransport`.

    Use it as an asynchronous context manager: it keeps connections open between calls.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        policy: Policy | None = None,
        surroundings: Surroundings | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare the transport; nothing is sent before the first call.

        Raises:
            ConfigurationError: the extra `async` is not installed.
        """
        keep_quiet()
        self._line = Line(endpoint, policy or Policy(), surroundings or Surroundings())
        self._sleep = sleep
        self._login_lock = asyncio.Lock()
        self._carrier = _carrier(endpoint.tls, self._line.surroundings.resolve)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections kept open."""
        await self._carrier.close()

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes of this transport so far."""
        return self._line.traffic.total()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send `request` and return its response, within the policy's deadline.

        Raises:
            CchcError: the typed error of a failed connection or of a verdict outside `request.accept`.
        """
        return await drive_async(serve(request, self._line), self._perform)

    async def run(self, conversation: Exchange[Result]) -> Result:
        """Run an adapter's conversation to its end and return its result.

        Raises:
            CchcError: the typed error of a request, where the conversation does not catch it.
        """
        return await drive_async(conversation, self.send)

    async def _perform(self, step: Send | OpenSession | Pause) -> Any:
        if isinstance(step, Send):
            return await AsyncRetrying(sleep=self._sleep, **self._line.retrying(step.call))(self._send_in_turn, step)
        if isinstance(step, Pause):
            return await self._sleep(step.seconds)
        try:
            async with asyncio.timeout(step.call.deadline.remaining()):
                await self._login_lock.acquire()
        except TimeoutError:
            raise overdue(step.call) from None
        try:
            return await drive_async(step.steps, self._perform)
        finally:
            self._login_lock.release()

    async def _send_in_turn(self, step: Send) -> HttpResponse:
        wait_s = await asyncio.to_thread(self._line.turn, step.call) if self._is_rate_limited else 0.0
        if wait_s:
            await self._sleep(wait_s)
        try:
            return await self._attempt(step)
        except Throttled as throttled:
            if self._is_rate_limited:
                await asyncio.to_thread(self._line.put_off, throttled)
            raise

    @property
    def _is_rate_limited(self) -> bool:
        """Whether a rate limit is set: it may query a database, which would block the other tasks."""
        return self._line.surroundings.pace is not None

    async def _attempt(self, step: Send) -> HttpResponse:
        with Attempt(self._line, step) as attempt:
            return await self._carrier.carry(attempt)


def _carrier(tls: ssl.SSLContext | None, resolve: Resolver) -> "HttpxCarrier":
    with extra("async", "httpx"):
        from cchc_connect.transport.httpx_carrier import HttpxCarrier  # noqa: PLC0415  # the extra may be missing
    return HttpxCarrier(tls, resolve)
