"""Reads the file of an agency back with its answers: all of them are stored, or none, and every fault is named.

A row names its request by number; key and agency must be those of the request, so that the file of another agency or of
another database answers nothing. A row without an answer is passed over, one that is stored already changes nothing.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection

from cchc_connect.config.file import Config
from cchc_connect.corrections import life_cycle
from cchc_connect.corrections.administration import acting, of_owner
from cchc_connect.corrections.life_cycle import ActedBy
from cchc_connect.corrections.owner_files import COLUMNS, heading
from cchc_connect.corrections.requests import CorrectionRequest, CorrectionState, request_numbered
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import CchcError, Rejected
from cchc_connect.foreign_tables import TableForm, open_table
from cchc_connect.messages import Language, Message, Messages, Wording
from cchc_connect.privacy.regular_files import open_regular_file
from cchc_connect.spreadsheets.tables import unescape_formula

RESPONSES = (CorrectionState.CORRECTED, CorrectionState.REJECTED, CorrectionState.MORE_TIME)
"""What an agency may answer."""

MAX_ROWS = 10_000
"""Rows of one file."""

_VIETNAMESE_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class AnswerFileReport:
    """What a file of an agency brought."""

    answered: Sequence[CorrectionRequest]
    """Requests whose answers are stored now."""
    unchanged: int
    """Answers that were stored already."""
    unanswered: int
    """Rows without an answer."""


@dataclass(frozen=True, kw_only=True)
class _FiledAnswer:
    """One row of a file."""

    line: int
    number: str
    record_key: str
    response: str
    until: str
    explanation: str


class _RowFault(Exception):
    """A row cannot be used; the message catalogue has a sentence for the code."""

    def __init__(self, code: str, **context: object) -> None:
        super().__init__(code)
        self.message = Message(f"correction_file_fault.{code}", context)


def import_corrections(
    config: Config,
    database: SharedDatabase,
    owner: str,
    path: Path | str,
    *,
    dry_run: bool = False,
    at: datetime | None = None,
) -> AnswerFileReport:
    """Store the answers of the agency `owner` in its file; with `dry_run` nothing is stored.

    The file is as `export_corrections` wrote it, in either language, saved as XLSX or CSV.

    Raises:
        OSError: the file cannot be read.
        Rejected: it is no such table, or rows have faults, which are all named; nothing is stored.
        ConfigurationError: it is a workbook, and the extra `files` is not installed.
    """
    acted_by, rows = acting(config, at), list(_rows(Path(path)))
    answered, faults, unchanged = list[CorrectionRequest](), list[Message](), 0
    filed = [row for row in rows if row.response]
    with database.writing(dry_run=dry_run) as connection:
        owners = of_owner(config, connection, owner, acted_by.day).owners or ()
        for row in filed:
            try:
                request = _stored(connection, row, owners, acted_by)
            except _RowFault as fault:
                faults.append(Message("correction_file_fault.row", {"line": row.line, "problem": fault.message}))
            except CchcError as error:
                problem = Message(error.code, error.context)
                faults.append(Message("correction_file_fault.row", {"line": row.line, "problem": problem}))
            else:
                unchanged += request is None
                answered += [] if request is None else [request]
        if faults:
            raise Rejected("corrections.file_faults", path=path, faults=Messages(faults))
    return AnswerFileReport(answered=answered, unchanged=unchanged, unanswered=len(rows) - len(filed))


def _stored(
    connection: Connection, row: _FiledAnswer, owners: Collection[str], acted_by: ActedBy
) -> CorrectionRequest | None:
    """Store one answer, and return its request; None if it is stored already."""
    request = request_numbered(connection, _number(row.number))
    if request.owner not in owners:
        raise _RowFault("other_agency", number=request.number)
    if _one_form(row.record_key) != _one_form(request.shown_key):
        raise _RowFault("other_record", number=request.number)
    state, until, note = _response(row.response), _day(row.until), row.explanation or None
    is_stored = (state, note) == (request.state, request.explanation) and until in {None, request.due_on}
    if is_stored:
        return None
    return life_cycle.answer_request(connection, request.number, state, acted_by, note=note, until=until)


def _rows(path: Path) -> Iterator[_FiledAnswer]:
    """Yield the rows of a file; headings are in either language."""
    headings = {name: tuple(heading(name, Wording(language)) for language in Language) for name in COLUMNS}
    needed = ("number", "record_key", "response", "until", "explanation")
    form = TableForm(names=[headings[name] for name in needed], key_names=list(headings["number"]))
    where = Message("correction_file_fault.file", {"file": path.name})
    with open_regular_file(path) as file, open_table(file, path.name, form, where) as table:
        count = 0
        for chunk in table.chunks(500):
            count += len(chunk)
            if count > MAX_ROWS:
                raise Rejected("spreadsheet.too_many_rows", most=MAX_ROWS)
            for row in chunk:
                cells = {
                    name: next((_text(row[each]) for each in headings[name] if each in row), "") for name in needed
                }
                yield _FiledAnswer(line=row.line, **cells)


def _text(cell: object) -> str:
    return "" if cell is None else unescape_formula(str(cell)).strip()


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(2**62)):
        raise _RowFault("number")
    return int(text)


def _response(text: str) -> CorrectionState:
    for state in RESPONSES:
        words = (Wording(language).term("correction_response", state.value) for language in Language)
        if _one_form(text) in {state.value, *map(_one_form, words)}:
            return state
    raise _RowFault("response")


def _day(text: str) -> date | None:
    """Return a day in ISO form, or as officials write it: day, month, year."""
    if not text:
        return None
    written = _VIETNAMESE_DAY.fullmatch(text)
    try:
        if written is not None:
            return date(int(written[3]), int(written[2]), int(written[1]))
        return date.fromisoformat(text)
    except ValueError:
        pass
    raise _RowFault("day")


def _one_form(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()
