"""Adds shared rate limits, because processes that each counted their own requests exceeded a quota together."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table of rate limits, with the name that it had then."""
    op.create_table(
        "pace",
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("next_free_at", sa.Text, nullable=False),
    )
