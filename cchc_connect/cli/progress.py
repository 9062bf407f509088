"""Progress of a run on standard error: a live table on a terminal, plain lines anywhere else."""

import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cchc_connect.cli.console import Screen, harmless, is_terminal
from cchc_connect.database.state.counters import Counts
from cchc_connect.sync.run_context import Progress, no_progress

if TYPE_CHECKING:
    from rich.table import Table

BETWEEN_LINES_S = 1.0
"""Minimum seconds between two lines of progress outside a terminal."""

REFRESHES_PER_SECOND = 4


@contextmanager
def shown_progress(screen: Screen, *, in_logs: bool = True, rehearse: bool = False) -> Generator[Progress, None, None]:
    """Yield the receiver of a run's progress; with `--json` no progress is shown.

    Args:
        screen: output of the command.
        in_logs: whether progress is also shown outside a terminal.
        rehearse: whether this is a dry run, so that the words are "would be written".
    """
    if is_terminal(sys.stderr) and not screen.as_json:
        with _live(LiveProgress(screen, rehearse=rehearse)) as live:
            yield live
    elif screen.as_json or not in_logs:
        yield no_progress
    else:
        plain = PlainProgress(screen, rehearse=rehearse)
        yield plain
        plain.close()


class PlainProgress:
    """One line for each finished source, and one every second while a source is read."""

    def __init__(
        self, screen: Screen, monotonic: Callable[[], float] = time.monotonic, *, rehearse: bool = False
    ) -> None:
        """Write nothing before the first page."""
        self._screen = screen
        self._monotonic = monotonic
        self._rehearse = rehearse
        self._lock = threading.Lock()
        self._at_work: dict[tuple[str, str], Counts] = {}
        self._written_at = monotonic()

    def __call__(self, name: str, record_type: str, counts: Counts, total: int | None) -> None:
        """Record the counters after a page or message."""
        with self._lock:
            if counts.pages:  # sources of a connection are read one after the other; messages of a route are mixed
                self._finish({stream for stream in self._at_work if stream[0] == name and stream[1] != record_type})
            self._at_work[name, record_type] = counts
            if self._monotonic() - self._written_at >= BETWEEN_LINES_S:
                self._written_at = self._monotonic()
                self._note(name, record_type, _so_far(counts, total, self._screen, rehearse=self._rehearse))

    def close(self) -> None:
        """Write the last line of every source and route."""
        with self._lock:
            self._finish(list(self._at_work))

    def _finish(self, streams: Iterable[tuple[str, str]]) -> None:
        for name, record_type in streams:
            counts = self._at_work.pop((name, record_type))
            self._note(name, record_type, _so_far(counts, None, self._screen, rehearse=self._rehearse))

    def _note(self, name: str, record_type: str, counts: str) -> None:
        self._screen.note(self._screen.text("sync_view.progress", name=name, record_type=record_type, counts=counts))


class LiveProgress:
    """A table of every source and route, redrawn several times a second."""

    def __init__(self, screen: Screen, *, rehearse: bool = False) -> None:
        """Show nothing before the first page."""
        self._screen = screen
        self._rehearse = rehearse
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, str], tuple[Counts, int | None]] = {}

    def __call__(self, name: str, record_type: str, counts: Counts, total: int | None) -> None:
        """Record the counters after a page or message."""
        with self._lock:
            self._lines[name, record_type] = (counts, total)

    def table(self) -> "Table":
        """Return the table with the current counters."""
        from rich import table, text  # noqa: PLC0415  # only a terminal needs it

        drawn = table.Table.grid(padding=(0, 2))
        with self._lock:
            for (name, record_type), (counts, total) in self._lines.items():
                words = _so_far(counts, total, self._screen, rehearse=self._rehearse)
                cells = (name, self._screen.word("record_name", record_type), words)
                drawn.add_row(*(text.Text(harmless(cell)) for cell in cells))
        return drawn


@contextmanager
def _live(progress: LiveProgress) -> Generator[LiveProgress, None, None]:
    from rich import console, live  # noqa: PLC0415  # only a terminal needs it

    on_stderr = console.Console(stderr=True)
    with live.Live(
        get_renderable=progress.table, console=on_stderr, refresh_per_second=REFRESHES_PER_SECOND, transient=True
    ):
        yield progress


def _so_far(counts: Counts, total: int | None, screen: Screen, *, rehearse: bool) -> str:
    if not counts.pages:
        if rehearse:
            return screen.text("sync_view.dry_run_push", waiting=counts.waiting)
        return screen.text(
            "sync_view.progress_push", delivered=counts.delivered, refused=counts.refused, waiting=counts.waiting
        )
    read = f"{counts.fetched}" if total is None else f"{counts.fetched}/{total}"
    context = {"read": read, "written": counts.rows_written, "quarantined": counts.quarantined}
    return screen.text("sync_view.dry_run_pull" if rehearse else "sync_view.progress_pull", **context)
