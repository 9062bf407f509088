"""Writes what a command does into the audit log; short because it is the one way without a run's lease."""

from cchc_connect.database.audit.chain import COMMANDS_CHAIN, EntryNumber
from cchc_connect.database.audit.entries import AuditEntry, append
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects
from cchc_connect.database.replay import replayed_write
from cchc_connect.database.shared_database import SharedDatabase


def record_command(database: SharedDatabase, entry: AuditEntry, subjects: Subjects = NO_SUBJECTS) -> EntryNumber:
    """Commit an entry of the chain of commands and return its number; afterwards its records may be shown or sent.

    No lease is needed, and a run may go on beside it.

    Raises:
        DatabaseUnusable: the database failed, and nothing may be shown.
    """
    return replayed_write(
        database, lambda connection: append(connection, entry, chain=COMMANDS_CHAIN, subjects=subjects)
    )
