"""`case`: one dossier with its steps, permits, works and parcels from all agencies."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_date, local_number, local_time
from cchc_connect.cli.papers import ShownPapers
from cchc_connect.cli.unmasked import (
    denial_documents,
    is_masked,
    require_reason,
    show_masking,
    show_unreadable,
    unmasked_view,
)
from cchc_connect.database.reading.case import Case, find_case
from cchc_connect.privacy.masking import masked_record
from cchc_connect.record_fields import named_code
from cchc_connect.sharing.unmasked import ProvidedRecord, Revealed
from cchc_schemas import (
    ConstructionPermit,
    ConstructionWorks,
    DossierStep,
    LandParcel,
    ParcelRef,
    Record,
    to_document,
)
from cchc_schemas.spelling import one_spelling

Line = tuple[str, object]
"""Label and value; the label is a key of the table `case_view` of the message catalogue. No value: no line."""


def show_case(command: CommandContext, database: str | None, code: str, looking: UnmaskedOptions) -> ExitCode:
    """Show the case of the dossier `code`; personal values are masked unless they may be shown.

    What proves its papers is shown too, and that is on record before.

    Raises:
        RecordNotFound: there is no such dossier.
        AccessDenied: nothing of it may be shown unmasked.
    """
    require_reason(looking)
    code = one_spelling(code)
    with existing_database(command, database) as opened:
        view = unmasked_view(command, opened, looking)
        case = find_case(opened, code)
        revealed = None if view is None else view.reveal(_provided(case))
        if revealed is not None:
            revealed.require_some()
        papers = ShownPapers(command, opened, code)
    command.console.document({**case_document(case, revealed), "papers": papers.document()})
    CaseView(command.console, revealed).show(case)
    papers.show()
    ended = show_masking(command.console, looking, () if revealed is None else revealed.denials)
    show_unreadable(case.unreadable, command.console)
    return ExitCode.PARTIAL if case.unreadable else ended


def case_document(case: Case, revealed: Revealed | None = None) -> Mapping[str, Any]:
    """Return the case, JSON-ready; personal values are masked but for what is revealed."""
    groups = {"steps": case.steps, "permits": case.permits, "works": case.works, "parcels": case.parcels}
    documents = {name: [shown_record(record, revealed) for record in group] for name, group in groups.items()}
    head = {"masked": is_masked(revealed), "dossier": shown_record(case.dossier, revealed)}
    denied = {} if revealed is None else {"denied": denial_documents(revealed.denials)}
    unreadable = [record._asdict() for record in case.unreadable]
    return {**head, **documents, "agencies": dict(case.agencies), "unreadable": unreadable, **denied}


def shown_record(record: Record, revealed: Revealed | None) -> Mapping[str, Any]:
    """Return a record's document as it may be shown."""
    if revealed is None:
        return masked_record(record)
    return revealed.document(type(record), record.key, to_document(record))


def _provided(case: Case) -> Iterator[ProvidedRecord]:
    for record in (case.dossier, *case.steps, *case.permits, *case.works, *case.parcels):
        yield ProvidedRecord(record.record_type, record.key, case.agencies[record.key])


class CaseView:
    """Writes a case as text for officials."""

    def __init__(self, console: Console, revealed: Revealed | None = None) -> None:
        """Write to `console`; mask personal values but for what is revealed."""
        self._console = console
        self._revealed = revealed

    def show(self, case: Case) -> None:
        """Write the dossier, its steps, permits, works and parcels."""
        self._dossier(case)
        self._section("case_view.steps", map(self._step, case.steps))
        for permit in case.permits:
            self._console.heading("case_view.permit", key=permit.key, agency=case.agencies[permit.key])
            self._lines(self._permit(permit))
        for works in case.works:
            self._console.heading("case_view.works", key=works.key, agency=case.agencies[works.key])
            self._lines(self._works(works))
        for parcel in case.parcels:
            self._console.heading("case_view.parcel", key=parcel.key, agency=case.agencies[parcel.key])
            self._lines(self._parcel(parcel))

    def _dossier(self, case: Case) -> None:
        dossier, shown = case.dossier, shown_record(case.dossier, self._revealed)
        self._console.heading("case_view.dossier", key=dossier.code, agency=case.agencies[dossier.key])
        self._lines(
            [
                ("procedure", f"{dossier.procedure_code} {dossier.procedure_name or ''}"),
                ("agency", " ".join(filter(None, (dossier.agency_name, dossier.agency_code)))),
                ("status", self._code_name("dossier_status", dossier.status)),
                ("channel", self._code_name("channels", dossier.channel)),
                ("applicant", shown.get("applicant_name")),
                ("applicant_id", shown.get("applicant_id")),
                ("applicant_phone", shown.get("applicant_phone")),
                ("summary", dossier.summary),
                ("received_at", self._time(dossier.received_at)),
                ("due_at", self._time(dossier.due_at)),
                ("processed_at", self._time(dossier.processed_at)),
                ("returned_at", self._time(dossier.returned_at)),
            ]
        )

    def _step(self, step: DossierStep) -> str:
        handler = shown_record(step, self._revealed).get("handler_name")
        parts = (self._time(step.at), self._code_name("dossier_status", step.status), step.action, handler)
        return " | ".join(str(part) for part in parts if part)

    def _permit(self, permit: ConstructionPermit) -> Iterator[Line]:
        yield "permit_number", permit.permit_number
        yield "name", permit.name
        yield "kind", self._code_name("permit_kinds", permit.kind)
        yield "status", self._console.term("permit_status", permit.status)
        yield "investor", shown_record(permit, self._revealed).get("investor_name")
        yield "address", permit.address
        yield "parcels", _parcel_refs(permit.parcel_refs)
        yield "issued_on", local_date(permit.issued_on, self._console.language)
        yield "expires_on", local_date(permit.expires_on, self._console.language)

    def _works(self, works: ConstructionWorks) -> Iterator[Line]:
        yield "name", works.name
        yield "status", self._code_name("works_status", works.status)
        yield "grade", works.grade and self._console.term("works_grade", works.grade)
        yield "address", works.address
        yield "parcels", _parcel_refs(works.parcel_refs)
        yield "started_on", local_date(works.started_on, self._console.language)
        yield "completed_on", local_date(works.completed_on, self._console.language)

    def _parcel(self, parcel: LandParcel) -> Iterator[Line]:
        yield "national_id", parcel.national_id
        yield "previous_keys", ", ".join(parcel.previous_keys)
        yield "address", parcel.address
        yield "area", parcel.area_m2 and f"{local_number(parcel.area_m2, self._console.language)} m²"
        yield "uses", ", ".join(str(self._code_name("land_use_codes", use.code)) for use in parcel.uses)
        yield "certificates", ", ".join(certificate.serial for certificate in parcel.certificates)
        holders = shown_record(parcel, self._revealed)["holders"]
        yield "holders", ", ".join(str(holder["name"]) for holder in holders)
        kinds = (self._console.term("restriction_kind", restriction.kind) for restriction in parcel.restrictions)
        yield "restrictions", ", ".join(kinds)
        yield "in_dispute", self._console.text("case_view.yes") if parcel.in_dispute else None

    def _section(self, heading: str, lines: Iterable[str]) -> None:
        self._console.heading(heading)
        for line in lines:
            self._console.line(f"  {line}")

    def _lines(self, lines: Iterable[Line]) -> None:
        for label, value in lines:
            if value:
                self._console.line(f"  {self._console.text(f'case_view.{label}')}: {value}")

    def _time(self, moment: datetime | None) -> str | None:
        return None if moment is None else local_time(moment, self._console.language)

    def _code_name(self, list_name: str, code: object) -> str | None:
        return None if code is None else named_code(list_name, code, self._console)


def _parcel_refs(references: Iterable[ParcelRef]) -> str:
    return ", ".join(reference.parcel_key or reference.national_id or reference.raw or "" for reference in references)
