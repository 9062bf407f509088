"""Papers that need not be submitted again because a record proves them (giấy tờ không được yêu cầu nộp lại).

Each row says of one paper of procedures (thành phần hồ sơ) which record proves it, by which fields, and which act
forbids to ask for it again. A row that is not verified says so, and an agency confirms, corrects or adds rows by a
table of its own with the same columns: until then nothing follows from it but that somebody should look.

>>> proof = paper_proofs()["land-right"]
>>> proof.record_type, proof.proves, proof.act, proof.is_verified
('land_parcel', ('certificates.serial',), 'nd-217-2026', False)
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from cchc_schemas.agencies import AgencyKind
from cchc_schemas.codes import PROCEDURE_CODE
from cchc_schemas.package_tables import package_table
from cchc_schemas.record_paths import leaves
from cchc_schemas.record_types import RECORD_TYPES
from cchc_schemas.spelling import one_spelling
from cchc_schemas.written_tables import RowFault, TableInvalid, day_of, numbered_rows

PROOF_COLUMNS = (
    *("id", "procedures", "paper_code", "paper_names", "record_type", "proves", "condition", "blocked_by", "since"),
    *("until", "covers", "purposes", "provider_kind", "act", "place", "in_force_from", "in_force_to", "verified"),
    "source",
)
_REQUIRED = ("id", "paper_names", "record_type", "proves", "covers", "purposes", "act", "verified")
_TERM = re.compile(r"(?P<path>[a-z0-9_.]+)=(?P<values>[^=\s]+)")
_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "covers": ("each", "one"),
        "verified": ("yes", "no"),
        "provider_kind": ("", *(kind.value for kind in AgencyKind)),
    }
)


class Coverage(StrEnum):
    """Which records of a dossier must prove a paper."""

    EACH = "each"
    """Every one: the certificate of each parcel."""
    ONE = "one"
    """Any of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValues:
    """A condition: a field has one of these values, in any element of a list."""

    path: str
    values: tuple[str, ...]
    """As a document has them, truth values as `true` and `false`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperProof:
    """By which record one paper is proved (dữ liệu thay thế giấy tờ)."""

    id: str
    """Short name by which audit entries cite it."""
    procedures: tuple[str, ...] = ()
    """Codes of the procedures (mã TTHC); none: not known yet, so that it holds for none."""
    paper_code: str | None = None
    """Code of the paper (mã thành phần hồ sơ); None: its names decide."""
    paper_names: tuple[str, ...]
    """Names of the paper in the catalogue (tên giấy tờ); the first is shown where there is no catalogue."""
    record_type: str
    """Record type that proves it."""
    proves: tuple[str, ...]
    """Paths of the fields that must have a value."""
    condition: tuple[FieldValues, ...] = ()
    """Conditions on the record; all hold."""
    blocked_by: tuple[FieldValues, ...] = ()
    """What must not be: where one holds, the record proves nothing."""
    since: str | None = None
    """Path of the first day."""
    until: str | None = None
    """Path of the last day, which still counts."""
    covers: Coverage
    purposes: tuple[str, ...]
    """Codes of the purposes of agreements under which it may be looked at, in the order in which they are tried."""
    provider_kind: AgencyKind | None = None
    """Kind of agency that has the record (loại cơ quan cung cấp)."""
    act: str
    """Name of the act that forbids to ask again."""
    article: str = ""
    """Where in it: "Điều 7.3, 56.2"."""
    in_force_from: date | None = None
    """First day of the row; None: without beginning."""
    in_force_to: date | None = None
    """Last day of the row, which still counts; None: without end."""
    is_verified: bool
    """Whether somebody checked that these procedures have this paper; from what is not verified nothing follows."""
    source: str = ""
    """Where the row was read."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the paths of every field that is looked at, each once."""
        conditions = (each.path for each in (*self.condition, *self.blocked_by))
        days = (path for path in (self.since, self.until) if path is not None)
        return tuple(dict.fromkeys((*self.proves, *conditions, *days)))

    def in_force(self, on: date) -> bool:
        """True if the row counts on the day `on`; whether its act is in force is asked apart."""
        has_begun = self.in_force_from is None or self.in_force_from <= on
        return has_begun and (self.in_force_to is None or on <= self.in_force_to)

    def is_of(self, code: str | None, name: str) -> bool:
        """True if a paper of the catalogue is meant: by its code where both have one, else by its name."""
        if self.paper_code is not None and code is not None:
            return self.paper_code == code
        return folded_name(name) in {folded_name(each) for each in self.paper_names}


@cache
def paper_proofs() -> Mapping[str, PaperProof]:
    """Return the rows of this package by id; none of them is verified."""
    return MappingProxyType({row["id"]: _proof(row) for row in package_table("once_only").rows})


def read_paper_proofs(text: str) -> Mapping[str, PaperProof]:
    """Return the rows of a table with the columns `PROOF_COLUMNS` by id; lines that begin with "#" are comments.

    Raises:
        TableInvalid: it has faults; the error contains all of them.
    """
    rows = numbered_rows(text, PROOF_COLUMNS, required=_REQUIRED)
    faults = [fault for row in rows for fault in _faults(row.line, row.cells)]
    if faults:
        raise TableInvalid(faults)
    return {row.cells["id"]: _proof(row.cells) for row in rows}


def folded_name(name: str) -> str:
    """Return a name as names are compared: composed, in lower case, with single spaces, without a closing sign.

    >>> folded_name("Giấy  chứng nhận; ") == folded_name("giấy chứng nhận")
    True
    """
    return " ".join(unicodedata.normalize("NFC", name).casefold().split()).rstrip(" .;,:")


def _proof(row: Mapping[str, str]) -> PaperProof:
    return PaperProof(
        id=row["id"],
        procedures=tuple(one_spelling(row["procedures"]).split()),
        paper_code=row["paper_code"] or None,
        paper_names=tuple(name.strip() for name in row["paper_names"].split("|")),
        record_type=row["record_type"],
        proves=tuple(row["proves"].split()),
        condition=_conditions(row["condition"]),
        blocked_by=_conditions(row["blocked_by"]),
        since=row["since"] or None,
        until=row["until"] or None,
        covers=Coverage(row["covers"]),
        purposes=tuple(row["purposes"].split()),
        provider_kind=AgencyKind(row["provider_kind"]) if row["provider_kind"] else None,
        act=row["act"],
        article=row["place"],
        in_force_from=day_of(row["in_force_from"]),
        in_force_to=day_of(row["in_force_to"]),
        is_verified=row["verified"] == "yes",
        source=row["source"],
    )


def _conditions(cell: str) -> tuple[FieldValues, ...]:
    return tuple(
        FieldValues(path=term["path"], values=tuple(term["values"].split("|")))
        for text in cell.split()
        if (term := _TERM.fullmatch(text)) is not None
    )


def _faults(line: int, row: Mapping[str, str]) -> Iterator[RowFault]:
    """Yield what is wrong with one row beside its form."""
    for column, allowed in _CHOICES.items():
        if row[column] not in allowed and row[column]:
            yield RowFault(line, column, "choice", row[column])
    for code in one_spelling(row["procedures"]).split():
        if not PROCEDURE_CODE.fits(code):
            yield RowFault(line, "procedures", "procedure", code)
    if row["record_type"] not in RECORD_TYPES:
        yield RowFault(line, "record_type", "record_type", row["record_type"])
        return
    known_leaves = leaves(RECORD_TYPES[row["record_type"]])
    for column, path in _paths(row):
        if path not in known_leaves:
            yield RowFault(line, column, "field", path)
        elif column in {"since", "until"} and not known_leaves[path].has_year:
            yield RowFault(line, column, "no_day", path)
        elif column in {"since", "until"} and known_leaves[path].mark is not None:  # these days are shown
            yield RowFault(line, column, "personal", path)


def _paths(row: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return the column and path of each field that a row names; a condition that is none stands for itself."""
    single = [(column, path) for column in ("proves", "since", "until") for path in row[column].split()]
    terms = [
        (column, text if (term := _TERM.fullmatch(text)) is None else term["path"])
        for column in ("condition", "blocked_by")
        for text in row[column].split()
    ]
    return [*single, *terms]
