"""Reading an answer by stream: within its limits, within the call's time, and to its proven end.

Both carriers hand over the raw bytes of the wire. Decompression is ours, because the libraries accept a
gzip stream that stops in the middle and cannot cap what a small one unfolds to.

Nothing here raises while it holds bytes: what is wrong is kept as `fault`, so that no traceback that shows
local variables shows a body or a header.
"""

from collections.abc import Iterable
from io import BytesIO

from cchc_connect.errors import CchcError, CutShort, SourceHeld
from cchc_connect.transport.call import Call
from cchc_connect.transport.failures import overdue
from cchc_connect.transport.policy import Policy
from cchc_connect.transport.unpacking import Damaged, Unpacker, unpacker

_UNPACKED = frozenset({"", "identity"})
_BODILESS = frozenset({204, 304})
# A small page of one repeated value compresses better than any limit and harms nobody.
_RATIO_COUNTS_FROM = 1024 * 1024


class AnswerReader:
    """Takes head and body of one answer and gives the body back whole, or says why it is not."""

    def __init__(self, call: Call, header_lines: Iterable[tuple[str, str]], policy: Policy) -> None:
        """Read the head; `call` knows its status already."""
        self.headers: dict[str, str] = {}
        """By lower-case name; the values of a repeated header are joined by ", "."""
        self.fault: CchcError | None = None
        """What is wrong with the answer so far."""
        self._call = call
        self._policy = policy
        self._decoded = BytesIO()
        self._wire_bytes = 0
        self._unpacker: Unpacker | None = None
        self._join(header_lines)
        self._bodiless = call.request.method == "HEAD" or call.status in _BODILESS
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        self._length = None if self._chunked or self._bodiless else self._announced_length()
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding not in _UNPACKED:
            self._unpacker = unpacker(coding)
            if self._unpacker is None:  # one we did not ask for, or one above the other
                self.fault = SourceHeld("transport.compression_not_requested", **call.context())

    @property
    def framed(self) -> bool:
        """Say whether anything marks the body's end; if not, a closed connection looks like one."""
        return self._chunked or self._bodiless or self._length is not None or self._unpacker is not None

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes of the wire; return whether to go on."""
        self._wire_bytes += len(chunk)
        if self._call.deadline.over:
            self.fault = overdue(self._call)
        if self.fault is None:
            if self._unpacker is None:
                self._keep(chunk)
            else:
                self._unpack(self._unpacker, chunk)
        return self.fault is None

    def body(self) -> bytes:
        """Return the whole body, decoded.

        Raises:
            CutShort: it ended before its end, or is damaged.
            SourceHeld: it passes a limit, or is encoded as we did not ask.
            DeadlineExceeded: the call's time was used up before its end.
        """
        if self.fault is None and not self._is_whole():
            self._cut()
        if self.fault:
            raise self.fault
        return self._decoded.getvalue()

    def _is_whole(self) -> bool:
        if self._length is not None and self._wire_bytes != self._length:
            return False
        if self._unpacker is None or self._unpacker.is_whole:
            return True
        return self._wire_bytes == 0 and (self._chunked or self._bodiless or self._length == 0)

    def _unpack(self, unpacker: Unpacker, chunk: bytes) -> None:
        """Unpack step by step; limits are looked at after each, so a bomb unfolds no further than one beyond them."""
        try:
            for step in unpacker.steps(chunk):
                self._keep(step)
                if self.fault is not None:
                    return
        except Damaged:
            self._cut()

    def _keep(self, decoded: bytes) -> None:
        self._decoded.write(decoded)
        size = self._decoded.tell()
        if size > self._policy.body_limit or self._wire_bytes > self._policy.body_limit:
            self._too_large("body")
        elif size > _RATIO_COUNTS_FROM and size > self._policy.ratio_limit * self._wire_bytes:
            self._too_large("ratio")

    def _join(self, lines: Iterable[tuple[str, str]]) -> None:
        for count, (name, value) in enumerate(lines, start=1):
            if count > self._policy.header_limit:
                self._too_large("headers")
                return
            key = name.lower()
            self.headers[key] = f"{self.headers[key]}, {value}" if key in self.headers else value

    def _announced_length(self) -> int | None:
        text = self.headers.get("content-length")
        if text is None:
            return None
        length, *others = {part.strip() for part in text.split(",")}
        if others or not (length.isascii() and length.isdecimal()):
            self._cut()
        elif len(length) > len(str(self._policy.body_limit)) or int(length) > self._policy.body_limit:
            self._too_large("body")
        else:
            return int(length)
        return None

    def _cut(self) -> None:
        self.fault = CutShort("transport.cut_short", **self._call.context())

    def _too_large(self, limit: str) -> None:
        self.fault = SourceHeld("transport.too_large", **self._call.context(), limit=limit)
