"""The dossiers that concern a land parcel, found by the parcel as people write it: keys and codes alone, no values."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import batches
from cchc_connect.database.reading.case import linking_keys
from cchc_connect.database.reading.lineage import predecessors, successor_keys
from cchc_connect.database.reading.written_parcels import WrittenParcel, written_parcel
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import record_link
from cchc_connect.errors import RecordNotFound
from cchc_schemas import ConstructionPermit, ConstructionWorks, Dossier, LandChange, LandParcel


class ParcelMatching(StrEnum):
    """How a parcel was found (cách xác định thửa đất)."""

    WRITTEN = "written"
    """By what is written."""
    FORMER = "former"
    """What is written is a former number of it."""
    PERHAPS = "perhaps"
    """It has these numbers in another commune, which took over from the written one, or from which that was made."""


@dataclass(frozen=True, kw_only=True)
class MatchingParcel:
    """One parcel that may be meant."""

    key: str
    matching: ParcelMatching
    is_stored: bool
    """Whether there is a live record of it; if not, other records name it."""


@dataclass(frozen=True, kw_only=True)
class ParcelDossiers:
    """The parcels that may be meant, and the dossiers that concern them."""

    parcels: tuple[MatchingParcel, ...]
    dossiers: tuple[str, ...]
    """Codes of live dossiers, sorted."""
    without_record: tuple[str, ...]
    """Codes of dossiers that permits, changes or certificates of the parcels name, and of which there is no record."""


def find_parcel_dossiers(database: SharedDatabase, parcel: str) -> ParcelDossiers:
    """Return the dossiers that concern a land parcel.

    A dossier concerns it if its permit, or works of a permit, a change or a certificate names the parcel, by its number
    now or by a former one.

    Args:
        database: the shared database.
        parcel: the parcel as `written_parcel` reads it: a key with or without scheme, a national code, or words.

    Raises:
        UsageMistake: the text says no parcel, or no commune has its name or code.
        RecordNotFound: no record is or names such a parcel.
    """
    written = written_parcel(parcel)
    with database.reading() as connection:
        parcels = _matching(connection, written)
        if not parcels:
            raise RecordNotFound("case.no_parcel")
        codes = _dossiers(connection, [each.key for each in parcels])
        stored = _live(connection, Dossier.record_type, codes)
    return ParcelDossiers(
        parcels=tuple(parcels), dossiers=tuple(sorted(stored)), without_record=tuple(sorted(codes - stored))
    )


def _matching(connection: Connection, written: WrittenParcel) -> Sequence[MatchingParcel]:
    """Return the parcels that are meant; those with the same numbers elsewhere only if there is no other."""
    if written.national_id is not None:
        table = record_table(LandParcel.record_type)
        query = select(table.c.record_key).where(
            table.c.national_id == written.national_id, table.c.deleted_at.is_(None)
        )
        keys = sorted(connection.execute(query).scalars())
        return [MatchingParcel(key=key, matching=ParcelMatching.WRITTEN, is_stored=True) for key in keys]
    former = [key for each in written.keys for key in successor_keys(connection, LandParcel.record_type, each)]
    certain = _known(connection, {**dict.fromkeys(former, ParcelMatching.FORMER), **_written(written.keys)})
    if certain:
        return certain
    return _known(connection, dict.fromkeys(written.perhaps, ParcelMatching.PERHAPS))


def _written(keys: Iterable[str]) -> Mapping[str, ParcelMatching]:
    return dict.fromkeys(keys, ParcelMatching.WRITTEN)


def _known(connection: Connection, keys: Mapping[str, ParcelMatching]) -> Sequence[MatchingParcel]:
    """Return the parcels that are stored, or that other records name."""
    stored = _live(connection, LandParcel.record_type, keys)
    return [
        MatchingParcel(key=key, matching=matching, is_stored=key in stored)
        for key, matching in sorted(keys.items())
        if key in stored or key in _named(connection, [key])
    ]


def _named(connection: Connection, keys: Collection[str]) -> Collection[str]:
    """Return the keys of parcels that permits, works or changes name."""
    naming = linking_keys(connection, LandParcel.record_type, keys)
    is_named = any(naming[name] for name in naming if name != LandParcel.record_type)
    return keys if is_named else ()


def _dossiers(connection: Connection, parcels: Sequence[str]) -> set[str]:
    """Return the codes of dossiers that records about parcels name, by any number that these ever had."""
    keys = {
        *parcels,
        *(row.old_key for key in parcels for row in predecessors(connection, LandParcel.record_type, key)),
    }
    naming = linking_keys(connection, LandParcel.record_type, sorted(keys))
    permits = {*naming[ConstructionPermit.record_type]}
    works = naming[ConstructionWorks.record_type]
    permits |= {*linking_keys(connection, ConstructionWorks.record_type, works)[ConstructionPermit.record_type]}
    sources = {
        ConstructionPermit.record_type: permits,
        LandChange.record_type: naming[LandChange.record_type],
        LandParcel.record_type: {*keys, *naming[LandParcel.record_type]},
    }
    return {code for name, linking in sources.items() for code in _dossiers_of(connection, name, linking)}


def _dossiers_of(connection: Connection, record_type: str, keys: Iterable[str]) -> Iterable[str]:
    query = select(record_link.c.target_key).where(
        record_link.c.record_type == record_type, record_link.c.target_type == Dossier.record_type
    )
    for batch in batches(sorted(keys)):
        yield from connection.execute(query.where(record_link.c.record_key.in_(batch))).scalars()


def _live(connection: Connection, record_type: str, keys: Iterable[str]) -> set[str]:
    table = record_table(record_type)
    query = select(table.c.record_key).where(table.c.deleted_at.is_(None))
    return {
        key
        for batch in batches(sorted(keys))
        for key in connection.execute(query.where(table.c.record_key.in_(batch))).scalars()
    }
