"""Compressed bodies for the faults: complete ones, corrupt ones and decompression bombs."""

import gzip
import struct
import zlib
from collections.abc import Callable
from functools import cache

from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.fault import response_head_of
from cchc_connect.testing.faults.response_scripts import KEEP_OPEN, ResponseScript

BytesFunction = Callable[[bytes], bytes]

_BLOCK = b" " * 1024 * 1024
_BLOCK_COUNT = 256
_CUT_BYTES = 9


def bare_deflate(body: bytes) -> bytes:
    """Return `body` compressed without the zlib frame that RFC 9110 requires for "deflate", as some servers do."""
    return zlib.compress(body)[2:-4]


def compressed(
    coding: str, compress: BytesFunction, *, corrupt: BytesFunction = bytes
) -> Callable[[ServerResponse], ResponseScript]:
    """Return the script that compresses the good response by `compress` and changes the result by `corrupt`."""

    def script(response: ServerResponse) -> ResponseScript:
        body = corrupt(compress(response.body))
        return [
            response_head_of(response, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}") + body,
            KEEP_OPEN,
        ]

    return script


def truncate(body: bytes) -> bytes:
    """Return a compressed body without its last bytes."""
    return body[:-_CUT_BYTES]


def flip_byte(position: int) -> BytesFunction:
    """Return a function that flips every bit of the byte at `position`, counted from the end."""

    def flip(body: bytes) -> bytes:
        at = len(body) - position
        return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]

    return flip


@cache
def gzip_bomb(_: bytes) -> bytes:
    """Return a gzip stream that decompresses to 256 MiB of white space."""
    checksum = 0
    for _number in range(_BLOCK_COUNT):
        checksum = zlib.crc32(_BLOCK, checksum)
    head = gzip.compress(b"")[:10]
    return head + _bomb_stream() + struct.pack("<II", checksum, _BLOCK_COUNT * len(_BLOCK))


@cache
def deflate_bomb(_: bytes) -> bytes:
    """Return a bare deflate stream that decompresses to the same."""
    return _bomb_stream()


def gzip_twice(body: bytes) -> bytes:
    """Return `body` compressed by gzip twice."""
    return gzip.compress(gzip.compress(body))


def _bomb_stream() -> bytes:
    """Return a bare deflate stream; its blocks are made once and repeated."""
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = compressor.compress(_BLOCK) + compressor.flush(zlib.Z_FULL_FLUSH)
    return block * _BLOCK_COUNT + compressor.flush()
