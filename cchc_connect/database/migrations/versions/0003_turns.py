"""Processes that ask one system share its quota: when the next of them may ask stands in the database.

Before, each process counted for itself, and two of them drew refusals that neither had earned alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of turns."""
    op.create_table(
        "pace",
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("next_free_at", sa.Text, nullable=False),
    )
