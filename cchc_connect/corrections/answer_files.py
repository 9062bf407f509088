"""Reads the file of an agency back with its answers: all of them are stored, or none, and every fault is named.

A row names its request by number; key and agency must be those of the request, so that the file of another agency or of
another database answers nothing. A row without an answer is passed over, one that is stored already changes nothing.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Connection

from cchc_connect.config.file import Config
from cchc_connect.corrections import life_cycle
from cchc_connect.corrections.administration import acting, of_owner
from cchc_connect.corrections.answers import RESPONSES, Answer, AnswerOutcome, StoredAnswer, answers_of
from cchc_connect.corrections.life_cycle import ActedBy
from cchc_connect.corrections.owner_files import COLUMNS, heading
from cchc_connect.corrections.requests import CorrectionRequest, CorrectionState, request_numbered
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import NotFound, Rejected, UsageMistake
from cchc_connect.foreign_tables import TableForm, open_table
from cchc_connect.messages import Language, Message, Messages, Wording
from cchc_connect.privacy.regular_files import open_regular_file
from cchc_connect.spreadsheets.tables import unescape_formula

COLUMNS_OF_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("number", "no_request", "other_agency", "twice"), "number"),
        **dict.fromkeys(("until_missing", "until_unfitting", "until_earlier", "due_over", "day"), "until"),
        **dict.fromkeys(("note_missing", "text_empty", "text_too_long"), "explanation"),
        "other_record": "record_key",
        "response": "response",
    }
)
"""Fault of a row -> its column; the message catalogue has a sentence for each."""

FILE_FAULTS = frozenset({"no_headings", "heading_missing", "no_separator", "encoding_undeclared"})
"""Faults of a file from outside for which this file, whose form is ours, has sentences of its own."""

MAX_ROWS = 10_000
"""Rows of one file."""

_VIETNAMESE_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class AnswerFileReport:
    """What a file of an agency brought."""

    answered: Sequence[CorrectionRequest]
    """Requests whose answers are stored now."""
    late: Sequence[CorrectionRequest]
    """Closed requests: their answers are in their histories, and their outcomes stay."""
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
        self.code, self.context = code, context

    def message(self, line: int) -> Message:
        """Return the fault with the row and the column in which it stands."""
        column = Message(f"correction_file.{COLUMNS_OF_FAULTS[self.code]}")
        problem = Message(f"correction_file_fault.{self.code}", self.context)
        return Message("correction_file_fault.row", {"line": line, "column": column, "problem": problem})


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
    acted_by, rows = acting(config, at), _own_rows(Path(path))
    stored, faults, filed = list[StoredAnswer](), list[Message](), [row for row in rows if row.response]
    with database.writing(dry_run=dry_run) as connection:
        owners = of_owner(config, connection, owner, acted_by.day).owners or ()
        lines = dict[str, int]()
        for row in filed:
            try:
                _require_once(row, lines)
                stored.append(_stored(connection, row, owners, acted_by))
            except _RowFault as fault:
                faults.append(fault.message(row.line))
        if faults:
            raise Rejected("corrections.file_faults", path=path, faults=Messages(faults))
    requests = {outcome: [each.request for each in stored if each.outcome is outcome] for outcome in AnswerOutcome}
    return AnswerFileReport(
        answered=requests[AnswerOutcome.ANSWERED],
        late=requests[AnswerOutcome.LATE],
        unchanged=len(requests[AnswerOutcome.REPEATED]),
        unanswered=len(rows) - len(filed),
    )


def _require_once(row: _FiledAnswer, lines: dict[str, int]) -> None:
    """Check that no row above has the same request; `lines` says where each stands."""
    first = lines.setdefault(row.number, row.line)
    if first != row.line:
        raise _RowFault("twice", number=row.number, first=first)


def _stored(connection: Connection, row: _FiledAnswer, owners: Collection[str], acted_by: ActedBy) -> StoredAnswer:
    """Store one answer, and return its request with what became of it.

    Raises:
        _RowFault: the row does not fit, or names another request.
    """
    try:
        request = request_numbered(connection, _number(row.number))
    except NotFound:
        raise _RowFault("no_request", number=row.number) from None
    if request.owner not in owners:
        raise _RowFault("other_agency", number=request.number)
    if _one_form(row.record_key) != _one_form(request.shown_key):
        raise _RowFault("other_record", number=request.number)
    agency_answer = Answer(state=_response(row.response), until=_day(row.until), note=row.explanation or None)
    try:
        checked = agency_answer.checked()
        if checked in answers_of(connection, request.number):
            return StoredAnswer(request=request, outcome=AnswerOutcome.REPEATED)
        return life_cycle.answer_request(connection, request.number, checked, acted_by)
    except UsageMistake as mistake:
        fault = _RowFault(mistake.code.removeprefix("corrections."), **mistake.context)
    raise fault


def _own_rows(path: Path) -> Sequence[_FiledAnswer]:
    """Return the rows of a file; that it lacks our form is said as a fault of the file.

    Raises:
        OSError: the file cannot be read.
        Rejected: it is no such table.
    """
    try:
        return list(_rows(path))
    except Rejected as refused:
        faults = refused.context.get("faults")
        if not isinstance(faults, Message | Messages):
            raise
        own_faults = [_own_fault(fault) for fault in (faults.lines if isinstance(faults, Messages) else [faults])]
        refusal = Rejected("corrections.file_faults", path=path, faults=Messages(own_faults))
    raise refusal


def _own_fault(fault: Message) -> Message:
    """Return a fault of a file from outside in the words for a file of ours, which has nothing to declare."""
    name = fault.code.rpartition(".")[2]
    return Message(f"correction_file_fault.{name}", fault.context) if name in FILE_FAULTS else fault


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
