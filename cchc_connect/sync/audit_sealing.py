"""Sealing the audit log as `[audit]` says: at the end of a run, each minute by a resident process, and by command.

A run never fails because the log cannot be sealed. But what waits too long for its seal stops pushes.
"""

import logging

from cchc_connect.clock import Clock, SystemClock, to_timestamp_text
from cchc_connect.config.audit import AuditTable
from cchc_connect.config.file import Config
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.sealing import SealReport, overdue_since, seal_log
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import CchcError, ConfigurationError, SourceHeld
from cchc_connect.sync.run_context import RunContext

log = logging.getLogger("cchc_connect.sync")


def seal_audit_log(config: Config, database: SharedDatabase, *, clock: Clock | None = None) -> SealReport:
    """Seal the audit log with the key of `[audit]`, and append the seal to its anchors.

    Args:
        config: the loaded configuration.
        database: the shared database.
        clock: gives the instant of the seal; None: the system clock.

    Raises:
        ConfigurationError: there is no key, or this user cannot read it, or the extra `sign` is not installed.
        DatabaseUnusable: the database failed.
    """
    now = (clock or SystemClock()).now()
    return seal_log(database, read_seal_key(config.audit), config.audit.anchor_files, now)


def read_seal_key(audit: AuditTable) -> SealKey:
    """Return the key with which seals are made.

    Raises:
        ConfigurationError: there is none, this user cannot read it, it is unusable, or the extra `sign` is missing.
    """
    if audit.key is None:
        raise ConfigurationError("audit.no_key")
    return SealKey.read(audit.key_id, audit.key.reveal())


def subject_keys_of(audit: AuditTable) -> SubjectKeys | None:
    """Return the keys of the subject index, None if the configuration names none."""
    return None if audit.subject_keys is None else SubjectKeys(audit.subject_keys)


def is_sealed_apart(audit: AuditTable) -> bool:
    """Return whether the key belongs to another user, who runs `audit seal`."""
    try:
        if audit.key is not None:
            audit.key.reveal()
    except ConfigurationError as error:
        return isinstance(error.__cause__, PermissionError)
    return False


def seal_quietly(config: Config, database: SharedDatabase, clock: Clock) -> None:
    """Seal the audit log if a key is configured that this user may read; a failure is logged."""
    if config.audit.key is None or is_sealed_apart(config.audit):
        return
    try:
        report = seal_audit_log(config, database, clock=clock)
    except CchcError as error:
        log.warning("the audit log was not sealed: %s", error.code)
        return
    for fault in report.anchor_faults:
        log.warning("an anchor did not get the seal: %s", fault.code)


def seal_if_overdue(config: Config, run_context: RunContext) -> None:
    """Seal before a push what has waited too long, such as the entries before a key was configured."""
    now = run_context.clock.now()
    if config.audit.key is not None and run_context.read(lambda connection: overdue_since(connection, now)):
        seal_quietly(config, run_context.database, run_context.clock)


def require_sealed(audit: AuditTable, run_context: RunContext) -> None:
    """Check that the audit log is being sealed, where a key is configured.

    Raises:
        SourceHeld: an entry waits for its seal for more than four hours (`audit.sealing_down`).
    """
    if audit.key is None:
        return
    now = run_context.clock.now()
    since = run_context.read(lambda connection: overdue_since(connection, now))
    if since is not None:
        raise SourceHeld("audit.sealing_down", since=to_timestamp_text(since))
