"""`changes`: the change feed, one line for each change, up to its end or until a signal stops it."""

import json
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cchc_connect.cli.arguments import existing_database, record_class
from cchc_connect.cli.console import GAP, Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.signals import stop_on_signals
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.reading.change_feed import Change, follow
from cchc_connect.privacy.masking import masked_document
from cchc_schemas import RECORD_TYPES
from cchc_schemas.versions import newest_document

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Signals that end `--follow`; that is not a failure."""


@dataclass(frozen=True, kw_only=True)
class ChangesOptions:
    """Which part of the feed is read."""

    since: int = 0
    follow: bool = False
    record_types: Sequence[str] = ()
    limit: int | None = None
    accept_purged: bool = False


def show_changes(command: CommandContext, database: str | None, options: ChangesOptions, *, unmasked: bool) -> ExitCode:
    """Write changes in commit order, one line each, as soon as each is committed.

    Raises:
        UsageMistake: there is no such record type.
        NotFound: versions after the sequence were purged, and the reader does not accept that.
    """
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
        is_empty = True
        for change in islice(feed, options.limit):
            is_empty = False
            command.console.stream_item(_document(change, unmasked=unmasked), _line(change, command.console))
            if stop.is_set():
                break
    if is_empty and not options.follow:
        command.console.stderr(command.console.text("changes_view.none", since=options.since))
    return ExitCode.DONE


def _document(change: Change, *, unmasked: bool) -> Mapping[str, Any]:
    document: dict[str, Any] = json.loads(change.document)
    kind = RECORD_TYPES.get(change.record_type)
    if not unmasked:
        document = {} if kind is None else masked_document(kind, newest_document(kind, document))
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
