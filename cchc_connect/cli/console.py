"""Where a command writes: results to standard output, refusals to standard error, in the reader's language.

A terminal gets tables drawn by rich, which is imported only then; a pipe gets plain lines without a single
escape code. With `--json` standard output carries exactly one JSON document and nothing else.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO
from unicodedata import category

from cchc_connect.cli.exit_codes import OutputLost
from cchc_connect.errors import CchcError
from cchc_connect.messages import Language, Phrase, Phrases, message

GAP = "  "
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
STEERING = frozenset({"Cc", "Cf"})
"""Unicode categories of what steers a terminal: control and direction characters."""

_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
"""What of them JSON would not spell out, and what some readers take for the end of a line."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headings; columns from `numbers_from` on hold numbers and stand to the right."""

    headings: Sequence[str]
    """Codes of the catalogue."""
    rows: Sequence[Sequence[object]]
    numbers_from: int = 99


class Screen:
    """One command's way out."""

    def __init__(self, language: Language, *, as_json: bool) -> None:
        """Speak `language`; with `as_json`, say nothing but one document."""
        self.language = language
        self.as_json = as_json

    def text(self, code: str, /, **context: object) -> str:
        """Return the sentence for `code`; a code this program does not know stands for itself.

        Codes come out of the shared database too, and a newer program may have written them.
        """
        try:
            return message(code, self.language, context)
        except KeyError:
            return code

    def spoken(self, phrase: Phrase) -> str:
        """Return the sentence of `phrase`."""
        return self.text(phrase.code, **phrase.context)

    def word(self, table: str, code: str) -> str:
        """Return the catalogue's word for `code`, or the code itself where there is none."""
        found = self.text(f"{table}.{code}")
        return code if found == f"{table}.{code}" else found

    def say(self, code: str, /, **context: object) -> None:
        """Write one sentence."""
        self.line(self.text(code, **context))

    def heading(self, code: str, /, **context: object) -> None:
        """Write the heading of what follows."""
        title = harmless(self.text(code, **context))
        self.line()
        if not self.as_json:
            _put(sys.stdout, f"{BOLD}{title}{PLAIN}" if is_terminal(sys.stdout) else title)

    def line(self, text: str = "") -> None:
        """Write one line, unless a document was asked for."""
        if not self.as_json:
            _put(sys.stdout, harmless(text))

    def note(self, text: str) -> None:
        """Write one line that is no result, to standard error, unless a document was asked for."""
        if not self.as_json:
            _put(sys.stderr, harmless(text))

    def table(self, table: Table) -> None:
        """Write a table."""
        if self.as_json:
            return
        headings = [self.text(code) for code in table.headings]
        rows = [[harmless(str(cell)) for cell in row] for row in table.rows]
        if is_terminal(sys.stdout):
            _draw(headings, rows, table.numbers_from)
        else:
            for line in _aligned([headings, *rows], table.numbers_from):
                _put(sys.stdout, line)

    def document(self, document: Mapping[str, object]) -> None:
        """Write the document, if one was asked for: indented for a person, on one line for a log."""
        if self.as_json:
            _put(sys.stdout, _written(document, indent=2 if sys.stdout.isatty() else None))

    def one_of_many(self, document: Mapping[str, object], text: str) -> None:
        """Write one of a stream without end as a line of its own: as a document, if that was asked for, or as text."""
        _put(sys.stdout, _written(document, indent=None) if self.as_json else harmless(text))

    def refuse(self, error: CchcError) -> None:
        """Say why the command ended: on standard error, or as the document that was asked for."""
        self.refuse_with(error.code, error.context)

    def refuse_with(self, code: str, context: Mapping[str, object]) -> None:
        """Say `code` with its values; see `refuse`."""
        told = self.text(code, **context)
        self.document({"error": {"code": code, "message": told, "context": self.plain(context)}})
        self.note(self.text("cli.refused", reason=told))

    def json(self, value: object, most_lines: int | None = None) -> None:
        """Write a value as indented JSON, for people; with `most_lines`, no more of it than that."""
        lines = json.dumps(value, ensure_ascii=False, indent=2).splitlines()
        for line in lines[:most_lines]:
            self.line(line)
        if most_lines is not None and len(lines) > most_lines:
            self.line("  ...")

    def plain(self, context: Mapping[str, object]) -> Mapping[str, object]:
        """Return the values of an error as a document holds them: numbers as they are, the rest as text."""
        return {name: self._plain(value) for name, value in context.items()}

    def _plain(self, value: object) -> object:
        match value:
            case None | bool() | int() | float():
                return value
            case Phrase():
                return self.spoken(value)
            case Phrases():
                return [self.spoken(phrase) for phrase in value.lines]
            case _:
                return str(value)


def _written(document: Mapping[str, object], indent: int | None) -> str:
    # Where the locale cannot write Vietnamese letters, JSON can still spell them out.
    spelt_out = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    written = json.dumps(document, ensure_ascii=spelt_out, indent=indent)
    return _UNSEEN.sub(lambda sign: json.dumps(sign[0])[1:-1], written)


def harmless(text: str) -> str:
    r"""Return `text` without characters that could steer a terminal; agencies' text is not trusted that far.

    >>> harmless("thửa\x1b[2J 12")
    'thửa?[2J 12'
    """
    return "".join("?" if category(sign) in STEERING and sign not in "\n\t" else sign for sign in text)


def is_terminal(stream: TextIO) -> bool:
    """Say whether a person's terminal stands behind `stream`, one that can draw and may."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def _put(stream: TextIO, text: str) -> None:
    """Write one line; a progress line or refusal that cannot be written is let go.

    Raises:
        OutputLost: it is a result, and standard output does not take it.
    """
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError as error:
        turn_away(stream)
        if stream is sys.stdout:
            raise OutputLost("cli.output_lost", reason=error.strerror) from error


def turn_away(stream: TextIO) -> None:
    """Let what is still to be written to `stream` go nowhere: it would fail again when the program ends."""
    with suppress(OSError, ValueError):  # a stream that is no file has nothing to be turned away
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _aligned(rows: Sequence[Sequence[str]], numbers_from: int) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        GAP.join(
            cell.rjust(width) if place >= numbers_from else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> None:
    from rich import box, console, table, text  # noqa: PLC0415  # a pipe never pays for it

    drawn = table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings):
        drawn.add_column(text.Text(heading), justify="right" if place >= numbers_from else "left")
    for row in rows:
        drawn.add_row(*(text.Text(cell) for cell in row))
    console.Console(highlight=False).print(drawn)
