"""Rows for an export, all of one committed state, personal values masked as soon as a document is read.

One read transaction lasts as long as the export: that is work of minutes, and nobody waits for a reader.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, func, select

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.reading.change_feed import last_sequence
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import GONE, change
from cchc_connect.export.field_types import has_geometry
from cchc_connect.export.geometry_encoding import Shape
from cchc_connect.privacy.masking import masked_document
from cchc_schemas import Record

PROVENANCE = ("connection", "agency", "source_time", "version", "changed_at", "run_id")
"""Provenance of a record in an export."""

PROVENANCE_AT = ("connection", "version", "changed_at", "run_id")
"""The same as of an instant: what the change feed stores with every version."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which records are exported."""

    record_class: type[Record]
    where: Mapping[str, object]
    """Conditions by field name, as `records` takes them."""
    at: datetime | None = None
    """Instant as of which they are exported; None: as they are now."""
    limit: int | None = None
    with_provenance: bool = False

    @property
    def provenance(self) -> tuple[str, ...]:
        """Names of the provenance columns."""
        if not self.with_provenance:
            return ()
        return PROVENANCE if self.at is None else PROVENANCE_AT


@dataclass(frozen=True, kw_only=True)
class ExportRow:
    """One record of an export."""

    key: str
    fields: Mapping[str, Any] = field(repr=False)
    """Fields without geometry, JSON-ready, personal values masked."""
    geometry: Shape | None = field(repr=False)
    """Type and coordinates."""
    crs: str | None
    """Reference system of the geometry."""
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """What the writer of a format counted."""

    rows: int
    replaced_texts: int = 0
    """Texts too long for a cell of a workbook, in place of which a sentence says so."""


class StoredRows:
    """The selected records, read in one transaction."""

    def __init__(self, connection: Connection, selection: Selection) -> None:
        """Read through `connection`."""
        self._connection = connection
        self._selection = selection
        self._located = has_geometry(selection.record_class)

    def count(self) -> tuple[int, Mapping[str, int]]:
        """Return the number of rows, and the number of geometries by reference system."""
        systems = Counter[str]()
        total = 0
        for row in self._rows():
            total += 1
            if self._located and (geometry := json.loads(row.document).get("geometry")):
                systems[geometry["crs"]] += 1
        return total, systems

    def __iter__(self) -> Iterator[ExportRow]:
        """Yield the rows in key order."""
        names = self._selection.provenance
        for row in self._rows():
            document = json.loads(row.document)
            geometry = document.pop("geometry", None) if self._located else None
            yield ExportRow(
                key=row.record_key,
                fields=masked_document(self._selection.record_class, document),
                geometry=geometry and {name: geometry[name] for name in ("type", "coordinates")},
                crs=geometry and geometry["crs"],
                provenance={name: getattr(row, name) for name in names},
            )

    def _rows(self) -> Iterator[Any]:
        rows = self._live_rows() if self._selection.at is None else self._rows_at(self._selection.at)
        return islice(rows, self._selection.limit)

    def _live_rows(self) -> Iterator[Any]:
        table = record_table(self._selection.record_class.record_type)
        owned = (table.c[name] for name in PROVENANCE if name in table.c)
        columns = select(table.c.record_key, *owned, change.c.changed_at, change.c.document)
        query = columns.join(change, change.c.sequence == table.c.sequence).where(
            table.c.deleted_at.is_(None), *(table.c[name] == value for name, value in self._selection.where.items())
        )
        after, is_last = "", False
        while not is_last:
            page = query.where(table.c.record_key > after).order_by(table.c.record_key).limit(RECORD_BATCH_SIZE)
            rows = self._connection.execute(page).all()
            yield from rows
            after, is_last = rows[-1].record_key if rows else after, len(rows) < RECORD_BATCH_SIZE

    def _rows_at(self, at: datetime) -> Iterator[Any]:
        for row in self._versions_at(at):
            if row.operation not in GONE:
                yield row

    def _versions_at(self, at: datetime) -> Iterator[Any]:
        end = last_sequence(self._connection)
        is_past = (change.c.changed_at <= to_timestamp_text(at)) & (change.c.sequence <= end)
        of_type = (change.c.record_type == self._selection.record_class.record_type) & is_past
        latest = select(func.max(change.c.sequence)).where(of_type).group_by(change.c.record_key)
        first = latest.order_by(change.c.record_key).limit(RECORD_BATCH_SIZE)
        columns: Select[Any] = select(
            change.c.record_key, change.c.operation, change.c.document, *(change.c[name] for name in PROVENANCE_AT)
        ).order_by(change.c.record_key)
        after, is_last = "", False
        while not is_last:
            page = columns.where(change.c.sequence.in_(first.where(change.c.record_key > after)))
            rows = self._connection.execute(page).all()
            yield from rows
            after, is_last = rows[-1].record_key if rows else after, len(rows) < RECORD_BATCH_SIZE
