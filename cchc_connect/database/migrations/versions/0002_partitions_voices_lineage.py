"""A source may be read in partitions, claims of non-owners have a table, and keys that changed are linked.

Before, a listing in partitions had one cursor and one row of counters for all of them, an unchanged item of a
non-owner was parsed again in each run, a discrepancy had no state, and a renumbered parcel was a delete and an insert
that could not be joined. Tables have the names that they had then; 0004 renames them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

RECORDS = (
    "land_parcel",
    "land_change",
    "construction_permit",
    "construction_works",
    "procedure",
    "dossier",
    "dossier_step",
)
DEFAULT = sa.text("''")


def upgrade() -> None:
    """Keep every row; tables whose primary key grew are created again and filled from the old ones."""
    for name in RECORDS:
        _record(name)
    op.add_column("change", sa.Column("valid_from", sa.Text))
    op.add_column("change", sa.Column("valid_to", sa.Text))
    op.add_column("quarantine", sa.Column("partition", sa.Text, nullable=False, server_default=DEFAULT))
    op.add_column("delivery", sa.Column("shortened", sa.Text))
    op.drop_index("delivery_of_record", "delivery")
    op.create_index("delivery_of_record", "delivery", ["route", "record_key", "state", "record_type"])
    _cursor()
    _discrepancy()
    _tally()
    _new_tables()


def _record(name: str) -> None:
    op.add_column(name, sa.Column("partition", sa.Text))
    op.execute(sa.text(f"UPDATE {name} SET partition = ''"))  # noqa: S608  # names stand above
    live = sa.text("deleted_at IS NULL")
    covered = ["connection", "item_hash", "source_key", "source_time", "partition"]
    op.create_index(f"{name}_item", name, covered, sqlite_where=live, postgresql_where=live)


def _cursor() -> None:
    columns = (
        "connection, record_type, watermark, since, position, highest, reading, held_code, held_context, held_since"
    )
    op.rename_table("cursor", "cursor_1")
    op.create_table(
        "cursor",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("connection", "record_type", "partition")),
        *(sa.Column(name, sa.Text) for name in columns.split(", ")[2:]),
        sa.Column("completed_at", sa.Text),
    )
    # Partitions are new: streams read before had one, without a name.
    op.execute(
        sa.text(
            f"INSERT INTO cursor (partition, {columns}, completed_at) SELECT '', {columns}, completed_at FROM cursor_1"  # noqa: S608  # names stand above
        )
    )
    op.drop_table("cursor_1")


def _discrepancy() -> None:
    columns = "record_type, record_key, field, connection, value, owner_value, owner, since"
    op.rename_table("discrepancy", "discrepancy_1")
    op.create_table(
        "discrepancy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=name.endswith("value")) for name in columns.split(", ")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("settled_at", sa.Text),
        sa.UniqueConstraint("record_type", "record_key", "field", "connection", name="discrepancy_place"),
    )
    op.execute(
        sa.text(f"INSERT INTO discrepancy ({columns}, state) SELECT {columns}, 'open' FROM discrepancy_1")  # noqa: S608  # as above
    )
    op.drop_table("discrepancy_1")


def _tally() -> None:
    columns = "run_id, kind, name, record_type, counts"
    op.rename_table("tally", "tally_1")
    op.create_table(
        "tally",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("run_id", "kind", "name", "record_type")),
        sa.Column("partition", sa.Text, primary_key=True),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.execute(
        sa.text(f"INSERT INTO tally (partition, {columns}) SELECT '', {columns} FROM tally_1")  # noqa: S608  # as above
    )
    op.drop_table("tally_1")


def _new_tables() -> None:
    def text(*names: str, key: bool = False, nullable: bool = False) -> "list[sa.Column[str]]":
        return [sa.Column(name, sa.Text, primary_key=key, nullable=nullable) for name in names]

    op.create_table(
        "voice",
        *text("record_type", "connection", "source_key", key=True),
        *text("agency", "partition", "record_key"),
        sa.Column("item_hash", sa.LargeBinary, nullable=False),
        *text("source_time", nullable=True),
        *text("document"),
    )
    op.create_index("voice_of_record", "voice", ["record_type", "record_key"])
    op.create_index("voice_item", "voice", ["record_type", "connection", "item_hash"])
    op.create_table(
        "succession",
        *text("record_type", "old_key", "new_key", key=True),
        *text("kind"),
        *text("happened_at", nullable=True),
        *text("evidence", "noted_at"),
    )
    op.create_index("succession_back", "succession", ["record_type", "new_key"])
    op.create_table(
        "breaker",
        *text("connection", key=True),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *text("opened_at", "closed_until"),
    )
