"""Adds the tables of agreements on sharing: their versions, what left under them, and whose records who may get.

They are empty in a database of a former program: nothing is shared by agreement until one is applied and approved.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "agreement",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version", _number(), primary_key=True, autoincrement=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("body", "state", "provider", "consumer", "starts", "ends")
        ),
        *(sa.Column(name, sa.Text) for name in ("approved_by_provider", "approved_by_consumer", "suspended_by")),
        sa.Column("changed_at", sa.Text, nullable=False),
    )
    op.create_index("agreement_of_consumer", "agreement", ["consumer"])
    op.create_table(
        "agreement_use",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("agreement", "day", "dossier")),
        sa.Column("records", _number(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "share_scope",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("consumer", "record_type", "provider")),
        sqlite_with_rowid=False,
    )


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
