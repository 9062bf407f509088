"""The generated parts of docs/read_the_database.md: every table and column, and the meaning of every code."""

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql, sqlite

from cchc_connect.database.record_tables import PROVENANCE_COLUMNS, record_table
from cchc_connect.database.tables import METADATA
from cchc_schemas import CODE_LISTS, RECORD_TYPES, code_list
from tests.documentation.pages import DOCS

PAGE = DOCS / "read_the_database.md"
PARTS = ("records", "codes", "engine")

_COLUMNS = Path(__file__).with_name("engine_columns.toml")
_LONGEST_LIST = 40
"""A longer code list is named and not written out."""


def with_generated_parts(text: str) -> str:
    """Return the page with its generated parts anew."""
    for part in PARTS:
        begin, end = f"<!-- generated: {part} -->\n", "<!-- end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{generated(part)}\n{end}{after}"
    return text


def generated(part: str) -> str:
    """Return one of the generated parts."""
    lines = {"records": _record_tables, "codes": _codes, "engine": _engine_tables}[part]()
    return "\n".join(lines)


def engine_tables() -> list[Table]:
    """Return the tables that are no record tables, in the order of their definition."""
    return [table for table in METADATA.tables.values() if table.name not in RECORD_TYPES]


def described_columns() -> dict[str, dict[str, str]]:
    """Return what engine_columns.toml says, by table and column."""
    return tomllib.loads(_COLUMNS.read_text(encoding="utf-8"))


def description(table: Table, column: "Column[Any]") -> str:
    """Return what a column of an engine's table holds.

    Raises:
        KeyError: engine_columns.toml does not say it.
    """
    described = described_columns()
    return described.get(table.name, {}).get(column.name) or described["every"][column.name]


def _record_tables() -> Iterator[str]:
    provenance = {name for name, _, _ in PROVENANCE_COLUMNS}
    for record_type in RECORD_TYPES:
        table = record_table(record_type)
        yield f"### `{record_type}`\n\n{table.comment}\n"
        yield from _heading()
        yield from (_row(column, column.comment or "") for column in table.columns if column.name not in provenance)
        yield ""
    yield "### Provenance: the last columns of every record table\n"
    yield from _heading()
    table = record_table(next(iter(RECORD_TYPES)))
    yield from (_row(table.columns[name], comment) for name, _, comment in PROVENANCE_COLUMNS)


def _engine_tables() -> Iterator[str]:
    for table in engine_tables():
        yield f"### `{table.name}`\n\n{table.comment}\n"
        yield from _heading()
        yield from (_row(column, description(table, column)) for column in table.columns)
        yield ""


def _heading() -> Iterator[str]:
    yield "| column | SQLite | PostgreSQL | |"
    yield "|---|---|---|---|"


def _row(column: "Column[Any]", text: str) -> str:
    types = (column.type.compile(dialect=dialect.dialect()) for dialect in (sqlite, postgresql))
    key = " (key)" if column.primary_key else ""
    return f"| `{column.name}`{key} | {' | '.join(types)} | {_cell(text)} |"


def _cell(text: str) -> str:
    """Return a sentence for a cell of the page, which speaks of null where Python says None."""
    return re.sub(r"\bNone\b", "null", " ".join(text.split()).replace("|", "\\|"))


def _codes() -> Iterator[str]:
    lists = {name: code_list(name) for name in CODE_LISTS}
    for name, listed in lists.items():
        entries = [listed.entry(code).columns for code in listed]
        if "vi" not in entries[0] or len(entries) > _LONGEST_LIST:
            continue
        yield f"### `{name}`\n"
        yield "| code | | tiếng Việt |\n|---|---|---|"
        yield from (f"| `{row['code']}` | {row.get('en', '')} | {row['vi']} |" for row in entries)
        yield ""
    long = [f"`{name}` ({len(listed)} codes)" for name, listed in lists.items() if len(listed) > _LONGEST_LIST]
    yield f"Longer lists are files of `cchc_schemas/data`: {', '.join(long)}.\n"
    for kind in _enumerations():
        yield f"### `{kind.__name__}`\n\n{(kind.__doc__ or '').partition(chr(10))[0]}\n"
        yield "| value | |\n|---|---|"
        docs = _member_docs(kind)
        yield from (f"| `{member.value}` | {_cell(docs[member.name])} |" for member in kind)
        yield ""


def _enumerations() -> list[type[Enum]]:
    """Return every enumeration of the records' fields and parts that no code list explains, by name."""
    kinds = {kind for record in RECORD_TYPES.values() for kind in _enumerations_in(record)}
    listed = {"DossierStatus", "Channel"}
    explained = {kind for kind in kinds if kind.__name__ not in listed and _member_docs(kind)}
    return sorted(explained, key=lambda kind: kind.__name__)


def _enumerations_in(model: type[BaseModel]) -> Iterator[type[Enum]]:
    for field in model.model_fields.values():
        for kind in _types_in(field.annotation):
            if issubclass(kind, Enum):
                yield kind
            elif issubclass(kind, BaseModel):
                yield from _enumerations_in(kind)


def _types_in(annotation: Any) -> Iterator[type]:
    if get_origin(annotation) in {Union, UnionType, tuple, Annotated}:
        for argument in get_args(annotation):
            yield from _types_in(argument)
    elif isinstance(annotation, type):
        yield annotation


@cache
def _member_docs(kind: type[Enum]) -> dict[str, str]:
    """Return the sentence below each member in the source of an enumeration."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    docs: dict[str, str] = {}
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.Assign) and isinstance(following, ast.Expr):
            (target,) = statement.targets
            docs[ast.unparse(target)] = ast.literal_eval(following.value)
    return docs


def main() -> int:
    """Write the page anew."""
    PAGE.write_text(with_generated_parts(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
