"""`schema export`: the records as JSON Schema, for agencies that do not use Python."""

from collections.abc import Iterator
from pathlib import Path

from cchc_connect.cli.console import Screen
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.session import Session
from cchc_schemas import RECORD_TYPES
from cchc_schemas.json_schemas import stale, write_all

OURS = "urn:cchc:record:"
"""Text in every schema that this program wrote, also in that of a former record type."""


def export_schemas(session: Session, folder: Path, *, check: bool) -> ExitCode:
    """Write one JSON Schema for each record type; with `check`, list the files of `folder` that are out of date.

    Raises:
        CannotCreate: the folder cannot be written, or contains JSON files of other origin.
    """
    screen = session.screen
    if check:
        return _check(folder, screen)
    foreign = sorted(_foreign(folder))
    if foreign:
        raise CannotCreate("cli.foreign_files", folder=folder, files=", ".join(foreign))
    try:
        write_all(folder)
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=folder, reason=error.strerror) from error
    files = [str(folder / f"{record_type}.json") for record_type in RECORD_TYPES]
    screen.document({"files": files})
    for file in files:
        screen.line(file)
    return ExitCode.DONE


def _check(folder: Path, screen: Screen) -> ExitCode:
    names = stale(folder)
    screen.document({"folder": str(folder), "stale": names})
    for name in names:
        screen.say("schema_view.stale", file=folder / name)
    if not names:
        screen.say("schema_view.current", folder=folder)
    return ExitCode.STALE if names else ExitCode.DONE


def _foreign(folder: Path) -> Iterator[str]:
    """Yield the JSON files of other origin that the export would remove."""
    for path in folder.glob("*.json"):
        if path.stem not in RECORD_TYPES and OURS not in path.read_text(encoding="utf-8", errors="replace"):
            yield path.name
