"""Random CSV files have the rows that the standard library finds, or are refused where it finds faults."""

import csv
import io
from random import Random

import pytest

from cchc_connect.errors import Rejected
from cchc_connect.foreign_tables import TableForm, open_table
from cchc_connect.messages import Message

NAMES = ("ma", "to", "thua", "dt", "loai", "chu")
FORM = TableForm(names=[(name,) for name in NAMES], key_names=["ma"])
WHERE = Message("drop_folder_location.file", {"file": "a.csv"})
CELLS = (
    "",
    "",
    "a",
    "Đất ở",
    "5,5",
    'x"y',
    '"a;b"',
    '"hai\ndòng"',
    '"nháy ""đôi"""',
    '"',
    'a"b"',
    "E+",
    "1,5E+11",
    " ",
)
LINE_ENDS = ("\n", "\r\n", "\r")


def random_file(dice: Random) -> str:
    end = dice.choices(LINE_ENDS, (8, 3, 1))[0]
    lines = [";".join(NAMES)]
    oddity = dice.choice((0.0, 0.0, 0.05, 0.3))
    for number in range(dice.randrange(60)):
        cells = [f"k{number}"]
        cells += [dice.choice(CELLS) if dice.random() < oddity else f"g{dice.randrange(9)}" for _ in NAMES[1:]]
        if dice.random() < oddity / 10:
            cells = cells[:-1] if dice.random() < 0.5 else [*cells, "thừa"]
        lines.append(";".join(cells))
    return end.join(lines) + (end if dice.random() < 0.7 else "")


def expected(text: str) -> list[dict[str, object]] | None:
    """Return the rows of a plain reader; None where it finds a fault."""
    try:
        _, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    except csv.Error:
        return None
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if any(len(row) < len(NAMES) or any(row[len(NAMES) :]) for row in filled):
        return None
    return [
        {name: {"rounded": cell} if cell == "1,5E+11" else cell for name, cell in zip(NAMES, row, strict=False)}
        for row in filled
    ]


def found_rows(text: str) -> list[dict[str, object]] | None:
    try:
        with open_table(io.BytesIO(text.encode()), "a.csv", FORM, WHERE) as table:
            return [dict(row) for chunk in table.chunks(7) for row in chunk]
    except Rejected:
        return None


@pytest.mark.parametrize("seed", range(40))
def test_a_file_is_read_as_a_plain_reader_reads_it_or_refused_where_that_fails(seed: int) -> None:
    dice = Random(seed)
    for _ in range(25):
        text = random_file(dice)

        assert found_rows(text) == expected(text), text
