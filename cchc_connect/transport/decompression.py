"""Decompression of response bodies (gzip and deflate) in bounded steps, with a check that the stream is complete.

We request only gzip; deflate is read too. No step yields more than `STEP` bytes, so that the caller can stop at a
limit.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

STEP = 256 * 1024
"""Maximum bytes that one step yields."""

ACCEPTED = "gzip"
"""Value of `Accept-Encoding`; servers that ignore it may send deflate."""

_GZIP = 16 + zlib.MAX_WBITS


class Damaged(Exception):
    """The bytes are no such stream, or it is corrupt; the exception holds nothing of them."""


class Unpacker(Protocol):
    """Decoder of one body in one content coding."""

    @property
    def is_whole(self) -> bool:
        """Whether the end of the stream has been reached."""
        ...

    def steps(self, packed: bytes) -> Iterator[bytes]:
        """Yield the decoded form of the next bytes on the wire, step by step.

        Raises:
            Damaged: the bytes do not continue the stream.
        """
        ...


class _Gzip:
    """gzip (RFC 1952): one or several streams, one after the other."""

    def __init__(self) -> None:
        self._inflater: Any = zlib.decompressobj(_GZIP)

    @property
    def is_whole(self) -> bool:
        ended: bool = self._inflater.eof
        return ended

    def steps(self, packed: bytes) -> Iterator[bytes]:
        pending = packed
        while pending:
            if self._inflater.eof:
                self._inflater = self._next_stream()
            try:
                step = self._inflater.decompress(pending, STEP)
            except zlib.error:
                raise Damaged from None
            pending = self._inflater.unconsumed_tail or self._inflater.unused_data
            yield step

    def _next_stream(self) -> Any:
        return zlib.decompressobj(_GZIP)


class _Deflate(_Gzip):
    """deflate: a zlib stream by RFC 9110, a bare deflate stream from some servers; one stream only."""

    def __init__(self) -> None:
        self._inflater: Any = zlib.decompressobj(zlib.MAX_WBITS)
        self._has_begun = False

    def steps(self, packed: bytes) -> Iterator[bytes]:
        if packed and not self._has_begun:
            self._has_begun = True
            if packed[0] & 0x0F != zlib.DEFLATED:
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        yield from super().steps(packed)

    def _next_stream(self) -> Any:
        raise Damaged


_DECODERS: Mapping[str, Callable[[], Unpacker]] = MappingProxyType(
    {"gzip": _Gzip, "x-gzip": _Gzip, "deflate": _Deflate}
)


def unpacker(coding: str) -> Unpacker | None:
    """Return a new decoder of one content coding, None where it is not supported."""
    decoder_type = _DECODERS.get(coding)
    return decoder_type() if decoder_type else None
