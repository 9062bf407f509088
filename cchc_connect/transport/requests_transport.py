"""The blocking transport, over requests; threads may share one.

One `requests.Session` serves all threads: requests are prepared without it, so that cookies it has stored are never
sent, and urllib3's connection pools are thread-safe.
"""

import ssl
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
from cchc_connect.http import Exchange, HttpRequest, HttpResponse, Result
from cchc_connect.transport.attempt import Attempt, keep_quiet
from cchc_connect.transport.auth.sessions import Pause
from cchc_connect.transport.calls.call import Send, Traffic
from cchc_connect.transport.calls.error_mapping import Fault, causes, is_distrust, is_overlong, overdue
from cchc_connect.transport.channel import Line
from cchc_connect.transport.conversation import OpenSession, drive, serve
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.network.dns import Resolver
from cchc_connect.transport.network.url_guard import ForbiddenAddress, origin_of
from cchc_connect.transport.retry_policy import Policy, Surroundings
from cchc_connect.transport.urllib3_adapter import BoundedAdapter

_CHUNK = 64 * 1024
_MAX_KEEPALIVE = 32  # as many threads are likely to share one transport; further connections are closed after use


class RequestsTransport:
    """Sends requests to one system and waits for the responses.

    Use it as a context manager: it keeps connections open between calls.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        policy: Policy | None = None,
        surroundings: Surroundings | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the transport; nothing is sent before the first call."""
        keep_quiet()
        self._line = Line(endpoint, policy or Policy(), surroundings or Surroundings())
        self._sleep = sleep
        self._login_lock = Lock()
        self._session = _session(endpoint.tls, self._line.surroundings.resolve)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept open."""
        self._session.close()

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes of this transport so far."""
        return self._line.traffic.total()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send `request` and return its response, within the policy's deadline.

        Raises:
            CchcError: the typed error of a failed connection or of a verdict outside `request.accept`.
        """
        return drive(serve(request, self._line), self._perform)

    def run(self, conversation: Exchange[Result]) -> Result:
        """Run an adapter's conversation to its end and return its result.

        Raises:
            CchcError: the typed error of a request, where the conversation does not catch it.
        """
        return drive(conversation, self.send)

    def _perform(self, step: Send | OpenSession | Pause) -> Any:
        if isinstance(step, Send):
            return Retrying(sleep=self._sleep, **self._line.retrying(step.call))(self._send_in_turn, step)
        if isinstance(step, Pause):
            return self._sleep(step.seconds)
        if not self._login_lock.acquire(timeout=max(step.call.deadline.remaining(), 0)):
            raise overdue(step.call)
        try:
            return drive(step.steps, self._perform)
        finally:
            self._login_lock.release()

    def _send_in_turn(self, step: Send) -> HttpResponse:
        wait_s = self._line.turn(step.call)
        if wait_s:
            self._sleep(wait_s)
        try:
            return self._attempt(step)
        except Throttled as throttled:
            self._line.put_off(throttled)
            raise

    def _attempt(self, step: Send) -> HttpResponse:
        with Attempt(self._line, step) as attempt:
            failure = None
            try:
                self._carry(attempt)
            except ForbiddenAddress as refused:
                attempt.forbid(refused.rule)
            except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
                failure = _failure(error)
            if failure is None:
                return attempt.answer()
            # Raised out here so that requests' error, whose text holds the address, is not chained to ours.
            raise attempt.broken(failure)

    def _carry(self, attempt: Attempt) -> None:
        prepared = attempt.wire
        library_request = requests.Request(
            prepared.method, prepared.url, headers=dict(prepared.headers), data=prepared.body
        ).prepare()
        if not attempt.may_go(lambda: origin_of(library_request.url or "")):  # requests parses it by the same urlsplit
            return
        timeouts = (attempt.connect_s, attempt.read_s)
        with self._session.send(library_request, stream=True, timeout=timeouts, allow_redirects=False) as response:
            if not attempt.answered(response.status_code, response.raw.headers.iteritems()):
                return
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                if not attempt.feed(chunk):
                    break


def _session(tls: ssl.SSLContext | None, resolve: Resolver) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # else .netrc replaces our Authorization and REQUESTS_CA_BUNDLE overrides `verify`
    adapter = BoundedAdapter(tls, resolve, pool_maxsize=_MAX_KEEPALIVE, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _failure(error: Exception) -> Fault:
    chain = list(causes(error))
    if is_distrust(chain):
        return Fault.DISTRUSTED
    if is_overlong(chain):
        return Fault.OVERLONG
    if any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in chain):
        return Fault.NEVER_CONNECTED
    if any(isinstance(cause, requests.Timeout | Urllib3TimeoutError | TimeoutError) for cause in chain):
        return Fault.SILENT
    return Fault.BROKEN
