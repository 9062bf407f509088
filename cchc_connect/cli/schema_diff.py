"""`schema diff`: what changed between two schemas of a record, and whether it breaks who uses the old one."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.database.names import require_record_type
from cchc_connect.errors import UsageMistake
from cchc_schemas import RECORD_TYPES, VersionUnknown, changes_between, json_schema
from cchc_schemas.schema_changes import SchemaChange

COLUMNS = ("field", "change", "effect")

_CODES = {
    "added": "schema_diff.added",
    "removed": "schema_diff.removed",
    "required": "schema_diff.required",
    "values changed": "schema_diff.values_changed",
    "alternatives changed": "schema_diff.alternatives_changed",
}
"""What may change but the form of a value, and the code of its words."""

_NAMED = re.compile(r"(?P<name>[a-z_]+)(?:@(?P<version>[0-9]{1,4}))?")
"""A record type of this program, perhaps in an older version: "dossier", "dossier@1"."""


def compare_schemas(command: CommandContext, old: str, new: str) -> ExitCode:
    """Show the changes between two schemas; STALE if one of them breaks readers or writers of the old one.

    Args:
        command: the context of the command.
        old: a file with a JSON Schema, or a record type and version of this program: "dossier@1".
        new: likewise.

    Raises:
        UsageMistake: one of them is neither.
    """
    console = command.console
    before, after = _schema(old), _schema(new)
    try:
        changes = changes_between(before, after)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:  # no schema as `schema export` writes it
        raise UsageMistake("cli.no_schema", source=new) from error
    is_breaking = any(change.is_breaking for change in changes)
    console.document(
        {
            "old": {"source": old, "version": before.get("version")},
            "new": {"source": new, "version": after.get("version")},
            "breaking": is_breaking,
            "changes": [
                {"path": change.path, "change": change.change, "breaking": change.is_breaking} for change in changes
            ],
        }
    )
    if changes:
        rows = [(change.path or "-", _words(change, console), console.text(_effect(change))) for change in changes]
        console.table(OutputTable(headings=[f"schema_diff.{name}" for name in COLUMNS], rows=rows))
    console.message("schema_diff.breaks" if is_breaking else "schema_diff.fits", old=old, new=new)
    return ExitCode.STALE if is_breaking else ExitCode.DONE


def _words(change: SchemaChange, console: Console) -> str:
    """Return what changed in the reader's language."""
    code = _CODES.get(change.change)
    keyword = change.change.removesuffix(" changed")
    return console.text("schema_diff.form_changed", keyword=keyword) if code is None else console.text(code)


def _effect(change: SchemaChange) -> str:
    return "schema_diff.breaking" if change.is_breaking else "schema_diff.allowed"


def _schema(source: str) -> Mapping[str, Any]:
    """Return the schema of a file, or of a record type of this program."""
    named = _NAMED.fullmatch(source)
    if named is not None and not Path(source).is_file():
        require_record_type(named["name"])
        record = RECORD_TYPES[named["name"]]
        try:
            return json_schema(record, int(named["version"] or record.record_version))
        except VersionUnknown as error:
            raise UsageMistake(
                "cli.no_version", name=error.record_type, version=error.version, newest=error.newest
            ) from error
    try:
        content: object = json.loads(Path(source).read_bytes())
    except OSError as error:
        raise UsageMistake("cli.schema_unreadable", source=source, reason=error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise UsageMistake("cli.no_schema", source=source) from error
    if not isinstance(content, dict) or not isinstance(content.get("properties"), dict):  # pyright: ignore[reportUnknownMemberType]  # of any type
        raise UsageMistake("cli.no_schema", source=source)
    return cast("Mapping[str, Any]", content)
