"""Which record speaks of which: what joins a dossier with its permits, and a parcel with its old numbers."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, delete

from cchc_connect.database.bulk import chunks, insert_rows
from cchc_connect.database.tables import link
from cchc_schemas import ConstructionPermit, ConstructionWorks, DossierStep, LandChange, LandParcel, ParcelRef, Record

Target = tuple[str, str]
"""Record type and key of what is spoken of; the key may belong to a record that has not come yet."""


def write_links(
    connection: Connection, record_type: str, links: Mapping[str, Sequence[Target]], known: Collection[str]
) -> None:
    """Store the links of records, by their key; those whose key is among `known` may have had others before."""
    forget = delete(link).where(link.c.record_type == record_type)
    for keys in chunks(list(known)):
        connection.execute(forget.where(link.c.record_key.in_(keys)))
    insert_rows(connection, link, [(record_type, key, *target) for key, targets in links.items() for target in targets])


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
