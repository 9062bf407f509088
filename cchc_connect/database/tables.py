"""The tables of the shared database, made from the records themselves.

Each record type has one table of its own name: the record's scalar fields as typed columns, its nested
parts as JSON text, then where the row came from. Any SQL tool of any agency can read them. `change` is at
once history, audit and outgoing feed; it only grows.

Instants are text in UTC, `2021-09-27T01:15:00Z`, which sorts as time does.
"""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, MetaData, Numeric, Table, Text
from sqlalchemy.types import TypeEngine

from cchc_schemas import RECORD_TYPES, Record

METADATA = MetaData()

STRUCTURE_VERSION = 1
"""Raised with every change of the tables below."""


def _key(name: str) -> "Column[Any]":
    return Column(name, Text, primary_key=True)


def _text(name: str) -> "Column[Any]":
    return Column(name, Text, nullable=False)


def _maybe(name: str) -> "Column[Any]":
    return Column(name, Text)


def _number(name: str) -> "Column[Any]":
    return Column(name, Integer, nullable=False)


change = Table(
    "change",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    _text("record_type"),
    _text("record_key"),
    _text("order_key"),
    _text("operation"),
    _number("version"),
    _text("document"),
    _text("connection"),
    _text("run_id"),
    _text("changed_at"),
    Index("change_of_record", "record_type", "record_key", "sequence"),
    comment="Every version of every record, in the order in which it was committed; it only grows.",
)

cursor = Table(
    "cursor",
    METADATA,
    _key("connection"),
    _key("record_type"),
    _maybe("watermark"),
    _maybe("since"),
    _maybe("position"),
    _maybe("highest"),
    _maybe("reading"),
    _maybe("held_code"),
    _maybe("held_context"),
    _maybe("held_since"),
    _maybe("completed_at"),
    comment="How far each source was read, and why one is held.",
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("connection"),
    _text("record_type"),
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

discrepancy = Table(
    "discrepancy",
    METADATA,
    _key("record_type"),
    _key("record_key"),
    _key("field"),
    _key("connection"),
    _maybe("value"),
    _maybe("owner_value"),
    _text("owner"),
    _text("since"),
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

run = Table(
    "run",
    METADATA,
    _key("run_id"),
    _text("started_at"),
    _maybe("finished_at"),
    _maybe("outcome"),
    _maybe("report"),
    Column("journal_entries", Integer),
    comment="Every run; one without finished_at was killed or is at work.",
)

tally = Table(
    "tally",
    METADATA,
    _key("run_id"),
    _key("kind"),
    _key("name"),
    _key("record_type"),
    _text("counts"),
    comment="What a run did, by source and route; committed with the pages it counts.",
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
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    _text("record_type"),
    _text("record_key"),
    _text("order_key"),
    _text("state"),
    _number("attempts"),
    _maybe("next_at"),
    _text("reason"),
    _maybe("settled_at"),
    Index("delivery_open", "route", "state", "sequence"),
    Index("delivery_in_order", "route", "order_key", "state", "sequence"),
    Index("delivery_of_record", "route", "record_type", "record_key", "state"),
    comment="One message for one change on one route: waiting, delivered or dead.",
)

journal = Table(
    "journal",
    METADATA,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    _text("body"),
    _text("hash"),
    comment="Who sent what to whom, why and by which act; each hash covers the entry and the hash before.",
)

PROVENANCE: tuple[tuple[str, TypeEngine[Any]], ...] = (
    ("connection", Text()),
    ("agency", Text()),
    ("source_key", Text()),
    ("source_time", Text()),
    ("run_id", Text()),
    ("item_hash", LargeBinary()),
    ("version", Integer()),
    ("sequence", Integer()),
    ("deleted_at", Text()),
    ("notes", Text()),
)
"""Where a row came from; the same on every record table."""


@dataclass(frozen=True)
class FieldColumn:
    """One record field as a column: its type and how a document's value is bound to it."""

    name: str
    type: TypeEngine[Any]
    bind: Callable[[Any], Any]


@cache
def field_columns(record: type[Record]) -> tuple[FieldColumn, ...]:
    """Return the columns of a record's fields, in the record's order."""
    return tuple(_field_column(name, field.annotation) for name, field in record.model_fields.items())


@cache
def record_table(record_type: str) -> Table:
    """Return the table of a record type."""
    record = RECORD_TYPES[record_type]
    return Table(
        record_type,
        METADATA,
        _key("record_key"),
        *(Column(field.name, field.type, comment=_description(record, field.name)) for field in field_columns(record)),
        *(Column(name, kind) for name, kind in PROVENANCE),
        Index(f"{record_type}_source", "connection", "source_key"),
        comment=(record.__doc__ or "").partition("\n")[0],
    )


def all_tables() -> MetaData:
    """Return the metadata with every record type's table in it."""
    for record_type in RECORD_TYPES:
        record_table(record_type)
    return METADATA


def _description(record: type[Record], name: str) -> str | None:
    return record.model_fields[name].description


def _field_column(name: str, annotation: object) -> FieldColumn:
    kind = _bare(annotation)
    if kind is bool:
        return FieldColumn(name, Boolean(), _as_is)
    if kind is Decimal:
        return FieldColumn(name, Numeric(), _as_is)
    if isinstance(kind, type) and issubclass(kind, int | IntEnum):
        return FieldColumn(name, Integer(), _as_is)
    if isinstance(kind, type) and not issubclass(kind, BaseModel | tuple | list | Mapping):
        return FieldColumn(name, Text(), _as_is)
    return FieldColumn(name, Text(), _json_text)


def _bare(annotation: object) -> object:
    """Return the type under `Annotated`, `| None` and a generic's arguments."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        (kind, *more) = [part for part in get_args(annotation) if part is not type(None)]
        return _bare(kind) if not more else dict
    return origin or annotation


def _as_is(value: Any) -> Any:
    return value


def _json_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
