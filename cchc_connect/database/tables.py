"""The tables of the shared database beside those of the records: what happened, how far, and why not.

`change` is at once history, audit and outgoing feed; it only grows. Instants are text in UTC,
`2021-09-27T01:15:00.000000Z`, which sorts as time does, on every database.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

METADATA = MetaData()

STRUCTURE_VERSION = 3
"""Raised with every change of the tables; the change itself stands in `migrations`."""

BIG = BigInteger().with_variant(Integer(), "sqlite")
"""A number that may pass two thousand millions; SQLite numbers rows by plain INTEGER only."""


def _key(name: str) -> "Column[Any]":
    return Column(name, Text, primary_key=True)


def _text(name: str) -> "Column[Any]":
    return Column(name, Text, nullable=False)


def _maybe(name: str) -> "Column[Any]":
    return Column(name, Text)


def _number(name: str) -> "Column[Any]":
    return Column(name, BIG, nullable=False)


def _numbered(name: str) -> "Column[Any]":
    """Return a key that the engine counts itself, under the write lock: no number is ever missing."""
    return Column(name, BIG, primary_key=True, autoincrement=False)


structure = Table(
    "cchc_structure",
    METADATA,
    _key("version_num"),
    comment="Version of these tables.",
)

change = Table(
    "change",
    METADATA,
    _numbered("sequence"),
    _text("record_type"),
    _text("record_key"),
    _text("order_key"),
    _text("operation"),
    _number("version"),
    _text("document"),
    _text("connection"),
    _text("run_id"),
    _text("changed_at"),
    _maybe("valid_from"),
    _maybe("valid_to"),
    Index("change_of_record", "record_type", "record_key", "sequence"),
    comment="Every version of every record, in the order in which it was committed; it only grows.",
)

cursor = Table(
    "cursor",
    METADATA,
    _key("connection"),
    _key("record_type"),
    _key("partition"),
    _maybe("watermark"),
    _maybe("since"),
    _maybe("position"),
    _maybe("highest"),
    _maybe("reading"),
    _maybe("held_code"),
    _maybe("held_context"),
    _maybe("held_since"),
    _maybe("completed_at"),
    comment="How far each source was read, partition by partition, and why one is held.",
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", BIG, primary_key=True, autoincrement=True),
    _text("connection"),
    _text("record_type"),
    _text("partition"),
    _text("source_key"),
    _maybe("item"),
    Column("item_hash", LargeBinary, nullable=False),
    _text("faults"),
    _text("run_id"),
    _text("first_seen"),
    _maybe("resolved_at"),
    Index("quarantine_open", "connection", "record_type", "source_key"),
    comment="Items that became no record: the raw form and every fault; open while resolved_at is empty.",
)

voice = Table(
    "voice",
    METADATA,
    _key("record_type"),
    _key("connection"),
    _key("source_key"),
    _text("agency"),
    _text("partition"),
    _text("record_key"),
    Column("item_hash", LargeBinary, nullable=False),
    _maybe("source_time"),
    _text("document"),
    Index("voice_of_record", "record_type", "record_key"),
    Index("voice_item", "record_type", "connection", "item_hash"),
    comment="What a connection says of records that are another's.",
)

discrepancy = Table(
    "discrepancy",
    METADATA,
    Column("id", BIG, primary_key=True, autoincrement=True),
    _text("record_type"),
    _text("record_key"),
    _text("field"),
    _text("connection"),
    _maybe("value"),
    _maybe("owner_value"),
    _text("owner"),
    _text("since"),
    _text("state"),
    _maybe("note"),
    _maybe("settled_at"),
    UniqueConstraint("record_type", "record_key", "field", "connection", name="discrepancy_place"),
    comment="What another agency says of a fact that is not its own, beside the owner's value.",
)

link = Table(
    "link",
    METADATA,
    _key("record_type"),
    _key("record_key"),
    _key("target_type"),
    _key("target_key"),
    Index("link_back", "target_type", "target_key"),
    comment="Which record speaks of which: permits of dossiers and parcels, parcels of their old numbers.",
)

succession = Table(
    "succession",
    METADATA,
    _key("record_type"),
    _key("old_key"),
    _key("new_key"),
    _text("kind"),
    _maybe("happened_at"),
    _text("evidence"),
    _text("noted_at"),
    Index("succession_back", "record_type", "new_key"),
    comment="Which keys took the place of which: parcels renumbered, split, merged.",
)

run = Table(
    "run",
    METADATA,
    _key("run_id"),
    _text("started_at"),
    _maybe("finished_at"),
    _maybe("outcome"),
    _maybe("report"),
    Column("journal_entries", BIG),
    comment="Every run; one without finished_at was killed or is at work.",
)

tally = Table(
    "tally",
    METADATA,
    _key("run_id"),
    _key("kind"),
    _key("name"),
    _key("record_type"),
    _key("partition"),
    _text("counts"),
    comment="What a run did, by source, partition and route; committed with the pages it counts.",
)

lease = Table(
    "lease",
    METADATA,
    _key("name"),
    _text("holder"),
    _number("token"),
    _text("expires_at"),
    comment="Who may write; the token opens the write transaction of one run only.",
)

breaker = Table(
    "breaker",
    METADATA,
    _key("connection"),
    _number("failures"),
    _text("opened_at"),
    _text("closed_until"),
    comment="Connections that failed run after run, and until when they are left alone.",
)

pace = Table(
    "pace",
    METADATA,
    _key("connection"),
    _text("next_free_at"),
    comment="When each connection may be asked next, where it has a quota; all processes share it.",
)

route = Table(
    "route",
    METADATA,
    _key("name"),
    _number("position"),
    _maybe("held_code"),
    _maybe("held_context"),
    comment="How far each route read the change feed, and why one is held.",
)

delivery = Table(
    "delivery",
    METADATA,
    _key("route"),
    _numbered("sequence"),
    _text("record_type"),
    _text("record_key"),
    _text("order_key"),
    _text("state"),
    _number("attempts"),
    _maybe("next_at"),
    _text("reason"),
    _maybe("settled_at"),
    _maybe("shortened"),
    Index("delivery_open", "route", "state", "sequence"),
    Index("delivery_in_order", "route", "order_key", "state", "sequence"),
    Index("delivery_of_record", "route", "record_key", "state", "record_type"),
    comment="One message for one change on one route: waiting, delivered or dead.",
)

journal = Table(
    "journal",
    METADATA,
    _numbered("entry"),
    _text("body"),
    _text("hash"),
    comment="Who sent what to whom, why and by which act; each hash covers the entry and the hash before.",
)
