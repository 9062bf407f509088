"""`audit subject` and `audit erase-subjects`: who had a person's data, and the end of a year's index."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel

from cchc_connect.cli.arguments import open_existing
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.private_number import private_number
from cchc_connect.cli.sharing_terms import purpose_text
from cchc_connect.clock import SystemClock, to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.audit.retention import erase_subject_index
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.who_looked import DataUse, who_looked
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Language
from cchc_connect.record_fields import BETWEEN_FIELDS, PART_OF, field_name, record_model
from cchc_connect.sharing.terms import sharing_terms
from cchc_connect.sync.audit_sealing import seal_quietly
from cchc_schemas.legal_acts import Purpose

COLUMNS = ("at", "agency", "action", "record", "purpose", "act", "fields", "dossier")


def show_subject(command: CommandContext, file: Path | None) -> ExitCode:
    """Show who had the data of a person, whose number is read from a file, a prompt or standard input.

    The number is never an argument, which other users of the machine can see, and is not shown again.

    Raises:
        UsageMistake: it is no identity number, or the file cannot be read.
        ConfigurationError: the configuration names no keys of the subject index, or one cannot be read.
        NotFound: there is no database; it is not created.
    """
    console, config = command.console, Config.load(command.config)
    subject_keys, number = _subject_keys(config), private_number(file, console)
    with open_existing(config.database.url_with_password) as database:
        uses = who_looked(database, number, subject_keys)
    purposes = sharing_terms(config).purposes
    console.document({"uses": [use_document(use, purposes, console) for use in uses]})
    if not uses:
        console.message("who_looked.nobody")
        return ExitCode.DONE
    console.message("who_looked.title")
    headings = [f"who_looked.{name}" for name in COLUMNS]
    console.table(OutputTable(headings=headings, rows=[_row(use, purposes, console) for use in uses]))
    return ExitCode.DONE


def erase_subjects(command: CommandContext, year: int) -> ExitCode:
    """Delete the subject index of a year and its key, and seal the entry that says so.

    Raises:
        ConfigurationError: the configuration names no keys of the subject index, or one cannot be read.
        CannotCreate: the key cannot be deleted.
        NotFound: there is no database; it is not created.
    """
    console, config = command.console, Config.load(command.config)
    subject_keys = _subject_keys(config)
    with open_existing(config.database.url_with_password) as database:
        try:
            rows = erase_subject_index(database, year, subject_keys, SystemClock().now())
        except OSError as error:
            path = config.audit.subject_keys
            raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
        seal_quietly(config, database, SystemClock())
    console.document({"year": year, "rows": rows})
    console.message("who_looked.erased", year=year, rows=rows)
    return ExitCode.DONE


def _subject_keys(config: Config) -> SubjectKeys:
    if config.audit.subject_keys is None:
        raise ConfigurationError("audit.no_subject_keys")
    return SubjectKeys(config.audit.subject_keys)


def use_document(use: DataUse, purposes: Mapping[str, Purpose], console: Console) -> dict[str, object]:
    """Return a use JSON-ready, with codes and their words."""
    return {
        "at": to_timestamp_text(use.at),
        "agency": use.agency,
        "action": use.kind.value,
        "action_text": action_text(use, console),
        "record_type": use.record_type,
        "purpose": use.purpose,
        "purpose_text": purpose_text(use.purpose, purposes, console),
        "acts": list(use.acts),
        "legal_basis": use.legal_basis,
        "fields": list(use.fields),
        "dossier": use.dossier,
        "is_certain": use.is_certain,
    }


def _row(use: DataUse, purposes: Mapping[str, Purpose], console: Console) -> list[object]:
    model = record_model(use.record_type or "")
    return [
        local_time(use.at, console.language),
        use.agency or "",
        action_text(use, console),
        "" if use.record_type is None else console.term("record_name", use.record_type),
        purpose_text(use.purpose, purposes, console),
        acts_text(use),
        fields_text(model, use.fields, console),
        use.dossier or "",
    ]


def action_text(use: DataUse, console: Console) -> str:
    """Return what was done, in words; what may not have happened is told as such."""
    return console.text(f"who_looked_action.{use.kind.value if use.is_certain else 'perhaps'}")


def fields_text(model: type[BaseModel] | None, paths: Iterable[str], console: Console) -> str:
    """Return the names of fields; those of one part stand together in brackets after it."""
    separator, names_by_part = BETWEEN_FIELDS[console.language], dict[str, list[str]]()
    for path in paths:
        part = path.partition(".")[0]
        name = field_name(model, path, console)
        prefix = f"{field_name(model, part, console)}{'.' if console.language is Language.ENGLISH else PART_OF}"
        names_by_part.setdefault(part, []).append(name.removeprefix(prefix))
    return separator.join(
        names[0]
        if list(names) == [field_name(model, part, console)]
        else f"{field_name(model, part, console)} ({separator.join(names)})"
        for part, names in names_by_part.items()
    )


def acts_text(use: DataUse) -> str:
    """Return the numbers of the acts, or the route's own words."""
    from cchc_schemas.legal_acts import legal_acts  # noqa: PLC0415  # it reads a table

    listed = legal_acts()
    numbers = [listed[act].number if act in listed else act for act in use.acts]
    return ", ".join(numbers) or use.legal_basis or ""
