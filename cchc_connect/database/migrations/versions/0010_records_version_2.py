"""Adds what the records can say since version 2 of dossiers and procedures, and the tables of five new record types.

- `dossier` and `procedure`: columns of the fields that version 2 adds. They are null, which is "unknown", in every row
  of a former program; the stored documents stay as they are and are read as documents of version 2.
- `tax_notice`, `agency`, `registered_database`, `satisfaction_rating`, `feedback`: new record types.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_NESTED = sa.Text().with_variant(sa.JSON(), "postgresql")

ADDED: Mapping[str, Mapping[str, str]] = {
    "dossier": {
        "text": "receipt_number service_code submitted_via due_original_at refused_at withdrawn_at stopped_at payment"
        " result_code",
        "yes_or_no": "is_authenticated is_signed has_digitised_components has_reused_components result_is_linked",
        "nested": "supplements fees submitted_papers other_papers national_databases result_papers",
    },
    "procedure": {
        "text": "service_level integrated_on decided_on effective_on published_on",
        "yes_or_no": "is_eligible_online is_eligible_full is_on_national_portal has_fee gives_paper_result"
        " accepts_online_payment",
        "nested": "subjects",
    },
}
NEW: Mapping[str, Mapping[str, str]] = {
    "tax_notice": {
        "text": "dossier_code notice_number tax_kind taxpayer_name taxpayer_code issued_at due_on payment_status"
        " transfer_slip_number file_link handler_name note",
        "decimal": "amount_vnd exempted_vnd owed_vnd",
    },
    "agency": {
        "text": "code code_qcvn_102 code_qd_20 name kind parent_code valid_from valid_to legal_act",
        "nested": "successors",
    },
    "registered_database": {
        "text": "code name owner_code owner_name level registered_on registered_by due_on exempt_until exempt_basis",
        "nested": "connections",
    },
    "satisfaction_rating": {
        "text": "code dossier_code procedure_code agency_code agency_name at channel",
        "integer": "overall",
        "yes_or_no": "is_liked has_comment",
        "nested": "criteria",
    },
    "feedback": {
        "text": "code category agency_code agency_name dossier_code procedure_code sender_name sender_id sender_phone"
        " content received_at due_at rejected_at supplement_asked_at answered_at published_at",
        "integer": "likes dislikes",
        "yes_or_no": "is_repeated",
    },
}
_TYPES: Mapping[str, Any] = {
    "text": sa.Text(),
    "integer": sa.Integer(),
    "decimal": sa.Numeric(),
    "yes_or_no": sa.Boolean(),
    "nested": _NESTED,
}


def upgrade() -> None:
    """Add the columns and the tables; no row is changed."""
    for table, added in ADDED.items():
        for column in _columns(added):
            op.add_column(table, column)
    for table, fields in NEW.items():
        _create_record_table(table, fields)


def _create_record_table(name: str, fields: Mapping[str, str]) -> None:
    op.create_table(
        name,
        sa.Column("record_key", sa.Text, primary_key=True),
        *_columns(fields),
        *(sa.Column(column, sa.Text) for column in ("connection", "agency", "partition", "source_key", "source_time")),
        sa.Column("run_id", sa.Text),
        sa.Column("item_hash", sa.LargeBinary),
        sa.Column("version", sa.Integer),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("deleted_at", sa.Text),
        sa.Column("notes", sa.Text),
    )
    live = sa.text("deleted_at IS NULL")
    covered = ["connection", "item_hash", "source_key", "source_time", "partition"]
    op.create_index(f"{name}_source", name, ["connection", "source_key"])
    op.create_index(f"{name}_item", name, covered, sqlite_where=live, postgresql_where=live)


def _columns(names_by_type: Mapping[str, str]) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TYPES[kind]) for kind, names in names_by_type.items() for name in names.split()]
