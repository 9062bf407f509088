"""Lets what left the grant of a route be withdrawn from its receiver; short because these are two columns.

Every route begins with what left its grant before.

- `delivery.reversals`: how often a message was turned from a record into its withdrawal or back.
- `route.judged`: the sequence up to which what was sent or set aside is judged by the present agreement; null: all is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the columns; every route judges what it sent and set aside."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("delivery", sa.Column("reversals", number, nullable=False, server_default="0"))
    op.add_column("route", sa.Column("judged", number))
    op.execute(sa.text("UPDATE route SET judged = 0 WHERE agreement IS NOT NULL"))
