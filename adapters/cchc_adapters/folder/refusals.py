"""Files that could not be read: moved aside, each with a report that a person can open; read again by another map."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from cchc_adapters.folder.deliveries import fits
from cchc_adapters.folder.inboxes import Inbox
from cchc_adapters.folder.name_dates import delivery_time
from cchc_adapters.folder.options import FolderSourceTable
from cchc_connect.errors import CchcError, Rejected, SourceHeld
from cchc_connect.messages import Language, Message, render_message

_FILE, _READER = (
    re.compile(r"^\[file\] (.+?)\r?$", re.MULTILINE),
    re.compile(r"^\[reader\] ([0-9a-f]+)\r?$", re.MULTILINE),
)
_READER_VERSION = 1
"""Raise it when files that were refused may be read by a newer program."""

NOT_ASIDE = frozenset({"drop_folder.changed", "drop_folder.missing", "drop_folder.unreadable"})
"""Refusals that say nothing of what the file holds: it stays where it is."""


@dataclass(frozen=True)
class RefusedFile:
    """One file that was moved aside."""

    name: str
    """Its name before that."""
    delivered_at: datetime | None
    report: str
    """Path of its report below the folder."""
    folder: str

    @property
    def error(self) -> SourceHeld:
        """Return what holds the source until the file was corrected, or its report removed."""
        return SourceHeld("folder.file_waits", folder=self.folder, name=self.name, report=self.report)


def refuse(inbox: Inbox, name: str, table: FolderSourceTable, error: Rejected) -> SourceHeld:
    """Move a file aside, write its report, and return the error that holds the source."""
    if error.code in NOT_ASIDE:
        return SourceHeld(error.code, **error.context)
    try:
        report = inbox.set_aside(name, _report(name, table, error))
    except OSError:
        return SourceHeld("folder.file_refused", folder=inbox.shown, problem=_sentence(error), report="-")
    return SourceHeld("folder.file_refused", folder=inbox.shown, problem=_sentence(error), report=report)


def refusals_of(inbox: Inbox, table: FolderSourceTable) -> Sequence[RefusedFile]:
    """Return the files of a source that wait aside, oldest first."""
    refusals = [
        RefusedFile(name, delivery_time(name, table.name_date), inbox.report_path(aside_name), inbox.shown)
        for aside_name, text in inbox.reports().items()
        if fits(name := _original(text, aside_name), table)
    ]
    return sorted(refusals, key=lambda refusal: (refusal.delivered_at is not None, str(refusal.delivered_at)))


def put_back_changed(inbox: Inbox, table: FolderSourceTable) -> None:
    """Move files back that were refused under another map, so that they are read again."""
    for aside_name, text in inbox.reports().items():
        name, reader = _original(text, aside_name), _READER.search(text)
        if fits(name, table) and reader is not None and reader[1] != _reader(table):
            with suppress(OSError):  # in a folder that cannot be written they stay
                inbox.put_back(aside_name, name)


def _report(name: str, table: FolderSourceTable, error: Rejected) -> str:
    """Return the report on a file, in both languages; the last lines are for this program."""
    parts = list[str]()
    for language in (Language.VIETNAMESE, Language.ENGLISH):
        sentence = error.in_language(language)
        parts.append(render_message("folder.report", language, {"name": name, "problem": sentence}))
    return "\n\n".join([*parts, f"[file] {name}\n[reader] {_reader(table)}\n"])


def _reader(table: FolderSourceTable) -> str:
    """Return a number that changes with everything that is declared of a source."""
    return f"{table.mapping_version(_READER_VERSION):x}"


def _original(report: str, aside_name: str) -> str:
    match = _FILE.search(report)
    return match[1] if match else aside_name


def _sentence(error: CchcError) -> Message:
    """Return an error as a value of another message."""
    return Message(error.code, error.context)
