"""Adds the tables of correction requests, and to a discrepancy a due day and the official in charge.

They are empty in a database of a former program: nobody was asked to correct anything, and nothing is due.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the tables and add the columns."""
    for name in ("due_on", "official"):
        op.add_column("discrepancy", sa.Column(name, sa.Text))
    op.create_table(
        "correction_request",
        sa.Column("id", _number(), primary_key=True, autoincrement=True),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("finding_number", _number()),
        *_texts("record_type", "record_key", "fields"),
        *_optional_texts("rule", "connection"),
        *_texts("owner", "requested_by", "kind", "due_on", "reason"),
        *_optional_texts("act", "article", "official", "proposed_value", "explanation"),
        *_texts("state", "opened_at"),
        *_optional_texts("sent_at", "reminded_at", "answered_at", "changed_at", "closed_at"),
        sa.Column("seen_sequence", _number()),
    )
    op.create_index("correction_request_due", "correction_request", ["closed_at", "due_on"])
    op.create_index("correction_request_of_record", "correction_request", ["record_type", "record_key"])
    op.create_table(
        "correction_event",
        *(sa.Column(name, _number(), primary_key=True, autoincrement=False) for name in ("request", "event")),
        *_texts("at", "step", "state", "due_on"),
        *_optional_texts("official", "note"),
        *_texts("audit_entry"),
    )


def _texts(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _optional_texts(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.Text) for name in names]


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
