"""One attempt to send a request and read its response: everything that does not depend on the HTTP library.

A carrier enters the attempt, sends its `prepared` request, passes on status, headers and body and calls `response`.
Errors are raised only there, so that no frame of a traceback holds an address, a header or a body.

While an attempt is in progress the HTTP libraries' log records about it are dropped: urllib3 logs URLs with their query
at DEBUG (and malformed headers at WARNING), httpx logs URLs at INFO, httpcore logs response headers at DEBUG. A program
that uses the same libraries for itself keeps its logs.
"""

import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from cchc_connect.errors import CchcError, CutShort, ResponseUnreadable
from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.privacy.adapter_failure import adapter_failure, engine_failure
from cchc_connect.transport.calls.call import MIN_WAIT_S, PreparedRequest, SendStep
from cchc_connect.transport.calls.classifier import speaks_json
from cchc_connect.transport.calls.error_mapping import (
    ConnectionFailure,
    connection_error,
    deadline_error,
    forbidden_address_error,
    login_error,
    never_sent,
    proxy_error,
    too_large_as_held,
    verdict_error,
)
from cchc_connect.transport.calls.unexpected import is_redirect
from cchc_connect.transport.channel import EndpointChannel
from cchc_connect.transport.network.proxies import PROXY_AUTHENTICATION_REQUIRED
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, require_allowed_origin
from cchc_connect.transport.request_encoding import check_headers
from cchc_connect.transport.response_reader import ResponseReader
from cchc_connect.transport.retry_policy import retry_after_s
from cchc_connect.wire.page_limits import PageTooLarge

_log = logging.getLogger("cchc_connect.transport")

# A filter applies to its own logger and not to that logger's children, so each is listed.
_LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)

current_attempt: ContextVar["Attempt | None"] = ContextVar("current_attempt", default=None)
"""The current attempt of this thread or task, for library hooks that are called without a request."""


class Attempt:
    """One attempt, from the first byte sent to the classified response."""

    def __init__(self, channel: EndpointChannel, send: SendStep) -> None:
        """Prepare the attempt; nothing is sent yet."""
        self.prepared = send.prepared
        self._send = send
        self._call = send.call
        self._channel = channel
        self._reader: ResponseReader | None = None
        self._error: CchcError | None = None

    def __enter__(self) -> Self:
        if self._call.deadline.has_passed:
            raise deadline_error(self._call)
        self.prepared = self._sign()
        check_headers(self.prepared, self._call)
        self._call.attempt += 1
        self._call.status = self._call.verdict = None
        self._channel.traffic.count(requests=1)
        self._started_at = self._channel.environment.clock()
        self._token = current_attempt.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current_attempt.reset(self._token)
        call = self._call
        outcome = error.code if isinstance(error, CchcError) else kind.__name__ if kind else call.verdict
        duration_ms = round((self._channel.environment.clock() - self._started_at) * 1000)
        method, path, request_id = call.request.method, call.request.display_path, call.request_id
        _log.debug("%s %s -> %s %s in %d ms (%s)", method, path, call.status, outcome, duration_ms, request_id)

    @property
    def is_past_deadline(self) -> bool:
        """True if the deadline has passed; then not even bytes already received are read."""
        return self._call.deadline.has_passed

    @property
    def connect_timeout_s(self) -> float:
        """Timeout for connecting, in seconds."""
        return min(self._channel.policy.connect_timeout_s, self.remaining_s)

    @property
    def read_timeout_s(self) -> float:
        """Timeout for one read from now on, in seconds."""
        return min(self._channel.policy.read_timeout_s, self.remaining_s)

    @property
    def remaining_s(self) -> float:
        """Seconds left of the whole call; never zero, which some libraries read as "no limit"."""
        return max(self._call.deadline.remaining(), MIN_WAIT_S)

    def is_allowed(self, origin: Callable[[], Origin]) -> bool:
        """True if the address, as the HTTP library parsed it, is one of the connection's origins.

        `origin` returns the parsed origin, or raises `ForbiddenAddress`.
        """
        try:
            require_allowed_origin(origin(), self._send.origins)
        except ForbiddenAddress as refused:
            self.forbid(refused.rule)
        return self._error is None

    def forbid(self, rule: str) -> None:
        """Record that the request's address is forbidden by `rule`."""
        self._error = forbidden_address_error(self._call, rule)

    def require_permission(self) -> None:
        """Ask directly before the first byte whether the request may still be sent; raise the typed error if not."""
        try:
            self._channel.environment.may_send(self._call.attempt)
        except CchcError as error:
            error.context.update(never_sent(self._call))
            raise

    def start_response(self, status: int, header_lines: Iterable[tuple[str, str]]) -> bool:
        """Take status and headers of the response; return whether to read the body: that of a redirect is not read."""
        self._call.status = status
        self._call.may_have_arrived |= not self._send.is_login
        if status == PROXY_AUTHENTICATION_REQUIRED:
            self._error = proxy_error(self._call)
            return False
        self._reader = ResponseReader(self._call, header_lines, self._channel.policy)
        return self._reader.error is None and not is_redirect(status)

    def feed(self, chunk: bytes) -> bool:
        """Take the next raw bytes of the body; return whether to go on."""
        self._channel.traffic.count(bytes_received=len(chunk))
        return self._reader is not None and self._reader.feed(chunk)

    def response(self) -> HttpResponse:
        """Return the complete response with its verdict, if the request accepts that verdict or it is AUTH.

        Raises:
            CutShort: the body is incomplete.
            CchcError: the typed error of any other verdict, or of what went wrong while reading.
        """
        call, reader = self._call, self._reader
        if reader is None or call.status is None:
            raise self._error or connection_error(call, ConnectionFailure.BROKEN)
        # No local variable holds the body or the address: a traceback with local variables must not show them.
        response = HttpResponse(
            status=call.status,
            headers=reader.headers,
            body=reader.complete_body(),
            url=self._send.prepared.url,
            page_limits=self._channel.policy.page_limits,
        )
        call.verdict = self._verdict(response)
        if call.verdict is Verdict.UNKNOWN and not reader.has_end_marker and _is_cut_json(response):
            raise CutShort("transport.cut_short", **call.context())
        if call.verdict is not Verdict.AUTH and call.verdict not in call.request.accepted_verdicts:
            error_of = login_error if self._send.is_login else verdict_error
            raise error_of(call, response, retry_after_s(reader.headers, self._channel.environment.now))
        if call.verdict is not Verdict.AUTH:
            self._check_signature(response)
        self._channel.budget.refund()
        return response.with_verdict(call.verdict)

    def error_for(self, failure: ConnectionFailure) -> CchcError:
        """Return the typed error for a connection that failed."""
        return connection_error(self._call, failure)

    def _sign(self) -> PreparedRequest:
        """Return the request as sent in this attempt; a login gets no message signature."""
        endpoint = self._channel.endpoint
        if self._send.is_login:
            return self._send.prepared
        prepared = endpoint.authentication.authenticate_request(self._send.prepared, self._channel.environment.now())
        return prepared if endpoint.message_signer is None else endpoint.message_signer.sign(prepared)

    def _check_signature(self, response: HttpResponse) -> None:
        signature_check = self._channel.endpoint.signature_check
        if signature_check is not None and not self._send.is_login:
            signature_check.check(response, self._channel.environment.now())

    def _verdict(self, response: HttpResponse) -> Verdict:
        """Return the dialect's verdict; UNKNOWN for a redirect and for a body the dialect cannot read.

        A body that is no JSON needs no word; anything else that a classifier cannot read may be its own mistake.

        Raises:
            SourceHeld: the body has more in it than a page may have.
        """
        if is_redirect(response.status):
            return Verdict.UNKNOWN
        try:
            with too_large_as_held(self._call):
                return self._send.classify(response)
        except ResponseUnreadable:
            return Verdict.UNKNOWN
        except ValueError as error:
            failure = adapter_failure(error) or engine_failure(error)
            _log.warning("%s: a response could not be classified: %s", self._call.request_id, failure)
            return Verdict.UNKNOWN


def _is_cut_json(response: HttpResponse) -> bool:
    """True if the content type says JSON and the body is no JSON: with no end marker, it was probably cut off."""
    try:
        response.json()
    except PageTooLarge:
        return False
    except ValueError:
        return speaks_json(response)
    return False


class _OutsideAttempts(logging.Filter):
    """Drops records made during one of our attempts."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # the context decides, not the record
        return current_attempt.get() is None


_outside_attempts = _OutsideAttempts()


def suppress_library_logs() -> None:
    """Suppress the HTTP libraries' logs about our requests. Idempotent."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_outside_attempts)
