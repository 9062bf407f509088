"""One sending of a request and the reading of its answer: all of it that is no carrier's business.

A carrier enters the attempt, sends its `wire`, tells what comes back and asks for the answer; only then
is anything raised, where no frame of the traceback holds an address, a header or a body.
"""

import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from cchc_connect.errors import CchcError, CutShort
from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.transport.call import LEAST_S
from cchc_connect.transport.channel import Line
from cchc_connect.transport.classifier import speaks_json
from cchc_connect.transport.error_mapping import (
    Fault,
    foreign_address,
    is_redirect,
    line_error,
    login_refusal,
    overdue,
    refusal,
)
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, check
from cchc_connect.transport.request_encoding import check_headers
from cchc_connect.transport.response_reader import AnswerReader
from cchc_connect.transport.retry_after import retry_after_s
from cchc_connect.transport.wire import Send, Wire

_log = logging.getLogger("cchc_connect.transport")

in_progress: ContextVar["Attempt | None"] = ContextVar("in_progress", default=None)
"""The attempt this thread or task is busy with, for hooks that libraries call without telling for whom."""


class Attempt:
    """One sending, from its first byte to its judged answer."""

    def __init__(self, line: Line, send: Send) -> None:
        """Prepare to send; nothing is sent yet."""
        self.wire = send.wire
        self._send = send
        self._call = send.call
        self._line = line
        self._reader: AnswerReader | None = None
        self._fault: CchcError | None = None

    def __enter__(self) -> Self:
        if self._call.deadline.over:
            raise overdue(self._call)
        self.wire = self._signed()
        check_headers(self.wire, self._call)
        self._call.attempt += 1
        self._call.status = self._call.verdict = None
        self._line.traffic.count(requests=1)
        self._began = self._line.surroundings.clock()
        self._token = in_progress.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        in_progress.reset(self._token)
        call = self._call
        outcome = error.code if isinstance(error, CchcError) else kind.__name__ if kind else call.verdict
        took_ms = round((self._line.surroundings.clock() - self._began) * 1000)
        method, place, request_id = call.request.method, call.request.place, call.request_id
        _log.debug("%s %s -> %s %s in %d ms (%s)", method, place, call.status, outcome, took_ms, request_id)

    @property
    def is_over(self) -> bool:
        """Say whether the call's time is used up, so that not even what is there already is read."""
        return self._call.deadline.over

    @property
    def connect_s(self) -> float:
        """Seconds a connection may take to come about."""
        return min(self._line.policy.connect_s, self.remaining_s)

    @property
    def read_s(self) -> float:
        """Seconds of silence to bear from now on."""
        return min(self._line.policy.read_s, self.remaining_s)

    @property
    def remaining_s(self) -> float:
        """Seconds left of the whole call; never zero, which some libraries take for "no limit"."""
        return max(self._call.deadline.remaining(), LEAST_S)

    def may_go(self, origin: Callable[[], Origin]) -> bool:
        """Say whether the sending library will go to the connection's own place, as it read the address.

        `origin` returns where it goes, or raises `ForbiddenAddress`.
        """
        try:
            check(origin(), self._send.origins)
        except ForbiddenAddress as refused:
            self.forbid(refused.rule)
        return self._fault is None

    def forbid(self, rule: str) -> None:
        """Note that the request would go where nothing of ours may go."""
        self._fault = foreign_address(self._call, rule)

    def answered(self, status: int, header_lines: Iterable[tuple[str, str]]) -> bool:
        """Take the head of the answer; return whether to read the body."""
        self._call.status = status
        self._reader = AnswerReader(self._call, header_lines, self._line.policy)
        return self._reader.fault is None

    def feed(self, chunk: bytes) -> bool:
        """Take the next raw bytes of the body; return whether to go on."""
        self._line.traffic.count(bytes_received=len(chunk))
        return self._reader is not None and self._reader.feed(chunk)

    def answer(self) -> HttpResponse:
        """Return the whole answer with its verdict, if the asker wants to read it or it is AUTH.

        Raises:
            CutShort: the body ended before its end.
            CchcError: the typed error of any other verdict, or of what went wrong while reading.
        """
        call, reader = self._call, self._reader
        if reader is None or call.status is None:
            raise self._fault or line_error(call, Fault.BROKEN)
        response = HttpResponse(status=call.status, headers=reader.headers, body=reader.body())
        call.verdict = self._verdict(response)
        if call.verdict is Verdict.UNKNOWN and not reader.framed and _is_cut_json(response):
            raise CutShort("transport.cut_short", **call.context())
        if call.verdict is not Verdict.AUTH and call.verdict not in call.request.accept:
            refused = login_refusal if self._send.is_login else refusal
            raise refused(call, retry_after_s(reader.headers, self._line.surroundings.now))
        if call.verdict is not Verdict.AUTH:
            self._check_seal(response)
        self._line.budget.earn()
        return response.judged(call.verdict)

    def broken(self, fault: Fault) -> CchcError:
        """Return the typed error for what the carrier's library raised."""
        return line_error(self._call, fault)

    def _signed(self) -> Wire:
        """Return the message as it leaves in this attempt; a login is signed by nothing but its account."""
        endpoint = self._line.endpoint
        if self._send.is_login:
            return self._send.wire
        wire = endpoint.authentication.signed(self._send.wire, self._line.surroundings.now())
        return wire if endpoint.seal is None else endpoint.seal.sealed(wire)

    def _check_seal(self, response: HttpResponse) -> None:
        check = self._line.endpoint.seal_check
        if check is not None and not self._send.is_login:
            check.check(response, self._line.surroundings.now())

    def _verdict(self, response: HttpResponse) -> Verdict:
        """Ask the dialect; a redirect and a body it cannot read as it expects mean nothing we know."""
        if is_redirect(response.status):
            return Verdict.UNKNOWN
        try:
            return self._send.classify(response)
        except ValueError:
            return Verdict.UNKNOWN


def _is_cut_json(response: HttpResponse) -> bool:
    """Say whether a body whose end nothing marks promised JSON and is none: so look bodies that were cut."""
    try:
        response.json()
    except ValueError:
        return speaks_json(response)
    return False
