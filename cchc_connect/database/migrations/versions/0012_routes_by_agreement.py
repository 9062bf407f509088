"""Adds by which agreement a route sends, and which run is sending; short because these are two columns.

- `route.agreement`: id and version, `ID@VERSION`, that it last sent by.
- `route.sending`: fencing token of that run; null while none is sending.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; no row is changed."""
    op.add_column("route", sa.Column("agreement", sa.Text))
    op.add_column("route", sa.Column("sending", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
