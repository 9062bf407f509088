"""One source of a database: a cursor that stays open over the pages, and is continued by time and key after an end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cchc_adapters.declared.source import DeclaredSource
from cchc_adapters.sql.database import Database
from cchc_adapters.sql.fits import require_fit
from cchc_adapters.sql.options import SqlSourceTable
from cchc_adapters.sql.positions import RowPosition
from cchc_adapters.sql.readings import OpenReading
from cchc_adapters.sql.refusals import boundary
from cchc_adapters.sql.relations import Relation, find_relation, kind_of_column, read_times, sample, unread_columns
from cchc_adapters.sql.rows import RowItem, RowShape
from cchc_adapters.sql.servers import Kind
from cchc_adapters.sql.statements import Statements
from cchc_adapters.sql.times import ZONED_CODECS, TimeForm, with_zone
from cchc_connect import Item, Page, PageRequest, SourceHeld
from cchc_schemas import VIETNAM, Record


class SqlSource(DeclaredSource):
    """Reads one table, view or query."""

    def __init__(self, record_type: type[Record], table: SqlSourceTable, database: Database) -> None:
        """Prepare; nothing is opened."""
        super().__init__(record_type, table, changed_since=table.is_incremental)
        self.table = table
        self._database = database
        self._reading: OpenReading | None = None
        self._form: TimeForm | None = None
        self.unread_properties: tuple[str, ...] = ()
        """Columns that are not fetched, with their types."""
        self._issued = set[str]()
        """Page tokens of this process, which it continues from exactly."""

    def fetch(self, page_request: PageRequest) -> Page:
        """Return the next rows of the open cursor, or open one at the position of the page token.

        Raises:
            StartOver: the page token is none of ours.
            SourceHeld: the database refuses the statement, or the table or a column is not there.
            Retriable: the database does not answer now.
        """
        reading = self._reading
        if page_request.page_token is None:
            self._issued.clear()
        if page_request.page_token is None or reading is None or reading.token != page_request.page_token:
            self.close()
            reading = self._reading = self._open(page_request)
        items, deleted_keys, token = self._next_shown(reading, page_request.since)
        if token is None:
            self.close()
        else:
            self._issued.add(token)
        return Page(items=items, next_page_token=token, deleted_keys=deleted_keys)

    def _next_shown(
        self, reading: OpenReading, since: datetime | None
    ) -> tuple[Sequence[Item], Sequence[str], str | None]:
        """Return the next rows, and the token behind them; rows of the first day from before `since` are passed over.

        A page of nothing but these would be empty, and several in a row would look like a listing without end.
        """
        while True:
            rows = reading.next_items(self.table.page_size)
            items, deleted_keys = self.without_deleted(self._later(rows, since))
            if items or deleted_keys or reading.token is None:
                return items, deleted_keys, reading.token

    def close(self) -> None:
        """Close the open cursor with its connection."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.close()

    def _open(self, page_request: PageRequest) -> OpenReading:
        token = page_request.page_token
        position = RowPosition(rows=0, values=()) if token is None else RowPosition.of_token(token)
        connection = self._database.connect()
        try:
            with boundary(self._database.server.place, ".".join(self.table.relation)):
                reading = self._reading_of(connection)
        except BaseException:
            connection.close()
            raise
        self._reading = reading  # from here on `close` closes it
        since = self._bound(page_request.since)
        if self._overlaps(position, token):
            since, position = self._overlapping(position, page_request.since)
        reading.begin(position, since)
        return reading

    def _reading_of(self, connection: Connection) -> OpenReading:
        server, table = self._database.server, self.table
        relation = find_relation(connection, table)
        require_fit(table, relation)
        keys = [(name, kind_of_column(connection, server, relation, name)) for name in relation.find_all(table.key)]
        times = [] if not table.is_incremental or table.changed_at is None else list(table.changed_at.property)
        times = relation.find_all(times)
        self._form = self.time_form(connection, relation) if times else None
        columns = relation.fetched(table)
        self.unread_properties = unread_columns(connection, server, relation, table)
        of_texts = {relation.find(name) for name in read_times(table)}
        local = [name for name in columns if name in of_texts or self._is_local(relation.columns[name])]
        zones = {} if server.zone.key == str(VIETNAM) else dict.fromkeys(local, server.zone)
        shape = RowShape(columns, zones, [name for name, kind in keys if kind is Kind.BYTES])
        statements = Statements(relation, server, columns, keys, times, self._form)
        return OpenReading(self._database, connection, statements, shape, relation.name)

    def time_form(self, connection: Connection, relation: Relation) -> TimeForm:
        """Return how the times of change are written.

        Raises:
            SourceHeld: the database cannot be asked for later ones.
        """
        server, change = self._database.server, self.table.changed_at
        if change is None:
            raise ValueError("the source goes by time")
        (first, *_) = relation.find_all(change.property)
        form = TimeForm(
            kind=kind_of_column(connection, server, relation, first),
            codec=change.codec,
            zone=server.zone,
            are_texts=server.times_are_texts,
        )
        if not form.is_comparable and sample(connection, relation, first) is not None:
            raise SourceHeld("sql.time_not_comparable", relation=relation.name, column=first, kind=form.kind)
        return form

    def _bound(self, since: datetime | None) -> object:
        return None if since is None or self._form is None else self._form.bound(since)

    def _overlaps(self, position: RowPosition, token: str | None) -> bool:
        """Return whether a reading begins a little before its position: one of another process does, by time."""
        goes_by_time = self._form is not None and bool(position.values) and not position.is_timeless
        return goes_by_time and not position.in_overlap_until and token not in self._issued

    def _overlapping(self, position: RowPosition, since: datetime | None) -> tuple[object, RowPosition]:
        """Return where a reading begins that another process began: a little before its position."""
        instant = self.changed_at(self._item_at(position.values[0]))
        if not isinstance(instant, datetime):
            return self._bound(since), position
        start = instant - self.table.lookback
        bound = None if self._form is None else self._form.overlap_bound(start, since, position.values[0])
        return bound, RowPosition(rows=position.rows, values=(), in_overlap_until=position.values)

    def _item_at(self, time: object) -> Item:
        """Return an item that has only a time of change."""
        names: Sequence[str] = () if self.table.changed_at is None else self.table.changed_at.property
        value = with_zone(time, self._database.server.zone) if self._has_zone() else time
        return {name: value if isinstance(value, str | int) else str(value) for name in names}

    def _is_local(self, type_code: object) -> bool:
        return self._database.server.kinds.get(type_code) is Kind.LOCAL_TIME

    def _has_zone(self) -> bool:
        """Return whether times of change without an offset are given one."""
        form = self._form
        return form is not None and (form.kind is Kind.LOCAL_TIME or form.codec in ZONED_CODECS)

    def _later(self, rows: list[RowItem], since: datetime | None) -> Sequence[Item]:
        """Return the rows that changed since an instant, where the database could only be asked for whole days."""
        if since is None or self._form is None or self._form.kind is not Kind.TEXT:
            return rows
        limit = since - self.table.granularity
        return [item for item in rows if not _is_earlier(self.changed_at(item.read()), limit)]


def _is_earlier(changed_at: Any, limit: datetime) -> bool:
    return isinstance(changed_at, datetime) and changed_at < limit
