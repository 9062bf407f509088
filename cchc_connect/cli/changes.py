"""`changes`: the change feed, one line for each change, up to its end or until a signal stops it."""

import json
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cchc_connect.cli.arguments import existing_database, record_class
from cchc_connect.cli.console import GAP, Console
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.signals import stop_on_signals
from cchc_connect.cli.unmasked import denial_text, require_reason, unmasked_view
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.reading.change_feed import Change, follow
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.privacy.masking import masked_document
from cchc_connect.sharing.unmasked import (
    Denial,
    ProvidedRecord,
    RecordState,
    Revealed,
    UnmaskedView,
    record_states,
)
from cchc_schemas import RECORD_TYPES
from cchc_schemas.versions import newest_document

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Signals that end `--follow`; that is not a failure."""

BATCH_SIZE = 200
"""Changes whose unmasked values are put on record at a time: as many keys as an entry has itself."""


@dataclass(frozen=True, kw_only=True)
class ChangesOptions:
    """Which part of the feed is read."""

    since: int = 0
    follow: bool = False
    record_types: Sequence[str] = ()
    limit: int | None = None
    accept_purged: bool = False


def show_changes(
    command: CommandContext, database: str | None, options: ChangesOptions, looking: UnmaskedOptions
) -> ExitCode:
    """Write changes in commit order, one line each, as soon as each is committed.

    Raises:
        UsageMistake: there is no such record type.
        NotFound: versions after the sequence were purged, and the reader does not accept that.
        AccessDenied: nothing may be shown unmasked.
    """
    require_reason(looking)
    for name in options.record_types:
        record_class(name)
    with (
        existing_database(command, database) as opened,
        stop_on_signals(*(STOP_SIGNALS if options.follow else ())) as stop,
    ):

        def pause(seconds: float) -> None:
            if options.follow:
                time.sleep(seconds)
            else:
                stop.set()  # the command ends at the end of the feed

        feed = follow(
            opened,
            options.since,
            record_types=options.record_types,
            accept_purged=options.accept_purged,
            is_stopping=stop.is_set,
            sleep=pause,
        )
        shown = _ShownChanges(opened, unmasked_view(command, opened, looking), at_once=options.follow)
        for change, document in shown.documents(islice(feed, options.limit)):
            command.console.stream_item(document, _line(change, command.console))
            if options.follow and stop.is_set():
                break
    if shown.is_empty and not options.follow:
        command.console.stderr(command.console.text("changes_view.none", since=options.since))
    return shown.ended(command.console)


class _ShownChanges:
    """Changes as they may be shown; what is unmasked is on record before, a batch at a time."""

    def __init__(self, database: SharedDatabase, view: UnmaskedView | None, *, at_once: bool) -> None:
        self._database = database
        self._view = view
        self._batch_size = 1 if at_once or view is None else BATCH_SIZE
        self.is_empty = True
        """Whether there was none."""
        self._denials = dict[tuple[str, str, tuple[str, ...]], int]()
        self._reveals_some = False

    def documents(self, feed: Iterator[Change]) -> Iterator[tuple[Change, Mapping[str, Any]]]:
        """Yield each change with its document."""
        while batch := list(islice(feed, self._batch_size)):
            self.is_empty = False
            states: Mapping[tuple[str, str], RecordState] = {} if self._view is None else self._states(batch)
            revealed = None if self._view is None else self._revealed(self._view, states, batch)
            for change in batch:
                state = states.get((change.record_type, change.record_key))
                is_present = state is not None and state.sequence == change.sequence
                yield change, _document(change, revealed, is_present=is_present)

    def ended(self, console: Console) -> ExitCode:
        """Write to standard error what stayed masked; return the exit code that follows from it."""
        for (record_type, provider, reasons), records in self._denials.items():
            denial = Denial(record_type=record_type, provider=provider, reasons=reasons, records=records)
            console.stderr(denial_text(console, denial))
        if not self._denials:
            return ExitCode.DONE
        return ExitCode.PARTIAL if self._reveals_some else ExitCode.REFUSED

    def _states(self, batch: Sequence[Change]) -> Mapping[tuple[str, str], RecordState]:
        keys_by_type = dict[str, list[str]]()
        for change in batch:
            if change.record_type in RECORD_TYPES:
                keys_by_type.setdefault(change.record_type, []).append(change.record_key)
        return {
            (name, key): state
            for name, keys in keys_by_type.items()
            for key, state in record_states(self._database, RECORD_TYPES[name], keys).items()
        }

    def _revealed(
        self, view: UnmaskedView, states: Mapping[tuple[str, str], RecordState], batch: Sequence[Change]
    ) -> Revealed:
        named = ((change, (change.record_type, change.record_key)) for change in batch)
        former = [name for change, name in named if name in states and states[name].sequence != change.sequence]
        revealed = view.reveal(ProvidedRecord(*name, state.agency) for name, state in states.items())
        revealed = revealed.without_former(ProvidedRecord(*name, states[name].agency) for name in former)
        self._reveals_some |= bool(revealed.own or revealed.released)
        for denial in revealed.denials:
            name = (denial.record_type, denial.provider, denial.reasons)
            self._denials[name] = self._denials.get(name, 0) + denial.records
        return revealed


def _document(change: Change, revealed: Revealed | None, *, is_present: bool) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(change.document)
    kind = RECORD_TYPES.get(change.record_type)
    if kind is None:
        document = {}
    elif revealed is None:
        document = masked_document(kind, newest_document(kind, document))
    else:
        newest = newest_document(kind, document)
        document = revealed.document(kind, change.record_key, newest, is_present=is_present)
    names = ("sequence", "record_type", "record_key", "operation", "version")
    days = {"valid_from": change.valid_from, "valid_to": change.valid_to}
    return {
        **{name: getattr(change, name) for name in names},
        "document": document,
        "connection": change.connection,
        "run_id": change.run_id,
        "changed_at": to_timestamp_text(change.changed_at),
        **{name: None if day is None else day.isoformat() for name, day in days.items()},
    }


def _line(change: Change, console: Console) -> str:
    version = console.text("changes_view.version", version=change.version)
    head = (
        change.sequence,
        local_time(change.changed_at, console.language),
        console.term("operation", change.operation),
    )
    record = (console.term("record_name", change.record_type), change.record_key, version, change.connection)
    return GAP.join(map(str, (*head, *record)))
