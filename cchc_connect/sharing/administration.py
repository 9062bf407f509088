"""Agreements as a configuration and its shared database have them: check, apply, list, approve, suspend, explain.

Each function is one transaction, and a second one where a route is sending by an agreement that is suspended or ended;
the clock of the machine counts unless another instant is given. Who acts is named by the id of `[officials]`, never by
a person's name.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import ConfigurationError, UsageMistake
from cchc_connect.messages import Messages
from cchc_connect.sharing import life_cycle
from cchc_connect.sharing.agreement_checks import agreement_findings, masked_and_matched
from cchc_connect.sharing.agreement_files import AgreementFile, AgreementFolder, read_folder
from cchc_connect.sharing.agreements import Agreement, AgreementState
from cchc_connect.sharing.explanation import Explanation, explain
from cchc_connect.sharing.facts import StoredAgreement, decisive_versions, has_act_in_force, is_in_force
from cchc_connect.sharing.findings import AgreementFinding, warning
from cchc_connect.sharing.known_agencies import with_known_agencies
from cchc_connect.sharing.life_cycle import AgreementChange, ChangedBy
from cchc_connect.sharing.odrl import Document, odrl_document
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stopping import SenderWait, stop_agreement
from cchc_connect.sharing.stored_agreements import ending_entry, facts_of, stored_agreements, terms_on
from cchc_connect.sharing.terms import SharingTerms, sharing_terms
from cchc_schemas import vietnamese_day

LifeCycleStep = Callable[[Connection, str, SharingTerms, ChangedBy], StoredAgreement]


def check_agreements(
    config: Config, database: SharedDatabase | None = None, *, at: datetime | None = None
) -> AgreementFolder:
    """Check the folder of agreements, and what is stored: every fault and warning of the day, at once.

    Args:
        config: the configuration, which names the folder.
        database: the shared database, with the agencies and the stored agreements; None: only the folder is checked.
        at: instant for whose Vietnamese day is checked, aware; None: now.

    Raises:
        ConfigurationError: a table of acts or purposes cannot be read or has faults.
    """
    day = vietnamese_day(at or SystemClock().now())
    if database is None:
        terms = with_known_agencies(sharing_terms(config), config)
        folder = read_folder(config.agreements_folder, terms, day)
        return replace(folder, findings=[*folder.findings, *_comparing(folder, (), terms)])
    with database.reading() as connection:
        terms = with_known_agencies(terms_on(connection, sharing_terms(config), day), config, connection)
        stored = stored_agreements(connection)
    folder = read_folder(config.agreements_folder, terms, day)
    in_folder = {entry.agreement.reference for entry in folder.agreements}
    findings, alone = [*folder.findings, *_ended(folder, stored)], list[Agreement]()
    for each in decisive_versions(stored):
        agreement = each.agreement
        findings.extend(_closing(each, folder, terms, day))
        if each.as_of(day).state is not AgreementState.ENDED and agreement.reference not in in_folder:
            alone.append(agreement)
            of_stored = agreement_findings(agreement, terms, day)
            findings.extend(replace(finding, agreement=agreement.id) for finding in of_stored)
    findings.extend(_comparing(folder, alone, terms))
    return replace(folder, findings=findings)


def apply_agreements(
    config: Config, database: SharedDatabase, official: str, *, dry_run: bool = False, at: datetime | None = None
) -> Sequence[AgreementChange]:
    """Store the agreements of the folder as drafts, and return what that does; all of them, or none.

    With `dry_run` nothing is written. Agreements that the folder lacks stay as they are.

    Raises:
        ConfigurationError: the folder has faults; the error has all of them.
        UsageMistake: what was approved by both agencies differs, and its version was not raised.
    """
    moment = at or SystemClock().now()
    with database.writing(dry_run=dry_run) as connection:
        day = vietnamese_day(moment)
        terms = terms_on(connection, sharing_terms(config), day)
        folder = read_folder(config.agreements_folder, terms, day)
        if folder.faults:
            faults = Messages([finding.message for finding in folder.faults])
            raise ConfigurationError("sharing.folder_faults", folder=config.agreements_folder, faults=faults)
        written = [entry.agreement for entry in folder.agreements]
        if dry_run:
            return life_cycle.planned_changes(connection, written)
        return life_cycle.apply_changes(connection, written, terms, ChangedBy(official=official, at=moment))


def agreements(database: SharedDatabase, *, at: datetime | None = None) -> Sequence[StoredAgreement]:
    """Return every version of every stored agreement, by id and version.

    Args:
        database: the shared database.
        at: instant for whose Vietnamese day the states are returned, aware; None: now.
    """
    day = vietnamese_day(at or SystemClock().now())
    with database.reading() as connection:
        return [stored.as_of(day) for stored in stored_agreements(connection)]


def agreement_versions(
    database: SharedDatabase, agreement_id: str, *, at: datetime | None = None
) -> Sequence[StoredAgreement]:
    """Return every version of one agreement, lowest first, in its state on the Vietnamese day of `at`; None: of now.

    `ID@VERSION` means this version alone.

    Raises:
        NotFound: there is no such agreement or version.
    """
    day = vietnamese_day(at or SystemClock().now())
    name, _, version = agreement_id.partition("@")
    with database.reading() as connection:
        versions = [stored.as_of(day) for stored in life_cycle.versions_of(connection, name)]
    named = [stored for stored in versions if not version or stored.agreement.reference == agreement_id]
    if not named:
        raise life_cycle.no_such_version(agreement_id, versions)
    return named


def odrl_agreement(database: SharedDatabase, agreement: str, *, at: datetime | None = None) -> Document:
    """Return a signed agreement as ODRL 2.2 in JSON-LD, for programs of others; nothing reads it back.

    Args:
        database: the shared database.
        agreement: its id, which means the version that decides, or `ID@VERSION`.
        at: instant for whose Vietnamese day the state is told, aware; None: now.

    Raises:
        NotFound: there is no such agreement or version.
        UsageMistake: not both agencies have approved it, so that it permits nothing.
    """
    stored = decisive_versions(agreement_versions(database, agreement, at=at))[0]
    if not stored.was_signed:
        raise UsageMistake("sharing.not_signed", agreement=stored.agreement.reference)
    return odrl_document(stored)


def approve_agreement(  # who approves what, where and when
    config: Config,
    database: SharedDatabase,
    reference: str,
    official: str,
    *,
    sha256: str | None = None,
    at: datetime | None = None,
) -> StoredAgreement:
    """Approve a draft for the agency of a data officer; with both approvals the agreement is in force.

    Args:
        config: the configuration.
        database: the shared database.
        reference: id and version, `ID@VERSION`.
        official: id of the official.
        sha256: digest of the text that was read, as `text_digest` returns it; None: the version alone names it.
        at: instant, aware; None: now.

    Raises:
        NotFound: there is no such agreement, or this version is no draft.
        UsageMistake: no version is named, the draft is another text by now, the official may not approve it, or it
            has faults today.
    """
    return _step(config, database, partial(life_cycle.approve, sha256=sha256), reference, official, at)


def withdraw_agreement(
    config: Config, database: SharedDatabase, reference: str, official: str, *, at: datetime | None = None
) -> StoredAgreement:
    """Withdraw a draft, named `ID@VERSION`, by a data officer of one of its agencies; signed versions stay as they are.

    Raises:
        NotFound: there is no such agreement, or this version is no draft.
        UsageMistake: no version is named, or the official is no data officer of one of its agencies.
    """
    return _step(config, database, life_cycle.withdraw, reference, official, at)


def suspend_agreement(  # which agreement, by whom, when, and how long it is waited
    config: Config,
    database: SharedDatabase,
    agreement_id: str,
    official: str,
    *,
    at: datetime | None = None,
    wait: SenderWait | None = None,
) -> StoredAgreement:
    """Suspend an agreement: nothing leaves under it once this has returned.

    Args:
        config: the configuration.
        database: the shared database.
        agreement_id: id of the agreement.
        official: id of the official.
        at: instant, aware; None: now.
        wait: how it is waited until a run has ended what it is sending by the agreement; None: until then, silently.

    Raises:
        NotFound: there is no such agreement.
        UsageMistake: it is not in force, or the official is no data officer of one of its agencies.
    """
    return _stop(config, database, life_cycle.suspend, agreement_id, _changed_by(official, at), wait)


def resume_agreement(
    config: Config, database: SharedDatabase, agreement_id: str, official: str, *, at: datetime | None = None
) -> StoredAgreement:
    """Resume a suspended agreement, by the agency that suspended it. Raises as `suspend_agreement` does."""
    return _step(config, database, life_cycle.resume, agreement_id, official, at)


def end_agreement(  # as `suspend_agreement`
    config: Config,
    database: SharedDatabase,
    agreement_id: str,
    official: str,
    *,
    at: datetime | None = None,
    wait: SenderWait | None = None,
) -> StoredAgreement:
    """End an agreement for good, with all its versions and drafts, and wait as `suspend_agreement` does.

    Raises:
        NotFound: there is no such agreement.
        UsageMistake: all of it is ended, or the official is no data officer of one of its agencies.
    """
    return _stop(config, database, life_cycle.end, agreement_id, _changed_by(official, at), wait)


def explain_access(config: Config, database: SharedDatabase, request: AccessRequest) -> Explanation:
    """Explain what a request would get, step by step: nothing is disclosed, counted or recorded.

    Raises:
        ConfigurationError: a table of acts or purposes cannot be read or has faults.
    """
    with database.reading() as connection:
        day = vietnamese_day(request.at)
        terms = terms_on(connection, sharing_terms(config), day)
        return explain(request, facts_of(connection, terms, request), partial(ending_entry, connection))


def _comparing(folder: AgreementFolder, stored: Sequence[Agreement], terms: SharingTerms) -> Iterator[AgreementFinding]:
    """Yield a warning for each number that one agreement compares and any shows masked, in the folder or stored."""
    written = [entry.agreement for entry in folder.agreements]
    together = [*written, *stored]
    files = {entry.agreement.reference: entry.file for entry in folder.agreements}
    for agreement in together:
        for finding in masked_and_matched(agreement, together, terms):
            yield replace(finding, file=files.get(agreement.reference), agreement=agreement.id)


def _ended(folder: AgreementFolder, stored: Sequence[StoredAgreement]) -> Iterator[AgreementFinding]:
    """Yield a warning for each agreement of the folder that is ended, or whose draft is withdrawn, as it is stored."""
    ended = {each.agreement.reference for each in stored if each.state is AgreementState.ENDED}
    newest = {entry.agreement.id: entry.agreement.version for entry in sorted(folder.agreements, key=_version)}
    for entry in folder.agreements:
        if entry.agreement.reference in ended and entry.agreement.version == newest[entry.agreement.id]:
            yield replace(
                warning("ended_for_good", "version", version=entry.agreement.version),
                file=entry.file,
                agreement=entry.agreement.id,
            )


def _version(entry: AgreementFile) -> int:
    return entry.agreement.version


def _closing(
    stored: StoredAgreement, folder: AgreementFolder, terms: SharingTerms, day: date
) -> Iterator[AgreementFinding]:
    """Yield a warning for each later version that begins later: once it is signed, nothing is in force until then."""
    is_granting = is_in_force(stored, terms.agencies, day) and any(
        has_act_in_force(stored.agreement, grant, terms.acts, day) for grant in stored.agreement.grants
    )
    for entry in folder.agreements:
        later = entry.agreement
        is_later = later.id == stored.agreement.id and later.version > stored.agreement.version
        if is_later and later.starts > day and is_granting:
            closing = warning("closes_earlier", "starts", starts=later.starts, version=stored.agreement.version)
            yield replace(closing, file=entry.file, agreement=later.id)


def _stop(  # the arguments of its public callers, and the step
    config: Config,
    database: SharedDatabase,
    step: Callable[..., StoredAgreement],
    agreement: str,
    by: ChangedBy,
    wait: SenderWait | None,
) -> StoredAgreement:
    def stop(connection: Connection, *, is_sending: bool) -> StoredAgreement:
        terms = _terms(config, connection, by.at)
        return step(connection, agreement, terms, by, is_sending=is_sending)

    lease = timedelta(seconds=config.run.lease_s)
    return stop_agreement(database, stop, by, agreement, lease, wait or SenderWait())


def _changed_by(official: str, at: datetime | None) -> ChangedBy:
    return ChangedBy(official=official, at=at or SystemClock().now())


def _terms(config: Config, connection: Connection, at: datetime) -> SharingTerms:
    return terms_on(connection, sharing_terms(config), vietnamese_day(at))


def _step(  # the arguments of its public callers, and the step
    config: Config,
    database: SharedDatabase,
    step: LifeCycleStep,
    agreement: str,
    official: str,
    at: datetime | None,
) -> StoredAgreement:
    by = _changed_by(official, at)
    with database.writing() as connection:
        return step(connection, agreement, _terms(config, connection, by.at), by)
