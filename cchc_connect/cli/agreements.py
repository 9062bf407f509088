"""`agreements`: check and apply the folder, list and show what is stored, approve, withdraw, suspend, resume, end."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.sharing_terms import configured_terms, purpose_text
from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.messages import Language
from cchc_connect.messages.values import day_text
from cchc_connect.record_fields import field_name
from cchc_connect.sharing.administration import (
    agreement_versions,
    agreements,
    apply_agreements,
    approve_agreement,
    check_agreements,
    end_agreement,
    resume_agreement,
    suspend_agreement,
    withdraw_agreement,
)
from cchc_connect.sharing.agreement_checks import AGENCY_WARNINGS
from cchc_connect.sharing.agreements import Agreement, Grant, Treatment
from cchc_connect.sharing.facts import StoredAgreement, decisive_versions
from cchc_connect.sharing.findings import AgreementFinding, FindingLevel
from cchc_connect.sharing.life_cycle import AgreementChange, ChangeKind, text_digest
from cchc_connect.sharing.operator import operating_user
from cchc_connect.sharing.stopping import SenderWait
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES, vietnamese_day
from cchc_schemas.record_paths import leaves
from cchc_schemas.text import listed

STEPS: Mapping[str, Callable[..., StoredAgreement]] = {
    "withdraw": withdraw_agreement,
    "suspend": suspend_agreement,
    "resume": resume_agreement,
    "end": end_agreement,
}

LIST_COLUMNS = ("agreement", "provider", "consumer", "purpose", "state", "ends", "approved")


def check(command: CommandContext, database: str | None) -> ExitCode:
    """Show every fault and warning of the folder and of what is stored."""
    config, console = Config.load(command.config), command.console
    if database is None and config.database.is_absent:
        folder = check_agreements(config)
    else:
        with existing_database(command, database) as opened:
            folder = check_agreements(config, opened)
    documents = [_finding_document(finding, console) for finding in folder.findings]
    console.document({"folder": str(config.agreements_folder), "findings": documents})
    for level in FindingLevel:
        of_level = [finding for finding in folder.findings if finding.level is level]
        heading = "agreement_view.faults" if level is FindingLevel.FAULT else "agreement_view.warnings"
        _show_findings(of_level, heading, console)
    console.line()
    console.message(
        "agreement_view.checked",
        agreements=len(folder.agreements),
        faults=len(folder.faults),
        warnings=len(folder.findings) - len(folder.faults),
        folder=config.agreements_folder,
    )
    return ExitCode.CONFIGURATION if folder.faults else ExitCode.DONE


def apply(command: CommandContext, *, dry_run: bool) -> ExitCode:
    """Show the difference between the folder and what is stored, and store it as drafts."""
    config, console = Config.load(command.config), command.console
    with existing_database(command, None) as opened:
        planned = apply_agreements(config, opened, operating_user(), dry_run=True)
        _show_changes(planned, console)
        changes = planned if dry_run else apply_agreements(config, opened, operating_user())
        findings = check_agreements(config, opened).findings
    warnings = [each for each in findings if each.code in AGENCY_WARNINGS and each.file is not None]
    console.document(
        {
            "dry_run": dry_run,
            "changes": [_change_document(change) for change in changes],
            "warnings": [_finding_document(finding, console) for finding in warnings],
        }
    )
    _show_findings(warnings, "agreement_view.warnings", console)
    written = sum(change.kind in {ChangeKind.NEW, ChangeKind.CHANGED} for change in changes)
    console.message("agreement_view.would_apply" if dry_run else "agreement_view.applied", number=written)
    return ExitCode.DONE


def list_agreements(command: CommandContext, database: str | None) -> ExitCode:
    """List every version of every stored agreement."""
    console = command.console
    with existing_database(command, database) as opened:
        listed = agreements(opened)
    console.document({"agreements": [_summary(stored) for stored in listed]})
    if not listed:
        console.message("agreement_view.none")
        return ExitCode.DONE
    replacing = _replacing(listed)
    rows = [_list_row(stored, replacing.get(stored.agreement.reference), console) for stored in listed]
    headings = [f"agreement_view.{name}" for name in LIST_COLUMNS]
    console.table(OutputTable(headings=headings, rows=rows, title_cells=1))
    return ExitCode.DONE


def show(command: CommandContext, database: str | None, agreement_id: str) -> ExitCode:
    """Show an agreement in all its versions.

    Raises:
        NotFound: there is none with this id.
    """
    console = command.console
    with existing_database(command, database) as opened:
        versions = agreement_versions(opened, agreement_id)
    terms = configured_terms(command)
    console.document(
        {"versions": [{**_summary(stored), "body": stored.agreement.document_body()} for stored in versions]}
    )
    replacing = _replacing(versions)
    for stored in versions:
        _show_version(stored, replacing.get(stored.agreement.reference), terms, console)
    return ExitCode.DONE


def approve(command: CommandContext, reference: str, sha256: str | None) -> ExitCode:
    """Approve a draft, named by id and version, as the user of this machine."""
    config, console = Config.load(command.config), command.console
    with existing_database(command, None) as opened:
        stored = approve_agreement(config, opened, reference, operating_user(), sha256=sha256)
    _show_done(stored, "approve", console)
    if not stored.was_signed:
        is_provider_missing = stored.approved_by_provider is None
        missing = stored.agreement.provider if is_provider_missing else stored.agreement.consumer
        console.message("agreement_view.other_approval", agency=missing, agreement=stored.agreement.reference)
    return ExitCode.DONE


def change(command: CommandContext, agreement: str, step: str) -> ExitCode:
    """Withdraw a draft, or suspend, resume or end an agreement, as the user of this machine."""
    config, console = Config.load(command.config), command.console

    def notify(routes: Sequence[str]) -> None:
        console.stderr(console.text("agreement_view.sending", agreement=agreement, routes=", ".join(routes)))

    waiting = {"wait": SenderWait(notify=notify)} if step in {"suspend", "end"} else {}
    with existing_database(command, None) as opened:
        stored = STEPS[step](config, opened, agreement, operating_user(), **waiting)
    _show_done(stored, step, command.console)
    return ExitCode.DONE


def _show_done(stored: StoredAgreement, step: str, console: Console) -> None:
    console.document(_summary(stored))
    state = console.sentence(stored.state_message)
    console.message(f"agreement_done.{step}", agreement=stored.agreement.reference, state=state)


def list_acts(command: CommandContext) -> ExitCode:
    """List the legal acts that agreements may cite, with the days on which they are in force."""
    console, acts = command.console, configured_terms(command).acts
    documents = [
        {
            "id": act.id,
            "number": act.number,
            "in_force_from": act.in_force_from and act.in_force_from.isoformat(),
            "in_force_to": act.in_force_to and act.in_force_to.isoformat(),
            "replaced_by": list(act.replaced_by),
            "title": act.title,
        }
        for act in acts.values()
    ]
    console.document({"acts": documents})
    columns = ("act", "number", "from", "to", "replaced_by")
    rows = [
        (
            act.id,
            act.number,
            _day(act.in_force_from, console.language),
            _day(act.in_force_to, console.language),
            ", ".join(act.replaced_by) or "-",
        )
        for act in acts.values()
    ]
    console.table(OutputTable(headings=[f"agreement_view.{name}" for name in columns], rows=rows))
    return ExitCode.DONE


def list_purposes(command: CommandContext) -> ExitCode:
    """List the purposes that agreements may have."""
    console, purposes = command.console, configured_terms(command).purposes
    documents = [{"code": purpose.code, "vi": purpose.vi, "en": purpose.en} for purpose in purposes.values()]
    console.document({"purposes": documents})
    rows = [(document["code"], document[console.language.value]) for document in documents]
    console.table(OutputTable(headings=["agreement_view.code", "agreement_view.purpose"], rows=rows))
    return ExitCode.DONE


def _show_findings(findings: Sequence[AgreementFinding], heading: str, console: Console) -> None:
    """Write findings under their heading; nothing where there are none."""
    if findings:
        console.heading(heading)
    for finding in findings:
        console.line(console.sentence(finding.message), hanging=2)


def _finding_document(finding: AgreementFinding, console: Console) -> Mapping[str, Any]:
    return {
        "level": finding.level.value,
        "code": finding.code,
        "file": None if finding.file is None else finding.file.name,
        "agreement": finding.agreement,
        "at": finding.at,
        "message": console.sentence(finding.message),
    }


def _show_changes(changes: Sequence[AgreementChange], console: Console) -> None:
    for each in changes:
        words = console.term("agreement_change", each.kind.value)
        console.line(f"{each.agreement.reference}: {words}")
        if each.kind not in {ChangeKind.UNCHANGED, ChangeKind.ENDED}:
            for key, before, after in each.differences:
                console.line(f"  {key}: {before} -> {after}" if each.before else f"  {key}: {after}", hanging=4)


def _change_document(change: AgreementChange) -> Mapping[str, Any]:
    differences = [{"key": key, "before": before, "after": after} for key, before, after in change.differences]
    return {"agreement": change.agreement.reference, "kind": change.kind.value, "differences": differences}


def _summary(stored: StoredAgreement) -> Mapping[str, Any]:
    agreement = stored.agreement
    return {
        "id": agreement.id,
        "version": agreement.version,
        "state": stored.state.value,
        "title": agreement.title,
        "provider": agreement.provider,
        "consumer": agreement.consumer,
        "purpose": agreement.purpose,
        "starts": agreement.starts.isoformat(),
        "ends": agreement.ends.isoformat(),
        "approved_by_provider": stored.approved_by_provider,
        "approved_by_consumer": stored.approved_by_consumer,
        "sha256": text_digest(agreement),
    }


def _replacing(versions: Sequence[StoredAgreement]) -> Mapping[str, int]:
    """Return each version that a later signed one has replaced, as `ID@VERSION` -> the version that decides now."""
    deciding = {each.agreement.id: each.agreement for each in decisive_versions(versions)}
    return {
        each.agreement.reference: deciding[each.agreement.id].version
        for each in versions
        if each.was_signed and each.agreement.reference != deciding[each.agreement.id].reference
    }


def _state_text(stored: StoredAgreement, replaced_by: int | None, console: Console) -> str:
    if replaced_by is not None:
        return console.text("agreement_view.replaced", version=replaced_by)
    return console.sentence(stored.state_message)


def _list_row(stored: StoredAgreement, replaced_by: int | None, console: Console) -> Sequence[object]:
    agreement = stored.agreement
    approvals = sum(each is not None for each in (stored.approved_by_provider, stored.approved_by_consumer))
    return (
        agreement.reference,
        agreement.provider,
        agreement.consumer,
        agreement.purpose,
        _state_text(stored, replaced_by, console),
        _day(agreement.ends, console.language),
        f"{approvals}/2",
    )


def _show_version(stored: StoredAgreement, replaced_by: int | None, terms: SharingTerms, console: Console) -> None:
    agreement = stored.agreement
    console.heading("agreement_view.version", agreement=agreement.reference, title=agreement.title)
    lines = {
        "state": _state_text(stored, replaced_by, console),
        "sha256": text_digest(agreement),
        "provider": f"{agreement.provider} ({stored.approved_by_provider or '-'})",
        "consumer": f"{agreement.consumer} ({stored.approved_by_consumer or '-'})",
        "purpose": purpose_text(agreement.purpose, terms.purposes, console),
        "procedures": ", ".join(agreement.procedures) or "-",
        "days": f"{_day(agreement.starts, console.language)} - {_day(agreement.ends, console.language)}",
        "actions": ", ".join(console.term("sharing_action", action.value) for action in agreement.actions),
        "requires": ", ".join(console.term("sharing_requirement", each.value) for each in agreement.requires) or "-",
    }
    for name, text in lines.items():
        console.line(f"{console.text(f'agreement_view.{name}')}: {text}", hanging=2)
    _show_acts(agreement, terms, console)
    for grant in agreement.grants:
        _show_grant(grant, console)


def _show_acts(agreement: Agreement, terms: SharingTerms, console: Console) -> None:
    today = vietnamese_day(SystemClock().now())
    for basis in agreement.legal_basis:
        act = terms.acts.get(basis.act)
        number = basis.act if act is None else act.number
        is_in_force = act is not None and act.in_force(today)
        state = console.text("agreement_view.act_in_force" if is_in_force else "agreement_view.act_not_in_force")
        console.line(f"{console.text('agreement_view.act')}: {number} {basis.article} ({state})", hanging=2)


def _show_grant(grant: Grant, console: Console) -> None:
    console.line()
    scope = console.term("grant_scope", grant.scope.value)
    record = console.term("record_name", grant.record)
    console.message("agreement_view.grant", grant=grant.name, record=record, scope=scope)
    for atom in grant.rows:
        condition = atom.model_dump(mode="json", by_alias=True, exclude_none=True)
        words = listed(map(str, atom.any_of)) if atom.any_of else str(condition[atom.operator])
        console.line(f"  {shown_field(grant.record, atom.field, console)}: {atom.operator} {words}", hanging=4)
    show_fields(grant.record, grant.fields, console, compared=grant.match)


def show_fields(
    record: str, fields: Mapping[str, Treatment], console: Console, *, compared: Sequence[str] = ()
) -> None:
    """Write a table of fields with their treatments, in the order of the record; then those that are only compared."""
    model = RECORD_TYPES.get(record)
    order = {} if model is None else {path: number for number, path in enumerate(leaves(model))}
    rows = [
        (shown_field(record, path, console), console.term("treatment", fields[path].value))
        for path in sorted(fields, key=lambda path: order.get(path, len(order)))
    ]
    rows.extend((shown_field(record, path, console), console.text("agreement_view.compared")) for path in compared)
    console.table(OutputTable(headings=["agreement_view.field", "agreement_view.treatment"], rows=rows))


def shown_field(record: str, path: str, console: Console) -> str:
    """Return the path of a field; in Vietnamese after its term."""
    term = field_name(RECORD_TYPES.get(record), path, console)
    return path if term == path else f"{term} ({path})"


def _day(day: date | None, language: Language) -> str:
    return "-" if day is None else day_text(day.isoformat(), language)
