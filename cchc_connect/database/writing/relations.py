"""What a record tells of others: of which it speaks, and which keys took the place of which."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from cchc_schemas import ConstructionPermit, ConstructionWorks, DossierStep, LandChange, LandParcel, ParcelRef, Record

Target = tuple[str, str]
"""Record type and key of what is spoken of; the key may belong to a record that has not come yet."""


class Kind(StrEnum):
    """How keys followed each other."""

    RENUMBERED = "renumbered"
    """One key took the place of another (đánh lại số)."""
    SPLIT = "split"
    """Several took the place of one (tách thửa)."""
    MERGED = "merged"
    """One took the place of several (gộp thửa)."""
    RESHAPED = "reshaped"
    """Several took the place of several (tách, gộp thửa)."""


Event = tuple[str, str, str, str, str | None, str]
"""Record type, old key, new key, kind, when it happened if that is known, and what tells of it."""


def links_of(record: Record) -> list[Target]:
    """Return of what a record speaks, each once."""
    return sorted(set(_links(record)))


def _links(record: Record) -> Iterator[Target]:
    match record:
        case LandParcel():
            yield from (("land_parcel", key) for key in record.previous_keys)
            yield from (("dossier", paper.dossier_code) for paper in record.certificates if paper.dossier_code)
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
    """Return the events that a record tells of."""
    if isinstance(record, LandParcel):
        told = f"land_parcel {record.key}"
        return [(LandParcel.record_type, old, record.key, Kind.RENUMBERED, None, told) for old in record.previous_keys]
    return list(_of_change(record)) if isinstance(record, LandChange) else []


def _of_change(change: LandChange) -> Iterator[Event]:
    before = {ref.parcel_key for ref in change.from_parcels if ref.parcel_key}
    after = {ref.parcel_key for ref in change.to_parcels if ref.parcel_key}
    kind = {(True, True): Kind.RENUMBERED, (True, False): Kind.SPLIT, (False, True): Kind.MERGED}.get(
        (len(before) == 1, len(after) == 1), Kind.RESHAPED
    )
    happened_at = change.model_dump(mode="json", include={"happened_at"})["happened_at"]
    for old in sorted(before):
        for new in sorted(after - {old}):
            yield LandParcel.record_type, old, new, kind, happened_at, f"land_change {change.key}"
