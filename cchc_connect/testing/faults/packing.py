"""How a server packs a body: for each content coding a whole one and, where it can be made, a bomb."""

import gzip
import struct
import zlib
from collections.abc import Callable
from functools import cache

from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.fault import response_head_of
from cchc_connect.testing.faults.plays import KEEP_OPEN, ResponseScript

BytesFunction = Callable[[bytes], bytes]

_PIECE = b" " * 1024 * 1024
_PIECES = 256
_TAIL = 9


def bare_deflate(body: bytes) -> bytes:
    """Return `body` packed without the frame that RFC 9110 asks of "deflate", as some servers do."""
    return zlib.compress(body)[2:-4]


def compressed(
    coding: str, compress: BytesFunction, *, corrupt: BytesFunction = bytes
) -> Callable[[ServerResponse], ResponseScript]:
    """Return the play that packs the good answer, and spoils what it packed."""

    def play(reply: ServerResponse) -> ResponseScript:
        body = corrupt(compress(reply.body))
        return [
            response_head_of(reply, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}") + body,
            KEEP_OPEN,
        ]

    return play


def truncate(body: bytes) -> bytes:
    """Return a packed body without its last bytes."""
    return body[:-_TAIL]


def flip_byte(position: int) -> BytesFunction:
    """Return a function that flips every bit of the byte at `position`, counted from the end."""

    def spoil(body: bytes) -> bytes:
        at = len(body) - position
        return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]

    return spoil


@cache
def gzip_bomb(_: bytes) -> bytes:
    """Return what unfolds to 256 MiB of white space."""
    check = 0
    for _piece in range(_PIECES):
        check = zlib.crc32(_PIECE, check)
    head = gzip.compress(b"")[:10]
    return head + _blown_up() + struct.pack("<II", check, _PIECES * len(_PIECE))


@cache
def deflate_bomb(_: bytes) -> bytes:
    """Return the same, packed by deflate without its frame."""
    return _blown_up()


def gzip_twice(body: bytes) -> bytes:
    """Return `body` packed by gzip and packed again."""
    return gzip.compress(gzip.compress(body))


def _blown_up() -> bytes:
    """Return a bare deflate stream; its blocks are made once and repeated."""
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = compressor.compress(_PIECE) + compressor.flush(zlib.Z_FULL_FLUSH)
    return block * _PIECES + compressor.flush()
