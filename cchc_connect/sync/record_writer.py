"""Writes records of a program into the shared database, with the lease, the write path and the report of a run.

What a program writes belongs to a connection of its own, so ownership, history, change feed, routes and quarantine
treat it as what is pulled. Records are committed in pages; an unchanged record writes no row.
"""

from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from pydantic import ValidationError
from sqlalchemy import Connection

from cchc_connect.clock import as_instant, to_timestamp_text
from cchc_connect.config.checks import pydantic_faults
from cchc_connect.config.connections import PROGRAM
from cchc_connect.config.file import Config
from cchc_connect.config.quality import QualityTable
from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.counters import Counters
from cchc_connect.database.state.cursors import stream_states
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.state.run_counters import CounterKey, write_counters
from cchc_connect.database.state.runs import begin_run
from cchc_connect.database.stream import Stream
from cchc_connect.database.writing import quarantine
from cchc_connect.database.writing.fingerprints import known_items_by_hash
from cchc_connect.database.writing.incoming import IncomingRecord, PageBatch
from cchc_connect.database.writing.ownership import NO_SENDERS, Senders
from cchc_connect.database.writing.page_writer import write_page
from cchc_connect.errors import (
    CchcError,
    ConfigurationError,
    DatabaseUnusable,
    LeaseLost,
    Rejected,
    Stopped,
    UsageMistake,
)
from cchc_connect.messages import Message, Messages
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_connect.sync.high_water import high_water_file, settle_epoch
from cchc_connect.sync.report import ReportLine, RunReport, RunStatus
from cchc_connect.sync.run_context import RunContext
from cchc_connect.sync.run_end import end_run
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.senders import senders_of
from cchc_connect.sync.translation import LocalTranslator, is_storable_key
from cchc_connect.sync.written_records import WrittenRecords, written_item
from cchc_schemas import Record, RecordInvalid

MAX_PENDING = 500
"""Records and deletions that are committed together."""

MAX_PENDING_BYTES = 4 * 1024 * 1024
"""Size of pending records, in bytes of JSON, from which they are committed although they are fewer."""


@dataclass
class _Page:
    """Pending records of one record type, and deletions after them; it has each source key once."""

    records: dict[str, IncomingRecord] = field(default_factory=dict[str, IncomingRecord])
    """Source key -> record."""
    deletions: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """Source key -> change time, UTC, as stored; None if the program gave none."""

    def accepts_record(self, source_key: str) -> bool:
        """True if the page may get a record without changing the order of what the program did."""
        return not self.deletions and source_key not in self.records

    def accepts_deletion(self, source_key: str) -> bool:
        """True if the page may get a deletion without changing the order of what the program did."""
        return source_key not in self.records and source_key not in self.deletions


class RecordWriter:
    """Writes the records of one connection that cchc.toml declares with `adapter = "program"`.

    The block holds the lease of a run, so no synchronisation runs meanwhile. Its end commits what is still pending; if
    it ends with an error, what is pending is not written, and what was committed stays. Not for several threads.

    Example::

        config = Config.load("cchc.toml")
        with config.open_database() as database, RecordWriter(config, database, "survey-office") as writer:
            writer.write_all(parcels)
            writer.delete(LandParcel, former_parcel.key)
        print(writer.report.outcome, writer.report.rows_written)
    """

    def __init__(
        self, config: Config, database: SharedDatabase, connection: str, environment: RunEnvironment | None = None
    ) -> None:
        """Prepare to write; the lease is taken when the block is entered.

        Args:
            config: the loaded configuration, which also declares the owners of records.
            database: the shared database.
            connection: name of the connection; its adapter is `program`.
            environment: clock and callbacks; None: the real ones.

        Raises:
            UsageMistake: there is no such connection, or its records are pulled from a system.
        """
        _require_program(config, connection)
        self._config = config
        self._database = database
        self._connection = connection
        self._environment = environment or RunEnvironment()
        self._senders: Senders | None = None
        self._detectors: dict[str, ChangeDetector] = {}
        self._pages: dict[str, list[_Page]] = {}
        self._pending_count = self._pending_bytes = 0
        self._lines: dict[str, ReportLine] = {}
        self._run_context: RunContext | None = None
        self._run: AbstractContextManager[None] | None = None
        self._report: RunReport | None = None

    @classmethod
    def for_agency(cls, database: SharedDatabase, *, connection: str, agency: str) -> Self:
        """Return a writer without cchc.toml, for a small program; no owners of records are declared.

        Args:
            database: the shared database.
            connection: name of the connection that the records get: lower case letters, digits and hyphens.
            agency: code of the agency that is responsible for the records (mã định danh cơ quan).

        Raises:
            ConfigurationError: name or code is not valid.
            UsageMistake: the records of this connection are pulled from a system.
        """
        tables = {"connections": {connection: {"adapter": PROGRAM, "agency": agency}}}
        try:
            config = Config.model_validate(tables)
        except ValidationError as error:
            faults = Messages(list(pydantic_faults(error, Config, tables)))
            raise ConfigurationError("program.faults", faults=faults) from None
        with database.reading() as transaction:
            if connection in {state.connection for state in stream_states(transaction)}:
                raise UsageMistake("program.is_pulled", connection=connection)
        writer = cls(config, database, connection)
        writer._senders = NO_SENDERS
        return writer

    @property
    def report(self) -> RunReport:
        """Return the report of the run, with a line for each record type; it exists once the block has ended.

        Raises:
            RuntimeError: the block has not ended.
        """
        if self._report is None:
            raise RuntimeError("the report of a RecordWriter exists once its with block has ended")
        return self._report

    def write(self, record: Record, *, source_key: str | None = None, changed_at: datetime | None = None) -> None:
        """Insert or update a record; it is committed with its page, or by `commit`.

        Args:
            record: the record; a copy that was changed past the rules is found here.
            source_key: its key in the program's own data, under which it stays the same record if its record key
                changes; None: the record key.
            changed_at: when it was changed (a naive time is Vietnamese time); a version that is older than the stored
                one is not written and is counted as outdated. None: what is written last counts.

        Raises:
            RecordInvalid: the record breaks rules; the error contains every fault and no value. The block may go on.
            Rejected: no database can store the source key.
            Stopped: the run was asked to end; everything before is committed.
            LeaseLost: this program froze past its lease and another run took over.
            DatabaseUnusable: the database failed; what was committed stays, and the rest is pending still.
        """
        item = written_item(record, source_key, None if changed_at is None else as_instant(changed_at))
        record_class = type(record)
        detector = self._detector(record_class)
        (item_hash,) = detector.item_hashes([item])
        (translated,) = detector.look_up([item], item_hashes=[item_hash]).translations.result()
        if translated.record is None:
            raise RecordInvalid(record_class.record_type, translated.faults)
        if not translated.key:
            raise Rejected("program.key_unstorable", connection=self._connection)
        page = self._last_page(record_class)
        if not page.accepts_record(translated.key):
            page = self._new_page(record_class)
        page.records[translated.key] = IncomingRecord(
            source_key=translated.key,
            source_time=translated.source_time,
            item=item,
            item_hash=item_hash,
            record=translated.record,
            notes=translated.notes,
        )
        self._commit_if_full(len(item.raw))

    def write_all(self, records: Iterable[Record]) -> None:
        """Write records page by page; memory does not grow with their number. Raises as `write` does."""
        for record in records:
            self.write(record)

    def delete(self, record_class: type[Record], source_key: str, *, changed_at: datetime | None = None) -> None:
        """Mark a record of this connection as deleted; its last values stay. An unknown key changes nothing.

        Args:
            record_class: class of the record, for instance `LandParcel`.
            source_key: the source key with which it was written; the record key if none was given.
            changed_at: when it was deleted (a naive time is Vietnamese time); older than the stored version: it stays.

        Raises as `write` does.
        """
        if not source_key or not is_storable_key(source_key):
            raise Rejected("program.key_unstorable", connection=self._connection)
        page = self._last_page(record_class)
        if not page.accepts_deletion(source_key):
            page = self._new_page(record_class)
        page.deletions[source_key] = None if changed_at is None else to_timestamp_text(changed_at)
        self._commit_if_full(len(source_key))

    def commit(self) -> None:
        """Commit what is pending now, for instance before a message is acknowledged. Raises as `write` does."""
        run_context = self._running()
        self._commit_pages(run_context)
        run_context.raise_if_stopping()

    def _commit_pages(self, run_context: RunContext) -> None:
        if not self._pages:
            return
        counts = run_context.commit(lambda connection: self._write_pages(connection, run_context))
        self._pages, self._pending_count, self._pending_bytes = {}, 0, 0  # a page that was not committed stays pending
        for record_type, total in counts.items():
            self._lines[record_type].counts = total
            run_context.progress(self._connection, record_type, total, None)

    def __enter__(self) -> Self:
        """Take the lease and begin the run.

        Raises:
            LeaseHeld: another run is active.
            DatabaseUnusable: the database failed.
            RuntimeError: the writer had its run already.
        """
        if self._run is not None:
            raise RuntimeError("a RecordWriter is one run; make another one for the next")
        self._run = self._held_run()
        self._run.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._run is not None:
            self._run.__exit__(kind, error, trace)

    @contextmanager
    def _held_run(self) -> Generator[None, None, None]:
        """Hold the lease, commit what is pending at the end, and store the report."""
        environment, clock = self._environment, self._environment.clock
        with Lease(self._database, clock, timedelta(seconds=self._config.run.lease_s)) as lease:
            settle_epoch(self._database, lease.token, high_water_file(self._config, self._database), clock)
            started_at, began_s = clock.now(), clock.monotonic()
            self._run_context = run_context = RunContext(
                run_id=environment.new_run_id(),
                database=self._database,
                clock=clock,
                token=lease.token,
                owners=self._config.ownership,
                senders=self._senders or senders_of(self._config, self._database),
                progress=environment.progress,
                is_stopping=environment.is_stopping,
                sleep=environment.sleep,
            )
            run_context.commit(lambda connection: begin_run(connection, run_context.run_id, started_at))
            try:
                yield
                self._commit_pages(run_context)
            except BaseException as error:
                self._report = self._report_of(run_context, started_at, began_s, error)
                if not isinstance(
                    error, LeaseLost | DatabaseUnusable
                ):  # as every run: without them it has no stored end
                    with suppress(CchcError):  # a database that fails as well must not hide the program's error
                        end_run(run_context, self._report)
                raise
            finally:
                self._run_context = None
            self._report = self._report_of(run_context, started_at, began_s, None)
            end_run(run_context, self._report)

    def _running(self) -> RunContext:
        if self._run_context is None:
            raise RuntimeError("a RecordWriter writes inside its with block")
        return self._run_context

    def _detector(self, record_class: type[Record]) -> ChangeDetector:
        record_type = record_class.record_type
        if record_type not in self._detectors:
            owners = self._running().owners_of(record_type)
            source = WrittenRecords(record_class)
            strict = QualityTable(strict=True)  # a program is told what it got wrong
            detector = ChangeDetector(source, owners, LocalTranslator(source, strict), self._connection)
            self._detectors[record_type] = detector
        return self._detectors[record_type]

    def _last_page(self, record_class: type[Record]) -> _Page:
        self._running()
        pages = self._pages.get(record_class.record_type)
        return pages[-1] if pages else self._new_page(record_class)

    def _new_page(self, record_class: type[Record]) -> _Page:
        record_type, page = record_class.record_type, _Page()
        self._lines.setdefault(record_type, ReportLine(kind="write", name=self._connection, record_type=record_type))
        self._pages.setdefault(record_type, []).append(page)
        return page

    def _commit_if_full(self, added_bytes: int) -> None:
        self._pending_count += 1
        self._pending_bytes += added_bytes
        if self._pending_count >= MAX_PENDING or self._pending_bytes >= MAX_PENDING_BYTES:
            self.commit()

    def _write_pages(self, connection: Connection, run_context: RunContext) -> dict[str, Counters]:
        """Write what is pending; return the run's counters by record type, which it also stores."""
        agency, totals = self._config.connections[self._connection].agency, dict[str, Counters]()
        for record_type, pages in self._pages.items():
            stream = Stream(connection=self._connection, record_type=record_type, agency=agency)
            write_context = run_context.write_context(record_type)
            total = totals[record_type] = self._lines[record_type].counts.copy()
            total.pages += 1
            for page in pages:
                batch, counts = _changed(connection, stream, page)
                total.add(counts)
                if batch.records or batch.deleted_keys:
                    total.add(write_page(connection, stream, batch, write_context))
            write_counters(connection, CounterKey(run_context.run_id, "write", self._connection, record_type), total)
        return totals

    def _report_of(
        self, run_context: RunContext, started_at: datetime, began_s: float, error: BaseException | None
    ) -> RunReport:
        clock = run_context.clock
        seconds = clock.monotonic() - began_s
        lines = [self._lines[record_type] for record_type in sorted(self._lines)]
        if error is not None and not lines:
            lines = [ReportLine(kind="write", name=self._connection, record_type="")]
        for line in lines:
            line.seconds = seconds
            if error is not None:
                line.outcome, line.reason = _outcome_of(error, self._connection)
        return RunReport(
            run_id=run_context.run_id,
            dry_run=False,
            started_at=started_at,
            finished_at=clock.now(),
            seconds=seconds,
            lines=lines,
        )


def _changed(connection: Connection, stream: Stream, page: _Page) -> tuple[PageBatch, Counters]:
    """Return what of a page is not unchanged, and the counters of the rest."""
    records, deletions = list(page.records.values()), page.deletions
    existing = known_items_by_hash(connection, stream, [incoming.item_hash for incoming in records])
    quarantined = quarantine.open_keys(connection, stream)

    def is_unchanged(incoming: IncomingRecord) -> bool:
        return incoming.item_hash in existing and incoming.source_key not in quarantined

    changed = [incoming for incoming in records if not is_unchanged(incoming)]
    counts = Counters(fetched=len(records), unchanged=len(records) - len(changed))
    return PageBatch(records=changed, deleted_keys=list(deletions), deletion_times=deletions), counts


def _outcome_of(error: BaseException, connection: str) -> tuple[RunStatus, Message]:
    """Return outcome and reason of a run that ended with an error, without the error's text, which may hold values."""
    if isinstance(error, Stopped) or not isinstance(error, Exception):
        return RunStatus.STOPPED, Message("run.stopped", {})
    if isinstance(error, CchcError):
        return RunStatus.FAILED, Message(error.code, error.context)
    return RunStatus.FAILED, Message("program.failed", {"connection": connection, "error": type(error).__name__})


def _require_program(config: Config, connection: str) -> None:
    programs = [name for name, table in config.connections.items() if table.is_program]
    if connection in config.connections and connection not in programs:
        raise UsageMistake("program.is_pulled", connection=connection)
    require_known("program.unknown", connection, programs)
