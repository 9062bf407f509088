"""Adds the state of a listing that lacked an item; short because that is one column.

- `absence.snapshot`: the state as the source names it, which does not confirm the absence. Unknown for absences of
  former programs: any listing confirms them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; no row is changed."""
    op.add_column("absence", sa.Column("snapshot", sa.Text))
