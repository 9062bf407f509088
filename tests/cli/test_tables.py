"""A table on a terminal of any width shows every cell wholly, perhaps folded over lines."""

import io
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from cchc_connect import SharedDatabase
from cchc_connect.cli import main
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.tables import prose_lines
from cchc_connect.messages import Language
from tests.quick import scaled
from tests.sharing.shared_records import make_agreement

LINE = frozenset("─,:")
"""Characters that a table or block adds."""

TABLES = {
    "status": (("connection", "record_type", "completed_at", "watermark", "live", "quarantined"), "status", 4),
    "routes": (("route", "last_sequence", "waiting", "delivered", "dead"), "status", 1),
    "runs": (("run_id", "started_at", "finished_at", "state", "rows", "messages"), "run_view", 4),
    "quarantine": (
        ("number", "connection", "record_type", "source_key", "first_seen", "faults"),
        "quarantine_view",
        99,
    ),
    "discrepancies": (
        ("number", "record_type", "record_key", "field", "connection", "value", "owner", "owner_value", "state"),
        "discrepancy_view",
        99,
    ),
    "dead letters": (
        ("route", "sequence", "record_type", "record_key", "attempts", "reason", "finished_at", "resend"),
        "dead_letter_view",
        99,
    ),
    "adapters": (("name", "package", "version", "purpose"), "adapter_view", 99),
}
"""Columns of the tables of commands, the catalogue's table of their headings, and where numbers begin."""

NAMES = st.text(st.sampled_from("abcđ-_.0123456789"), min_size=1, max_size=90)


class Terminal(io.StringIO):
    """Standard output of a terminal."""

    def isatty(self) -> bool:
        return True


def drawn(table: OutputTable, width: int) -> str:
    """Return what a terminal of `width` columns shows."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"COLUMNS": str(width), "TERM": "xterm"}.items():
            patch.setenv(name, value)
        patch.delenv("NO_COLOR", raising=False)
        terminal = Terminal()
        patch.setattr(sys, "stdout", terminal)
        Console(Language.ENGLISH, as_json=False).table(table)
        return re.sub(r"\x1b\[\d*m", "", terminal.getvalue())


def visible(texts: Iterable[str]) -> Counter[str]:
    """Return how often each character that can be seen occurs."""
    return Counter(
        character for text in texts for character in text if not character.isspace() and character not in LINE
    )


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("width", [40, 80, 200])
@settings(max_examples=scaled(12))
@given(names=st.lists(NAMES, min_size=2, max_size=2), count=st.integers(0, 10**9))
def test_no_name_is_cut(name: str, width: int, names: list[str], count: int) -> None:
    """Everything that a row contains can be read, and no line is longer than the terminal is wide."""
    columns, prefix, numbers_from = TABLES[name]
    rows = [[cell if index < numbers_from else str(count) for index, _ in enumerate(columns)] for cell in names]
    headings = [f"{prefix}.{column}" for column in columns]

    output = drawn(OutputTable(headings=headings, rows=rows, numbers_from=numbers_from), width)

    shown = visible([output])
    assert not visible(text for row in rows for text in row) - shown
    assert "…" not in output
    assert max(map(len, output.splitlines())) <= width


def test_rows_whose_names_a_table_would_break_are_blocks() -> None:
    """The id of a run, or names in several columns; the long word of one column may end on a second line."""
    run = ("4de5e725-2ac2-4f25-bac0-049ff29bff97", "2026-11-30 14:49", "2026-11-30 14:49", "done", 0, 0)
    item = ("1", "national-portal", "construction_permit", "CPXD-2026-000086", "2026-11-30 14:49", "map_sheet: missing")
    adapter = (
        "invented_adapter_of_a_small_town_in_a_valley",
        "cchc-connect",
        "0.1.0",
        "Listing of parcels and buildings of a town",
    )

    blocks = [
        drawn(OutputTable(headings=[f"{prefix}.{name}" for name in columns], rows=[row], numbers_from=numbers_from), 80)
        for row, (columns, prefix, numbers_from) in (
            (run, TABLES["runs"]),
            (item, TABLES["quarantine"]),
            (adapter, TABLES["adapters"]),
        )
    ]

    assert ["─" in shown for shown in blocks] == [False, False, True]
    assert all(name in shown for name, shown in zip((run[0], item[3], "cchc-connect"), blocks, strict=True))


@pytest.mark.parametrize(
    ("language", "parties"),
    [
        ("en", ("provider: 000.00.07.H09", "consumer: 000.00.05.H09")),
        ("vi", ("cơ quan cung cấp: 000.00.07.H09", "cơ quan khai thác: 000.00.05.H09")),
    ],
)
def test_a_list_of_agreements_says_at_80_columns_who_provides_and_who_consumes(
    language: Language, parties: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/shared.db"
    with SharedDatabase(address, create_or_upgrade=True) as database:
        make_agreement(database)
    terminal = Terminal()
    for name, value in {"COLUMNS": "80", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", terminal)

    assert main(["agreements", "list", "--db", address, "--lang", language]) == 0

    lines = [line.strip() for line in terminal.getvalue().splitlines()]
    assert "parcels@1" in lines
    assert set(parties) <= set(lines)


def test_a_long_name_is_folded_after_a_sign_within_it() -> None:
    """A name that is broken within a word is none that a person could read or type."""
    headings = [f"status.{name}" for name in TABLES["status"][0]]
    row = ("national-portal", "construction_inspections", "2026-11-30 14:50", "2026-06-30 17:10", 152, 2)

    words = drawn(OutputTable(headings=headings, rows=[row], numbers_from=4), 80).split()

    assert {"construction_", "inspections", "national-portal"} <= set(words)


def test_the_tables_of_every_day_fit_a_terminal_of_80_columns_with_whole_names() -> None:
    """In `status` only times go on two lines; in `runs` nothing does."""
    rows = {
        "status": ("national-portal", "construction_permit", "2026-11-30 14:50", "2026-06-30 17:10", 152, 2),
        "runs": ("4de5e725", "2026-11-30 14:49", "2026-11-30 14:49", "partly done", 1234, 1234),
    }

    shown = {
        name: drawn(
            OutputTable(
                headings=[f"{TABLES[name][1]}.{column}" for column in TABLES[name][0]], rows=[row], numbers_from=4
            ),
            80,
        )
        for name, row in rows.items()
    }

    assert {"national-portal", "construction_permit"} <= set(shown["status"].split())
    assert [len(text.split("─")[-1].strip().splitlines()) for text in shown.values()] == [2, 1]


def test_a_cell_of_several_lines_stays_several_lines() -> None:
    """Faults of an entry, one a line: in a table, in a block and in a pipe."""
    table = OutputTable(
        headings=["quarantine_view.number", "quarantine_view.faults"], rows=[("1", "name: missing\ncode: missing")]
    )
    block = OutputTable(
        headings=[f"quarantine_view.{name}" for name in TABLES["quarantine"][0]],
        rows=[("1", "one-stop", "dossier", "5" * 50, "2026-11-30 14:49", "name: missing\ncode: missing")],
    )

    assert [line.strip() for line in drawn(table, 80).splitlines() if "missing" in line] == [
        "1    name: missing",
        "code: missing",
    ]
    assert "  faults:\n    name: missing\n    code: missing\n" in drawn(block, 80)


def test_the_notes_of_an_adapter_are_broken_anew_on_a_narrow_terminal() -> None:
    """A paragraph that fits stays as its author wrote it; an item of a list is indented below its sign."""
    caveats = "Caveats:\n    - a caveat of several words\n    - b"
    text = f"First line.\n\nsome words of a paragraph that is\ntoo long\n\n{caveats}"

    assert list(prose_lines(text, 24)) == [
        "First line.",
        "",
        "some words of a",
        "paragraph that is too",
        "long",
        "",
        "Caveats:",
        "    - a caveat of",
        "      several words",
        "    - b",
    ]
    assert list(prose_lines(text, 80)) == text.splitlines()


def test_a_table_that_fits_is_a_table_and_one_of_too_many_columns_is_blocks() -> None:
    names = ("name", "record_type", "outcome")
    counters = ("fetched", "unchanged", "inserted", "updated", "deleted", "quarantined", "requests", "bytes_received")
    headings = [*(f"sync_view.{name}" for name in names), *(f"count.{counter}" for counter in counters)]
    row = ("land-registry", "land_parcel", "done", 400, 0, 394, 0, 0, 6, 4, 561500)
    table = OutputTable(headings=headings, rows=[row], numbers_from=3)

    assert "─" in drawn(table, 140)
    assert drawn(table, 80).strip().splitlines() == [
        "land-registry  land_parcel  done",
        "  read 400, unchanged 0, new 394, changed 0, deleted 0, quarantined 6, requests",
        "    4, bytes 561500",
    ]


@pytest.mark.parametrize(("language", "shown"), [(Language.ENGLISH, "1234567"), (Language.VIETNAMESE, "1.234.567")])
def test_vietnamese_separates_the_thousands_of_what_is_counted_and_not_of_numbers_that_are_names(
    language: Language, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    headings = ("dead_letter_view.sequence", "status.route", "count.bytes_received")

    Console(language, as_json=False).table(OutputTable(headings=headings, rows=[(4321, "x", 1234567)], numbers_from=2))

    assert capsys.readouterr().out.splitlines()[1].split() == ["4321", "x", shown]
