"""Decompression of response bodies (gzip and deflate) in bounded steps, with a check that the stream is complete.

We request only gzip; deflate is read too. No step yields more than `MAX_STEP_BYTES`, so that the caller can stop at a
limit.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

MAX_STEP_BYTES = 256 * 1024
"""Maximum bytes that one step yields."""

ACCEPT_ENCODING = "gzip"
"""Value of `Accept-Encoding`; servers that ignore it may send deflate."""

_GZIP = 16 + zlib.MAX_WBITS


class CorruptStream(Exception):
    """The bytes are no such stream, or it is corrupt; the exception holds nothing of them."""


class Decoder(Protocol):
    """Decoder of one body in one content coding."""

    @property
    def is_complete(self) -> bool:
        """Whether the end of the stream has been reached."""
        ...

    def decode(self, packed: bytes) -> Iterator[bytes]:
        """Yield the decoded form of the next bytes on the wire, step by step.

        Raises:
            CorruptStream: the bytes do not continue the stream.
        """
        ...


class _Gzip:
    """gzip (RFC 1952): one or several streams, one after the other."""

    def __init__(self) -> None:
        self._inflater: Any = zlib.decompressobj(_GZIP)

    @property
    def is_complete(self) -> bool:
        ended: bool = self._inflater.eof
        return ended

    def decode(self, packed: bytes) -> Iterator[bytes]:
        pending = packed
        while pending:
            if self._inflater.eof:
                self._inflater = self._next_stream()
            try:
                step = self._inflater.decompress(pending, MAX_STEP_BYTES)
            except zlib.error:
                raise CorruptStream from None
            pending = self._inflater.unconsumed_tail or self._inflater.unused_data
            yield step

    def _next_stream(self) -> Any:
        return zlib.decompressobj(_GZIP)


class _Deflate(_Gzip):
    """deflate: a zlib stream by RFC 9110, a bare deflate stream from some servers; one stream only."""

    def __init__(self) -> None:
        self._inflater: Any = zlib.decompressobj(zlib.MAX_WBITS)
        self._has_begun = False

    def decode(self, packed: bytes) -> Iterator[bytes]:
        if packed and not self._has_begun:
            self._has_begun = True
            if packed[0] & 0x0F != zlib.DEFLATED:
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        yield from super().decode(packed)

    def _next_stream(self) -> Any:
        raise CorruptStream


_DECODERS: Mapping[str, Callable[[], Decoder]] = MappingProxyType({"gzip": _Gzip, "x-gzip": _Gzip, "deflate": _Deflate})


def decoder_for(coding: str) -> Decoder | None:
    """Return a new decoder of one content coding, None where it is not supported."""
    decoder_type = _DECODERS.get(coding)
    return decoder_type() if decoder_type else None
