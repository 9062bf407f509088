"""Notes on shapes that are possible but suspicious: where they lie, how their borders run, which parcel they belong to.

Coordinates that their reference system cannot have are refused by the records themselves (`cchc_schemas.geometry`).
"""

from cchc_connect.geometry.notes import BoundedSource, GeometryNotes, missing_packages

__all__ = ["BoundedSource", "GeometryNotes", "missing_packages"]
