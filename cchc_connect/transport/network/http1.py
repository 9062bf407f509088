"""Where an answer begins and where it ends (RFC 9112), read strictly before any library reads it.

http.client and h11 forgive different things: one takes a header block that is cut for an answer without a body,
the other takes what follows an answer for the answer to the next request. So each byte passes these rules first, on
both carriers, and the libraries are given only what can be understood in one way. What informs (1xx) and
trailers are left out; a folded header is unfolded.
"""

import re
from collections.abc import Callable, Iterable
from http.client import HTTPException

HEAD_LIMIT = 64 * 1024
"""Bytes of an answer's head, with all that only informs before it; and of its trailers."""

_CHUNK_LINE_LIMIT = 4 * 1024
_MOST_DIGITS = 18  # a length that fits into 64 bits

_LINE_END = b"\r\n"
_BEGINNING = b"HTTP/1."
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\x00\r\n\x0b\x0c]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n\x0b\x0c]*?)[ \t]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")

_SWITCHING = 101
_FINAL = 200
_BODILESS = frozenset({204, 304})


class Malformed(HTTPException):
    """What came is no HTTP/1.1, or ended before its end; nothing of it stands in here."""


class Overlong(Malformed):
    """A head, a chunk's size or the trailers go on and on."""


class Framing:
    """One answer on its way from the socket to a library."""

    def __init__(self, method: str) -> None:
        """Expect the answer to a request with `method`."""
        self.ended = False
        """Has the whole answer been given?"""
        self.followed = False
        """Did something come after its end? Then the connection is good for nothing any more."""
        self._is_head = method == "HEAD"
        self._buffer = bytearray()
        self._searched = 0
        self._head_bytes = 0
        self._left = 0
        self._step: Callable[[], bytes | None] = self._head
        self._failure: Malformed | None = None

    def raise_if_broken(self) -> None:
        """Let reading go on unless what was given so far is all that was good.

        Raises:
            Malformed: what came next is no HTTP/1.1.
        """
        if self._failure is not None:
            raise self._failure

    def take(self, received: bytes) -> bytes:
        """Take what the socket gave, nothing at its end; return what a library may read of it, perhaps nothing yet.

        Raises:
            Malformed: there is nothing good to be returned.
        """
        if not received:
            return self._end_of_line()
        self._buffer += received
        given: list[bytes] = []
        try:
            while (piece := self._step()) is not None:
                given.append(piece)
        except Malformed as found:
            self._failure = found
            if not given:
                raise
        return b"".join(given)

    def _end_of_line(self) -> bytes:
        if self._step not in (self._unframed, self._after):
            raise Malformed("the connection ended before the answer")
        self.ended = True
        return b""

    def _head(self) -> bytes | None:
        """Pass a whole head on; leave out one that only informs."""
        if not _BEGINNING.startswith(bytes(self._buffer[: len(_BEGINNING)])):
            raise Malformed("no HTTP/1 answer")
        end = _HEAD_END.search(self._buffer, max(0, self._searched - 3))
        self._searched = len(self._buffer)
        if self._head_bytes + (end.end() if end else len(self._buffer)) > HEAD_LIMIT:
            raise Overlong("head")
        if end is None:
            return None
        status_line, *lines = (line.removesuffix(b"\r") for line in self._buffer[: end.start()].split(b"\n"))
        self._head_bytes += end.end()
        del self._buffer[: end.end()]
        self._searched = 0
        return self._headed(bytes(status_line), [bytes(line) for line in lines])

    def _headed(self, status_line: bytes, lines: list[bytes]) -> bytes:
        found = _STATUS_LINE.fullmatch(status_line)
        if found is None:
            raise Malformed("status line")
        status, headers = int(found[1]), list(_headers(lines))
        if status == _SWITCHING:
            raise Malformed("another protocol, unasked")
        if status < _FINAL:
            return b""
        framing = self._frame(status, headers)
        kept = [b": ".join(header) for header in headers if header[0].lower() not in _FRAMING_HEADERS]
        return b"\r\n".join([status_line, *kept, *framing, b"", b""])

    def _frame(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
        """Decide where the body ends (section 6.3); return the header that says so, once."""
        told = [(name.lower(), part.strip().lower()) for name, value in headers for part in value.split(b",")]
        encodings = [part for name, part in told if name == _FRAMING_HEADERS[0]]
        lengths = {part for name, part in told if name == _FRAMING_HEADERS[1]}
        framing = _framing_header(encodings, lengths)
        if self._is_head or status in _BODILESS:
            self._finish()
        elif encodings:
            self._step = self._chunk_size
        elif lengths:
            self._left = int(framing[0].partition(b": ")[2])
            self._step = self._sized
        else:
            self._step = self._unframed
        return framing

    def _sized(self) -> bytes | None:
        if self._left == 0:
            self._finish()
            return b""
        return self._some()

    def _some(self) -> bytes | None:
        """Pass on what is there of the body or the chunk, and no more."""
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._left -= len(piece)
        return piece or None

    def _chunk_size(self) -> bytes | None:
        line = self._line(_CHUNK_LINE_LIMIT)
        if line is None:
            return None
        found = _CHUNK_SIZE.fullmatch(line)
        if found is None:
            raise Malformed("chunk size")
        self._left = int(found[1], 16)
        if self._left == 0:
            self._head_bytes = 0
            self._step = self._trailers
            return b""
        size = b"%x\r\n" % self._left
        end = self._left + len(_LINE_END)
        if self._buffer.startswith(_LINE_END, self._left):  # all of it is here, as most chunks are at once
            chunk = size + self._buffer[:end]
            del self._buffer[:end]
            return bytes(chunk)
        self._step = self._chunk
        return size

    def _chunk(self) -> bytes | None:
        if self._left == 0:
            self._step = self._chunk_end
            return b""
        return self._some()

    def _chunk_end(self) -> bytes | None:
        if len(self._buffer) < len(_LINE_END):
            return None
        if not self._buffer.startswith(_LINE_END):
            raise Malformed("chunk end")
        del self._buffer[: len(_LINE_END)]
        self._step = self._chunk_size
        return _LINE_END

    def _trailers(self) -> bytes | None:
        line = self._line(HEAD_LIMIT - self._head_bytes)
        if line is None:
            return None
        self._head_bytes += len(line) + len(_LINE_END)
        if line:
            list(_headers([line]))
            return b""
        self._finish()
        return b"0\r\n\r\n"

    def _line(self, limit: int) -> bytes | None:
        """Return the next line of the body's framing, None where it has not all come."""
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

    def _unframed(self) -> bytes | None:
        """Pass everything on: only the connection's end ends it."""
        piece = bytes(self._buffer)
        self._buffer.clear()
        return piece or None

    def _finish(self) -> None:
        self.ended = True
        self._step = self._after

    def _after(self) -> bytes | None:
        """Leave out what follows the answer."""
        self.followed = self.followed or bool(self._buffer)
        self._buffer.clear()
        return None


_FRAMING_HEADERS = (b"transfer-encoding", b"content-length")


def _framing_header(encodings: list[bytes], lengths: set[bytes]) -> list[bytes]:
    """Return the one header that says where a body ends; chunks win over a length, as section 6.3 says.

    Raises:
        Malformed: it is told in a way we do not know, or in two ways.
        Overlong: the length has more digits than any length.
    """
    if encodings:
        if encodings != [b"chunked"]:
            raise Malformed("transfer encoding")
        return [b"Transfer-Encoding: chunked"]
    if not lengths:
        return []
    length, *others = lengths
    if others or not length.isdigit():
        raise Malformed("length")
    if len(length) > _MOST_DIGITS:
        raise Overlong("length")
    return [b"Content-Length: " + length]


def _headers(lines: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    """Return names and values; a value that goes on in the next line is put together (section 5.2).

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
        found = _HEADER.fullmatch(line)
        if found is None:
            raise Malformed("header line")
        yield found[1], found[2]
