"""The life of an agreement: draft, approved by both agencies, in force, suspended, ended; each change is on record.

Both data officers approve, the provider's and the consumer's; one person cannot give both. A draft may be replaced,
which takes its approvals away; what was signed changes by a new version alone. Each agency may suspend or end an
agreement by itself, and only the agency that suspended it resumes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import cast

from sqlalchemy import Connection

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, canonical_json
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.errors import NotFound, UsageMistake
from cchc_connect.messages import Message, Messages
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.sharing.agreement_checks import agreement_findings
from cchc_connect.sharing.agreements import Agreement, AgreementState
from cchc_connect.sharing.facts import StoredAgreement, decisive_versions
from cchc_connect.sharing.findings import FindingLevel
from cchc_connect.sharing.granted_fields import expanded
from cchc_connect.sharing.stored_agreements import IN_USE, refresh_share_scope, store_agreement, stored_agreements
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import vietnamese_day


class ChangeKind(StrEnum):
    """What applying a folder does with an agreement."""

    NEW = "new"
    """A new draft."""
    CHANGED = "changed"
    """A draft is replaced, and its approvals are void."""
    UNCHANGED = "unchanged"
    NEEDS_VERSION = "needs_version"
    """It differs from a version that was approved by both; a higher version number is needed."""
    BEHIND = "behind"
    """A higher version is stored, and this one is not."""


@dataclass(frozen=True, kw_only=True)
class AgreementChange:
    """What applying does with one version of an agreement."""

    kind: ChangeKind
    agreement: Agreement
    before: Agreement | None = None
    """What is stored, as it was written."""

    @property
    def is_refused(self) -> bool:
        """Whether it keeps the folder from being applied."""
        return self.kind in {ChangeKind.NEEDS_VERSION, ChangeKind.BEHIND}

    @property
    def differences(self) -> Sequence[tuple[str, str, str]]:
        """Return key, former value and new value of what differs, as text; "-" for none."""
        before = {} if self.before is None else _flat(self.before.document_body())
        after = _flat(self.agreement.document_body())
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return [(key, before.get(key, "-"), after.get(key, "-")) for key in keys]


@dataclass(frozen=True, kw_only=True)
class ChangedBy:
    """Who changes an agreement, and when."""

    official: str
    """Id of the official; never a name."""
    at: datetime
    """Aware."""


def planned_changes(connection: Connection, agreements: Sequence[Agreement]) -> Sequence[AgreementChange]:
    """Return what applying these agreements would do; nothing is written."""
    versions = {stored.agreement.reference: stored for stored in stored_agreements(connection)}
    return [_planned(versions, agreement) for agreement in agreements]


def apply_changes(
    connection: Connection, changes: Sequence[AgreementChange], terms: SharingTerms, by: ChangedBy
) -> None:
    """Store new and changed drafts, their parts expanded to the fields of today.

    Raises:
        UsageMistake: one of the changes is refused; nothing is written.
    """
    refused = [change for change in changes if change.is_refused]
    if refused:
        raise UsageMistake("sharing.needs_version", agreements=[change.agreement.reference for change in refused])
    for change in changes:
        if change.kind is ChangeKind.UNCHANGED:
            continue
        stored = StoredAgreement(
            agreement=expanded(change.agreement, terms.records),
            written=change.agreement,
            state=AgreementState.DRAFT,
        )
        store_agreement(connection, stored, by.at)
        _record(connection, stored, by, "drafted")


def approve(connection: Connection, agreement_id: str, terms: SharingTerms, by: ChangedBy) -> StoredAgreement:
    """Approve the draft of an agreement for the official's agency; with the second approval it is signed.

    Raises:
        NotFound: there is no such agreement, or it has no draft.
        UsageMistake: the official is no data officer of one of the agencies, has approved it for the other one, or the
            agreement has faults today.
    """
    versions = _versions(connection, agreement_id)
    drafts = [stored for stored in versions if stored.state is AgreementState.DRAFT]
    if not drafts:
        raise NotFound("sharing.no_draft", agreement=agreement_id)
    draft = drafts[-1]
    side = _side(draft.agreement, terms, by)
    if by.official in {draft.approved_by_provider, draft.approved_by_consumer}:
        raise UsageMistake("sharing.approved_before", agreement=draft.agreement.reference, official=by.official)
    _require_sound(draft, terms, by)
    approved = (
        replace(draft, approved_by_provider=by.official)
        if side == "provider"
        else replace(draft, approved_by_consumer=by.official)
    )
    if approved.was_signed:
        approved = replace(approved, state=AgreementState.SIGNED)
    return _change(connection, approved, terms, by, f"approved_by_{side}")


def suspend(connection: Connection, agreement_id: str, terms: SharingTerms, by: ChangedBy) -> StoredAgreement:
    """Stop an agreement for the time being: from this transaction's commit on nothing leaves under it.

    Raises:
        NotFound: there is no such agreement.
        UsageMistake: it is not signed, or the official is no data officer of one of the agencies.
    """
    stored = _decisive(connection, agreement_id)
    side = _side(stored.agreement, terms, by)
    _require_state(stored, *IN_USE)
    suspended = replace(stored, state=AgreementState.SUSPENDED, suspended_by=getattr(stored.agreement, side))
    return _change(connection, suspended, terms, by, "suspended")


def resume(connection: Connection, agreement_id: str, terms: SharingTerms, by: ChangedBy) -> StoredAgreement:
    """Let a suspended agreement be in force again, by the agency that suspended it. Raises as `suspend` does."""
    stored = _decisive(connection, agreement_id)
    side = _side(stored.agreement, terms, by)
    _require_state(stored, AgreementState.SUSPENDED)
    if stored.suspended_by != getattr(stored.agreement, side):
        raise UsageMistake(
            "sharing.suspended_by_other", agreement=stored.agreement.reference, agency=stored.suspended_by or "-"
        )
    resumed = replace(stored, state=AgreementState.SIGNED, suspended_by=None)
    return _change(connection, resumed, terms, by, "resumed")


def end(connection: Connection, agreement_id: str, terms: SharingTerms, by: ChangedBy) -> StoredAgreement:
    """End an agreement for good, or withdraw it where it was never signed. Raises as `suspend` does."""
    stored = _decisive(connection, agreement_id)
    _side(stored.agreement, terms, by)
    _require_state(stored, *IN_USE, AgreementState.SUSPENDED, AgreementState.DRAFT)
    return _change(connection, replace(stored, state=AgreementState.ENDED), terms, by, "ended")


def _planned(versions: dict[str, StoredAgreement], agreement: Agreement) -> AgreementChange:
    stored = versions.get(agreement.reference)
    if stored is not None:
        before = stored.written or stored.agreement
        kind = ChangeKind.CHANGED if stored.state is AgreementState.DRAFT else ChangeKind.NEEDS_VERSION
        kind = ChangeKind.UNCHANGED if before == agreement else kind
        return AgreementChange(kind=kind, agreement=agreement, before=before)
    earlier = [each for each in versions.values() if each.agreement.id == agreement.id]
    if any(each.agreement.version > agreement.version for each in earlier):
        return AgreementChange(kind=ChangeKind.BEHIND, agreement=agreement)
    last = max(earlier, key=lambda each: each.agreement.version, default=None)
    former = None if last is None else last.written or last.agreement
    return AgreementChange(kind=ChangeKind.NEW, agreement=agreement, before=former)


def _versions(connection: Connection, agreement_id: str) -> Sequence[StoredAgreement]:
    everything = stored_agreements(connection)
    versions = [stored for stored in everything if stored.agreement.id == agreement_id]
    if not versions:
        names = {stored.agreement.id for stored in everything}
        raise NotFound("sharing.no_agreement", agreement=agreement_id, suggestion=suggestion(agreement_id, names))
    return versions


def _decisive(connection: Connection, agreement_id: str) -> StoredAgreement:
    return decisive_versions(_versions(connection, agreement_id))[0]


def _side(agreement: Agreement, terms: SharingTerms, by: ChangedBy) -> str:
    """Return for which side an official acts: `provider` or `consumer`."""
    official = terms.officials.get(by.official)
    day = vietnamese_day(by.at)
    if official is None:
        raise UsageMistake("sharing.official_unknown", official=by.official)
    if not official.is_data_officer or (official.valid_to is not None and official.valid_to < day):
        raise UsageMistake("sharing.no_data_officer", official=by.official)
    code = terms.agencies.code
    sides = {code(agreement.provider): "provider", code(agreement.consumer): "consumer"}
    if code(official.agency) not in sides:
        raise UsageMistake(
            "sharing.official_of_other", official=by.official, agency=official.agency, agreement=agreement.reference
        )
    return sides[code(official.agency)]


def _require_state(stored: StoredAgreement, *states: AgreementState) -> None:
    if stored.state not in states:
        state = Message(f"agreement_state.{stored.state.value}")
        raise UsageMistake("sharing.other_state", agreement=stored.agreement.reference, state=state)


def _require_sound(stored: StoredAgreement, terms: SharingTerms, by: ChangedBy) -> None:
    findings = agreement_findings(stored.agreement, terms, vietnamese_day(by.at))
    faults = [
        replace(finding, agreement=stored.agreement.id).message
        for finding in findings
        if finding.level is FindingLevel.FAULT
    ]
    if faults:
        raise UsageMistake("sharing.faults", agreement=stored.agreement.reference, faults=Messages(faults))


def _change(
    connection: Connection, stored: StoredAgreement, terms: SharingTerms, by: ChangedBy, change: str
) -> StoredAgreement:
    """Store a version in its new state, with its audit entry, and what follows from it."""
    store_agreement(connection, stored, by.at)
    _record(connection, stored, by, change)
    refresh_share_scope(connection, terms, vietnamese_day(by.at))
    versions = _versions(connection, stored.agreement.id)
    return next(each for each in versions if each.agreement.version == stored.agreement.version)


def _record(connection: Connection, stored: StoredAgreement, by: ChangedBy, change: str) -> None:
    """Append the audit entry of a change; the digest names the text that was approved."""
    agreement = stored.agreement
    digest = sha256(canonical_json(agreement.document_body()).encode()).hexdigest()
    entry = AuditEntry(
        at=by.at,
        kind=AuditKind.AGREEMENT,
        official=by.official,
        provider=agreement.provider,
        consumer=agreement.consumer,
        purpose=agreement.purpose,
        agreement=agreement.reference,
        acts=tuple(basis.act for basis in agreement.legal_basis),
        details={"change": change, "agreement_sha256": digest},
    )
    append(connection, entry, chain=COMMANDS_CHAIN)


def _flat(value: object, at: str = "") -> dict[str, str]:
    """Return every value of an agreement by its key, as text."""
    entries = list[tuple[object, object]]()
    if isinstance(value, Mapping):
        entries.extend(cast("Mapping[object, object]", value).items())
    elif isinstance(value, list):
        elements = cast("list[object]", value)
        if not any(isinstance(element, Mapping) for element in elements):
            return {at: ", ".join(map(str, elements))}
        entries.extend(enumerate(elements, start=1))
    else:
        return {at: str(value)}
    flat = dict[str, str]()
    for key, inner in entries:
        flat |= _flat(inner, f"{at}.{key}" if at else str(key))
    return flat
