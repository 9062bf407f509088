"""The life of an agreement: draft, approved by both agencies, suspended, ended; what somebody does is on record.

Both data officers approve, the provider's and the consumer's; one person cannot give both. A draft may be replaced,
which takes its approvals away; what was signed changes by a new version alone. Each agency may suspend or end an
agreement by itself, and only the agency that suspended it resumes it. Its first and last day change nothing that is
stored: whether it is in force is said by the day of use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256 as sha256_of
from typing import cast

from sqlalchemy import Connection

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, canonical_json
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.errors import NotFound, UsageMistake
from cchc_connect.messages import Message, Messages
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.sharing.agreement_checks import agreement_findings
from cchc_connect.sharing.agreements import Agreement, AgreementState
from cchc_connect.sharing.facts import IN_USE, StoredAgreement, decisive_versions
from cchc_connect.sharing.findings import FindingLevel
from cchc_connect.sharing.granted_fields import expanded
from cchc_connect.sharing.open_stops import ENDING, SUSPENDING, stop_is_open
from cchc_connect.sharing.stored_agreements import store_agreement, stored_agreements
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import vietnamese_day


class ChangeKind(StrEnum):
    """What applying a folder does with an agreement."""

    NEW = "new"
    """A new draft."""
    CHANGED = "changed"
    """A draft is replaced, and its approvals are void."""
    UNCHANGED = "unchanged"
    ENDED = "ended"
    """It is as it was when it was ended, or its draft withdrawn: it stays so, and a new version or id is needed."""
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

    official: str | None
    """Id of the official, never a name; None: nobody, it follows from a restore."""
    at: datetime
    """Aware."""


def planned_changes(connection: Connection, agreements: Sequence[Agreement]) -> Sequence[AgreementChange]:
    """Return what applying these agreements would do; nothing is written."""
    versions = {stored.agreement.reference: stored for stored in stored_agreements(connection)}
    return [_planned(versions, agreement) for agreement in agreements]


def apply_changes(
    connection: Connection, agreements: Sequence[Agreement], terms: SharingTerms, by: ChangedBy
) -> Sequence[AgreementChange]:
    """Store new and changed drafts, their parts expanded to the fields of today, and return what that did.

    Raises:
        UsageMistake: one of the changes is refused; nothing is written.
    """
    changes = planned_changes(connection, agreements)
    refused = [change for change in changes if change.is_refused]
    if refused:
        raise UsageMistake("sharing.needs_version", agreements=[change.agreement.reference for change in refused])
    for change in changes:
        if change.kind in {ChangeKind.UNCHANGED, ChangeKind.ENDED}:
            continue
        stored = StoredAgreement(
            agreement=expanded(change.agreement, terms.records),
            written=change.agreement,
            state=AgreementState.DRAFT,
        )
        store_agreement(connection, stored, by.at)
        record_change(connection, stored, by, "drafted")
    return changes


def text_digest(agreement: Agreement) -> str:
    """Return the SHA-256 of an agreement's text, parts expanded, in hexadecimal digits: it names what is approved."""
    return sha256_of(canonical_json(agreement.document_body()).encode()).hexdigest()


def approve(
    connection: Connection, reference: str, terms: SharingTerms, by: ChangedBy, *, sha256: str | None = None
) -> StoredAgreement:
    """Approve a draft, named `ID@VERSION`, for the official's agency; with the second approval it is signed.

    Args:
        connection: an open write transaction.
        reference: id and version.
        terms: what agreements are checked against.
        by: who approves it.
        sha256: digest of the text that was read; None: the version alone names it.

    Raises:
        NotFound: there is no such agreement, or this version is no draft.
        UsageMistake: no version is named, the draft has another digest, the official is no data officer of one of the
            agencies or has approved it for the other one, or the agreement has faults today.
    """
    draft = _draft(connection, reference)
    digest = text_digest(draft.agreement)
    if sha256 is not None and sha256.lower() != digest:
        raise UsageMistake("sharing.other_text", agreement=reference, id=draft.agreement.id, sha256=digest)
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
    return _change(connection, approved, by, f"approved_by_{side}")


def withdraw(connection: Connection, reference: str, terms: SharingTerms, by: ChangedBy) -> StoredAgreement:
    """Withdraw a draft, named `ID@VERSION`; versions that were signed stay as they are.

    Raises:
        NotFound: there is no such agreement, or this version is no draft.
        UsageMistake: no version is named, or the official is no data officer of one of the agencies.
    """
    draft = _draft(connection, reference)
    _side(draft.agreement, terms, by)
    return _change(connection, replace(draft, state=AgreementState.ENDED), by, "withdrawn")


def suspend(
    connection: Connection, agreement_id: str, terms: SharingTerms, by: ChangedBy, *, is_sending: bool = False
) -> StoredAgreement:
    """Stop an agreement for the time being: from this transaction's commit on every request under it is refused.

    With `is_sending` a route may have messages on their way: its entry says `suspending`, and `record_stop` follows.
    A suspension whose wait was broken off is only returned: it goes on.

    Raises:
        NotFound: there is no such agreement.
        UsageMistake: it is not signed, or the official is no data officer of one of the agencies.
    """
    stored = _decisive(connection, agreement_id)
    side = _side(stored.agreement, terms, by)
    if stored.state is AgreementState.SUSPENDED and stop_is_open(connection, stored.agreement.reference):
        return stored.as_of(vietnamese_day(by.at))
    _require_state(stored, by, *IN_USE)
    suspended = replace(stored, state=AgreementState.SUSPENDED, suspended_by=getattr(stored.agreement, side))
    return _change(connection, suspended, by, SUSPENDING if is_sending else "suspended")


def resume(connection: Connection, agreement_id: str, terms: SharingTerms, by: ChangedBy) -> StoredAgreement:
    """Let a suspended agreement be in force again, by the agency that suspended it. Raises as `suspend` does."""
    stored = _decisive(connection, agreement_id)
    side = _side(stored.agreement, terms, by)
    _require_state(stored, by, AgreementState.SUSPENDED)
    if stored.suspended_by != getattr(stored.agreement, side):
        raise UsageMistake(
            "sharing.suspended_by_other", agreement=stored.agreement.reference, agency=stored.suspended_by or "-"
        )
    resumed = replace(stored, state=AgreementState.SIGNED, suspended_by=None)
    return _change(connection, resumed, by, "resumed")


def end(
    connection: Connection, agreement_id: str, terms: SharingTerms, by: ChangedBy, *, is_sending: bool = False
) -> StoredAgreement:
    """End an agreement for good: all its versions, signed or draft, so that no approval revives it.

    With `is_sending` a route may have messages on their way: its entries say `ending`, and `record_stop` follows.
    What was ended so and broken off while it waited is only returned: it goes on.

    Raises:
        NotFound: there is no such agreement.
        UsageMistake: all of it is ended, or the official is no data officer of one of the agencies.
    """
    decisive = _decisive(connection, agreement_id)
    _side(decisive.agreement, terms, by)
    remaining = [each for each in versions_of(connection, agreement_id) if each.state is not AgreementState.ENDED]
    if not remaining and not stop_is_open(connection, decisive.agreement.reference):
        _require_state(decisive, by)
    for each in remaining:
        change = ENDING if is_sending else "ended"
        _change(connection, replace(each, state=AgreementState.ENDED), by, change)
    return replace(decisive, state=AgreementState.ENDED)


def record_stop(connection: Connection, stopped: StoredAgreement, by: ChangedBy) -> None:
    """Put on record, once, that nothing is on its way any more under an agreement that was suspended or ended."""
    if stop_is_open(connection, stopped.agreement.reference):
        record_change(connection, stopped, by, stopped.state.value)


def _planned(versions: dict[str, StoredAgreement], agreement: Agreement) -> AgreementChange:
    stored = versions.get(agreement.reference)
    if stored is not None:
        before = stored.written or stored.agreement
        kind = ChangeKind.CHANGED if stored.state is AgreementState.DRAFT else ChangeKind.NEEDS_VERSION
        if before == agreement:
            kind = ChangeKind.ENDED if stored.state is AgreementState.ENDED else ChangeKind.UNCHANGED
        return AgreementChange(kind=kind, agreement=agreement, before=before)
    earlier = [each for each in versions.values() if each.agreement.id == agreement.id]
    if any(each.agreement.version > agreement.version for each in earlier):
        return AgreementChange(kind=ChangeKind.BEHIND, agreement=agreement)
    last = max(earlier, key=lambda each: each.agreement.version, default=None)
    former = None if last is None else last.written or last.agreement
    return AgreementChange(kind=ChangeKind.NEW, agreement=agreement, before=former)


def versions_of(connection: Connection, agreement_id: str) -> Sequence[StoredAgreement]:
    """Return every version of an agreement, lowest first.

    Raises:
        NotFound: there is none with this id.
    """
    everything = stored_agreements(connection)
    versions = [stored for stored in everything if stored.agreement.id == agreement_id]
    if not versions:
        name, _, version = agreement_id.partition("@")
        named = [stored for stored in everything if version and stored.agreement.id == name]
        if named:
            raise NotFound("sharing.id_alone", agreement=agreement_id, id=name, versions=_version_numbers(named))
        names = {stored.agreement.id for stored in everything}
        raise NotFound("sharing.no_agreement", agreement=agreement_id, suggestion=suggestion(agreement_id, names))
    return versions


def no_such_version(reference: str, versions: Sequence[StoredAgreement]) -> NotFound:
    """Return the error about a version that there is not, with those that there are."""
    name = versions[0].agreement.id
    return NotFound("sharing.no_such_version", agreement=reference, id=name, versions=_version_numbers(versions))


def _version_numbers(versions: Sequence[StoredAgreement]) -> str:
    return ", ".join(str(stored.agreement.version) for stored in versions)


def _draft(connection: Connection, reference: str) -> StoredAgreement:
    """Return the draft with this id and version."""
    agreement_id, _, version = reference.partition("@")
    versions = versions_of(connection, agreement_id)
    if not version:
        newest = versions[-1].agreement.reference
        raise UsageMistake("sharing.no_version", agreement=agreement_id, reference=newest)
    named = next((stored for stored in versions if stored.agreement.reference == reference), None)
    if named is None:
        raise no_such_version(reference, versions)
    if named.state is not AgreementState.DRAFT:
        state = Message(f"agreement_state.{named.state}")
        raise NotFound("sharing.no_draft", agreement=reference, state=state)
    return named


def _decisive(connection: Connection, agreement_id: str) -> StoredAgreement:
    return decisive_versions(versions_of(connection, agreement_id))[0]


def _side(agreement: Agreement, terms: SharingTerms, by: ChangedBy) -> str:
    """Return for which side an official acts: `provider` or `consumer`."""
    official = None if by.official is None else terms.officials.get(by.official)
    day = vietnamese_day(by.at)
    if official is None:
        raise UsageMistake("sharing.official_unknown", official=by.official)
    if not official.is_data_officer or not official.is_in_office(day):
        raise UsageMistake("sharing.no_data_officer", official=by.official)
    code = terms.agencies.code
    sides = {code(agreement.provider): "provider", code(agreement.consumer): "consumer"}
    if code(official.agency) not in sides:
        raise UsageMistake(
            "sharing.official_of_other", official=by.official, agency=official.agency, agreement=agreement.reference
        )
    return sides[code(official.agency)]


def _require_state(stored: StoredAgreement, by: ChangedBy, *states: AgreementState) -> None:
    today = stored.as_of(vietnamese_day(by.at))
    if today.state not in states:
        reference = stored.agreement.reference
        raise UsageMistake("sharing.other_state", agreement=reference, state=today.state_message)


def _require_sound(stored: StoredAgreement, terms: SharingTerms, by: ChangedBy) -> None:
    findings = agreement_findings(stored.agreement, terms, vietnamese_day(by.at))
    faults = [
        replace(finding, agreement=stored.agreement.id).message
        for finding in findings
        if finding.level is FindingLevel.FAULT
    ]
    if faults:
        raise UsageMistake("sharing.faults", agreement=stored.agreement.reference, faults=Messages(faults))


def _change(connection: Connection, stored: StoredAgreement, by: ChangedBy, change: str) -> StoredAgreement:
    """Store a version in its new state, with its audit entry, and what follows from it; return it as it is that day."""
    day = vietnamese_day(by.at)
    store_agreement(connection, stored, by.at)
    record_change(connection, stored, by, change)
    return stored.as_of(day)


def record_change(connection: Connection, stored: StoredAgreement, by: ChangedBy, change: str) -> None:
    """Append the audit entry of a change; the digest names the text that was approved."""
    agreement = stored.agreement
    entry = AuditEntry(
        at=by.at,
        kind=AuditKind.AGREEMENT,
        official=by.official,
        provider=agreement.provider,
        consumer=agreement.consumer,
        purpose=agreement.purpose,
        agreement=agreement.reference,
        acts=tuple(basis.act for basis in agreement.legal_basis),
        details={"change": change, "agreement_sha256": text_digest(agreement)},
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
