"""What the demonstration shows of sharing: an agreement, what it lets an official read, and who had a person's data.

Everything goes through the functions that the commands use: the disclosure point decides, and each answer and each
refusal is in the audit log before it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cchc_connect.cli.audit_subject import action_text, acts_text, fields_text, use_document
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.demo_config import CONSTRUCTION_DEPARTMENT, LAND_DEPARTMENT, PARCELS_FOR_PERMITS, can_seal
from cchc_connect.cli.formatting import local_time
from cchc_connect.cli.sharing_terms import purpose_text
from cchc_connect.config.file import Config
from cchc_connect.database.audit.listing import AuditFilter, audit_entries
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.verification import AuditVerification, VerificationOutcome, verify_audit_log
from cchc_connect.database.audit.who_looked import DataUse, who_looked
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import AccessDenied
from cchc_connect.messages import Message
from cchc_connect.messages.values import day_text
from cchc_connect.record_fields import field_heading, field_name, field_value, record_model
from cchc_connect.sharing.agreements import Action, Agreement, Grant
from cchc_connect.sharing.disclosure import Release
from cchc_connect.sharing.facts import StoredAgreement
from cchc_connect.sharing.operator import disclosure_point
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.terms import sharing_terms
from cchc_connect.sync.audit_sealing import seal_audit_log
from cchc_connect.testing.province.facts import DossierFact
from cchc_schemas import LandParcel

OFFICIAL = "cb-sxd"
"""Id of the official of the department of construction who asks."""

PURPOSE = "construction_permit"

SHOWN_FIELDS = ("map_sheet", "parcel_number", "area_m2", "uses", "certificates", "holders")
"""Fields of a released parcel that are shown here."""

WITHHELD_FIELD = "holders.address"
"""A field that the agreement does not grant."""

COMPARED_FIELD = "holders.id_number"

MAX_FIELDS_NAMED = 3
"""Fields with one treatment that are named; more are counted."""


class SharingSections:
    """The sections of the demonstration about sharing."""

    def __init__(self, console: Console, config: Config, database: SharedDatabase) -> None:
        """Show them on `console`; nothing is read yet."""
        self._console = console
        self._config = config
        self._database = database
        self._terms = sharing_terms(config)

    def show_agreements(self, stored: Sequence[StoredAgreement]) -> Sequence[Mapping[str, Any]]:
        """Show the agreements, and one of them in a few lines; return them JSON-ready."""
        console = self._console
        console.heading("demo.agreements")
        rows = [
            (
                each.agreement.reference,
                each.agreement.provider,
                each.agreement.consumer,
                purpose_text(each.agreement.purpose, self._terms.purposes, console),
                console.term("agreement_state", each.state.value),
            )
            for each in stored
        ]
        columns = ("agreement", "provider", "consumer", "purpose", "state")
        console.table(OutputTable(headings=[f"agreement_view.{name}" for name in columns], rows=rows))
        example = next((each for each in stored if each.agreement.id == PARCELS_FOR_PERMITS), None)
        if example is not None:
            self._show_agreement(example)
        return [
            {
                "agreement": each.agreement.reference,
                "state": each.state.value,
                "approved_by_provider": each.approved_by_provider,
                "approved_by_consumer": each.approved_by_consumer,
            }
            for each in stored
        ]

    def show_access(self, dossier: DossierFact, foreign_dossier: str | None) -> Mapping[str, Any]:
        """Show what an official may read for a dossier, what is refused, and that a number can be compared.

        Args:
            dossier: an open dossier of the department of construction.
            foreign_dossier: code of a dossier of another agency, if there is one.

        Returns:
            The answers, JSON-ready.

        Raises:
            AccessDenied: what the agreement allows is refused.
        """
        console, point = self._console, disclosure_point(self._config, self._database)
        request = _request(dossier.code)
        purpose = purpose_text(PURPOSE, self._terms.purposes, console)
        names = {"official": OFFICIAL, "agency": CONSTRUCTION_DEPARTMENT, "dossier": dossier.code}
        console.message("demo_sharing.asks", purpose=purpose, **names)
        release = point.disclose(request)
        self._show_release(release)
        refusable = [("withheld", replace(request, fields=(WITHHELD_FIELD,)))]
        if foreign_dossier is not None:
            refusable.append(("foreign", replace(request, dossier=foreign_dossier)))
        return {
            "dossier": dossier.code,
            "official": OFFICIAL,
            "released": {
                "agreement": release.agreement,
                "keys": list(release.documents),
                "fields": {path: treatment.value for path, treatment in release.fields.items()},
                "entry": str(release.entry),
            },
            "match": self._compared(request, dossier.applicant.id_number),
            "refused": [self._refused(name, each) for name, each in refusable],
        }

    def show_audit(self, folder: Path) -> Mapping[str, Any]:
        """Seal the audit log and verify it with what is outside the database; return the outcome, JSON-ready.

        Args:
            folder: folder of the keys and seals, as it is named once the demonstration has ended.
        """
        console = self._console
        console.heading("demo.audit")
        if not can_seal():
            missing = Message("extra.sign", {"install": "cchc-connect[sign]"})
            console.message("demo_sharing.not_sealed", reason=missing)
            return {"outcome": VerificationOutcome.UNCHECKED.value}
        seal_audit_log(self._config, self._database)
        audit = self._config.audit
        keys = {name: key.file for name, key in audit.public_keys.items()}
        verification = verify_audit_log(self._database, keys, audit.anchor_files)
        self._show_verification(verification)
        console.message("demo_sharing.sealed", folder=folder.name)
        numbers = {"entries": verification.entries, "seals": verification.seals}
        return {"outcome": verification.outcome.value, **numbers}

    def show_uses(self, dossier: DossierFact, subject_keys: SubjectKeys) -> Sequence[Mapping[str, Any]]:
        """Show who had the data of a dossier's applicant, as that person reads it; return it JSON-ready."""
        console = self._console
        uses = who_looked(self._database, dossier.applicant.id_number, subject_keys)
        console.message("demo_sharing.who_looked", dossier=dossier.code)
        for use in uses:
            self._show_use(use)
        return [use_document(use, self._terms.purposes, console) for use in uses]

    def _show_agreement(self, stored: StoredAgreement) -> None:
        console, agreement = self._console, stored.agreement
        console.line()
        console.message("agreement_view.version", agreement=agreement.reference, title=agreement.title)
        days = [day_text(day.isoformat(), console.language) for day in (agreement.starts, agreement.ends)]
        lines = {
            "provider": f"{agreement.provider} ({stored.approved_by_provider or '-'})",
            "consumer": f"{agreement.consumer} ({stored.approved_by_consumer or '-'})",
            "act": self._acts(agreement),
            "days": " - ".join(days),
            "actions": ", ".join(console.term("sharing_action", action.value) for action in agreement.actions),
            "requires": ", ".join(console.term("sharing_requirement", each.value) for each in agreement.requires),
        }
        for name, text in lines.items():
            console.line(f"  {console.text(f'agreement_view.{name}')}: {text}", hanging=4)
        for grant in agreement.grants:
            self._show_grant(grant)

    def _acts(self, agreement: Agreement) -> str:
        acts = self._terms.acts
        numbers = [
            f"{acts[basis.act].number if basis.act in acts else basis.act} {basis.article}".strip()
            for basis in agreement.legal_basis
        ]
        return "; ".join(numbers)

    def _show_grant(self, grant: Grant) -> None:
        console = self._console
        scope, record = console.term("grant_scope", grant.scope.value), console.term("record_name", grant.record)
        grant_text = console.text("agreement_view.grant", grant=grant.name, record=record, scope=scope)
        console.line(f"  {grant_text}", hanging=4)
        by_treatment = dict[str, list[str]]()
        for path, treatment in grant.fields.items():
            by_treatment.setdefault(console.term("treatment", treatment.value), []).append(path)
        by_treatment[console.text("agreement_view.compared")] = list(grant.match)
        for words, paths in by_treatment.items():
            named = [field_name(LandParcel, path, console) for path in paths]
            is_short = len(named) <= MAX_FIELDS_NAMED
            field_names = ", ".join(named) if is_short else console.text("demo_sharing.fields", number=len(named))
            console.line(f"    {words}: {field_names}", hanging=6)
        console.line(f"    {console.text('demo_sharing.not_named')}", hanging=6)

    def _show_release(self, release: Release) -> None:
        console = self._console
        context = {"agreement": release.agreement, "entry": str(release.entry), "number": len(release.documents)}
        console.line(f"- {console.text('demo_sharing.released', **context)}", hanging=2)
        for document in list(release.documents.values())[:1]:
            for name in SHOWN_FIELDS:
                heading = field_heading(LandParcel, name, console)
                console.line(f"    {heading}: {field_value(LandParcel, name, document.get(name), console)}", hanging=6)

    def _compared(self, request: AccessRequest, number: str) -> Mapping[str, Any]:
        """Ask whether a number is that of a holder, and show the answer; return it JSON-ready."""
        console, compared = self._console, replace(request, fields=(COMPARED_FIELD,))
        is_holder = disclosure_point(self._config, self._database).matches(compared, number)
        entry, yes_or_no = self._latest_entry(), console.text("demo.yes" if is_holder else "demo.no")
        console.line(f"- {console.text('demo_sharing.compared', answer=yes_or_no, entry=entry)}", hanging=2)
        return {"answer": is_holder, "entry": entry}

    def _refused(self, name: str, request: AccessRequest) -> Mapping[str, Any]:
        """Ask for what must be refused, and show why; return the answer, JSON-ready."""
        console, reasons = self._console, tuple[str, ...]()
        try:
            disclosure_point(self._config, self._database).disclose(request)
        except AccessDenied as denied:
            reasons = denied.reasons
        entry = self._latest_entry()
        words = "; ".join(console.sentence(Message(f"access_refusal.{reason}")) for reason in reasons)
        field = field_name(LandParcel, WITHHELD_FIELD, console)
        request_text = console.text(f"demo_sharing.{name}", dossier=request.dossier, field=field)
        refusal_text = console.text("demo_sharing.refused", reasons=words, entry=entry)
        console.line(f"- {request_text} {refusal_text}", hanging=2)
        return {"asked": name, "reasons": list(reasons), "entry": entry}

    def _latest_entry(self) -> str:
        """Return the number of the last entry that names the official."""
        return str(audit_entries(self._database, AuditFilter(official=OFFICIAL), limit=1)[0].number)

    def _show_verification(self, verification: AuditVerification) -> None:
        console = self._console
        if verification.fault is not None:
            console.line(console.sentence(verification.fault))
        numbers = {"entries": verification.entries, "seals": verification.seals}
        console.message(f"audit_view.{verification.outcome.value}", **numbers)

    def _show_use(self, use: DataUse) -> None:
        console = self._console
        record = "" if use.record_type is None else console.term("record_name", use.record_type)
        purpose = purpose_text(use.purpose, self._terms.purposes, console)
        parts = (local_time(use.at, console.language), use.agency or "", action_text(use, console), record, purpose)
        console.line(f"  {' | '.join(parts)}", hanging=4)
        model = record_model(use.record_type or "")
        details = {"act": acts_text(use), "fields": fields_text(model, use.fields, console)}
        for name, text in details.items():
            if text:
                console.line(f"    {console.text(f'who_looked.{name}')}: {text}", hanging=6)


def _request(dossier: str) -> AccessRequest:
    """Return what the official asks for a dossier: the parcels of its case."""
    return AccessRequest(
        consumer=CONSTRUCTION_DEPARTMENT,
        provider=LAND_DEPARTMENT,
        action=Action.READ,
        record_type=LandParcel.record_type,
        purpose=PURPOSE,
        official=OFFICIAL,
        dossier=dossier,
    )
