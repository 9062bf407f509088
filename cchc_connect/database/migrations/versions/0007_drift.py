"""Adds what shows that a source sends something else than before.

- `source_property`: each property of a source's items, how often it was there, filled, and of which kinds.
- `drift`: what changed in what a source sends, and whether a person accepted it.

Both are empty at first: the next run of each source learns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "source_property",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("connection", "record_type", "property")),
        *(sa.Column(name, _NUMBER, nullable=False) for name in ("items", "present", "filled")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kinds", "words")),
        sa.Column("is_read", _NUMBER, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("first_seen", "last_seen")),
    )
    op.create_table(
        "drift",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("connection", "record_type", "property", "kind")),
        sa.Column("detail", sa.Text, nullable=False),
        *(sa.Column(name, _NUMBER, nullable=False) for name in ("affected", "items")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("state", "run_id", "detected_at")),
        *(sa.Column(name, sa.Text) for name in ("because", "accepted_at")),
    )
