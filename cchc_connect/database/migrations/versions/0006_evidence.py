"""Adds what proves where the database stands and what its receivers hold.

- `delivery.idempotency_key`: every attempt uses the key of the first one. Messages that may have been sent before keep
  the key that the former programs computed for them.
- `delivery.kind`: a delivery is a record or a withdrawal.
- `route.receiver` and `route.record_types`: what a route sends to whom. Unknown for the routes of former programs: the
  next run stores what the configuration says then.
- `quarantine.source_time`: when the source changed the item, so that an older version does not displace it.
- `lease.clock`, `lease.expires_s`: the lease is judged by one clock; `lease.first_look` by two looks where no clock is
  shared. A lease of a former program that was not given back is over a lease's duration after the first look.
- `absence`: items that a complete listing lacked once. They are deleted when the next one lacks them too.
- `cursor.incomplete_*`: why the last pass does not count as complete, and since when.
- `cursor.pass_shown`: how many items the pass in progress has shown, to compare a resumed one with the total.
- `cursor.shrink_accepted_at`: when an operator last accepted that many records vanish.
- `maintenance.value`: the epoch, which tells this database from its copies and former states.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; no row is changed but for the keys of messages that may have been sent."""
    op.add_column("delivery", sa.Column("idempotency_key", sa.Text))
    op.add_column("delivery", sa.Column("kind", sa.Text, nullable=False, server_default="record"))
    op.add_column("route", sa.Column("receiver", sa.Text))
    op.add_column("route", sa.Column("record_types", sa.Text))
    op.add_column("quarantine", sa.Column("source_time", sa.Text))
    op.add_column("lease", sa.Column("clock", sa.Text))
    op.add_column("lease", sa.Column("expires_s", sa.Float(53)))
    op.add_column("lease", sa.Column("first_look", sa.Text))
    op.add_column("maintenance", sa.Column("value", sa.Text))
    op.add_column("cursor", sa.Column("pass_shown", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    for name in ("incomplete_code", "incomplete_context", "incomplete_since", "shrink_accepted_at"):
        op.add_column("cursor", sa.Column(name, sa.Text))
    keys = ("connection", "record_type", "partition", "source_key")
    op.create_table(
        "absence",
        *(sa.Column(name, sa.Text, primary_key=True) for name in keys),
        sa.Column("noticed_at", sa.Text, nullable=False),
    )
    _keep_former_keys()


def _keep_former_keys() -> None:
    """Store the key of each message that is not delivered: it may have been sent, and its answer lost."""
    names = ("route", "sequence", "record_type", "record_key", "state", "idempotency_key")
    columns: dict[str, sa.ColumnClause[str]] = {name: sa.column(name) for name in names}
    delivery, connection = sa.table("delivery", *columns.values()), op.get_bind()
    identity = [columns[name] for name in ("route", "record_type", "record_key", "sequence")]
    open_rows = sa.select(*identity).where(columns["state"] != "delivered")
    for row in connection.execute(open_rows).all():
        former = hashlib.sha256("/".join(map(str, row)).encode()).hexdigest()[:32]
        is_row = (columns["route"] == row.route) & (columns["sequence"] == row.sequence)
        connection.execute(sa.update(delivery).where(is_row).values(idempotency_key=former))
