"""`corrections export` and `corrections import`: the file for an agency, and the same file with its answers."""

from pathlib import Path

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.corrections import request_document, show_table
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.written_files import writing_file
from cchc_connect.config.file import Config
from cchc_connect.corrections.answer_files import import_corrections
from cchc_connect.corrections.owner_files import OwnerFileOptions, export_corrections
from cchc_connect.errors import NotFound


def export_file(command: CommandContext, path: Path, owner: str, *, excel: bool, force: bool) -> ExitCode:
    """Write what an agency has still to answer into a spreadsheet.

    Raises:
        UsageMistake: the file is neither CSV nor XLSX.
        CannotCreate: the file exists already, or cannot be written.
        ConfigurationError: the extra `files` is not installed.
    """
    config, console = Config.load(command.config), command.console
    options = OwnerFileOptions(language=console.language, excel=excel, replace_file=force)
    with existing_database(command, None) as opened, writing_file(path):
        report = export_corrections(config, opened, owner, path, options)
    requests = [request_document(request) for request in report.requests]
    console.document({"file": str(path) if requests else None, "owner": owner, "requests": requests})
    if not requests:
        console.message("correction_view.nothing_to_export", agency=owner)
        return ExitCode.DONE
    console.message("correction_view.exported", path=path, agency=owner, requests=len(requests))
    console.message("correction_view.send_back", path=path, agency=owner)
    return ExitCode.DONE


def import_file(command: CommandContext, path: Path, owner: str, *, dry_run: bool) -> ExitCode:
    """Store the answers in a file of an agency, all of them or none.

    Raises:
        NotFound: the file cannot be read.
        Rejected: it is no such table, or its rows have faults.
        ConfigurationError: the extra `files` is not installed.
    """
    config, console = Config.load(command.config), command.console
    with existing_database(command, None) as opened:
        try:
            report = import_corrections(config, opened, owner, path, dry_run=dry_run)
        except OSError as error:
            raise NotFound("corrections.file_unreadable", path=path, reason=error.strerror) from None
    counts = {"unchanged": report.unchanged, "unanswered": report.unanswered}
    answered, late = ([request_document(each) for each in requests] for requests in (report.answered, report.late))
    outcomes = {"answered": answered, "late": late, **counts}
    console.document({"file": str(path), "owner": owner, "dry_run": dry_run, **outcomes})
    if report.answered:
        show_table(report.answered, console)
    code = "correction_view.would_import" if dry_run else "correction_view.imported"
    console.message(code, answered=len(answered), **counts)
    if report.late:
        console.message("correction_view.imported_late", numbers=", ".join(str(each.number) for each in report.late))
    if report.unchanged and not answered and not report.late:
        console.message("correction_view.imported_before")
    return ExitCode.DONE
