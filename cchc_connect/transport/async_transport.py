"""The transport for asyncio, over httpx (extra `async`)."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tenacity import AsyncRetrying

from cchc_connect.errors import Throttled
from cchc_connect.extras import require_extra
from cchc_connect.http import Conversation, HttpRequest, HttpResponse, Result
from cchc_connect.transport.attempt import Attempt, suppress_library_logs
from cchc_connect.transport.auth.sessions import WaitStep
from cchc_connect.transport.calls.call import SendStep, Traffic
from cchc_connect.transport.calls.error_mapping import deadline_error
from cchc_connect.transport.channel import EndpointChannel
from cchc_connect.transport.conversation import LoginStep, call_steps, run_steps_async
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.network.dns import Resolver
from cchc_connect.transport.retry_policy import Policy, TransportEnvironment

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
        environment: TransportEnvironment | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare the transport; nothing is sent before the first call.

        Raises:
            ConfigurationError: the extra `async` is not installed.
        """
        suppress_library_logs()
        self._channel = EndpointChannel(endpoint, policy or Policy(), environment or TransportEnvironment())
        self._sleep = sleep
        self._login_lock = asyncio.Lock()
        self._carrier = _carrier(endpoint, self._channel.environment.resolve)

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
        return self._channel.traffic.total()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send `request` and return its response, within the policy's deadline.

        Raises:
            CchcError: the typed error of a failed connection or of a verdict outside `request.accepted_verdicts`.
        """
        return await run_steps_async(call_steps(request, self._channel), self._perform)

    async def run(self, conversation: Conversation[Result]) -> Result:
        """Run an adapter's conversation to its end and return its result.

        Raises:
            CchcError: the typed error of a request, where the conversation does not catch it.
        """
        return await run_steps_async(conversation, self.send)

    async def _perform(self, step: SendStep | LoginStep | WaitStep) -> Any:
        if isinstance(step, SendStep):
            return await AsyncRetrying(sleep=self._sleep, **self._channel.retry_arguments(step.call))(
                self._send_within_rate_limit, step
            )
        if isinstance(step, WaitStep):
            return await self._sleep(step.seconds)
        try:
            async with asyncio.timeout(step.call.deadline.remaining()):
                await self._login_lock.acquire()
        except TimeoutError:
            raise deadline_error(step.call) from None
        try:
            return await run_steps_async(step.login_steps, self._perform)
        finally:
            self._login_lock.release()

    async def _send_within_rate_limit(self, step: SendStep) -> HttpResponse:
        wait_s = await asyncio.to_thread(self._channel.acquire_slot, step.call) if self._is_rate_limited else 0.0
        if wait_s:
            await self._sleep(wait_s)
        try:
            return await self._attempt(step)
        except Throttled as throttled:
            if self._is_rate_limited:
                await asyncio.to_thread(self._channel.pause, throttled)
            raise

    @property
    def _is_rate_limited(self) -> bool:
        """Whether a rate limit is set: it may query a database, which would block the other tasks."""
        return self._channel.environment.rate_limiter is not None

    async def _attempt(self, step: SendStep) -> HttpResponse:
        with Attempt(self._channel, step) as attempt:
            return await self._carrier.perform(attempt)


def _carrier(endpoint: Endpoint, resolve: Resolver) -> "HttpxCarrier":
    with require_extra("async", "httpx"):
        from cchc_connect.transport.httpx_carrier import HttpxCarrier  # noqa: PLC0415  # the extra may be missing
    return HttpxCarrier(endpoint.tls, resolve, endpoint.proxy)
