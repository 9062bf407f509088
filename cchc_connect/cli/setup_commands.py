"""`init`, `adapter list`, `schema export`: a commented cchc.toml, the installed adapters, records as JSON Schema."""

import inspect
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path
from typing import Any

from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.written_files import require_writable_name
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import installed_adapters
from cchc_connect.messages import Language
from cchc_connect.registry import adapter_factory
from cchc_schemas.json_schemas import schema_files, stale, write_all

OUR_URN_PREFIX = "urn:cchc:record:"
"""Text in every schema that this program wrote, also in that of a former record type."""


def write_configuration(command: CommandContext, *, force: bool) -> ExitCode:
    """Write a commented configuration file in the language of the command.

    Raises:
        CannotCreate: the file already exists, or cannot be written.
    """
    path, console = command.config, command.console
    require_writable_name(path)
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(template(console.language))
    except FileExistsError:
        raise CannotCreate("cli.file_exists", path=path) from None
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
    console.document({"file": str(path)})
    console.message("init.written", path=path)
    return ExitCode.DONE


def template(language: Language) -> str:
    """Return the commented configuration file in a language."""
    return files("cchc_connect.cli").joinpath(f"templates/cchc.{language}.toml").read_text(encoding="utf-8")


def list_adapters(command: CommandContext) -> ExitCode:
    """List every installed adapter, also of other packages; one that cannot be loaded is listed with the error."""
    console = command.console
    adapters = [adapter_summary(point, command) for point in installed_adapters().values()]
    console.document({"adapters": adapters})
    columns = ("name", "package", "version", "purpose")
    rows = [[adapter[column] for column in columns] for adapter in adapters]
    console.table(OutputTable(headings=[f"adapter_view.{column}" for column in columns], rows=rows))
    return ExitCode.DONE if all(adapter["works"] for adapter in adapters) else ExitCode.CONFIGURATION


def adapter_summary(point: EntryPoint, command: CommandContext) -> dict[str, Any]:
    """Return name, package, version and purpose of an adapter, JSON-ready, and whether it can be loaded."""
    try:
        factory = adapter_factory(point.name)
    except ConfigurationError as error:
        purpose, works = command.console.text(error.code, **error.context), False
    else:
        purpose, works = _purpose(factory, point, command.console.language), True
    package = point.dist
    return {
        "name": point.name,
        "package": package.name if package else "",
        "version": package.version if package else "",
        "purpose": purpose,
        "works": works,
    }


def _purpose(factory: object, point: EntryPoint, language: Language) -> str:
    """Return one line about the system that an adapter connects.

    An adapter may give that line in an optional class attribute for each language, `purpose_vi` and `purpose_en`.
    Without it the line is the first one of the docstring of its module or of its class.
    """
    purpose = getattr(factory, f"purpose_{language}", None)
    if isinstance(purpose, str):
        return purpose
    module = sys.modules.get(point.module)
    docstring = inspect.getdoc(module) or inspect.getdoc(factory) or ""
    return docstring.partition("\n")[0]


def export_schemas(command: CommandContext, folder: Path, *, check: bool) -> ExitCode:
    """Write one JSON Schema for each record type; with `check`, list the files of `folder` that are out of date.

    Raises:
        CannotCreate: the folder cannot be written, or contains JSON files of other origin.
    """
    console = command.console
    require_writable_name(folder)
    if check:
        return _check_schemas(folder, console)
    foreign = sorted(_foreign_files(folder))
    if foreign:
        raise CannotCreate("cli.foreign_files", folder=folder, files=", ".join(foreign))
    try:
        write_all(folder)
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=folder, reason=error.strerror) from error
    files = [str(folder / name) for name in schema_files()]
    console.document({"files": files})
    for file in files:
        console.verbatim(file)
    return ExitCode.DONE


def _check_schemas(folder: Path, console: Console) -> ExitCode:
    names = stale(folder)
    console.document({"folder": str(folder), "stale": names})
    for name in names:
        console.message("schema_view.stale", file=folder / name)
    if not names:
        console.message("schema_view.current", folder=folder)
    return ExitCode.STALE if names else ExitCode.DONE


def _foreign_files(folder: Path) -> Iterator[str]:
    """Yield the JSON files of other origin that the export would remove."""
    for path in folder.glob("*.json"):
        if path.name not in schema_files() and OUR_URN_PREFIX not in path.read_text(encoding="utf-8", errors="replace"):
            yield path.name
