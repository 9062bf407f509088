"""Whether the audit log is protected: sealed in time, with a key that can be verified, and anchored elsewhere."""

from collections.abc import Iterator
from pathlib import Path

from cchc_connect.clock import SystemClock
from cchc_connect.config.audit import AuditTable
from cchc_connect.config.file import Config
from cchc_connect.database.audit.keys import TrustedKey
from cchc_connect.database.audit.sealing import overdue_since
from cchc_connect.database.direct.location import parse_location
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.errors import ConfigurationError
from cchc_connect.sync.audit_sealing import is_sealed_apart, read_seal_key

AUDIT_LOG = "audit_log"
"""Subject of findings about the audit log."""


def audit_findings(config: Config, database: SharedDatabase | None) -> Iterator[Finding]:
    """Yield the findings on seals, keys and anchors.

    Args:
        config: the loaded configuration.
        database: the shared database; None if there is none yet.

    Raises:
        DatabaseUnusable: it cannot be queried.
    """
    audit = config.audit
    if audit.key is None:
        yield Finding.warning(AUDIT_LOG, "audit_check.not_sealed")
        return
    yield from _key_findings(audit)
    if database is not None:
        now = SystemClock().now()
        with database.reading() as connection:
            since = overdue_since(connection, now)
        if since is not None:
            yield Finding.warning(AUDIT_LOG, "audit_check.overdue", {"since": since})
    yield from _anchor_findings(config)


def _key_findings(audit: AuditTable) -> Iterator[Finding]:
    if is_sealed_apart(audit):
        yield Finding.good(AUDIT_LOG, "audit_check.sealed_apart", {"key_id": audit.key_id})
    else:
        try:
            read_seal_key(audit)
        except ConfigurationError as error:
            yield Finding.bad(AUDIT_LOG, error)
        else:
            yield Finding.good(AUDIT_LOG, "audit_check.sealed_here", {"key_id": audit.key_id})
    if audit.key_id not in audit.public_keys:
        yield Finding.warning(AUDIT_LOG, "audit_check.no_public_key", {"key_id": audit.key_id})
    for key_id, public_key in audit.public_keys.items():
        try:
            TrustedKey.read(key_id, public_key.file)
        except ConfigurationError as error:
            yield Finding.bad(AUDIT_LOG, error)


def _anchor_findings(config: Config) -> Iterator[Finding]:
    """Yield what is known of each anchor; of a PostgreSQL server's disk nothing is."""
    if not config.audit.anchors:
        yield Finding.warning(AUDIT_LOG, "audit_check.no_anchor")
    location = parse_location(config.database.url)
    path = location if isinstance(location, Path) else None
    for anchor in config.audit.anchor_files:
        if not anchor.parent.is_dir():
            yield Finding.warning(AUDIT_LOG, "audit_check.anchor_missing", {"path": anchor})
        elif path is not None and path.parent.is_dir() and anchor.parent.stat().st_dev == path.parent.stat().st_dev:
            yield Finding.warning(AUDIT_LOG, "audit_check.anchor_beside", {"path": anchor})
        else:
            yield Finding.good(AUDIT_LOG, "audit_check.anchored", {"path": anchor})
