"""`export --for`: the records that an agreement grants a recipient, as a file with what it is based on beside it."""

from dataclasses import dataclass
from pathlib import Path

from cchc_connect.cli.arguments import existing_database, record_class
from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.export import RecordExportOptions
from cchc_connect.cli.unmasked import show_unreadable
from cchc_connect.cli.written_files import writing_file
from cchc_connect.config.file import Config
from cchc_connect.errors import UsageMistake
from cchc_connect.exports.recipient_files import RecipientReport, export_for_recipient
from cchc_connect.record_fields import field_name, record_model
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.operator import disclosure_point, operating_user, operator_agency
from cchc_connect.sharing.requests import AccessRequest


@dataclass(frozen=True)
class RecipientOptions:
    """For whom a file is, and by what."""

    consumer: str | None = None
    agreement: str | None = None
    grant: str | None = None
    dossier: str | None = None
    official: str | None = None


def export_records_for(
    command: CommandContext,
    database: str | None,
    record_type: str,
    path: Path,
    options: RecordExportOptions,
    recipient: RecipientOptions,
) -> ExitCode:
    """Write what an agreement grants the recipient into a file, and say what was written.

    Raises:
        UsageMistake: recipient or agreement is missing, or an option does not go with them.
        AccessDenied: the agreement does not grant it; there is no file.
        CannotCreate: a file exists already, or cannot be written.
        ConfigurationError: the configuration names no operator, or an extra is not installed.
    """
    record_class(record_type)
    _require_fitting(options, recipient)
    config = Config.load(command.config)
    request = _request(record_type, recipient, operator_agency(config))
    with existing_database(command, database) as opened, writing_file(path):
        report = export_for_recipient(
            disclosure_point(config, opened),
            request,
            path,
            file_format=options.file_format,
            language=command.console.language,
            excel=options.excel,
            replace_file=options.force,
        )
    _show(report, request.consumer, command.console)
    return ExitCode.PARTIAL if report.unreadable else ExitCode.DONE


def _require_fitting(options: RecordExportOptions, recipient: RecipientOptions) -> None:
    if not recipient.consumer or not recipient.agreement:
        raise UsageMistake("exports.recipient_incomplete")
    unfitting: dict[str, object] = {
        "--where": options.where,
        "--at": options.at,
        "--limit": options.limit,
        "--crs": options.crs,
    }
    unfitting |= {"--provenance": options.provenance, "--record-version": options.record_version}
    typed = [name for name, value in unfitting.items() if value]
    if typed:
        raise UsageMistake("exports.not_for_recipient", options=", ".join(typed))


def _request(record_type: str, recipient: RecipientOptions, provider: str) -> AccessRequest:
    return AccessRequest(
        provider=provider,
        consumer=recipient.consumer or "",
        action=Action.EXPORT,
        record_type=record_type,
        agreement=recipient.agreement,
        grant=recipient.grant,
        dossier=recipient.dossier,
        official=recipient.official,
        account=operating_user(),
    )


def _show(report: RecipientReport, consumer: str, console: Console) -> None:
    console.document(
        {
            **vars(report),
            "path": str(report.path),
            "sidecar": str(report.sidecar),
            "file_format": report.file_format.value,
            "fields": dict(report.fields),
            "unreadable": [record._asdict() for record in report.unreadable],
        }
    )
    show_unreadable(report.unreadable, console)
    console.message("export_view.written", rows=report.rows, record_type=report.record_type, path=report.path)
    model = record_model(report.record_type)
    fields = "; ".join(
        f"{field_name(model, path, console)} ({console.term('treatment', treatment)})"
        for path, treatment in report.fields.items()
    )
    console.message("export_view.for_recipient", consumer=consumer, agreement=report.agreement, fields=fields)
    console.message("export_view.sidecar", path=report.sidecar, sha256=report.sha256, entry=report.entry)
