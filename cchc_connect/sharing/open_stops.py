"""Finds what was begun to be suspended or ended and is not on record as done: the command waited and was broken off."""

from sqlalchemy import Connection, select

from cchc_connect.database.audit.chain import COMMANDS_CHAIN
from cchc_connect.database.audit.entries import AuditKind, entry_of_body
from cchc_connect.database.tables import audit_entry

SUSPENDING, ENDING = "suspending", "ending"
"""What the audit entries say while messages may be on their way; `suspended` or `ended` follows."""


def stop_is_open(connection: Connection, reference: str) -> bool:
    """Return whether the last change on record of an agreement, named by id and version, is one that was begun.

    From that entry on every request under the agreement is refused; that nothing is on its way any more is not said.
    """
    body = audit_entry.c.body
    of_agreement = [body.contains(f'"{key}":"{value}"', autoescape=True) for key, value in _members(reference).items()]
    query = select(body).where(audit_entry.c.chain == COMMANDS_CHAIN, *of_agreement)
    last = connection.execute(query.order_by(audit_entry.c.entry.desc()).limit(1)).scalar()
    return last is not None and entry_of_body(last).details["change"] in {SUSPENDING, ENDING}


def _members(reference: str) -> dict[str, str]:
    return {"kind": AuditKind.AGREEMENT.value, "agreement": reference}
