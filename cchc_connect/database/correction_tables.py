"""The tables of correction requests; `tables` has the others, and registers these with them."""

from sqlalchemy import Column, Index, Table

from cchc_connect.database.columns import BIG_INTEGER, METADATA, optional_text, sequence_key, text_column

correction_request = Table(
    "correction_request",
    METADATA,
    Column("id", BIG_INTEGER, primary_key=True, autoincrement=True),
    text_column("finding"),
    Column("finding_number", BIG_INTEGER),
    *map(text_column, ("record_type", "record_key", "fields")),
    *map(optional_text, ("rule", "connection")),
    *map(text_column, ("owner", "requested_by", "kind", "due_on", "reason")),
    *map(optional_text, ("act", "article", "official", "proposed_value", "explanation")),
    *map(text_column, ("state", "opened_at")),
    *map(optional_text, ("sent_at", "reminded_at", "answered_at", "changed_at", "closed_at")),
    Column("seen_sequence", BIG_INTEGER),
    Index("correction_request_due", "closed_at", "due_on"),
    Index("correction_request_of_record", "record_type", "record_key"),
    comment="What agencies were asked to correct in their records, until when, and how that ended.",
)

correction_event = Table(
    "correction_event",
    METADATA,
    sequence_key("request"),
    sequence_key("event"),
    *map(text_column, ("at", "step", "state", "due_on")),
    *map(optional_text, ("official", "note")),
    text_column("audit_entry"),
    comment="What happened to a correction request, each with its entry in the audit log.",
)
