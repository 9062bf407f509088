"""Geometry of the invented map: rectangles, GeoHash codes, VN-2000 coordinates.

Sources: the parcel identifier as a 12-character GeoHash of a point in the parcel is TT 19/2026/TT-BNNMT,
Phụ lục I; EPSG:9210 "VN-2000 / TM-3 105-45" has central meridian 105.75, scale 0.9999, false easting
500,000 m, axis order east, north. The WGS 84 to VN-2000 datum shift (about 225 m) is left out in every
double, because the map is invented.
"""

import math
from decimal import Decimal

from cchc_connect.testing.province.facts import Ring

_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
_METRES_PER_DEGREE = 111_320.0
_AXIS = 6_378_137.0
_ECCENTRICITY_2 = 0.006_694_379_990_141
_SCALE = 0.9999
_MERIDIAN = 105.75
_FALSE_EASTING = 500_000.0


def rectangle(west: float, south: float, area: Decimal) -> Ring:
    """Return a ring of about `area` m², twice as deep as wide, like the parcel of a town house.

    `west` and `south` are the coordinates of its south-western corner in WGS 84 degrees.
    """
    width = math.sqrt(float(area) / 2)
    east = round(west + width / (_METRES_PER_DEGREE * math.cos(math.radians(south))), 7)
    north = round(south + 2 * width / _METRES_PER_DEGREE, 7)
    west, south = round(west, 7), round(south, 7)
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


def centre(ring: Ring) -> tuple[float, float]:
    """Return (longitude, latitude) of the middle of a rectangle."""
    (west, south), (east, north) = ring[0], ring[2]
    return (west + east) / 2, (south + north) / 2


def geohash(longitude: float, latitude: float, length: int = 12) -> str:
    """Return the GeoHash of a point in WGS 84 degrees.

    >>> geohash(-5.6, 42.6, length=5)
    'ezs42'
    """
    spans = [[-180.0, 180.0], [-90.0, 90.0]]
    text, bits = "", 0
    for step in range(5 * length):
        span, value = spans[step % 2], (longitude, latitude)[step % 2]
        middle = (span[0] + span[1]) / 2
        upper = value >= middle
        span[0 if upper else 1] = middle
        bits = bits << 1 | upper
        if (step + 1) % 5 == 0:  # five bits make a character
            text, bits = text + _ALPHABET[bits], 0
    return text


def vn2000(longitude: float, latitude: float) -> tuple[float, float]:
    """Return (east, north) in metres, EPSG:9210, of a WGS 84 point, by Snyder's series for the transverse Mercator.

    >>> vn2000(106.66, 10.98)
    (599452.334, 1214282.737)
    """
    e2 = _ECCENTRICITY_2
    phi = math.radians(latitude)
    sine, cosine, tangent_2 = math.sin(phi), math.cos(phi), math.tan(phi) ** 2
    prime = e2 / (1 - e2)
    normal = _AXIS / math.sqrt(1 - e2 * sine**2)
    c = prime * cosine**2
    a = math.radians(longitude - _MERIDIAN) * cosine
    arc = _AXIS * (
        (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256) * phi
        - (3 * e2 / 8 + 3 * e2**2 / 32 + 45 * e2**3 / 1024) * math.sin(2 * phi)
        + (15 * e2**2 / 256 + 45 * e2**3 / 1024) * math.sin(4 * phi)
        - (35 * e2**3 / 3072) * math.sin(6 * phi)
    )
    east = normal * (
        a + (1 - tangent_2 + c) * a**3 / 6 + (5 - 18 * tangent_2 + tangent_2**2 + 72 * c - 58 * prime) * a**5 / 120
    )
    north = arc + normal * math.tan(phi) * (
        a**2 / 2
        + (5 - tangent_2 + 9 * c + 4 * c**2) * a**4 / 24
        + (61 - 58 * tangent_2 + tangent_2**2 + 600 * c - 330 * prime) * a**6 / 720
    )
    return round(_FALSE_EASTING + _SCALE * east, 3), round(_SCALE * north, 3)
