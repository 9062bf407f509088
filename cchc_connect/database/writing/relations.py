"""Links of records to others (a permit to its dossier and parcels), and lineage: which keys replaced which.

Lineage lets a split, merged or renumbered parcel be found by its old number. There are three kinds of evidence: a
registered change with parcels before and after (biến động: tách, gộp thửa), a parcel that names its former keys, and a
source whose item has another key than before.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import Connection, delete, select

from cchc_connect.database.bulk import batches, insert_rows
from cchc_connect.database.tables import record_lineage, record_link
from cchc_schemas import (
    Agency,
    ConstructionPermit,
    ConstructionWorks,
    DossierStep,
    Feedback,
    LandChange,
    LandParcel,
    ParcelRef,
    Reading,
    Record,
    RegisteredDatabase,
    SatisfactionRating,
    TaxNotice,
)

LinkTarget = tuple[str, str]
"""Record type and key of a linked record, which may not be stored yet."""


class LineageKind(StrEnum):
    """How keys replaced each other."""

    RENUMBERED = "renumbered"
    """One key replaced one key (đánh lại số)."""
    SPLIT = "split"
    """Several keys replaced one (tách thửa)."""
    MERGED = "merged"
    """One key replaced several (gộp thửa)."""
    RESHAPED = "reshaped"
    """Several keys replaced several (tách, gộp thửa)."""


LineageEvent = tuple[str, str, str, str, str | None, str]
"""Record type, old key, new key, kind, when it happened (UTC, as stored, or None), and the evidence."""


def links_of(record: Record) -> list[LinkTarget]:
    """Return the links of a record, sorted and without duplicates."""
    return sorted(set(_links(record)))


def lineage_events_of(record: Record) -> list[LineageEvent]:
    """Return the lineage events that a record states."""
    if isinstance(record, LandParcel):
        evidence = f"land_parcel {record.key}"
        return [
            (LandParcel.record_type, old, record.key, LineageKind.RENUMBERED, None, evidence)
            for old in record.previous_keys
        ]
    return list(_events_of_change(record)) if isinstance(record, LandChange) else []


def states_lineage(reading: Reading[Record]) -> bool:
    """True if the record still says which keys replaced which: of a change of parcels no parcel was left out.

    Without one of its parcels a split would be a renumbering, and a merger too.
    """
    parcels = ("from_parcels", "to_parcels")
    return not (
        isinstance(reading.record, LandChange)
        and any(fault.path.partition(".")[0] in parcels for fault in reading.left_out)
    )


def write_links(
    connection: Connection, record_type: str, links: Mapping[str, Sequence[LinkTarget]], existing: Collection[str]
) -> None:
    """Store the links of records by record key; the former links of those keys in `existing` are deleted."""
    former = delete(record_link).where(record_link.c.record_type == record_type)
    for keys in batches(list(existing)):
        connection.execute(former.where(record_link.c.record_key.in_(keys)))
    rows = [(record_type, key, *target) for key, targets in links.items() for target in targets]
    insert_rows(connection, record_link, rows)


def write_lineage_events(connection: Connection, events: Iterable[LineageEvent], now: str) -> None:
    """Store lineage events; an event that is stored already keeps its first evidence."""
    latest = {event[:3]: event for event in events}
    for batch in batches(list(latest)):
        old_keys = [old for _, old, _ in batch]
        query = select(record_lineage.c.record_type, record_lineage.c.old_key, record_lineage.c.new_key)
        existing = {tuple(row) for row in connection.execute(query.where(record_lineage.c.old_key.in_(old_keys)))}
        new = [(*latest[event_key], now) for event_key in batch if event_key not in existing]
        insert_rows(connection, record_lineage, new)


def _links(record: Record) -> Iterator[LinkTarget]:
    match record:
        case LandParcel():
            yield from (("land_parcel", key) for key in record.previous_keys)
            yield from (
                ("dossier", certificate.dossier_code) for certificate in record.certificates if certificate.dossier_code
            )
        case LandChange():
            yield from _parcels((*record.from_parcels, *record.to_parcels))
            yield from _dossier(record.dossier_code)
        case ConstructionPermit():
            yield from _parcels(record.parcel_refs)
            yield from _dossier(record.dossier_code)
            if record.works_code:
                yield "construction_works", record.works_code
        case ConstructionWorks():
            yield from _parcels(record.parcel_refs)
        case DossierStep() | TaxNotice() | SatisfactionRating() | Feedback():
            yield from _dossier(record.dossier_code)
        case Agency():
            yield from _agencies(record.parent_code, *(successor.code for successor in record.successors or ()))
        case RegisteredDatabase():
            yield from _agencies(record.owner_code)
        case _:
            return


def _dossier(code: str | None) -> Iterator[LinkTarget]:
    if code:
        yield "dossier", code


def _agencies(*codes: str | None) -> Iterator[LinkTarget]:
    return (("agency", code) for code in codes if code)


def _parcels(references: Iterable[ParcelRef]) -> Iterator[LinkTarget]:
    return (("land_parcel", reference.parcel_key) for reference in references if reference.parcel_key)


def _events_of_change(change: LandChange) -> Iterator[LineageEvent]:
    before = {ref.parcel_key for ref in change.from_parcels if ref.parcel_key}
    after = {ref.parcel_key for ref in change.to_parcels if ref.parcel_key}
    kind = {
        (True, True): LineageKind.RENUMBERED,
        (True, False): LineageKind.SPLIT,
        (False, True): LineageKind.MERGED,
    }.get((len(before) == 1, len(after) == 1), LineageKind.RESHAPED)
    happened_at = change.model_dump(mode="json", include={"happened_at"})["happened_at"]
    for old in sorted(before):
        for new in sorted(after - {old}):
            yield LandParcel.record_type, old, new, kind, happened_at, f"land_change {change.key}"
