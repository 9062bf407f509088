"""Faults of compression, and compressed answers that are none."""

import gzip
import zlib

from cchc_connect.errors import CutShort, SourceHeld
from cchc_connect.testing.faults import packing
from cchc_connect.testing.faults.fault import WireFault
from cchc_connect.testing.faults.packing import BROTLI, ZSTD, cut, flipped, packed

DAMAGED = (
    WireFault(
        name="gzip_cut",
        meaning="A gzip stream stops before its end, though the body is as long as announced.",
        becomes=CutShort,
        play=packed("gzip", gzip.compress, spoil=cut),
    ),
    WireFault(
        name="gzip_bad_crc",
        meaning="The check sum at the end of a gzip stream is wrong.",
        becomes=CutShort,
        play=packed("gzip", gzip.compress, spoil=flipped(8)),
    ),
    WireFault(
        name="gzip_bad_length",
        meaning="The length at the end of a gzip stream is wrong.",
        becomes=CutShort,
        play=packed("gzip", gzip.compress, spoil=flipped(4)),
    ),
    WireFault(
        name="gzip_that_is_none",
        meaning="A body that is not compressed is called gzip.",
        becomes=CutShort,
        play=packed("gzip", bytes),
    ),
    WireFault(
        name="gzip_and_more",
        meaning="Bytes that are no gzip follow a gzip stream.",
        becomes=CutShort,
        play=packed("gzip", gzip.compress, spoil=lambda body: body + b"[1]"),
    ),
    WireFault(
        name="deflate_cut",
        meaning="A deflate stream stops before its end.",
        becomes=CutShort,
        play=packed("deflate", zlib.compress, spoil=cut),
    ),
    WireFault(
        name="br_cut",
        meaning="A Brotli stream stops before its end.",
        becomes=CutShort,
        play=packed("br", packing.brotli, spoil=cut),
        needs=BROTLI,
    ),
    WireFault(
        name="br_and_more",
        meaning="Bytes follow a Brotli stream.",
        becomes=CutShort,
        play=packed("br", packing.brotli, spoil=lambda body: body + b"[1]"),
        needs=BROTLI,
    ),
    WireFault(
        name="zstd_cut",
        meaning="A Zstandard frame stops before its end.",
        becomes=CutShort,
        play=packed("zstd", packing.zstd, spoil=cut),
        needs=ZSTD,
    ),
    WireFault(
        name="zstd_and_more",
        meaning="Bytes that are no Zstandard follow a frame.",
        becomes=CutShort,
        play=packed("zstd", packing.zstd, spoil=lambda body: body + b"[1]"),
        needs=ZSTD,
    ),
    WireFault(
        name="zstd_wide_window",
        meaning="A Zstandard frame asks its reader to keep 128 MiB at hand.",
        becomes=CutShort,
        play=packed("zstd", packing.zstd_of_a_wide_window),
        needs=ZSTD,
    ),
)

BOMBS = (
    WireFault(
        name="gzip_bomb",
        meaning="A small gzip body unfolds to 256 MiB.",
        becomes=SourceHeld,
        play=packed("gzip", packing.gzip_bomb),
    ),
    WireFault(
        name="deflate_bomb",
        meaning="A small deflate body unfolds to 256 MiB.",
        becomes=SourceHeld,
        play=packed("deflate", packing.deflate_bomb),
    ),
    WireFault(
        name="br_bomb",
        meaning="A tiny Brotli body unfolds to 256 MiB.",
        becomes=SourceHeld,
        play=packed("br", packing.brotli_bomb),
        needs=BROTLI,
    ),
    WireFault(
        name="zstd_bomb",
        meaning="A small Zstandard body unfolds to 256 MiB.",
        becomes=SourceHeld,
        play=packed("zstd", packing.zstd_bomb),
        needs=ZSTD,
    ),
    WireFault(
        name="packed_twice",
        meaning="The body is packed by gzip twice, as its head says.",
        becomes=SourceHeld,
        play=packed("gzip, gzip", packing.twice),
    ),
    WireFault(
        name="packed_twice_silently",
        meaning="The body is packed by gzip twice, though its head says once.",
        becomes=SourceHeld,
        play=packed("gzip", packing.twice),
    ),
    WireFault(
        name="unknown_encoding",
        meaning="The body is packed in a way we did not ask for.",
        becomes=SourceHeld,
        play=packed("compress", bytes),
    ),
)

ODD_PACKING = (
    WireFault(name="gzip", meaning="The body is gzip.", becomes=None, play=packed("gzip", gzip.compress)),
    WireFault(
        name="gzip_in_two",
        meaning="The body is two gzip streams, one after the other (RFC 1952 section 2.2).",
        becomes=None,
        play=packed("X-GZip", lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:])),
    ),
    WireFault(name="deflate", meaning="The body is deflate.", becomes=None, play=packed("deflate", zlib.compress)),
    WireFault(
        name="bare_deflate",
        meaning="The body is deflate without its frame.",
        becomes=None,
        play=packed("deflate", packing.bare_deflate),
    ),
    WireFault(name="br", meaning="The body is Brotli.", becomes=None, play=packed("br", packing.brotli), needs=BROTLI),
    WireFault(
        name="zstd", meaning="The body is Zstandard.", becomes=None, play=packed("zstd", packing.zstd), needs=ZSTD
    ),
    WireFault(
        name="zstd_in_two",
        meaning="The body is two Zstandard frames (RFC 8878 section 3.1).",
        becomes=None,
        play=packed("zstd", lambda body: packing.zstd(body[:5]) + packing.zstd(body[5:])),
        needs=ZSTD,
    ),
)
