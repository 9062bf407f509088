"""The national parcel code (mã định danh thửa đất) against the position of the parcel.

The code is a GeoHash of a point in the parcel, in WGS 84 (TT 19/2026/TT-BNNMT, Phụ lục I). It is never computed here:
two official transformations of one VN-2000 point differ by 0.8 m, which changes the last characters. Eight of its
twelve characters are compared, which name a cell of 38 by 19 m; a forgotten datum shift is 225 m.

>>> [round(degrees, 4) for degrees in cell("ezs42jhp")]
[-5.6195, 42.6117, -5.6192, 42.6118]
"""

from cchc_schemas.reference_systems import Box

_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
_CELLS = 1 << 20
"""Cells around the earth, and from pole to pole: two characters have five bits of each direction."""
_WIDTH, _HEIGHT = 360 / _CELLS, 180 / _CELLS


def _halves(code: int) -> tuple[int, int]:
    """Return the longitude's and the latitude's five bits of ten, of which the first is the longitude's."""
    bits = f"{code:010b}"
    return int(bits[0::2], 2), int(bits[1::2], 2)


_PAIRS = {
    first + second: _halves(high << 5 | low)
    for high, first in enumerate(_ALPHABET)
    for low, second in enumerate(_ALPHABET)
}


def cell(national_id: str) -> Box | None:
    """Return west, south, east and north of the cell of a code's first characters; None if they are no GeoHash."""
    try:
        (x1, y1), (x2, y2) = _PAIRS[national_id[0:2]], _PAIRS[national_id[2:4]]
        (x3, y3), (x4, y4) = _PAIRS[national_id[4:6]], _PAIRS[national_id[6:8]]
    except KeyError:
        return None
    west = (((x1 << 5 | x2) << 5 | x3) << 5 | x4) * _WIDTH - 180
    south = (((y1 << 5 | y2) << 5 | y3) << 5 | y4) * _HEIGHT - 90
    return west, south, west + _WIDTH, south + _HEIGHT


def is_elsewhere(national_id: str, bounds: Box) -> bool:
    """True if the cell of a code does not touch the bounds, in degrees, of the parcel."""
    box = cell(national_id)
    return box is not None and (box[0] > bounds[2] or box[2] < bounds[0] or box[1] > bounds[3] or box[3] < bounds[1])
