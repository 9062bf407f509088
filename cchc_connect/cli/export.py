"""`export`: the records of one type as a file, personal values masked."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cchc_connect.cli.arguments import existing_database, record_class
from cchc_connect.cli.conditions import fields_in_words, parse_conditions
from cchc_connect.cli.console import Console, is_terminal
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import parse_moment
from cchc_connect.cli.progress import MIN_LINE_INTERVAL_S, REFRESHES_PER_SECOND
from cchc_connect.cli.written_files import writing_file
from cchc_connect.exports.exporter import ExportProgress, ExportReport, export
from cchc_connect.exports.formats import export_format
from cchc_connect.record_fields import field_name, record_model


@dataclass(frozen=True)
class RecordExportOptions:
    """What is exported, and how."""

    file_format: str | None = None
    where: tuple[str, ...] = ()
    at: str | None = None
    limit: int | None = None
    crs: str | None = None
    provenance: bool = False
    record_version: int | None = None
    excel: bool = False
    force: bool = False


def export_records(
    command: CommandContext, database: str | None, record_type: str, path: Path, options: RecordExportOptions
) -> ExitCode:
    """Write the records of one type into a file, and say what was written.

    Raises:
        UsageMistake: no such record type, format, field or reference system.
        CannotCreate: the file exists already, or cannot be written.
        ConfigurationError: an extra is not installed.
    """
    console, kind = command.console, record_class(record_type)
    file_format = export_format(path, options.file_format)
    where, at = parse_conditions(kind, options.where, console), parse_moment(options.at, "--at")
    with (
        existing_database(command, database) as opened,
        writing_file(path),
        fields_in_words(kind, console),
        _progress_display(console, record_type) as progress,
    ):
        report = export(
            opened,
            kind,
            path,
            file_format=file_format,
            where=where,
            at=at,
            limit=options.limit,
            crs=options.crs,
            language=console.language,
            provenance=options.provenance,
            record_version=options.record_version,
            excel=options.excel,
            replace=options.force,
            progress=progress,
        )
    _show(report, console)
    return ExitCode.DONE


def _show(report: ExportReport, console: Console) -> None:
    console.document(
        {
            "path": str(report.path),
            "format": report.file_format.value,
            "record_type": report.record_type,
            "rows": report.rows,
            "crs": report.crs,
            "masked_fields": list(report.masked_fields),
            "replaced_texts": report.replaced_texts,
            "seconds": round(report.seconds, 3),
        }
    )
    console.message("export_view.written", rows=report.rows, record_type=report.record_type, path=report.path)
    if report.masked_fields:
        names = (field_name(record_model(report.record_type), path, console) for path in report.masked_fields)
        console.message("export_view.masked", fields="; ".join(names))
    if report.crs is not None:
        console.message("export_view.crs", crs=report.crs)
    if report.replaced_texts:
        console.message("export_view.replaced_texts", count=report.replaced_texts)


@contextmanager
def _progress_display(console: Console, record_type: str) -> Generator[ExportProgress | None, None, None]:
    """Yield the receiver of an export's progress: one line that is redrawn on a terminal, a line a second elsewhere."""
    if console.as_json:
        yield None
    elif is_terminal(sys.stderr):
        with _live_line(console, record_type) as progress:
            yield progress
    else:
        yield PlainExportProgress(console, record_type)


class PlainExportProgress:
    """One line of progress every second, none for an export that is shorter."""

    def __init__(self, console: Console, record_type: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Write nothing in the first second."""
        self._console = console
        self._record_type = record_type
        self._monotonic = monotonic
        self._written_at = monotonic()

    def __call__(self, written: int, total: int) -> None:
        """Record the number of rows written and of all rows."""
        if self._monotonic() - self._written_at >= MIN_LINE_INTERVAL_S:
            self._written_at = self._monotonic()
            self._console.stderr(_progress_text(self._console, self._record_type, written, total))


@contextmanager
def _live_line(console: Console, record_type: str) -> Generator[ExportProgress, None, None]:
    from rich import console as terminal, live, text  # noqa: PLC0415  # only a terminal needs it

    current: Any = text.Text(console.text("export_view.reading", record_type=record_type))

    def progress(written: int, total: int) -> None:
        nonlocal current
        current = text.Text(_progress_text(console, record_type, written, total))

    with live.Live(
        get_renderable=lambda: current,
        console=terminal.Console(stderr=True),
        refresh_per_second=REFRESHES_PER_SECOND,
        transient=True,
    ):
        yield progress


def _progress_text(console: Console, record_type: str, written: int, total: int) -> str:
    return console.text("export_view.progress", record_type=record_type, written=written, total=total)
