"""How a run shows its progress."""

import time
from pathlib import Path
from threading import Event

import pytest

from cchc_connect.cli.console import Console
from cchc_connect.cli.progress import LiveProgress, PlainProgress, progress_display
from cchc_connect.database.state.counters import Counters
from cchc_connect.messages import Language
from cchc_connect.sync.run_context import no_progress
from tests.forks import ForkedProgram

ROOT = Path(__file__).parents[2]


class Stopwatch:
    """A clock that a test sets, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_log_gets_one_line_for_each_finished_source(capsys: pytest.CaptureFixture[str]) -> None:
    """Pages in quick succession make no line of their own."""
    screen = Console(Language.ENGLISH, as_json=False)
    progress = PlainProgress(screen, Stopwatch())

    for page in range(1, 4):
        progress("permits", "construction_permit", Counters(fetched=100 * page, pages=page), 300)
    progress("permits", "construction_works", Counters(fetched=7, pages=1), None)
    progress.close()

    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["permits construction_permit", "permits construction_works"]
    assert "300 read" in lines[0]


def test_a_log_gets_at_most_one_line_a_second_on_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    """A source of ten thousand pages does not fill the log."""
    clock = Stopwatch()
    progress = PlainProgress(Console(Language.ENGLISH, as_json=False), clock)

    for page in range(1, 41):
        clock.seconds = page * 0.1
        progress("land", "land_parcel", Counters(fetched=page, pages=page), 40)

    assert len(capsys.readouterr().err.splitlines()) == 4


def test_a_log_gets_no_line_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """The only page of a slow source comes after a second, and nothing follows it."""
    clock = Stopwatch()
    progress = PlainProgress(Console(Language.ENGLISH, as_json=False), clock)

    clock.seconds = 2.5
    progress("cadastre", "land_parcel", Counters(fetched=7, pages=1), 7)
    progress.close()

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_log_names_who_has_not_responded_yet(capsys: pytest.CaptureFixture[str]) -> None:
    """Soon after the start, then after every ten seconds of silence; not who responded, and nobody at the end."""
    clock = Stopwatch()
    progress = PlainProgress(Console(Language.ENGLISH, as_json=False), clock)
    progress("land", "land_parcel", Counters(), None)
    progress("one-stop", "dossier", Counters(), None)

    for tenth in range(1, 201):
        clock.seconds = tenth / 10
        if tenth == 50:
            progress("one-stop", "dossier", Counters(fetched=1, pages=1), None)
        progress.remind()
    progress.close()

    assert capsys.readouterr().err.splitlines() == [
        "Waiting for the first response of: land land_parcel, one-stop dossier",
        "one-stop dossier: 1 read, 0 written, 0 quarantined",
        "Waiting for the first response of: land land_parcel",
    ]


def test_a_terminal_shows_who_has_not_responded_yet() -> None:
    progress = LiveProgress(Console(Language.ENGLISH, as_json=False))

    progress("land", "land_parcel", Counters(), None)

    assert "waiting for the first response" in [
        str(cell) for column in progress.table().columns for cell in column.cells
    ]


@pytest.mark.usefixtures("silent")
def test_a_slow_system_is_named_while_it_is_silent(woken: Event) -> None:
    """The land registry takes 30 seconds; the log says soon who is waited for."""
    began_s = time.monotonic()
    with ForkedProgram("sync") as running:
        lines = [running.stderr.readline()]
        while "land-registry" not in lines[-1]:
            lines.append(running.stderr.readline())
            assert lines[-1], lines
        seconds = time.monotonic() - began_s
        woken.set()
        running.communicate()

    assert lines[-1].startswith("Waiting for the first response of: ")
    assert "land-registry land_parcel" in lines[-1]
    assert seconds < 10


def test_a_terminal_shows_what_was_sent_beside_what_was_read() -> None:
    progress = LiveProgress(Console(Language.VIETNAMESE, as_json=False))

    progress("land", "land_parcel", Counters(fetched=40, pages=1), 400)
    progress("to-portal", "dossier", Counters(delivered=3), None)

    cells = [str(cell) for column in progress.table().columns for cell in column.cells]
    assert "đã đọc 40/400, đã ghi 0, cách ly 0" in cells
    assert "đã nhận 3, bị từ chối 0, đang chờ 0" in cells


def test_nothing_is_shown_where_a_document_was_asked_for() -> None:
    with progress_display(Console(Language.ENGLISH, as_json=True)) as progress:
        assert progress is no_progress
