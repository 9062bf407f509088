"""`schema show` and `schema list`: the fields of a record type, and the record types."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.field_types import AllowedValue, allowed_values, field_type_text
from cchc_connect.database.names import require_record_type
from cchc_connect.messages import Language
from cchc_connect.record_fields import field_name, unit_of, vietnamese_term
from cchc_schemas import RECORD_TYPES, Record
from cchc_schemas.personal import models_in, personal_marks

COLUMNS = ("field", "type", "required", "personal", "meaning")


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One field of a record or of one of its parts."""

    path: str
    """Dotted path: "holders.name" for each element of `holders`."""
    type: str
    unit: str
    required: bool
    personal: str | None
    """Class of personal data; None if it is not personal."""
    description: str
    """What the field means, in the reader's language."""
    values: list[AllowedValue]


def show_record_type(command: CommandContext, record_type: str) -> ExitCode:
    """Show the fields of a record type: type, unit, whether required and personal, meaning and allowed values.

    Raises:
        UsageMistake: there is no such record type.
    """
    require_record_type(record_type)
    console, record = command.console, RECORD_TYPES[record_type]
    rows = list(_field_rows(record, record, "", console))
    console.document({**_head(record, console), "fields": [_document(row) for row in rows]})
    console.message(
        "schema_view.record", name=record_type, version=record.record_version, meaning=_purpose(record, console)
    )
    console.table(
        OutputTable(
            headings=[f"schema_view.{name}" for name in COLUMNS],
            rows=[(row.path, row.type, *_flags(row, console), row.description) for row in rows],
        )
    )
    for row in rows:
        if row.values:
            show_values(row.path, row.values, console, for_field_map=True)
    return ExitCode.DONE


def list_record_types(command: CommandContext) -> ExitCode:
    """List the record types with their versions and meaning."""
    console = command.console
    heads = [_head(record, console) for record in RECORD_TYPES.values()]
    console.document({"record_types": heads})
    columns = ("record_type", "version", "meaning")
    rows = [(head["record_type"], head["version"], head["description"]) for head in heads]
    console.table(OutputTable(headings=[f"schema_view.{name}" for name in columns], rows=rows))
    console.message("schema_view.see_one", name=heads[0]["record_type"])
    return ExitCode.DONE


def show_values(path: str, values: list[AllowedValue], console: Console, *, for_field_map: bool = False) -> None:
    """Write the allowed values of a field under a heading of their own, in one line if none has a name.

    With `for_field_map` also what a field map may write in the place of a number.
    """
    console.heading("schema_view.values", field=path)
    if not any(value.name for value in values):
        console.line("  " + "  ".join(str(value.value) for value in values))
        return
    if for_field_map and any(value.identifier for value in values):
        headings = ["schema_view.value", "schema_view.identifier", "schema_view.name"]
        rows = [[value.value, value.identifier, value.name or "-"] for value in values]
    else:
        headings = ["schema_view.value", "schema_view.name"]
        rows = [[value.value, value.name or "-"] for value in values]
    console.table(OutputTable(headings=headings, rows=rows))


def _head(record: type[Record], console: Console) -> dict[str, Any]:
    return {
        "record_type": record.record_type,
        "version": record.record_version,
        "description": _purpose(record, console),
    }


def _purpose(record: type[Record], console: Console) -> str:
    """Return the first line of the record's docstring; in Vietnamese the term that it has in brackets."""
    sentence = (record.__doc__ or "").partition("\n")[0]
    return vietnamese_term(sentence) or sentence if console.language is Language.VIETNAMESE else sentence


def _field_rows(root: type[BaseModel], model: type[BaseModel], prefix: str, console: Console) -> Iterator[FieldRow]:
    marks = personal_marks(model)
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        is_vietnamese = console.language is Language.VIETNAMESE
        yield FieldRow(
            path=path,
            type=field_type_text(name, field, console),
            unit=unit_of(name),
            required=field.is_required(),
            personal=marks[name].personal_class.value if name in marks else None,
            description=field_name(root, path, console) if is_vietnamese else field.description or "",
            values=allowed_values(field, console),
        )
        for part in dict.fromkeys(models_in(field.annotation)):
            yield from _field_rows(root, part, f"{path}.", console)


def _flags(row: FieldRow, console: Console) -> tuple[str, str]:
    personal = "-" if row.personal is None else console.term("personal_class", row.personal)
    return console.text("value.yes" if row.required else "value.no"), personal


def _document(row: FieldRow) -> Mapping[str, Any]:
    values = [
        {"value": value.value, "name": value.name or None, "identifier": value.identifier or None}
        for value in row.values
    ]
    names = ("path", "type", "required", "personal", "description")
    return {**{name: getattr(row, name) for name in names}, "unit": row.unit or None, "values": values}
