"""What becomes of agreements when the shared database went back: a backup says nothing of what was suspended since."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from cchc_connect.sharing.agreements import AgreementState
from cchc_connect.sharing.facts import IN_USE, decisive_versions
from cchc_connect.sharing.life_cycle import ChangedBy, record_change
from cchc_connect.sharing.stored_agreements import store_agreement, stored_agreements

SUSPENDED_AFTER_RESTORE = "suspended_after_restore"
"""What the audit entry says of it."""


def suspend_after_restore(connection: Connection, at: datetime) -> Sequence[str]:
    """Suspend every agreement that both agencies approved, in a write transaction; return id and version of each.

    One of them may have been suspended or ended after the backup. The provider's data officer resumes what still holds.
    `at` is aware.
    """
    approved = [each for each in decisive_versions(stored_agreements(connection)) if each.state in IN_USE]
    for each in approved:
        suspended = replace(each, state=AgreementState.SUSPENDED, suspended_by=each.agreement.provider)
        store_agreement(connection, suspended, at)
        record_change(connection, suspended, ChangedBy(official=None, at=at), SUSPENDED_AFTER_RESTORE)
    return [each.agreement.reference for each in approved]
