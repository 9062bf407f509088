"""Output of a command: results to standard output, errors to standard error, in the reader's language.

A terminal gets tables drawn by rich, which is imported only then; a pipe gets plain lines without escape codes.
With `--json` standard output carries exactly one JSON document and nothing else.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import TextIO
from unicodedata import category

from cchc_connect.cli.exit_codes import OutputUnwritable
from cchc_connect.cli.hints import TypedOptions
from cchc_connect.cli.wrapping import HANGING, terminal_width, wrapped
from cchc_connect.errors import CchcError
from cchc_connect.messages import Language, Message, Messages, Wording
from cchc_connect.messages.values import quantity_text

GAP = "  "
"""Space between two columns."""

BOLD, RESET = "\x1b[1m", "\x1b[0m"
CONTROL_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories of characters that steer a terminal: control and direction characters, line ends."""

_ESCAPED_IN_JSON = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
"""Control characters that JSON does not escape, and characters that some readers take for a line end."""


@dataclass(frozen=True, kw_only=True)
class OutputTable:
    """Rows under headings; columns from `numbers_from` on contain numbers and are aligned to the right."""

    headings: Sequence[str]
    """Codes of the message catalogue."""
    rows: Sequence[Sequence[object]]
    numbers_from: int = 99
    title_cells: int = 3
    """Cells that stand without their headings in the first line of a block, where a table is too wide."""


class Console(Wording):
    """Output of one command."""

    def __init__(self, language: Language, *, as_json: bool, typed_options: TypedOptions | None = None) -> None:
        """Write in `language`; with `as_json`, write one JSON document and nothing else.

        Commands that a sentence suggests get the `typed_options`.
        """
        super().__init__(language)
        self.as_json = as_json
        self.typed_options = typed_options or TypedOptions()
        self._ends_blank = False
        """Whether a terminal shows an empty line at the end already, that below a table."""

    def text(self, code: str, /, **context: object) -> str:
        """Return the sentence for `code`, with the typed options in the commands that it suggests."""
        return self.typed_options.complete(super().text(code, **context))

    def message(self, code: str, /, **context: object) -> None:
        """Write the sentence for `code`."""
        self.line(self.text(code, **context))

    def heading(self, code: str, /, **context: object) -> None:
        """Write a heading."""
        title = escape_control_characters(self.text(code, **context))
        self.line()
        self._ends_blank = False
        if not self.as_json:
            _write_line(sys.stdout, f"{BOLD}{title}{RESET}" if is_terminal(sys.stdout) else title)

    def line(self, text: str = "", *, hanging: int = 0) -> None:
        """Write one line, unless a JSON document is requested; a terminal gets it broken between words (`wrapped`)."""
        if self.as_json or (self._ends_blank and not text):
            return
        self._ends_blank = False
        _write_line(sys.stdout, _for_reader(sys.stdout, text, hanging))

    def verbatim(self, text: str) -> None:
        """Write one line that people copy or programs read: it is never broken."""
        if not self.as_json:
            self._ends_blank = False
            _write_line(sys.stdout, escape_control_characters(text))

    def stderr(self, text: str) -> None:
        """Write one line to standard error, unless a JSON document is requested."""
        if not self.as_json:
            _write_line(sys.stderr, _for_reader(sys.stderr, text))

    def table(self, table: OutputTable) -> None:
        """Write a table."""
        if self.as_json:
            return
        headings = [self.text(code) for code in table.headings]
        numbers = table.numbers_from
        rows = [[self._cell(cell, counts=index >= numbers) for index, cell in enumerate(row)] for row in table.rows]
        if is_terminal(sys.stdout):
            from cchc_connect.cli.tables import draw_table  # noqa: PLC0415  # only a terminal needs it

            self._ends_blank = draw_table(headings, rows, table.numbers_from, table.title_cells)
        else:
            for line in _aligned_lines([headings, *rows], table.numbers_from):
                _write_line(sys.stdout, line)

    def _cell(self, cell: object, *, counts: bool) -> str:
        """Return a cell as text; of what counts something Vietnamese separates the thousands."""
        if counts and isinstance(cell, int):
            return quantity_text(cell, self.language)
        return escape_control_characters(str(cell))

    def prose(self, text: str) -> None:
        """Write lines that were broken for a wide page; a narrow terminal gets them broken anew."""
        if not self.as_json and is_terminal(sys.stdout):
            from cchc_connect.cli.tables import draw_prose  # noqa: PLC0415  # only a terminal needs it

            draw_prose(escape_control_characters(text))
            return
        for line in text.splitlines():
            self.line(line)

    def document(self, document: Mapping[str, object]) -> None:
        """Write the JSON document if one is requested: indented on a terminal, on one line elsewhere."""
        if self.as_json:
            _write_line(sys.stdout, _json_text(document, indent=2 if sys.stdout.isatty() else None))

    def stream_item(self, document: Mapping[str, object], text: str) -> None:
        """Write one element of an endless stream as one line: as a JSON document if requested, else as text."""
        line = _json_text(document, indent=None) if self.as_json else _for_reader(sys.stdout, text, HANGING)
        _write_line(sys.stdout, line)

    def error(self, error: CchcError) -> None:
        """Write the error that ended the command: to standard error, or as the JSON document if requested."""
        self.error_message(error.code, error.context)

    def error_message(self, code: str, context: Mapping[str, object]) -> None:
        """Write `code` with its values; see `error`."""
        sentence = self.text(code, **context)
        self.document({"error": {"code": code, "message": sentence, "context": self.json_values(context)}})
        self.stderr(self.text("cli.error", reason=sentence))

    def json(self, value: object, max_lines: int | None = None) -> None:
        """Write a value as indented JSON for people, at most `max_lines` lines of it."""
        lines = json.dumps(value, ensure_ascii=False, indent=2).splitlines()
        for line in lines[:max_lines]:
            self.verbatim(line)
        if max_lines is not None and len(lines) > max_lines:
            self.line("  ...")

    def json_values(self, context: Mapping[str, object]) -> Mapping[str, object]:
        """Return the values of an error for a JSON document: numbers as they are, all other values as text."""
        return {name: self._json_value(value) for name, value in context.items()}

    def _json_value(self, value: object) -> object:
        match value:
            case None | bool() | int() | float():
                return value
            case Message():
                return self.sentence(value)
            case Messages():
                return [self.sentence(line) for line in value.lines]
            case _:
                return str(value)


def _json_text(document: Mapping[str, object], indent: int | None) -> str:
    # JSON can escape Vietnamese letters that the locale cannot write.
    ensure_ascii = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    written = json.dumps(document, ensure_ascii=ensure_ascii, indent=indent)
    return _ESCAPED_IN_JSON.sub(lambda character: json.dumps(character[0])[1:-1], written)


def escape_control_characters(text: str) -> str:
    r"""Return `text` without characters that could steer a terminal: text of agencies is not trusted.

    >>> escape_control_characters("thửa\x1b[2J 12")
    'thửa?[2J 12'
    """
    return "".join(
        "?" if category(character) in CONTROL_CATEGORIES and character not in "\n\t" else character
        for character in text
    )


def is_terminal(stream: TextIO) -> bool:
    """True if `stream` is a terminal that can and may draw tables (`TERM`, `NO_COLOR`)."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def _for_reader(stream: TextIO, text: str, hanging: int = 0) -> str:
    """Return `text` without characters that steer a terminal; for a terminal its long lines are broken."""
    shown = escape_control_characters(text)
    return wrapped(shown, terminal_width(stream), hanging) if is_terminal(stream) else shown


def _write_line(stream: TextIO, text: str) -> None:
    """Write one line. A line to standard error that cannot be written is dropped.

    Raises:
        OutputUnwritable: standard output cannot be written.
    """
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError as error:
        discard(stream)
        if stream is sys.stdout:
            raise OutputUnwritable("cli.output_unwritable", reason=error.strerror) from error


def discard(stream: TextIO) -> None:
    """Discard further output to `stream`: flushing it would fail again when the program ends."""
    with suppress(OSError, ValueError):  # a stream that is not a file has no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _aligned_lines(rows: Sequence[Sequence[str]], numbers_from: int) -> list[str]:
    r"""Return the lines of a table; a cell of several lines is continued below, beside empty cells.

    >>> _aligned_lines([["no.", "faults"], ["1", "name\ncode"]], 9)
    ['no.  faults', '1    name', '     code']
    """
    lines = [line for row in rows for line in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if column >= numbers_from else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
