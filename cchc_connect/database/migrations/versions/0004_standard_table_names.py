"""Tables and columns have the field's standard terms, so that SQL users need no explanation of them.

Before, a non-owner's values were in `voice`, a run's counters in `tally`, the audit log in `journal`; `position` was
a page token in one table and a sequence of the change feed in another. Rows, their order and their ids are kept, and
both databases let views, triggers and privileges follow a renamed table or column. The version table is renamed before
this file runs, as alembic reads it first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = {
    "voice": "claim",
    "link": "record_link",
    "succession": "record_lineage",
    "tally": "run_counter",
    "breaker": "circuit_breaker",
    "pace": "rate_limit",
    "journal": "audit_log",
}
COLUMNS = {
    "cursor": {
        "since": "pass_since",
        "position": "page_token",
        "highest": "checkpoint",
        "reading": "translation_key",
    },
    "discrepancy": {"since": "detected_at", "settled_at": "resolved_at"},
    "record_lineage": {"noted_at": "recorded_at"},
    "run": {"journal_entries": "last_audit_entry"},
    "circuit_breaker": {"closed_until": "retry_at"},
    "route": {"position": "last_sequence"},
    "delivery": {"next_at": "next_attempt_at", "settled_at": "finished_at", "shortened": "shortened_fields"},
}
INDEXES = {
    "voice_of_record": ("claim_of_record", "claim", ["record_type", "record_key"]),
    "voice_item": ("claim_item", "claim", ["record_type", "connection", "item_hash"]),
    "link_back": ("record_link_target", "record_link", ["target_type", "target_key"]),
    "succession_back": ("record_lineage_new_key", "record_lineage", ["record_type", "new_key"]),
}

GENERATED_NAMES = """
SELECT pg_class.relname, pg_constraint.conname, pg_constraint.contype::text, pg_attribute.attname
FROM pg_constraint JOIN pg_class ON pg_class.oid = pg_constraint.conrelid
LEFT JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid AND pg_attribute.attnum = pg_constraint.conkey[1]
WHERE pg_class.relnamespace = current_schema()::regnamespace AND pg_constraint.contype IN ('p', 'n')
"""
"""Constraints that PostgreSQL named by itself: primary keys and, since version 18, NOT NULL."""


def upgrade() -> None:
    """Rename tables, columns, indexes and constraints; no row is written."""
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(sa.text(f'ALTER TABLE "{table}" RENAME COLUMN "{old}" TO "{new}"'))
    for old, (new, table, keys) in INDEXES.items():
        if _is_sqlite():  # which cannot rename an index
            op.drop_index(old, table)
            op.create_index(new, table, keys)
        else:
            op.execute(sa.text(f'ALTER INDEX "{old}" RENAME TO "{new}"'))
    if not _is_sqlite():  # which cannot rename a constraint, and shows its name nowhere
        op.execute(sa.text("ALTER TABLE discrepancy RENAME CONSTRAINT discrepancy_place TO discrepancy_of_field"))
        _rename_generated()
        _keep_former_version_name()


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _rename_generated() -> None:
    """Give generated constraint names the tables' and columns' new names."""
    renamed = {*TABLES.values(), *COLUMNS, "cchc_schema_version"}
    for table, name, kind, column in op.get_bind().execute(sa.text(GENERATED_NAMES)).all():
        expected = f"{table}_pkey" if kind == "p" else f"{table}_{column}_not_null"
        if table in renamed and name != expected:
            op.execute(sa.text(f'ALTER TABLE "{table}" RENAME CONSTRAINT "{name}" TO "{expected}"'))


def _keep_former_version_name() -> None:
    """Let an older program find the schema version, so that it reports a newer database and not a foreign one."""
    op.execute(sa.text("CREATE VIEW cchc_structure AS SELECT version_num FROM cchc_schema_version"))
