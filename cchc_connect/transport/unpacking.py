"""Unpacking a body step by step, to the proven end of its stream.

gzip and deflate are read; only gzip is asked for. No step unfolds to more than `STEP` bytes, so that whoever
counts them can stop.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

STEP = 256 * 1024
"""Bytes that one step unfolds to at the most."""

ACCEPTED = "gzip"
"""Value of `Accept-Encoding`; deflate is read too, from servers that do not look at what we accept."""

_GZIP = 16 + zlib.MAX_WBITS


class Damaged(Exception):
    """What came is no such stream, or is damaged; nothing of it stands in here."""


class Unpacker(Protocol):
    """One content coding at work on one body."""

    @property
    def is_whole(self) -> bool:
        """Say whether the stream has come to its end."""
        ...

    def steps(self, packed: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the wire unfold to, a step at a time.

        Raises:
            Damaged: they do not go on with the stream.
        """
        ...


class _Gzip:
    """gzip (RFC 1952): one stream or several, one after the other."""

    def __init__(self) -> None:
        self._inflater: Any = zlib.decompressobj(_GZIP)

    @property
    def is_whole(self) -> bool:
        ended: bool = self._inflater.eof
        return ended

    def steps(self, packed: bytes) -> Iterator[bytes]:
        rest = packed
        while rest:
            if self._inflater.eof:
                self._inflater = self._following()
            try:
                step = self._inflater.decompress(rest, STEP)
            except zlib.error:
                raise Damaged from None
            rest = self._inflater.unconsumed_tail or self._inflater.unused_data
            yield step

    def _following(self) -> Any:
        return zlib.decompressobj(_GZIP)


class _Deflate(_Gzip):
    """deflate: a zlib stream by RFC 9110, and a bare one in practice; nothing follows it."""

    def __init__(self) -> None:
        self._inflater: Any = zlib.decompressobj(zlib.MAX_WBITS)
        self._has_begun = False

    def steps(self, packed: bytes) -> Iterator[bytes]:
        if packed and not self._has_begun:
            self._has_begun = True
            if packed[0] & 0x0F != zlib.DEFLATED:
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        yield from super().steps(packed)

    def _following(self) -> Any:
        raise Damaged


_UNPACKERS: Mapping[str, Callable[[], Unpacker]] = MappingProxyType(
    {"gzip": _Gzip, "x-gzip": _Gzip, "deflate": _Deflate}
)


def unpacker(coding: str) -> Unpacker | None:
    """Return a new decoder of one content coding, None where it is not supported."""
    make = _UNPACKERS.get(coding)
    return make() if make else None
