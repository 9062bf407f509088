"""Relations that a record states: its links to other records, and which keys replaced which."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from cchc_schemas import ConstructionPermit, ConstructionWorks, DossierStep, LandChange, LandParcel, ParcelRef, Record

Target = tuple[str, str]
"""Record type and key of a linked record, which may not be stored yet."""


class Kind(StrEnum):
    """How keys replaced each other."""

    RENUMBERED = "renumbered"
    """One key replaced one key (đánh lại số)."""
    SPLIT = "split"
    """Several keys replaced one (tách thửa)."""
    MERGED = "merged"
    """One key replaced several (gộp thửa)."""
    RESHAPED = "reshaped"
    """Several keys replaced several (tách, gộp thửa)."""


Event = tuple[str, str, str, str, str | None, str]
"""Record type, old key, new key, kind, when it happened (UTC, as stored, or None), and the evidence."""


def links_of(record: Record) -> list[Target]:
    """Return the links of a record, sorted and without duplicates."""
    return sorted(set(_links(record)))


def _links(record: Record) -> Iterator[Target]:
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
        case DossierStep():
            yield from _dossier(record.dossier_code)
        case _:
            return


def _dossier(code: str | None) -> Iterator[Target]:
    if code:
        yield "dossier", code


def _parcels(references: Iterable[ParcelRef]) -> Iterator[Target]:
    return (("land_parcel", reference.parcel_key) for reference in references if reference.parcel_key)


def successions_of(record: Record) -> list[Event]:
    """Return the lineage events that a record states."""
    if isinstance(record, LandParcel):
        evidence = f"land_parcel {record.key}"
        return [
            (LandParcel.record_type, old, record.key, Kind.RENUMBERED, None, evidence) for old in record.previous_keys
        ]
    return list(_events_of_change(record)) if isinstance(record, LandChange) else []


def _events_of_change(change: LandChange) -> Iterator[Event]:
    before = {ref.parcel_key for ref in change.from_parcels if ref.parcel_key}
    after = {ref.parcel_key for ref in change.to_parcels if ref.parcel_key}
    kind = {(True, True): Kind.RENUMBERED, (True, False): Kind.SPLIT, (False, True): Kind.MERGED}.get(
        (len(before) == 1, len(after) == 1), Kind.RESHAPED
    )
    happened_at = change.model_dump(mode="json", include={"happened_at"})["happened_at"]
    for old in sorted(before):
        for new in sorted(after - {old}):
            yield LandParcel.record_type, old, new, kind, happened_at, f"land_change {change.key}"
