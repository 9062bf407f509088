"""Tables, columns and stored codes have the field's standard terms, so that SQL users need no explanation of them.

Before, a non-owner's values were in `voice`, a run's counters in `tally`, the audit log in `journal`; `position` was
a page token in one table and a sequence of the change feed in another. Rows, their order and their ids are kept, and
both databases let views, triggers and privileges follow a renamed table or column. The version table is renamed before
this file runs, as alembic reads it first. Error codes and reports are stored as the programs of that time wrote them;
they are rewritten, as the message catalogue has no sentence for a former code.
"""

import json
from collections.abc import Mapping
from typing import Any

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

CODE_RENAMES = {
    ("source", "source"): {"position_unusable": "page_token_unusable"},
    ("breaker", "circuit_breaker"): {"open": "open", "parked": "paused"},
    ("reconcile", "reconcile"): {"shows_fewer": "listing_incomplete"},
    ("transport", "transport"): {
        "broken": "connection_lost",
        "deadline": "deadline_exceeded",
        "encoding": "compression_not_requested",
        "no_turn": "quota_exhausted",
        "not_understood": "response_unexpected",
        "question_refused": "request_refused",
        "silent": "no_response",
    },
    ("signature", "signature"): {
        "algorithm": "algorithm_not_allowed",
        "audience": "audience_unexpected",
        "critical": "extension_unknown",
        "foreign_key": "key_embedded",
        "issuer": "issuer_unexpected",
        "repeated": "replayed",
        "too_long": "lifetime_too_long",
        "wrong": "mismatch",
    },
    ("inbox", "drop_folder"): {
        "changed": "changed",
        "damaged": "damaged",
        "encrypted": "encrypted",
        "gone": "missing",
        "kind": "not_a_file",
        "linked": "hard_link",
        "method": "compression_method",
        "name": "name_refused",
        "name_twice": "duplicate_name",
        "size": "size_mismatch",
        "too_much": "limit_exceeded",
        "unreadable": "unreadable",
    },
    ("sheet", "spreadsheet"): {
        "damaged": "damaged",
        "header": "header_mismatch",
        "ragged": "row_length",
        "too_long": "too_many_rows",
        "unreadable": "cell_unreadable",
    },
}
"""Former and present table of the message catalogue, with former and present keys.

Only codes that can be stored: an error that ends the run, such as a fault of the configuration, is stored nowhere.
"""

CODES = {
    f"{former_table}.{former}": f"{table}.{key}"
    for (former_table, table), keys in CODE_RENAMES.items()
    for former, key in keys.items()
}

CODE_COLUMNS = {"cursor": "held_code", "route": "held_code", "delivery": "reason"}

REPORT_KEYS = {"rehearsal": "dry_run"}
CURSOR_KEYS = {"position": "page_token"}
CURSORS = ("cursor_before", "cursor_after")

GENERATED_NAMES = """
SELECT pg_class.relname, pg_constraint.conname, pg_constraint.contype::text, pg_attribute.attname
FROM pg_constraint JOIN pg_class ON pg_class.oid = pg_constraint.conrelid
LEFT JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid AND pg_attribute.attnum = pg_constraint.conkey[1]
WHERE pg_class.relnamespace = current_schema()::regnamespace AND pg_constraint.contype IN ('p', 'n')
"""
"""Constraints that PostgreSQL named by itself: primary keys and, since version 18, NOT NULL."""


def upgrade() -> None:
    """Rename tables, columns, indexes and constraints; rewrite only rows with former codes, and reports."""
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(sa.text(f'ALTER TABLE "{table}" RENAME COLUMN "{old}" TO "{new}"'))
    for old, (new, table, indexed) in INDEXES.items():
        if _is_sqlite():  # SQLite cannot rename an index
            op.drop_index(old, table)
            op.create_index(new, table, indexed)
        else:
            op.execute(sa.text(f'ALTER INDEX "{old}" RENAME TO "{new}"'))
    if not _is_sqlite():  # SQLite cannot rename a constraint, and shows its name nowhere
        op.execute(sa.text("ALTER TABLE discrepancy RENAME CONSTRAINT discrepancy_place TO discrepancy_of_field"))
        _rename_generated()
        _keep_former_version_name()
    for table, column in CODE_COLUMNS.items():
        _rewrite_codes(table, column)
    _rewrite_reports()


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
    """Let an older program find the schema version, so that it reports a newer database and not a foreign one.

    SQLite needs no such view: programs read the version from the file's header.
    """
    op.execute(sa.text("CREATE VIEW cchc_structure AS SELECT version_num FROM cchc_schema_version"))


def _rewrite_codes(table: str, name: str) -> None:
    code: sa.ColumnClause[str] = sa.column(name, sa.Text)
    present = sa.case(CODES, value=code)
    op.execute(sa.update(sa.table(table, code)).where(code.in_(CODES)).values({name: present}))


def _rewrite_reports() -> None:
    """Rewrite one report at a time, as all of them together may be large."""
    run_id: sa.ColumnClause[str] = sa.column("run_id", sa.Text)
    report: sa.ColumnClause[str] = sa.column("report", sa.Text)
    run = sa.table("run", run_id, report)
    connection = op.get_bind()
    for stored in connection.scalars(sa.select(run_id).where(report.is_not(None))).all():
        former = json.loads(connection.execute(sa.select(report).where(run_id == stored)).scalar_one())
        present = json.dumps(_present_report(former), ensure_ascii=False)
        connection.execute(sa.update(run).where(run_id == stored).values(report=present))


def _present_report(report: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**_with_keys(report, REPORT_KEYS), "lines": [_present_line(line) for line in report["lines"]]}


def _present_line(line: Mapping[str, Any]) -> Mapping[str, Any]:
    present = dict(line)
    for name in CURSORS:
        if present.get(name) is not None:
            present[name] = _with_keys(present[name], CURSOR_KEYS)
    reason = present["reason"]
    if reason is not None:
        present["reason"] = {**reason, "code": CODES.get(reason["code"], reason["code"])}
    return present


def _with_keys(document: Mapping[str, Any], renamed: Mapping[str, str]) -> Mapping[str, Any]:
    return {renamed.get(key, key): value for key, value in document.items()}
