"""Reads a response as a stream: within its limits, before the deadline, and checked to be complete.

Both carriers pass on the raw bytes of the wire. We decompress ourselves, because the libraries accept a truncated
gzip stream and cannot limit the decoded size of a small one.

Nothing is raised while bytes are processed: an error is stored as `error`, so that no traceback with local variables
shows a body or a header.
"""

from collections.abc import Iterable
from io import BytesIO

from cchc_connect.errors import CchcError, CutShort, SourceHeld
from cchc_connect.transport.calls.call import Call
from cchc_connect.transport.calls.error_mapping import deadline_error
from cchc_connect.transport.calls.unexpected import is_redirect
from cchc_connect.transport.decompression import CorruptStream, Decoder, decoder_for
from cchc_connect.transport.retry_policy import Policy

_UNCODED = frozenset({"", "identity"})
_BODILESS = frozenset({204, 304})
# A small page of one repeated value may compress better than the limit without harm.
_MIN_RATIO_CHECK_BYTES = 1024 * 1024


class ResponseReader:
    """Takes head and body of one response; returns the complete body or raises why it is not usable.

    What nobody reads has no body here: that of a redirect, of HEAD, 204 and 304, whatever their head says of it.
    """

    def __init__(self, call: Call, header_lines: Iterable[tuple[str, str]], policy: Policy) -> None:
        """Take the head; the status is `call.status`."""
        self.headers: dict[str, str] = {}
        """By lower-case name; values of a repeated header are joined by ", "."""
        self.error: CchcError | None = None
        """The error found so far, None where there is none."""
        self._call = call
        self._policy = policy
        self._decoded = BytesIO()
        self._wire_bytes = 0
        self._decoder: Decoder | None = None
        self._add_headers(header_lines)
        status = call.status or 0
        self._bodiless = call.request.method == "HEAD" or status in _BODILESS or is_redirect(status)
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        self._length = None if self._chunked or self._bodiless else self._announced_length()
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding not in _UNCODED and not self._bodiless:
            self._decoder = decoder_for(coding)
            if self._decoder is None and self._length != 0:  # not requested, or two codings
                self.error = SourceHeld("transport.compression_not_requested", **call.context())

    @property
    def has_end_marker(self) -> bool:
        """Whether something marks the end of the body; else a closed connection looks like the end."""
        return self._chunked or self._bodiless or self._length is not None or self._decoder is not None

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes of the wire; return whether to continue."""
        self._wire_bytes += len(chunk)
        if self._call.deadline.has_passed:
            self.error = deadline_error(self._call)
        if self.error is None:
            if self._decoder is None:
                self._store(chunk)
            else:
                self._decode(self._decoder, chunk)
        return self.error is None

    def complete_body(self) -> bytes:
        """Return the complete body, decoded.

        Raises:
            CutShort: it is incomplete or corrupt.
            SourceHeld: it exceeds a limit, or has an encoding that we did not request.
            DeadlineExceeded: the deadline passed before its end.
        """
        if self.error is None and not self._is_complete():
            self._fail_incomplete()
        if self.error:
            raise self.error
        return self._decoded.getvalue()

    def _is_complete(self) -> bool:
        if self._length is not None and self._wire_bytes != self._length:
            return False
        if self._decoder is None or self._decoder.is_complete:
            return True
        return self._wire_bytes == 0 and (self._chunked or self._bodiless or self._length == 0)

    def _decode(self, decoder: Decoder, chunk: bytes) -> None:
        """Decode step by step; limits are checked after each, so a bomb exceeds them by one step at most."""
        try:
            for step in decoder.decode(chunk):
                self._store(step)
                if self.error is not None:
                    return
        except CorruptStream:
            self._fail_incomplete()

    def _store(self, decoded: bytes) -> None:
        self._decoded.write(decoded)
        size = self._decoded.tell()
        if size > self._policy.max_body_bytes or self._wire_bytes > self._policy.max_body_bytes:
            self._fail_too_large("body")
        elif size > _MIN_RATIO_CHECK_BYTES and size > self._policy.max_compression_ratio * self._wire_bytes:
            self._fail_too_large("ratio")

    def _add_headers(self, lines: Iterable[tuple[str, str]]) -> None:
        for count, (name, value) in enumerate(lines, start=1):
            if count > self._policy.max_header_lines:
                self._fail_too_large("headers")
                return
            key = name.lower()
            self.headers[key] = f"{self.headers[key]}, {value}" if key in self.headers else value

    def _announced_length(self) -> int | None:
        text = self.headers.get("content-length")
        if text is None:
            return None
        length, *more_lengths = {part.strip() for part in text.split(",")}
        if more_lengths or not (length.isascii() and length.isdecimal()):
            self._fail_incomplete()
        elif len(length) > len(str(self._policy.max_body_bytes)) or int(length) > self._policy.max_body_bytes:
            self._fail_too_large("body")
        else:
            return int(length)
        return None

    def _fail_incomplete(self) -> None:
        self.error = CutShort("transport.cut_short", **self._call.context())

    def _fail_too_large(self, limit: str) -> None:
        self.error = SourceHeld("transport.too_large", **self._call.context(), limit=limit)
