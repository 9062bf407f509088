"""Notes on the geometries of one source's records."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Protocol, TypeAlias, cast, runtime_checkable

from cchc_connect.geometry.extents import position_rule, to_degrees, transforms
from cchc_connect.geometry.parcel_ids import is_elsewhere
from cchc_connect.geometry.shapes import analyses, border_rules, is_plain
from cchc_schemas import Geometry, LandParcel, Note, Record
from cchc_schemas.geometry import LocatedRecord
from cchc_schemas.reference_systems import CRS84, Box

ELSEWHERE = Note("national_id", "national_parcel_id_elsewhere")

_PATH = "geometry"

_Located: TypeAlias = tuple[int, Geometry, Box]
"""Index of a record, its geometry and the bounds of that."""


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

    def notes(self, records: Sequence[LocatedRecord]) -> Mapping[int, Sequence[Note]]:
        """Return the notes on each record that has some, by its index."""
        located = [
            (number, geometry, geometry.bounds)
            for number, record in enumerate(records)
            if (geometry := record.geometry) is not None
        ]
        notes = defaultdict[int, list[Note]](list)
        for number, note in chain(self._positions(located), _parcel_ids(records, located), _borders(located)):
            notes[number].append(note)
        return notes

    def _positions(self, located: Sequence[_Located]) -> Iterator[tuple[int, Note]]:
        extent = self._extent
        if extent is None:
            return
        for number, geometry, bounds in located:
            if rule := position_rule(bounds, geometry.crs, extent):
                yield number, Note(_PATH, rule)


def missing_packages() -> tuple[str, ...]:
    """Return the packages of the extra `geo` that are not installed, without which notes are left out."""
    installed = {"pyproj": transforms(), "shapely": analyses()}
    return tuple(name for name, is_installed in installed.items() if not is_installed)


def _parcel_ids(records: Sequence[Record], located: Sequence[_Located]) -> Iterator[tuple[int, Note]]:
    """Yield a note on each parcel whose code is that of another place."""
    if not (records and isinstance(records[0], LandParcel)):
        return
    projected = defaultdict[str, list[tuple[int, str, Box]]](list)
    for number, geometry, bounds in located:
        national_id = cast("LandParcel", records[number]).national_id
        if national_id is not None and geometry.crs != CRS84:
            projected[geometry.crs].append((number, national_id, bounds))
        elif national_id is not None and is_elsewhere(national_id, bounds):
            yield number, ELSEWHERE
    for crs, parcels in projected.items():
        for number, national_id, bounds in _in_degrees(crs, parcels):
            if is_elsewhere(national_id, bounds):
                yield number, ELSEWHERE


def _borders(located: Sequence[_Located]) -> Iterator[tuple[int, Note]]:
    doubtful = [(number, geometry) for number, geometry, _ in located if not is_plain(geometry)]
    for index, rule in border_rules([geometry for _, geometry in doubtful]):
        yield doubtful[index][0], Note(_PATH, rule)


def _in_degrees(crs: str, parcels: Sequence[tuple[int, str, Box]]) -> list[tuple[int, str, Box]]:
    """Return the parcels with their bounds in degrees, without those for which they cannot be computed."""
    xs = [x for _, _, (west, _, east, _) in parcels for x in (west, east)]
    ys = [y for _, _, (_, south, _, north) in parcels for y in (south, north)]
    moved = to_degrees(crs, xs, ys)
    if moved is None:
        return []
    corners = [*zip(*moved, strict=True)]
    return [
        (number, national_id, (*south_west, *north_east))
        for (number, national_id, _), south_west, north_east in zip(parcels, corners[::2], corners[1::2], strict=True)
        if all(map(isfinite, (*south_west, *north_east)))
    ]
