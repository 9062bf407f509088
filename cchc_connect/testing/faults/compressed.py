"""Faults of compression, and unusual compressed responses that are no faults."""

import gzip
import zlib

from cchc_connect.errors import CutShort, SourceHeld
from cchc_connect.testing.faults import packing
from cchc_connect.testing.faults.fault import WireFault
from cchc_connect.testing.faults.packing import compressed, flip_byte, truncate

CORRUPT_COMPRESSION = (
    WireFault(
        name="gzip_cut",
        meaning="A gzip stream stops before its end, though the body is as long as announced.",
        expected_error=CutShort,
        script=compressed("gzip", gzip.compress, corrupt=truncate),
    ),
    WireFault(
        name="gzip_bad_crc",
        meaning="The check sum at the end of a gzip stream is wrong.",
        expected_error=CutShort,
        script=compressed("gzip", gzip.compress, corrupt=flip_byte(8)),
    ),
    WireFault(
        name="gzip_bad_length",
        meaning="The length at the end of a gzip stream is wrong.",
        expected_error=CutShort,
        script=compressed("gzip", gzip.compress, corrupt=flip_byte(4)),
    ),
    WireFault(
        name="gzip_that_is_none",
        meaning="A body that is not compressed is called gzip.",
        expected_error=CutShort,
        script=compressed("gzip", bytes),
    ),
    WireFault(
        name="gzip_and_more",
        meaning="Bytes that are no gzip follow a gzip stream.",
        expected_error=CutShort,
        script=compressed("gzip", gzip.compress, corrupt=lambda body: body + b"[1]"),
    ),
    WireFault(
        name="deflate_cut",
        meaning="A deflate stream stops before its end.",
        expected_error=CutShort,
        script=compressed("deflate", zlib.compress, corrupt=truncate),
    ),
)

DECOMPRESSION_BOMBS = (
    WireFault(
        name="gzip_bomb",
        meaning="A small gzip body decompresses to 256 MiB.",
        expected_error=SourceHeld,
        script=compressed("gzip", packing.gzip_bomb),
    ),
    WireFault(
        name="deflate_bomb",
        meaning="A small deflate body decompresses to 256 MiB.",
        expected_error=SourceHeld,
        script=compressed("deflate", packing.deflate_bomb),
    ),
    WireFault(
        name="packed_twice",
        meaning="The body is compressed by gzip twice, as its head says.",
        expected_error=SourceHeld,
        script=compressed("gzip, gzip", packing.gzip_twice),
    ),
    WireFault(
        name="packed_twice_silently",
        meaning="The body is compressed by gzip twice, though its head says once.",
        expected_error=SourceHeld,
        script=compressed("gzip", packing.gzip_twice),
    ),
    WireFault(
        name="unknown_encoding",
        meaning="The body has a content coding that we did not request.",
        expected_error=SourceHeld,
        script=compressed("compress", bytes),
    ),
)

UNUSUAL_COMPRESSION = (
    WireFault(name="gzip", meaning="The body is gzip.", expected_error=None, script=compressed("gzip", gzip.compress)),
    WireFault(
        name="gzip_in_two",
        meaning="The body is two gzip streams, one after the other (RFC 1952 section 2.2).",
        expected_error=None,
        script=compressed("X-GZip", lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:])),
    ),
    WireFault(
        name="deflate", meaning="The body is deflate.", expected_error=None, script=compressed("deflate", zlib.compress)
    ),
    WireFault(
        name="bare_deflate",
        meaning="The body is deflate without its frame.",
        expected_error=None,
        script=compressed("deflate", packing.bare_deflate),
    ),
)
