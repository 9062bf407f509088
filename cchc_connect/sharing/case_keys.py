"""The records that a dossier is about: those that a grant of scope `case` reaches (hồ sơ liên thông)."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from cchc_connect.database.reading.case import Case, UnreadableRecord, case_of, linking_keys
from cchc_connect.database.reading.lineage import successor_keys
from cchc_connect.errors import RecordNotFound
from cchc_schemas import Dossier, LandChange, LandParcel, ParcelRef


class CaseKeys(NamedTuple):
    """Keys of the records that a dossier is about."""

    keys: Mapping[str, frozenset[str]]
    """By record type."""
    unreadable: tuple[UnreadableRecord, ...] = ()
    """Records of the case that cannot be read: what only they name is not among the keys."""


def case_keys(connection: Connection, code: str) -> CaseKeys:
    """Return the keys of the dossier `code` and of the live records that are linked to it, by record type.

    They are its permits, their works and parcels, its steps, the changes of those parcels, and what names the dossier
    itself. A dossier that is not stored, or cannot be read, has none.
    """
    try:
        case = case_of(connection, code)
    except RecordNotFound:
        return CaseKeys({}, (UnreadableRecord(Dossier.record_type, code),))
    if case is None:
        return CaseKeys({})
    keys = {name: set(linked) for name, linked in linking_keys(connection, Dossier.record_type, [code]).items()}
    for record in (case.dossier, *case.steps, *case.permits, *case.works, *case.parcels):
        keys.setdefault(record.record_type, set()).add(record.key)
    parcels = sorted(keys.get(LandParcel.record_type, ()))
    changes = linking_keys(connection, LandParcel.record_type, parcels).get(LandChange.record_type, [])
    keys.setdefault(LandChange.record_type, set()).update(changes)
    return CaseKeys({name: frozenset(linked) for name, linked in keys.items()}, case.unreadable)


def names_unknown_parcels(connection: Connection, code: str) -> bool:
    """True if a permit of the dossier `code` names a parcel that is none of the dossier's live records, or may."""
    try:
        case = case_of(connection, code)
    except RecordNotFound:
        return True
    if case is None:
        return False
    if case.unreadable:
        return True
    references = [reference for permit in case.permits for reference in permit.parcel_refs]
    return not all(_is_known(connection, case, reference) for reference in references)


def _is_known(connection: Connection, case: Case, reference: ParcelRef) -> bool:
    keys = {key for parcel in case.parcels for key in (parcel.key, *parcel.previous_keys)}
    if reference.parcel_key is None:
        return reference.national_id in {parcel.national_id for parcel in case.parcels} - {None}
    followers = successor_keys(connection, LandParcel.record_type, reference.parcel_key)
    return reference.parcel_key in keys or bool(keys & set(followers))
