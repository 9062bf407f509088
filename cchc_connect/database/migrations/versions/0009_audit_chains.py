"""Makes the audit log several chains, with seals, keys of records and a subject index; long because of its tables.

- `audit_entry` takes the place of `audit_log`, whose entries become the chain `runs`. Their bodies and hashes stay as
  they are, so that what was proved by them is proved still.
- `audit_key`, `audit_subject` and `audit_seal` are new.
- `delivery.request_id`: the ids under which a message left last. Unknown for messages of former programs.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables and copy the entries."""
    op.create_table(
        "audit_entry",
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("entry", _number(), primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO audit_entry SELECT 'runs', entry, body, hash FROM audit_log ORDER BY entry")
    op.drop_table("audit_log")
    op.create_table(
        "audit_key",
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("entry", _number(), primary_key=True, autoincrement=False),
        sa.Column("record_type", sa.Text, primary_key=True),
        sa.Column("record_key", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_subject",
        sa.Column("subject", sa.LargeBinary, primary_key=True),
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("entry", _number(), primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_subject_of_entry", "audit_subject", ["chain", "entry"])
    op.create_table(
        "audit_seal",
        sa.Column("id", _number(), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("at", "key_id", "heads", "previous", "signature")),
        sa.Column("anchored_at", sa.Text),
    )
    op.add_column("delivery", sa.Column("request_id", sa.Text))


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
