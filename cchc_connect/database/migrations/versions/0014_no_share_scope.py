"""Drops the table `share_scope`, which nothing read; short because that is one statement.

It was made anew only when an agreement changed, so it went stale by the calendar.
"""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Drop the table."""
    op.drop_table("share_scope")
