"""Unpacking a body step by step, to the proven end of its stream.

gzip and deflate are read always, Zstandard and Brotli where the extra `compression` is installed; nobody is
asked for what could not be read. No step unfolds to more than `STEP` bytes, so that whoever counts them can stop.
"""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Protocol

STEP = 256 * 1024
"""Bytes that one step unfolds to at the most."""

_GZIP = 16 + zlib.MAX_WBITS
_WIDEST_WINDOW = 23  # 8 MiB: what RFC 9659 lets a sender of "zstd" ask of us; the library's own limit is 128
_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_BROTLI = "brotli"


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


class _Zstd:
    """Zstandard (RFC 8878): one frame or several, one after the other."""

    def __init__(self) -> None:
        self._module = import_module(_ZSTD)
        self._frame = self._new()

    @property
    def is_whole(self) -> bool:
        ended: bool = self._frame.eof
        return ended

    def steps(self, packed: bytes) -> Iterator[bytes]:
        rest = packed
        while rest or not (self._frame.eof or self._frame.needs_input):
            if self._frame.eof:
                self._frame = self._new()
            try:
                step = self._frame.decompress(rest, STEP)
            except self._module.ZstdError:
                raise Damaged from None
            rest = self._frame.unused_data if self._frame.eof else b""
            yield step

    def _new(self) -> Any:
        widest = {self._module.DecompressionParameter.window_log_max: _WIDEST_WINDOW}
        return self._module.ZstdDecompressor(options=widest)


class _Brotli:
    """Brotli (RFC 7932): one stream; its window has 16 MiB at the most."""

    def __init__(self) -> None:
        self._module = import_module(_BROTLI)
        self._stream = self._module.Decompressor()

    @property
    def is_whole(self) -> bool:
        ended: bool = self._stream.is_finished()
        return ended

    def steps(self, packed: bytes) -> Iterator[bytes]:
        rest = packed
        while rest or not (self.is_whole or self._stream.can_accept_more_data()):
            if self.is_whole:
                raise Damaged
            try:
                step = self._stream.process(rest, output_buffer_limit=STEP)
            except self._module.error:
                raise Damaged from None
            rest = b""
            yield step


_UNPACKERS: Mapping[str, Callable[[], Unpacker]] = MappingProxyType(
    {"gzip": _Gzip, "x-gzip": _Gzip, "deflate": _Deflate, "zstd": _Zstd, "br": _Brotli}
)
_LIBRARIES = MappingProxyType({"zstd": _ZSTD, "br": _BROTLI})


def unpacker(coding: str) -> Unpacker | None:
    """Return what unpacks one content coding, None where nobody here can."""
    if coding in _LIBRARIES and coding not in accepted():
        return None
    make = _UNPACKERS.get(coding)
    return make() if make else None


@cache
def accepted() -> tuple[str, ...]:
    """Return the codings we ask for; deflate is read too, from servers that do not ask what we accept."""
    return ("gzip", *(coding for coding, library in _LIBRARIES.items() if _is_there(library)))


def _is_there(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:  # not even the package it would be in
        return False
