"""Progress of a run on standard error: a live table on a terminal, plain lines anywhere else."""

import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cchc_connect.cli.console import Console, escape_control_characters, is_terminal
from cchc_connect.database.state.counters import Counters
from cchc_connect.sync.run_context import Progress, no_progress

if TYPE_CHECKING:
    from rich.table import Table

MIN_LINE_INTERVAL_S = 1.0
"""Minimum seconds between two lines of progress outside a terminal."""

FIRST_LINE_AFTER_S = 0.2
"""Seconds after which the first line is written outside a terminal, also if no response has come yet."""

REMINDER_INTERVAL_S = 10.0
"""Seconds without a line after which the systems are named that have not responded yet."""

POLL_INTERVAL_S = 0.05
"""Seconds between two looks at whether such a line is due."""

REFRESHES_PER_SECOND = 4


@contextmanager
def progress_display(
    console: Console, *, in_logs: bool = True, dry_run: bool = False
) -> Generator[Progress, None, None]:
    """Yield the receiver of a run's progress; with `--json` no progress is shown.

    Args:
        console: output of the command.
        in_logs: whether progress is also shown outside a terminal.
        dry_run: whether this is a dry run, so that the words are "would be written".
    """
    if is_terminal(sys.stderr) and not console.as_json:
        with _live(LiveProgress(console, dry_run=dry_run)) as live:
            yield live
    elif console.as_json or not in_logs:
        yield no_progress
    else:
        plain = PlainProgress(console, dry_run=dry_run)
        with _reminding(plain):
            yield plain
        plain.close()


class PlainProgress:
    """One line for each finished source, and one every second while a source is read."""

    def __init__(
        self, console: Console, monotonic: Callable[[], float] = time.monotonic, *, dry_run: bool = False
    ) -> None:
        """Write nothing before the first page or reminder."""
        self._console = console
        self._monotonic = monotonic
        self._dry_run = dry_run
        self._lock = threading.Lock()
        self._active: dict[tuple[str, str], Counters] = {}
        self._written: dict[tuple[str, str], str] = {}
        """What the last line of each source and route said; the same is not written twice."""
        self._written_at = monotonic()
        self._reminder_after_s = FIRST_LINE_AFTER_S

    def __call__(self, name: str, record_type: str, counts: Counters, total: int | None) -> None:
        """Record the counters after a page or message."""
        with self._lock:
            if counts.pages:  # sources of a connection are read one after the other; messages of a route are mixed
                self._finish({stream for stream in self._active if stream[0] == name and stream[1] != record_type})
            self._active[name, record_type] = counts
            if _is_waiting(counts):
                return
            if self._monotonic() - self._written_at >= MIN_LINE_INTERVAL_S:
                self._written_at = self._monotonic()
                self._written[name, record_type] = self._text(counts)
                self._write_line(name, record_type, self._text(counts, total))

    def remind(self) -> None:
        """Write who has not responded yet, if no line was written for some time."""
        with self._lock:
            waiting = [stream for stream, counts in self._active.items() if _is_waiting(counts)]
            if waiting and self._monotonic() - self._written_at >= self._reminder_after_s:
                self._written_at, self._reminder_after_s = self._monotonic(), REMINDER_INTERVAL_S
                listed = ", ".join(map(" ".join, waiting))
                self._console.stderr(self._console.text("sync_view.waiting_for", place=listed))

    def close(self) -> None:
        """Write the last line of every source and route."""
        with self._lock:
            self._finish(list(self._active))

    def _finish(self, streams: Iterable[tuple[str, str]]) -> None:
        for name, record_type in streams:
            counts = self._active.pop((name, record_type))
            if not _is_waiting(counts) and self._written.get((name, record_type)) != self._text(counts):
                self._write_line(name, record_type, self._text(counts))

    def _text(self, counts: Counters, total: int | None = None) -> str:
        return _progress_text(counts, total, self._console, dry_run=self._dry_run)

    def _write_line(self, name: str, record_type: str, counts: str) -> None:
        self._console.stderr(
            self._console.text("sync_view.progress", name=name, record_type=record_type, counts=counts)
        )


@contextmanager
def _reminding(progress: PlainProgress) -> Generator[None, None, None]:
    """Let the progress write its reminders while the block runs."""
    has_ended = threading.Event()

    def remind() -> None:
        while not has_ended.wait(POLL_INTERVAL_S):
            progress.remind()

    thread = threading.Thread(target=remind, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()


class LiveProgress:
    """A table of every source and route, redrawn several times a second."""

    def __init__(self, console: Console, *, dry_run: bool = False) -> None:
        """Show nothing before the first page."""
        self._console = console
        self._dry_run = dry_run
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, str], tuple[Counters, int | None]] = {}

    def __call__(self, name: str, record_type: str, counts: Counters, total: int | None) -> None:
        """Record the counters after a page or message."""
        with self._lock:
            self._lines[name, record_type] = (counts, total)

    def table(self) -> "Table":
        """Return the table with the current counters."""
        from rich import table, text  # noqa: PLC0415  # only a terminal needs it

        drawn = table.Table.grid(padding=(0, 2))
        for _ in range(3):
            drawn.add_column(overflow="fold")
        with self._lock:
            for (name, record_type), (counts, total) in self._lines.items():
                words = _progress_text(counts, total, self._console, dry_run=self._dry_run)
                cells = (name, self._console.term("record_name", record_type), words)
                drawn.add_row(*(text.Text(escape_control_characters(cell)) for cell in cells))
        return drawn


@contextmanager
def _live(progress: LiveProgress) -> Generator[LiveProgress, None, None]:
    from rich import console, live  # noqa: PLC0415  # only a terminal needs it

    on_stderr = console.Console(stderr=True)
    with live.Live(
        get_renderable=progress.table, console=on_stderr, refresh_per_second=REFRESHES_PER_SECOND, transient=True
    ):
        yield progress


def _is_waiting(counts: Counters) -> bool:
    """True if nothing was read or sent yet."""
    return not (counts.pages or counts.delivered or counts.refused or counts.waiting)


def _progress_text(counts: Counters, total: int | None, console: Console, *, dry_run: bool) -> str:
    if _is_waiting(counts):
        return console.text("sync_view.waiting")
    if not counts.pages:
        if dry_run:
            return console.text("sync_view.dry_run_push", waiting=counts.waiting)
        return console.text(
            "sync_view.progress_push", delivered=counts.delivered, refused=counts.refused, waiting=counts.waiting
        )
    read = f"{counts.fetched}" if total is None else f"{counts.fetched}/{total}"
    context = {"read": read, "written": counts.rows_written, "quarantined": counts.quarantined}
    return console.text("sync_view.dry_run_pull" if dry_run else "sync_view.progress_pull", **context)
