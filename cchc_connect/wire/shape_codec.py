"""The codec `shape` of field maps: GeoJSON, Esri's JSON, either as text too, or the two numbers of a point."""

from dataclasses import dataclass
from decimal import Decimal

from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.field_map import At
from cchc_connect.wire.geometries import UNREADABLE, easting_first, geometry_fields
from cchc_connect.wire.json import Item, read_json


def shape(value: object, crs: str) -> object:
    """Return the fields of a geometry with coordinates in `crs`, easting or longitude first.

    >>> shape({"x": 105.5, "y": 11.2}, "OGC:CRS84")["coordinates"]
    [105.5, 11.2]
    """
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = read_json(value.encode())
        except ValueError:
            return UNREADABLE
    if isinstance(value, str) and not value.strip():
        return None
    return easting_first(geometry_fields(value, crs))


@dataclass(frozen=True, eq=False)
class PointOf:
    """Reads a point out of two properties, easting and northing or longitude and latitude."""

    easting: At
    northing: At
    crs: str

    @property
    def readers(self) -> tuple[At, At]:
        """Return what it reads."""
        return self.easting, self.northing

    def __call__(self, item: Item) -> object:
        """Return the fields of the point; None where neither property has a value."""
        position = [self.easting(item), self.northing(item)]
        if position == [None, None]:
            return None
        unreadable = next((number for number in position if isinstance(number, Unreadable)), None)
        if unreadable is not None or None in position:
            return unreadable or UNREADABLE
        numbers = [float(number) for number in position if isinstance(number, Decimal)]
        return {"type": "Point", "coordinates": numbers, "crs": self.crs}
