"""Faults of compression, and compressed answers that are none."""

import gzip
import zlib

from cchc_connect.errors import CutShort, SourceHeld
from cchc_connect.testing.faults import packing
from cchc_connect.testing.faults.fault import WireFault
from cchc_connect.testing.faults.packing import cut, flipped, packed

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
)
