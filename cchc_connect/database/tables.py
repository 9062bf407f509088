"""The engine's tables of the shared database; `record_tables` holds those of the records.

Any SQL tool of an agency may read them, so their names are API: a new name needs a migration (`migrations`).

`change` is the history, the audit trail and the outgoing feed in one; rows are only added, and old ones deleted by a
purge. Instants are text in UTC, `2021-09-27T01:15:00.000000Z`, which sorts in time order on every database.
"""

from sqlalchemy import Column, Float, Index, LargeBinary, Table, Text, UniqueConstraint

from cchc_connect.database.columns import (
    BIG_INTEGER as BIG_INTEGER,  # noqa: PLC0414  # whoever uses the tables has it from here
    METADATA as METADATA,  # noqa: PLC0414  # as above
    key_column as _key,
    number_column as _number,
    optional_text as _optional,
    sequence_key as _sequence_key,
    text_column as _text,
)
from cchc_connect.database.correction_tables import (
    correction_event as correction_event,  # noqa: PLC0414  # as above, and so all tables are known
    correction_request as correction_request,  # noqa: PLC0414  # as above
)
from cchc_connect.database.direct.layout import VERSION_TABLE
from cchc_connect.database.kpi_tables import kpi_fact as kpi_fact  # noqa: PLC0414  # so all tables are known

schema_version = Table(
    VERSION_TABLE,
    METADATA,
    _key("version_num"),
    comment="Schema version of these tables.",
)

DELETE, RENUMBER = "delete", "renumber"
GONE = frozenset({DELETE, RENUMBER})
"""Operations of `change` after which a record is no longer live; the others are insert, update and restore."""

HASH_BYTES = 16
"""Bytes of the hash of an item; a mark in its place has fewer or more.

With 128 bits, a collision between two items of one key is less likely than a memory error.
"""

NO_KNOWN_FORM = b""
"""Hash of an item that is not recognised when it comes again: the source did not show it when it listed everything, its
change time cannot be read, or its source key names another record now.
"""

change = Table(
    "change",
    METADATA,
    _sequence_key("sequence"),
    _text("record_type"),
    _text("record_key"),
    _text("order_key"),
    _text("operation"),
    _number("version"),
    _text("document"),
    _text("connection"),
    _text("run_id"),
    _text("changed_at"),
    _optional("valid_from"),
    _optional("valid_to"),
    Index("change_of_record", "record_type", "record_key", "sequence"),
    comment="Every version of every record, in commit order; a purge deletes old versions, never the latest.",
)

cursor = Table(
    "cursor",
    METADATA,
    _key("connection"),
    _key("record_type"),
    _key("partition"),
    _optional("watermark"),
    _optional("pass_since"),
    _optional("page_token"),
    _optional("checkpoint"),
    _optional("translation_key"),
    _optional("held_code"),
    _optional("held_context"),
    _optional("held_since"),
    _optional("completed_at"),
    Column("pass_shown", BIG_INTEGER),
    _optional("incomplete_code"),
    _optional("incomplete_context"),
    _optional("incomplete_since"),
    _optional("shrink_accepted_at"),
    comment="How far each stream was read, one row per partition, and why a stream is on hold or incomplete.",
)

freshness = Table(
    "freshness",
    METADATA,
    *map(_key, ("connection", "record_type", "partition", "state")),
    _sequence_key("since"),
    *(Column(name, BIG_INTEGER) for name in ("until", "fresh_until", "within_until", "breach_from")),
    comment="Intervals, in seconds since 1970 (UTC), in which a stream was due, complete or held.",
)

quality_month = Table(
    "quality_month",
    METADATA,
    *map(_key, ("month", "agency", "record_type", "part")),
    *map(_number, ("good", "total")),
    comment="Quality of agencies' records at the end of each month: what is good of how many, by part of the score.",
)

absence = Table(
    "absence",
    METADATA,
    _key("connection"),
    _key("record_type"),
    _key("partition"),
    _key("source_key"),
    _text("noticed_at"),
    _optional("snapshot"),
    comment="Items that a complete listing lacked once; they are deleted when the next one lacks them too.",
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", BIG_INTEGER, primary_key=True, autoincrement=True),
    *map(_text, ("connection", "record_type", "partition", "source_key")),
    _optional("item"),
    Column("item_hash", LargeBinary, nullable=False),
    _text("faults"),
    _text("run_id"),
    _text("first_seen"),
    _optional("resolved_at"),
    _optional("source_time"),
    Index("quarantine_open", "connection", "record_type", "source_key"),
    comment="Wire items that did not become records: raw form and all faults; open while resolved_at is null.",
)

source_property = Table(
    "source_property",
    METADATA,
    _key("connection"),
    _key("record_type"),
    _key("property"),
    _number("items"),
    _number("present"),
    _number("filled"),
    _text("kinds"),
    _text("words"),
    _number("is_read"),
    _optional("first_seen"),
    _optional("last_seen"),
    comment="Each property of a source's items: how often it was there and filled, and the kinds of its values.",
)

drift = Table(
    "drift",
    METADATA,
    _key("connection"),
    _key("record_type"),
    _key("property"),
    _key("kind"),
    _text("detail"),
    _number("affected"),
    _number("items"),
    _text("state"),
    _text("run_id"),
    _text("detected_at"),
    _optional("because"),
    _optional("accepted_at"),
    comment="What a source sends otherwise than before: held before it overwrites anything, told, or accepted.",
)

claim = Table(
    "claim",
    METADATA,
    _key("record_type"),
    _key("connection"),
    _key("source_key"),
    _text("agency"),
    _text("partition"),
    _text("record_key"),
    Column("item_hash", LargeBinary, nullable=False),
    _optional("source_time"),
    _text("document"),
    Index("claim_of_record", "record_type", "record_key"),
    Index("claim_item", "record_type", "connection", "item_hash"),
    comment="Values that a connection sends for records which another connection owns.",
)

discrepancy = Table(
    "discrepancy",
    METADATA,
    Column("id", BIG_INTEGER, primary_key=True, autoincrement=True),
    *map(_text, ("record_type", "record_key", "field", "connection")),
    _optional("value"),
    _optional("owner_value"),
    _text("owner"),
    *map(_text, ("detected_at", "state")),
    *map(_optional, ("note", "resolved_at", "due_on", "official")),
    UniqueConstraint("record_type", "record_key", "field", "connection", name="discrepancy_of_field"),
    comment="A claim's value of a field that differs from the owner's value, with its state.",
)

record_link = Table(
    "record_link",
    METADATA,
    *map(_key, ("record_type", "record_key", "target_type", "target_key")),
    Index("record_link_target", "target_type", "target_key"),
    comment="Which record refers to which: permits to dossiers and parcels, parcels to their former numbers.",
)

record_lineage = Table(
    "record_lineage",
    METADATA,
    *map(_key, ("record_type", "old_key", "new_key")),
    _text("kind"),
    _optional("happened_at"),
    _text("evidence"),
    _text("recorded_at"),
    Index("record_lineage_new_key", "record_type", "new_key"),
    comment="Which keys replaced which: parcels renumbered, split, merged.",
)

run = Table(
    "run",
    METADATA,
    _key("run_id"),
    _text("started_at"),
    _optional("finished_at"),
    _optional("outcome"),
    _optional("report"),
    Column("last_audit_entry", BIG_INTEGER),
    comment="Every run; one without finished_at was killed or is still running.",
)

run_counter = Table(
    "run_counter",
    METADATA,
    _key("run_id"),
    _key("kind"),
    _key("name"),
    _key("record_type"),
    _key("partition"),
    _text("counts"),
    comment="Counters of a run by source, partition and route; committed with the pages they count.",
)

lease = Table(
    "lease",
    METADATA,
    _key("name"),
    _text("holder"),
    _number("token"),
    _text("expires_at"),
    _optional("clock"),
    Column("expires_s", Float(53)),
    _optional("first_look"),
    comment="Which run may write; its fencing token is checked in every write transaction.",
)

circuit_breaker = Table(
    "circuit_breaker",
    METADATA,
    _key("connection"),
    _number("failures"),
    _text("opened_at"),
    _text("retry_at"),
    comment="Connections that failed in consecutive runs or asked for a pause, and when they are tried again.",
)

rate_limit = Table(
    "rate_limit",
    METADATA,
    _key("connection"),
    _text("next_free_at"),
    comment="When the next request to a connection with a quota may be sent; shared by all processes.",
)

route = Table(
    "route",
    METADATA,
    _key("name"),
    _number("last_sequence"),
    *map(_optional, ("held_code", "held_context", "receiver", "record_types", "agreement")),
    Column("sending", BIG_INTEGER),
    Column("judged", BIG_INTEGER),
    comment="Last sequence that each route read from the change feed, its hold, and by which agreement it sends.",
)

delivery = Table(
    "delivery",
    METADATA,
    _key("route"),
    _sequence_key("sequence"),
    *map(_text, ("record_type", "record_key", "order_key", "state")),
    _number("attempts"),
    _optional("next_attempt_at"),
    _text("reason"),
    _optional("finished_at"),
    _optional("shortened_fields"),
    _optional("idempotency_key"),
    Column("kind", Text, nullable=False, server_default="record"),
    _optional("request_id"),
    Column("reversals", BIG_INTEGER, nullable=False, server_default="0"),
    Index("delivery_open", "route", "state", "sequence"),
    Index("delivery_in_order", "route", "order_key", "state", "sequence"),
    Index("delivery_of_record", "route", "record_key", "state", "record_type"),
    comment="One message for one change on one route: waiting, delivered or dead.",
)

audit_entry = Table(
    "audit_entry",
    METADATA,
    _key("chain"),
    _sequence_key("entry"),
    _text("body"),
    _text("hash"),
    comment="Who had which records, why and on which legal basis; each hash covers the entry and the hash before.",
)

audit_key = Table(
    "audit_key",
    METADATA,
    _key("chain"),
    _sequence_key("entry"),
    *map(_key, ("record_type", "record_key")),
    sqlite_with_rowid=False,
    comment="Keys of entries that have too many for their body, which holds their number and digest.",
)

audit_subject = Table(
    "audit_subject",
    METADATA,
    Column("subject", LargeBinary, primary_key=True),
    _key("key_id"),
    _key("chain"),
    _sequence_key("entry"),
    Index("audit_subject_of_entry", "chain", "entry"),
    sqlite_with_rowid=False,
    comment="Which entries released a person's data: keyed hashes of identity numbers, with a key for each year.",
)

audit_seal = Table(
    "audit_seal",
    METADATA,
    _sequence_key("id"),
    _text("at"),
    _text("key_id"),
    _text("heads"),
    _text("previous"),
    _text("signature"),
    _optional("anchored_at"),
    comment="Signed lists of the last entry of each chain; each covers the seal before.",
)

maintenance = Table(
    "maintenance",
    METADATA,
    _key("name"),
    _text("done_at"),
    _number("sequence"),
    _optional("instant"),
    _optional("value"),
    comment="What purges and restores did last, from where on feed and history are complete, and the epoch.",
)

agreement = Table(
    "agreement",
    METADATA,
    _key("id"),
    _sequence_key("version"),
    *map(_text, ("body", "state", "provider", "consumer", "starts", "ends")),
    *map(_optional, ("approved_by_provider", "approved_by_consumer", "suspended_by")),
    _text("changed_at"),
    Index("agreement_of_consumer", "consumer"),
    comment="Agreements on sharing in all their versions; approvals are ids of officials.",
)

agreement_use = Table(
    "agreement_use",
    METADATA,
    *map(_key, ("agreement", "day", "dossier")),
    _number("records"),
    sqlite_with_rowid=False,
    comment="How many records left under an agreement on a Vietnamese day for a dossier; quotas are counted by it.",
)
