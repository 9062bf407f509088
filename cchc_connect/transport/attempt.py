"""One attempt to send a request and read its response: everything that does not depend on the HTTP library.

A carrier enters the attempt, sends its `wire`, passes on status, headers and body and calls `answer`. Errors are
raised only there, so that no frame of a traceback holds an address, a header or a body.

While an attempt is in progress the HTTP libraries' log records about it are dropped: urllib3 logs URLs with their query
at DEBUG (and malformed headers at WARNING), httpx logs URLs at INFO, httpcore logs response headers at DEBUG. A program
that uses the same libraries for itself keeps its logs.
"""

import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from cchc_connect.errors import CchcError, CutShort
from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.transport.calls.call import LEAST_S, Send, Wire
from cchc_connect.transport.calls.classifier import speaks_json
from cchc_connect.transport.calls.error_mapping import (
    Fault,
    foreign_address,
    is_redirect,
    line_error,
    login_refusal,
    overdue,
    refusal,
)
from cchc_connect.transport.channel import Line
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, check
from cchc_connect.transport.request_encoding import check_headers
from cchc_connect.transport.response_reader import AnswerReader
from cchc_connect.transport.retry_policy import retry_after_s

_log = logging.getLogger("cchc_connect.transport")

in_progress: ContextVar["Attempt | None"] = ContextVar("in_progress", default=None)
"""The current attempt of this thread or task, for library hooks that are called without a request."""


class Attempt:
    """One attempt, from the first byte sent to the classified response."""

    def __init__(self, line: Line, send: Send) -> None:
        """Prepare the attempt; nothing is sent yet."""
        self.wire = send.wire
        self._send = send
        self._call = send.call
        self._line = line
        self._reader: AnswerReader | None = None
        self._error: CchcError | None = None

    def __enter__(self) -> Self:
        if self._call.deadline.over:
            raise overdue(self._call)
        self.wire = self._sign()
        check_headers(self.wire, self._call)
        self._call.attempt += 1
        self._call.status = self._call.verdict = None
        self._line.traffic.count(requests=1)
        self._started_at = self._line.surroundings.clock()
        self._token = in_progress.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        in_progress.reset(self._token)
        call = self._call
        outcome = error.code if isinstance(error, CchcError) else kind.__name__ if kind else call.verdict
        duration_ms = round((self._line.surroundings.clock() - self._started_at) * 1000)
        method, path, request_id = call.request.method, call.request.place, call.request_id
        _log.debug("%s %s -> %s %s in %d ms (%s)", method, path, call.status, outcome, duration_ms, request_id)

    @property
    def is_over(self) -> bool:
        """True if the deadline has passed; then not even bytes already received are read."""
        return self._call.deadline.over

    @property
    def connect_s(self) -> float:
        """Timeout for connecting, in seconds."""
        return min(self._line.policy.connect_s, self.remaining_s)

    @property
    def read_s(self) -> float:
        """Timeout for one read from now on, in seconds."""
        return min(self._line.policy.read_s, self.remaining_s)

    @property
    def remaining_s(self) -> float:
        """Seconds left of the whole call; never zero, which some libraries read as "no limit"."""
        return max(self._call.deadline.remaining(), LEAST_S)

    def may_go(self, origin: Callable[[], Origin]) -> bool:
        """True if the address, as the HTTP library parsed it, is one of the connection's origins.

        `origin` returns the parsed origin, or raises `ForbiddenAddress`.
        """
        try:
            check(origin(), self._send.origins)
        except ForbiddenAddress as refused:
            self.forbid(refused.rule)
        return self._error is None

    def forbid(self, rule: str) -> None:
        """Record that the request's address is forbidden by `rule`."""
        self._error = foreign_address(self._call, rule)

    def answered(self, status: int, header_lines: Iterable[tuple[str, str]]) -> bool:
        """Take status and headers of the response; return whether to read the body."""
        self._call.status = status
        self._reader = AnswerReader(self._call, header_lines, self._line.policy)
        return self._reader.fault is None

    def feed(self, chunk: bytes) -> bool:
        """Take the next raw bytes of the body; return whether to go on."""
        self._line.traffic.count(bytes_received=len(chunk))
        return self._reader is not None and self._reader.feed(chunk)

    def answer(self) -> HttpResponse:
        """Return the complete response with its verdict, if the request accepts that verdict or it is AUTH.

        Raises:
            CutShort: the body is incomplete.
            CchcError: the typed error of any other verdict, or of what went wrong while reading.
        """
        call, reader = self._call, self._reader
        if reader is None or call.status is None:
            raise self._error or line_error(call, Fault.BROKEN)
        response = HttpResponse(status=call.status, headers=reader.headers, body=reader.body())
        call.verdict = self._verdict(response)
        if call.verdict is Verdict.UNKNOWN and not reader.framed and _is_cut_json(response):
            raise CutShort("transport.cut_short", **call.context())
        if call.verdict is not Verdict.AUTH and call.verdict not in call.request.accept:
            verdict_error = login_refusal if self._send.is_login else refusal
            raise verdict_error(call, retry_after_s(reader.headers, self._line.surroundings.now))
        if call.verdict is not Verdict.AUTH:
            self._check_signature(response)
        self._line.budget.earn()
        return response.judged(call.verdict)

    def broken(self, fault: Fault) -> CchcError:
        """Return the typed error for a connection that failed."""
        return line_error(self._call, fault)

    def _sign(self) -> Wire:
        """Return the request as sent in this attempt; a login gets no message signature."""
        endpoint = self._line.endpoint
        if self._send.is_login:
            return self._send.wire
        prepared = endpoint.authentication.signed(self._send.wire, self._line.surroundings.now())
        return prepared if endpoint.seal is None else endpoint.seal.sealed(prepared)

    def _check_signature(self, response: HttpResponse) -> None:
        signature_check = self._line.endpoint.seal_check
        if signature_check is not None and not self._send.is_login:
            signature_check.check(response, self._line.surroundings.now())

    def _verdict(self, response: HttpResponse) -> Verdict:
        """Return the dialect's verdict; UNKNOWN for a redirect and for a body the dialect cannot read."""
        if is_redirect(response.status):
            return Verdict.UNKNOWN
        try:
            return self._send.classify(response)
        except ValueError:
            return Verdict.UNKNOWN


def _is_cut_json(response: HttpResponse) -> bool:
    """True if the content type says JSON and the body is no JSON: with no end marker, it was probably cut off."""
    try:
        response.json()
    except ValueError:
        return speaks_json(response)
    return False


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


class _OutsideAttempts(logging.Filter):
    """Drops records made during one of our attempts."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # the context decides, not the record
        return in_progress.get() is None


_outside_attempts = _OutsideAttempts()


def keep_quiet() -> None:
    """Suppress the HTTP libraries' logs about our requests. Idempotent."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_outside_attempts)
