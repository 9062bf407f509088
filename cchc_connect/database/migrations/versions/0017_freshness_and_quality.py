"""Adds the tables of freshness (in which intervals each stream was due, complete and held) and of quality by month.

They are empty in a database of a former program: what was before the first run of this one is not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the tables."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "freshness",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("connection", "record_type", "partition", "state")),
        sa.Column("since", number, primary_key=True, autoincrement=False),
        *(sa.Column(name, number) for name in ("until", "fresh_until", "within_until", "breach_from")),
    )
    op.create_table(
        "quality_month",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("month", "agency", "record_type", "part")),
        *(sa.Column(name, number, nullable=False) for name in ("good", "total")),
    )
