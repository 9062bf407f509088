"""The blocking transport, over requests; threads may share one.

One adapter of requests serves all threads, since urllib3's connection pools are thread-safe. There is no
`requests.Session`: it would act on redirects, cookies, .netrc and variables of the environment.
"""

import time
from collections.abc import Callable
from http.client import HTTPException
from threading import Lock
from types import TracebackType
from typing import Any, Self

import requests
from tenacity import Retrying
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, TimeoutError as Urllib3TimeoutError

from cchc_connect.errors import Throttled
from cchc_connect.http import Conversation, HttpRequest, HttpResponse, Result
from cchc_connect.transport.attempt import Attempt, suppress_library_logs
from cchc_connect.transport.auth.sessions import WaitStep
from cchc_connect.transport.calls.call import SendStep, Traffic
from cchc_connect.transport.calls.error_mapping import (
    ConnectionFailure,
    deadline_error,
    exception_chain,
    is_head_too_long,
    is_proxy_refusal,
    is_tls_refusal,
)
from cchc_connect.transport.channel import EndpointChannel
from cchc_connect.transport.conversation import LoginStep, call_steps, run_steps
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.network.url_guard import ForbiddenAddress, origin_of
from cchc_connect.transport.retry_policy import Policy, TransportEnvironment
from cchc_connect.transport.urllib3_adapter import GuardedAdapter

_CHUNK_BYTES = 64 * 1024
_MAX_KEEPALIVE = 32  # as many threads are likely to share one transport; further connections are closed after use


class RequestsTransport:
    """Sends requests to one system and waits for the responses.

    Use it as a context manager: it keeps connections open between calls.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        policy: Policy | None = None,
        environment: TransportEnvironment | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the transport; nothing is sent before the first call."""
        suppress_library_logs()
        self._channel = EndpointChannel(endpoint, policy or Policy(), environment or TransportEnvironment())
        self._sleep = sleep
        self._login_lock = Lock()
        resolve = self._channel.environment.resolve
        self._adapter = GuardedAdapter(
            endpoint.tls, resolve, endpoint.proxy, pool_maxsize=_MAX_KEEPALIVE, max_retries=0
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept open."""
        self._adapter.close()

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes of this transport so far."""
        return self._channel.traffic.total()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send `request` and return its response, within the policy's deadline.

        Raises:
            CchcError: the typed error of a failed connection or of a verdict outside `request.accepted_verdicts`.
        """
        return run_steps(call_steps(request, self._channel), self._perform)

    def run(self, conversation: Conversation[Result]) -> Result:
        """Run an adapter's conversation to its end and return its result.

        Raises:
            CchcError: the typed error of a request, where the conversation does not catch it.
        """
        return run_steps(conversation, self.send)

    def _perform(self, step: SendStep | LoginStep | WaitStep) -> Any:
        if isinstance(step, SendStep):
            retrying = Retrying(sleep=self._sleep, **self._channel.retry_arguments(step.call))
            return retrying(self._send_within_rate_limit, step)
        if isinstance(step, WaitStep):
            return self._sleep(step.seconds)
        if not self._login_lock.acquire(timeout=max(step.call.deadline.remaining(), 0)):
            raise deadline_error(step.call)
        try:
            return run_steps(step.login_steps, self._perform)
        finally:
            self._login_lock.release()

    def _send_within_rate_limit(self, step: SendStep) -> HttpResponse:
        wait_s = self._channel.acquire_slot(step.call)
        if wait_s:
            self._sleep(wait_s)
        try:
            return self._attempt(step)
        except Throttled as throttled:
            self._channel.pause(throttled)
            raise

    def _attempt(self, step: SendStep) -> HttpResponse:
        with Attempt(self._channel, step) as attempt:
            failure = None
            try:
                self._carry(attempt)
            except ForbiddenAddress as refused:
                attempt.forbid(refused.rule)
            except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
                failure = _failure(error)
            if failure is None:
                return attempt.response()
            # Raised out here so that requests' error, whose text holds the address, is not chained to ours.
            raise attempt.error_for(failure)

    def _carry(self, attempt: Attempt) -> None:
        prepared = attempt.prepared
        library_request = requests.Request(
            prepared.method, prepared.url, headers=dict(prepared.headers), data=prepared.body
        ).prepare()
        # requests parses the address by the same urlsplit.
        if not attempt.is_allowed(lambda: origin_of(library_request.url or "")):
            return
        timeouts = (attempt.connect_timeout_s, attempt.read_timeout_s)
        proxies = self._adapter.proxies
        with self._adapter.send(library_request, stream=True, timeout=timeouts, proxies=proxies) as response:
            if not attempt.start_response(response.status_code, response.raw.headers.iteritems()):
                return
            for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
                if not attempt.feed(chunk):
                    break


def _failure(error: Exception) -> ConnectionFailure:
    chain = list(exception_chain(error))
    if is_tls_refusal(chain):
        return ConnectionFailure.TLS_REFUSED
    if is_proxy_refusal(chain):
        return ConnectionFailure.PROXY_REFUSED
    if is_head_too_long(chain):
        return ConnectionFailure.HEAD_TOO_LONG
    if any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in chain):
        return ConnectionFailure.NEVER_CONNECTED
    if any(isinstance(cause, requests.Timeout | Urllib3TimeoutError | TimeoutError) for cause in chain):
        return ConnectionFailure.TIMED_OUT
    return ConnectionFailure.BROKEN
