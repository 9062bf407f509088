"""Rows for an export, all of one committed state, personal values masked as soon as a document is read.

One read transaction lasts as long as the export: that is work of minutes, and nobody waits for a reader.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import JSON, ColumnElement, Connection, Text, cast, func, select, type_coerce
from sqlalchemy.sql.visitors import replacement_traverse

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.maintenance import require_history
from cchc_connect.database.reading.call_checks import end_of
from cchc_connect.database.reading.filters import conditions
from cchc_connect.database.reading.records import RECORD_BATCH_SIZE, key_batches, live_records_query
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import GONE, change
from cchc_connect.exports.field_types import has_geometry
from cchc_connect.exports.geometry_encoding import Shape
from cchc_connect.privacy.masking import masked_document
from cchc_schemas import Record
from cchc_schemas.versions import added_after, newest_document

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
    at: date | None = None
    """Instant as of which they are exported; None: as they are now."""
    limit: int | None = None
    with_provenance: bool = False
    record_version: int | None = None
    """Version of the record whose fields are written; None: the newest."""

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
        """Read through `connection`.

        Raises:
            UsageMistake: a condition names no field, or a value that the field cannot have.
        """
        self._connection = connection
        self._selection = selection
        self._located = has_geometry(selection.record_class)
        self._conditions = conditions(selection.record_class, selection.where)

    def count(self) -> tuple[int, Mapping[str, int]]:
        """Return the number of rows, and the number of geometries by reference system."""
        systems = Counter[str]()
        total = 0
        for row in self._rows():
            total += 1
            if self._located and (geometry := _read_located(row.document).geometry):
                systems[geometry.crs] += 1
        return total, systems

    def __iter__(self) -> Iterator[ExportRow]:
        """Yield the rows in key order."""
        names = self._selection.provenance
        record_class, version = self._selection.record_class, self._selection.record_version
        newer = frozenset[str]() if version is None else added_after(record_class, version)
        for row in self._rows():
            newest = newest_document(record_class, msgspec.json.decode(row.document))
            document = {name: value for name, value in newest.items() if name not in newer}
            geometry = document.pop("geometry", None) if self._located else None
            yield ExportRow(
                key=row.record_key,
                fields=masked_document(record_class, document),
                geometry=geometry and {name: geometry[name] for name in ("type", "coordinates")},
                crs=geometry and geometry["crs"],
                provenance={name: getattr(row, name) for name in names},
            )

    def _rows(self) -> Iterator[Any]:
        rows = self._live_rows() if self._selection.at is None else self._rows_at(self._selection.at)
        return islice(rows, self._selection.limit)

    def _live_rows(self) -> Iterator[Any]:
        table = record_table(self._selection.record_class.record_type)
        live = live_records_query(self._selection.record_class).where(*self._conditions)
        selected = {column.name for column in live.selected_columns}
        added = [table.c[name] if name in table.c else change.c[name] for name in PROVENANCE if name not in selected]
        query = live.add_columns(*added).limit(RECORD_BATCH_SIZE)
        for rows in key_batches(lambda after: self._connection.execute(query.where(table.c.record_key > after)).all()):
            yield from rows

    def _rows_at(self, at: date) -> Iterator[Any]:
        """Yield the last version of each record that was stored by then, unless it ended the record."""
        record_class = self._selection.record_class
        until = to_timestamp_text(end_of("at", at))
        require_history(self._connection, until)
        versions = (change.c.record_type == record_class.record_type) & (change.c.changed_at <= until)
        latest = select(change.c.record_key, func.max(change.c.sequence).label("last")).where(versions)
        latest = latest.group_by(change.c.record_key).order_by(change.c.record_key).limit(RECORD_BATCH_SIZE)
        columns = select(change.c.record_key, change.c.document, *(change.c[name] for name in PROVENANCE_AT))
        own_columns = set(record_table(record_class.record_type).c)
        met = (_of_document(own_columns, condition) for condition in self._conditions)
        query = columns.where(change.c.operation.not_in(GONE), *met).order_by(change.c.record_key)
        for page in key_batches(
            lambda after: self._connection.execute(latest.where(change.c.record_key > after)).all()
        ):
            yield from self._connection.execute(query.where(change.c.sequence.in_([row.last for row in page])))


class _Located(msgspec.Struct):
    """What is read of a document to know the reference system."""

    geometry: "_NamedSystem | None" = None


class _NamedSystem(msgspec.Struct):
    crs: str


_read_located = msgspec.json.Decoder(_Located).decode


def _of_document(columns: Collection[Any], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition on the columns of a record table as one on the document of a version."""
    document = type_coerce(cast(change.c.document, Text().with_variant(JSON(), "postgresql")), JSON)

    def replaced(element: Any, **_: Any) -> Any:
        if element not in columns:
            return None
        if element.name == "record_key":
            return change.c.record_key
        return cast(document[element.name].as_string(), element.type)

    return replacement_traverse(condition, {}, replaced)
