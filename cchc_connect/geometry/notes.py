"""Notes on the geometries of one source's records."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from cchc_connect.geometry.extents import position_rule, to_degrees, transforms
from cchc_connect.geometry.parcel_ids import is_elsewhere
from cchc_connect.geometry.shapes import analyses, border_rules
from cchc_schemas import LandParcel, Note, Record
from cchc_schemas.geometry import LocatedRecord
from cchc_schemas.reference_systems import CRS84, Box

ELSEWHERE = Note("national_id", "national_parcel_id_elsewhere")

_PATH = "geometry"


@runtime_checkable
class BoundedSource(Protocol):
    """Optional part of a source of records with geometries: where they should lie."""

    extent: Box | None
    """West, south, east and north in degrees (WGS 84); what lies elsewhere gets a note. None: anywhere."""


class GeometryNotes:
    """Finds what is suspicious in the geometries of a source's records, many records at a time."""

    def __init__(self, extent: Box | None) -> None:
        """Prepare; without `extent` no position is suspicious by itself."""
        self._extent = extent

    def notes(self, records: Sequence[Record]) -> Sequence[Sequence[Note]]:
        """Return the notes on each record, in their order; records without geometry have none."""
        notes: list[list[Note]] = [[] for _ in records]
        located = [
            (number, record, record.geometry)
            for number, record in enumerate(records)
            if isinstance(record, LocatedRecord) and record.geometry is not None
        ]
        degrees: list[tuple[int, str, Box]] = []
        metres = defaultdict[str, list[tuple[int, str, Box]]](list)
        for number, record, geometry in located:
            bounds = geometry.bounds
            if self._extent is not None and (rule := position_rule(bounds, geometry.crs, self._extent)):
                notes[number].append(Note(_PATH, rule))
            if isinstance(record, LandParcel) and record.national_id is not None:
                (degrees if geometry.crs == CRS84 else metres[geometry.crs]).append(
                    (number, record.national_id, bounds)
                )
        for crs, parcels in metres.items():
            degrees += _in_degrees(crs, parcels)
        for number, national_id, bounds in degrees:
            if is_elsewhere(national_id, bounds):
                notes[number].append(ELSEWHERE)
        for index, rule in border_rules([geometry for _, _, geometry in located]):
            notes[located[index][0]].append(Note(_PATH, rule))
        return notes


def missing_packages() -> tuple[str, ...]:
    """Return the packages of the extra `geo` that are not installed, without which notes are left out."""
    installed = {"pyproj": transforms(), "shapely": analyses()}
    return tuple(name for name, is_installed in installed.items() if not is_installed)


def _in_degrees(crs: str, parcels: Sequence[tuple[int, str, Box]]) -> list[tuple[int, str, Box]]:
    """Return the parcels with their bounds in degrees; none if they cannot be computed."""
    xs = [x for _, _, (west, _, east, _) in parcels for x in (west, east)]
    ys = [y for _, _, (_, south, _, north) in parcels for y in (south, north)]
    moved = to_degrees(crs, xs, ys)
    if moved is None:
        return []
    longitudes, latitudes = moved
    return [
        (
            number,
            national_id,
            (longitudes[2 * index], latitudes[2 * index], longitudes[2 * index + 1], latitudes[2 * index + 1]),
        )
        for index, (number, national_id, _) in enumerate(parcels)
    ]
