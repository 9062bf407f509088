"""`case --parcel` and `case --applicant`: the dossiers that concern a parcel, or are of one applicant; masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.private_number import private_number
from cchc_connect.cli.unmasked import denial_documents, show_unreadable
from cchc_connect.config.file import Config
from cchc_connect.database.reading.case import UnreadableRecord
from cchc_connect.database.reading.parcel_dossiers import ParcelDossiers, find_parcel_dossiers
from cchc_connect.database.reading.records import records_by_key
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Message
from cchc_connect.privacy.masking import masked_record
from cchc_connect.record_fields import named_code
from cchc_connect.sharing.applicant_search import ApplicantDossiers, find_applicant_dossiers
from cchc_connect.sharing.operator import operating_user
from cchc_connect.sharing.unmasked import AccessReason, Denial
from cchc_schemas import Dossier

COLUMNS = ("dossier", "procedure", "agency", "status", "received_at", "due_at", "applicant")


@dataclass(frozen=True, kw_only=True)
class CaseSearch:
    """What `case` is asked for, as it was typed."""

    dossier: str | None
    parcel: str | None
    is_by_applicant: bool
    file: Path | None
    """File with the applicant's number."""

    def require_one(self) -> None:
        """Check that exactly one of dossier, parcel and applicant is asked for.

        Raises:
            UsageMistake: none is, or several are, or a file is named without `--applicant`.
        """
        if sum((self.dossier is not None, self.parcel is not None, self.is_by_applicant)) != 1:
            raise UsageMistake("case.one_of")
        if self.file is not None and not self.is_by_applicant:
            raise UsageMistake("case.file_unneeded")


def show_parcel_dossiers(command: CommandContext, location: str | None, parcel: str) -> ExitCode:
    """List the dossiers that concern a parcel, masked.

    Raises:
        UsageMistake: the text says no parcel, or no commune has its name or code.
        RecordNotFound: no record is or names such a parcel.
    """
    with existing_database(command, location) as database:
        concerned = find_parcel_dossiers(database, parcel)
        read, unreadable = _dossiers(database, concerned.dossiers)
    console = command.console
    documents = [masked_record(dossier) for _, dossier in read]
    console.document(
        {
            "parcels": [{**vars(each), "matching": each.matching.value} for each in concerned.parcels],
            "dossiers": [
                {**document, "provider": agency} for (agency, _), document in zip(read, documents, strict=True)
            ],
            "without_record": list(concerned.without_record),
            "unreadable": [record._asdict() for record in unreadable],
        }
    )
    _show_parcels(console, concerned)
    _show_dossiers(console, documents, "case_search.no_dossier_of_parcel")
    for code in concerned.without_record:
        console.message("case_search.without_record", code=code)
    show_unreadable(unreadable, console)
    return ExitCode.PARTIAL if unreadable else ExitCode.DONE


def show_applicant_dossiers(
    command: CommandContext, location: str | None, file: Path | None, looking: UnmaskedOptions
) -> ExitCode:
    """List the dossiers of one applicant, masked, as far as the official may see them; that is on record before.

    The number is read from a file, a prompt or standard input, and is not shown.

    Raises:
        UsageMistake: purpose or dossier is missing or none, or the number is none.
        AccessDenied: the user is no official of the operator, or nobody's dossiers may be looked through.
    """
    for option, value in (("--purpose", looking.purpose), ("--dossier", looking.dossier)):
        if not value:
            raise UsageMistake("case.applicant_reason_missing", option=option)
    config = Config.load(command.config)
    reason = AccessReason(official=operating_user(), purpose=looking.purpose or "", dossier=looking.dossier or "")
    number = private_number(file, command.console)
    with existing_database(command, location) as database:
        seen = find_applicant_dossiers(config, database, number, reason)
    console = command.console
    console.document(_applicant_document(seen))
    _show_dossiers(console, list(seen.documents.values()), "case_search.no_dossier_of_applicant")
    console.line()
    for denial in seen.denials:
        console.line(_denial_text(console, denial))
    console.message("case_search.recorded", purpose=looking.purpose, dossier=looking.dossier)
    return ExitCode.PARTIAL if seen.denials else ExitCode.DONE


def _dossiers(
    database: SharedDatabase, codes: Sequence[str]
) -> tuple[Sequence[tuple[str, Dossier]], Sequence[UnreadableRecord]]:
    """Return provider and record of each dossier, and those that cannot be read."""
    read, unreadable = list[tuple[str, Dossier]](), list[UnreadableRecord]()
    with database.reading() as connection:
        for code in codes:
            try:
                read.extend(records_by_key(connection, Dossier, [code]))
            except ValueError:
                unreadable.append(UnreadableRecord(Dossier.record_type, code))
    return read, unreadable


def _applicant_document(seen: ApplicantDossiers) -> Mapping[str, Any]:
    dossiers = [{**document, "provider": seen.providers[code]} for code, document in seen.documents.items()]
    return {"dossiers": dossiers, "denied": denial_documents(seen.denials)}


def _show_parcels(console: Console, concerned: ParcelDossiers) -> None:
    console.heading("case_search.parcels")
    for parcel in concerned.parcels:
        stored = "" if parcel.is_stored else f", {console.text('case_search.not_stored')}"
        console.line(f"  {parcel.key}: {console.text(f'parcel_matching.{parcel.matching}')}{stored}")


def _show_dossiers(console: Console, documents: Sequence[Mapping[str, Any]], nothing: str) -> None:
    if not documents:
        console.message(nothing)
        return
    console.heading("case_search.dossiers")
    rows = [_row(console, document) for document in documents]
    console.table(OutputTable(headings=[f"case_column.{name}" for name in COLUMNS], rows=rows))


def _row(console: Console, document: Mapping[str, Any]) -> Sequence[object]:
    """Return the cells of a dossier; of another agency's, what was not released is empty."""
    status, language = document.get("status"), console.language
    return [
        document.get("code", ""),
        " ".join(filter(None, (document.get("procedure_code"), document.get("procedure_name")))),
        document.get("agency_name") or document.get("agency_code") or "",
        "" if status is None else named_code("dossier_status", int(status), console),
        local_time(document.get("received_at"), language),
        local_time(document.get("due_at"), language),
        document.get("applicant_name") or "",
    ]


def _denial_text(console: Console, denial: Denial) -> str:
    reasons = "; ".join(console.sentence(Message(f"access_refusal.{reason}")) for reason in denial.reasons)
    code = "case_search.not_shown" if denial.records else "case_search.not_searched"
    return console.text(code, records=denial.records, provider=denial.provider, reasons=reasons)
