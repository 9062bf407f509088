"""Strict framing of HTTP/1.1 responses (RFC 9112): checks where each begins and ends before any library parses it.

http.client and h11 tolerate different errors: one takes a truncated header block for a response without a body, the
other takes bytes after a response for the response to the next request. So every byte passes these rules first, on
in both HTTP clients, and the libraries receive only what is unambiguous. Informational responses (1xx) and trailers are
left out; a folded header is unfolded.
"""

import re
from collections.abc import Callable, Iterable
from http.client import HTTPException

MAX_HEAD_BYTES = 64 * 1024
"""Bytes of a response's head together with the 1xx responses before it; also bytes of its trailers."""

_MAX_CHUNK_LINE_BYTES = 4 * 1024
_MAX_LENGTH_DIGITS = 18  # a length that fits into 64 bits

_LINE_END = b"\r\n"
_HTTP1 = b"HTTP/1."
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\x00\r\n\x0b\x0c]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+([^\x00\r\n\x0b\x0c]*+)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")

_FRAMING_HEADERS = (b"transfer-encoding", b"content-length")
_SWITCHING_PROTOCOLS = 101
_FIRST_FINAL_STATUS = 200
_BODILESS = frozenset({204, 304})


class Malformed(HTTPException):
    """Not HTTP/1.1, or cut off; the exception holds nothing of what was received."""


class Overlong(Malformed):
    """A head, a chunk size line or the trailers are longer than the limit."""


class Framing:
    """Filter of one response between the socket and the HTTP library: checks the bytes and passes them on.

    `_step` is the method for the part of the response that comes next. It returns the bytes to pass on, b"" where there
    are none and the next step follows, or None where more bytes must be received first.
    """

    def __init__(self, method: str) -> None:
        """Expect the response to a request with `method`."""
        self.is_complete = False
        """True once the whole response has been passed on."""
        self.has_trailing_data = False
        """True once bytes have followed its end; then the connection must not be reused."""
        self._is_head = method == "HEAD"
        self._buffer = bytearray()
        self._searched = 0
        self._head_bytes = 0
        self._remaining = 0
        self._step: Callable[[], bytes | None] = self._response_head
        self._failure: Malformed | None = None

    def raise_if_broken(self) -> None:
        """Raise the error found after the last valid bytes, once these were passed on.

        Raises:
            Malformed: what followed is no HTTP/1.1.
        """
        if self._failure is not None:
            raise self._failure

    def feed(self, received: bytes) -> bytes:
        """Take bytes from the socket (none at its end) and return what the library may parse, possibly nothing yet.

        Raises:
            Malformed: nothing valid is left to return.
        """
        if not received:
            return self._end_of_connection()
        self._buffer += received
        pieces: list[bytes] = []
        try:
            while (piece := self._step()) is not None:
                pieces.append(piece)
        except Malformed as error:
            self._failure = error
            if not pieces:
                raise
        return b"".join(pieces)

    def _end_of_connection(self) -> bytes:
        if self._step not in (self._body_until_close, self._discard_trailing_data):
            raise Malformed("the connection ended before the response")
        self.is_complete = True
        return b""

    def _response_head(self) -> bytes | None:
        """Pass on a complete head; leave out an informational one (1xx)."""
        if not _HTTP1.startswith(bytes(self._buffer[: len(_HTTP1)])):
            raise Malformed("no HTTP/1 response")
        end = _HEAD_END.search(self._buffer, max(0, self._searched - 3))
        self._searched = len(self._buffer)
        if self._head_bytes + (end.end() if end else len(self._buffer)) > MAX_HEAD_BYTES:
            raise Overlong("head")
        if end is None:
            return None
        status_line, *lines = (line.removesuffix(b"\r") for line in self._buffer[: end.start()].split(b"\n"))
        self._head_bytes += end.end()
        del self._buffer[: end.end()]
        self._searched = 0
        return self._checked_head(bytes(status_line), [bytes(line) for line in lines])

    def _checked_head(self, status_line: bytes, lines: list[bytes]) -> bytes:
        match = _STATUS_LINE.fullmatch(status_line)
        if match is None:
            raise Malformed("status line")
        status, headers = int(match[1]), list(_headers(lines))
        if status == _SWITCHING_PROTOCOLS:
            raise Malformed("another protocol, not requested")
        if status < _FIRST_FINAL_STATUS:
            return b""
        framing = self._frame(status, headers)
        passed_on = [b": ".join(header) for header in headers if header[0].lower() not in _FRAMING_HEADERS]
        return b"\r\n".join([status_line, *passed_on, *framing, b"", b""])

    def _frame(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
        """Decide how the body ends (section 6.3); return the one header that says so, or none."""
        fields = [(name.lower(), part.strip().lower()) for name, value in headers for part in value.split(b",")]
        encodings = [part for name, part in fields if name == _FRAMING_HEADERS[0]]
        lengths = {part for name, part in fields if name == _FRAMING_HEADERS[1]}
        framing = _framing_header(encodings, lengths)
        if self._is_head or status in _BODILESS:
            self._finish()
        elif encodings:
            self._step = self._chunk_size
        elif lengths:
            self._remaining = int(framing[0].partition(b": ")[2])
            self._step = self._body_with_length
        else:
            self._step = self._body_until_close
        return framing

    def _body_with_length(self) -> bytes | None:
        if self._remaining == 0:
            self._finish()
            return b""
        return self._available()

    def _available(self) -> bytes | None:
        """Pass on what has been received of the body or the chunk, and no more."""
        piece = bytes(self._buffer[: self._remaining])
        del self._buffer[: self._remaining]
        self._remaining -= len(piece)
        return piece or None

    def _chunk_size(self) -> bytes | None:
        line = self._next_line(_MAX_CHUNK_LINE_BYTES)
        if line is None:
            return None
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            raise Malformed("chunk size")
        self._remaining = int(match[1], 16)
        if self._remaining == 0:
            self._head_bytes = 0
            self._step = self._trailers
            return b""
        size = b"%x\r\n" % self._remaining
        end = self._remaining + len(_LINE_END)
        if self._buffer.startswith(_LINE_END, self._remaining):  # the whole chunk has been received, as usual
            chunk = size + self._buffer[:end]
            del self._buffer[:end]
            return bytes(chunk)
        self._step = self._chunk
        return size

    def _chunk(self) -> bytes | None:
        if self._remaining == 0:
            self._step = self._chunk_end
            return b""
        return self._available()

    def _chunk_end(self) -> bytes | None:
        if len(self._buffer) < len(_LINE_END):
            return None
        if not self._buffer.startswith(_LINE_END):
            raise Malformed("chunk end")
        del self._buffer[: len(_LINE_END)]
        self._step = self._chunk_size
        return _LINE_END

    def _trailers(self) -> bytes | None:
        line = self._next_line(MAX_HEAD_BYTES - self._head_bytes)
        if line is None:
            return None
        self._head_bytes += len(line) + len(_LINE_END)
        if line:
            list(_headers([line]))
            return b""
        self._finish()
        return b"0\r\n\r\n"

    def _next_line(self, limit: int) -> bytes | None:
        """Return the next line of the body's framing, None where it is not complete yet."""
        end = self._buffer.find(_LINE_END, max(0, self._searched - 1))
        self._searched = len(self._buffer)
        if (len(self._buffer) if end < 0 else end) > limit:
            raise Overlong("chunk size or trailers")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + len(_LINE_END)]
        self._searched = 0
        return line

    def _body_until_close(self) -> bytes | None:
        """Pass everything on: only the end of the connection ends the body."""
        piece = bytes(self._buffer)
        self._buffer.clear()
        return piece or None

    def _finish(self) -> None:
        self.is_complete = True
        self._step = self._discard_trailing_data

    def _discard_trailing_data(self) -> bytes | None:
        """Drop bytes after the response."""
        self.has_trailing_data = self.has_trailing_data or bool(self._buffer)
        self._buffer.clear()
        return None


def _framing_header(encodings: list[bytes], lengths: set[bytes]) -> list[bytes]:
    """Return the one header that says how a body ends; chunked wins over a length (section 6.3).

    Raises:
        Malformed: the encoding is not supported, or two lengths differ.
        Overlong: the length has more than 18 digits.
    """
    if encodings:
        if encodings != [b"chunked"]:
            raise Malformed("transfer encoding")
        return [b"Transfer-Encoding: chunked"]
    if not lengths:
        return []
    length, *more_lengths = lengths
    if more_lengths or not length.isdigit():
        raise Malformed("length")
    if len(length) > _MAX_LENGTH_DIGITS:
        raise Overlong("length")
    return [b"Content-Length: " + length]


def _headers(lines: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    """Return names and values; a value folded over several lines is joined (section 5.2).

    Raises:
        Malformed: a line is no header.
    """
    unfolded: list[bytes] = []
    for line in lines:
        if unfolded and line[:1] in {b" ", b"\t"}:
            unfolded[-1] += b" " + line.strip(b" \t")
        else:
            unfolded.append(line)
    for line in unfolded:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise Malformed("header line")
        yield match[1], match[2].rstrip(b" \t")
