"""The blocking carrier, over requests; threads share one.

One `requests.Session` serves all threads: requests are prepared without it, so that nothing it remembers
(cookies) ever goes out, and urllib3's connection pools are made for threads.
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
from cchc_connect.transport.attempt import Attempt
from cchc_connect.transport.auth.sessions import Pause
from cchc_connect.transport.channel import Line
from cchc_connect.transport.connection_failures import causes, is_distrust, is_overlong
from cchc_connect.transport.conversation import OpenSession, drive, serve
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.error_mapping import Fault, overdue
from cchc_connect.transport.network.dns import Resolver
from cchc_connect.transport.network.url_guard import ForbiddenAddress, origin_of
from cchc_connect.transport.quiet import keep_quiet
from cchc_connect.transport.retry_policy import Policy, Surroundings
from cchc_connect.transport.traffic import Traffic
from cchc_connect.transport.urllib3_adapter import BoundedAdapter
from cchc_connect.transport.wire import Send

_CHUNK = 64 * 1024
_CONNECTIONS_KEPT = 32  # as many as threads are likely to share one transport; more are opened and closed


class RequestsTransport:
    """Moves requests to one system and waits for the answers.

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
        """How much has moved so far."""
        return self._line.traffic.total()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to `request`, within the policy's deadline.

        Raises:
            CchcError: the typed error of a broken line or of a verdict outside `request.accept`.
        """
        return drive(serve(request, self._line), self._perform)

    def run(self, conversation: Exchange[Result]) -> Result:
        """Lead an adapter's conversation to its end and return its result.

        Raises:
            CchcError: a call's typed error, where the conversation does not deal with it.
        """
        return drive(conversation, self.send)

    def _perform(self, step: Send | OpenSession | Pause) -> Any:
        if isinstance(step, Send):
            return Retrying(sleep=self._sleep, **self._line.retrying(step.call))(self._in_turn, step)
        if isinstance(step, Pause):
            return self._sleep(step.seconds)
        if not self._login_lock.acquire(timeout=max(step.call.deadline.remaining(), 0)):
            raise overdue(step.call)
        try:
            return drive(step.steps, self._perform)
        finally:
            self._login_lock.release()

    def _in_turn(self, step: Send) -> HttpResponse:
        wait_s = self._line.turn(step.call)
        if wait_s:
            self._sleep(wait_s)
        try:
            return self._attempt(step)
        except Throttled as asked:
            self._line.put_off(asked)
            raise

    def _attempt(self, step: Send) -> HttpResponse:
        with Attempt(self._line, step) as attempt:
            fault = None
            try:
                self._carry(attempt)
            except ForbiddenAddress as refused:
                attempt.forbid(refused.rule)
            except (requests.RequestException, HTTPError, HTTPException, OSError) as foreign:
                fault = _fault(foreign)
            if fault is None:
                return attempt.answer()
            # Raised out here so that the foreign error, whose text holds the address, is no part of ours.
            raise attempt.broken(fault)

    def _carry(self, attempt: Attempt) -> None:
        wire = attempt.wire
        prepared = requests.Request(wire.method, wire.url, headers=dict(wire.headers), data=wire.body).prepare()
        if not attempt.may_go(lambda: origin_of(prepared.url or "")):  # requests reads it by the same urlsplit
            return
        limits = (attempt.connect_s, attempt.read_s)
        with self._session.send(prepared, stream=True, timeout=limits, allow_redirects=False) as answer:
            if not attempt.answered(answer.status_code, answer.raw.headers.iteritems()):
                return
            for chunk in answer.raw.stream(_CHUNK, decode_content=False):
                if not attempt.feed(chunk):
                    break


def _session(tls: ssl.SSLContext | None, resolve: Resolver) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # else .netrc replaces our Authorization and REQUESTS_CA_BUNDLE beats `verify`
    adapter = BoundedAdapter(tls, resolve, pool_maxsize=_CONNECTIONS_KEPT, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _fault(foreign: Exception) -> Fault:
    chain = list(causes(foreign))
    if is_distrust(chain):
        return Fault.DISTRUSTED
    if is_overlong(chain):
        return Fault.OVERLONG
    if any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in chain):
        return Fault.NEVER_CONNECTED
    if any(isinstance(cause, requests.Timeout | Urllib3TimeoutError | TimeoutError) for cause in chain):
        return Fault.SILENT
    return Fault.BROKEN
