"""Which property of a feature is which field of a land parcel: the model of a field map and its reading.

A map is data: the one named `vbdlis` ships, others stand in cchc.toml.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from cchc_schemas import AdminScheme, parcel_key
from pydantic import BaseModel, ConfigDict

from cchc_connect.codecs import Unreadable, as_list, code, flag, number, slashed_date, text

COMMUNE_DIGITS = 5
Properties = Mapping[str, Any]


class FieldMap(BaseModel):
    """A table of a field map: record field -> property."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PreviousMap(FieldMap):
    """The parcel's numbers before it was renumbered, which older papers still print."""

    commune_code: str
    map_sheet: str
    parcel_number: str


class UsesMap(FieldMap):
    """Uses of the parcel (mục đích sử dụng)."""

    members: str
    code: str
    area_m2: str | None = None
    term: str | None = None
    expires_on: str | None = None
    origin: str | None = None


class CertificatesMap(FieldMap):
    """Certificates (giấy chứng nhận)."""

    members: str
    serial: str
    book_number: str | None = None
    issued_on: str | None = None
    dossier_code: str | None = None


class HoldersMap(FieldMap):
    """Right holders (chủ sử dụng); of several properties the first that says something counts."""

    members: str
    kind: str
    kinds: Mapping[str, str]
    name: tuple[str, ...]
    id_number: tuple[str, ...] = ()
    birth: tuple[str, ...] = ()
    address: str | None = None


class RestrictionsMap(FieldMap):
    """Restrictions (hạn chế)."""

    members: str
    kind: str
    kinds: Mapping[str, str]
    document_number: str | None = None
    issued_on: str | None = None


class ParcelMap(FieldMap):
    """The whole map."""

    commune_code: str
    map_sheet: str
    parcel_number: str
    national_id: str | None = None
    area_m2: str | None = None
    legal_area_m2: str | None = None
    address: str | None = None
    is_encroached: str | None = None
    in_dispute: str | None = None
    changed_at: str | None = None
    previous: PreviousMap | None = None
    uses: UsesMap | None = None
    certificates: CertificatesMap | None = None
    holders: HoldersMap | None = None
    restrictions: RestrictionsMap | None = None


@cache
def shipped_map(name: str) -> ParcelMap:
    """Return the map that ships under `name`."""
    content = files("cchc_adapters").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return ParcelMap.model_validate(tomllib.loads(content))


class PropertyReader:
    """Reads a feature's properties by a map into the fields of a land parcel."""

    def __init__(self, by: ParcelMap, decimal_sign: str, catalogue: str, previous_scheme: AdminScheme) -> None:
        """Prepare; `catalogue` names the land-use code list, `previous_scheme` that of the old numbers."""
        self._by = by
        self._sign = decimal_sign
        self._catalogue = catalogue
        self._previous_scheme = previous_scheme

    def fields(self, properties: Properties) -> Mapping[str, object]:
        """Return the fields that lie in the properties; scheme and geometry lie elsewhere."""
        by = self._by
        return {
            "commune_code": code(properties.get(by.commune_code), COMMUNE_DIGITS),
            "map_sheet": text(properties.get(by.map_sheet)),
            "parcel_number": text(properties.get(by.parcel_number)),
            "national_id": text(_at(properties, by.national_id)),
            "previous_keys": self._previous(properties),
            "area_m2": number(_at(properties, by.area_m2), self._sign),
            "legal_area_m2": number(_at(properties, by.legal_area_m2), self._sign),
            "address": text(_at(properties, by.address)),
            "is_encroached": flag(_at(properties, by.is_encroached)),
            "in_dispute": flag(_at(properties, by.in_dispute)),
            "uses": [use for row in self._rows(properties, by.uses) for use in self._uses(row)],
            "certificates": [self._certificate(row) for row in self._rows(properties, by.certificates)],
            "holders": [self._holder(row) for row in self._rows(properties, by.holders)],
            "restrictions": [self._restriction(row) for row in self._rows(properties, by.restrictions)],
        }

    def _previous(self, properties: Properties) -> Sequence[object]:
        by = self._by.previous
        if by is None:
            return ()
        commune = code(properties.get(by.commune_code), COMMUNE_DIGITS)
        sheet, parcel = text(properties.get(by.map_sheet)), text(properties.get(by.parcel_number))
        if isinstance(commune, str) and isinstance(sheet, str) and isinstance(parcel, str):
            return (parcel_key(self._previous_scheme, commune, sheet, parcel),)
        return ()

    def _rows(self, properties: Properties, by: Any) -> Iterator[Properties]:
        rows = [] if by is None else as_list(properties.get(by.members))
        return (row if isinstance(row, Mapping) else {} for row in rows)

    def _uses(self, row: Properties) -> Iterator[Mapping[str, object]]:
        by = self._by.uses
        assert by is not None  # noqa: S101  # there are rows because there is a map
        codes = [part for part in re.split(r"[+;,\s]+", str(text(row.get(by.code)) or "").upper()) if part]
        for use in codes or [None]:
            yield {
                "code": use,
                "catalogue": self._catalogue,
                # A joined code says nothing about how the area is shared among its parts.
                "area_m2": number(_at(row, by.area_m2), self._sign) if len(codes) == 1 else None,
                "term": text(_at(row, by.term)),
                "expires_on": slashed_date(_at(row, by.expires_on)),
                "origin": _origins(as_list(_at(row, by.origin)), by.origin),
            }

    def _certificate(self, row: Properties) -> Mapping[str, object]:
        by = self._by.certificates
        assert by is not None  # noqa: S101  # there are rows because there is a map
        return {
            "serial": text(row.get(by.serial)),
            "book_number": text(_at(row, by.book_number)),
            "issued_on": slashed_date(_at(row, by.issued_on)),
            "dossier_code": text(_at(row, by.dossier_code)),
        }

    def _holder(self, row: Properties) -> Mapping[str, object]:
        by = self._by.holders
        assert by is not None  # noqa: S101  # there are rows because there is a map
        return {
            "kind": by.kinds.get(str(row.get(by.kind)), Unreadable("holder_kind_unknown")),
            "name": text(_first(row, by.name)),
            "id_number": text(_first(row, by.id_number)),
            "birth": slashed_date(_first(row, by.birth)),
            "address": text(_at(row, by.address)),
        }

    def _restriction(self, row: Properties) -> Mapping[str, object]:
        by = self._by.restrictions
        assert by is not None  # noqa: S101  # there are rows because there is a map
        return {
            "kind": by.kinds.get(str(row.get(by.kind)), "other"),
            "document_number": text(_at(row, by.document_number)),
            "issued_on": slashed_date(_at(row, by.issued_on)),
        }


def _at(row: Properties, name: str | None) -> object:
    return None if name is None else row.get(name)


def _first(row: Properties, names: Sequence[str]) -> object:
    return next((row[name] for name in names if row.get(name) not in {None, ""}), None)


def _origins(members: Sequence[object], name: str | None) -> str | None:
    told = [text(member.get(name) if isinstance(member, Mapping) else member) for member in members]
    return "; ".join(str(one) for one in told if one is not None) or None
