"""Invented records for the tests, and strategies that generate any record from its type."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

from cchc_schemas import AdminScheme, Geometry, GeometryType, ParcelRef, PartialDate, Record, code_list, communes
from cchc_schemas.admin_units import CommuneRule
from cchc_schemas.citizen_ids import CITIZEN_ID
from cchc_schemas.codes import CODE_LENGTH, Code, DossierReferenceRule, ListedCode, SerialRule
from cchc_schemas.dates import InstantRule
from cchc_schemas.identity_numbers import IdentityNumberRule, OneKindOfNumber
from cchc_schemas.measures import Limits
from cchc_schemas.text import KeyTextRule, TextRule

PARCEL: dict[str, object] = {
    "scheme": "gso-2025-07",
    "commune_code": "25747",
    "map_sheet": "45",
    "parcel_number": "123",
    "national_id": "w3gvk1h2m8q0",
    "previous_keys": ["gso-2025-01:25747:12:88"],
    "area_m2": "228.4",
    "legal_area_m2": "228.4",
    "address": "Khu phố 3, phường Thủ Dầu Một",
    "uses": [
        {"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT", "area_m2": "100", "term": "Lâu dài"},
        {"code": "CLN", "catalogue": "TT 08/2024/TT-BTNMT", "area_m2": "128.4", "expires_on": "2063-10-15"},
    ],
    "certificates": [{"serial": "BA 123456", "book_number": "CS01234", "issued_on": "2015"}],
    "holders": [{"kind": "individual", "name": "Nguyễn Thị Mẫu", "id_number": "074187000123", "birth": "1987"}],
    "is_encroached": False,
}
"""Fields of a parcel as an adapter returns them."""

DOSSIER: dict[str, object] = {
    "code": "000.00.05.H09-210927-0001",
    "procedure_code": "1.013225",
    "field_code": "G17-XD11",
    "agency_code": "000.00.05.H09",
    "status": 4,
    "channel": 1,
    "applicant_name": "Nguyễn Thị Mẫu",
    "applicant_id": "074187000123",
    "applicant_phone": "0900000123",
    "applicant_email": "mau@example.org",
    "submitted_at": "2021-09-27T08:15:00+07:00",
    "received_at": "2021-09-27T08:15:00+07:00",
    "due_at": "2021-10-18T17:00:00+07:00",
}
"""Fields of a dossier as an adapter returns them."""

texts = st.text(st.sampled_from("aAđĐệỏ 1.-\n–")).map(str.strip).filter(bool)

_SHARED_COMMUNES = sorted(
    {unit.code for unit in communes(AdminScheme.GSO_2025_01, "74")}
    & {unit.code for unit in communes(AdminScheme.GSO_2025_07, "79")}
)
"""Codes that name a commune in either scheme, though seldom the same one."""

_positions = st.tuples(st.floats(50_000, 950_000), st.floats(800_000, 2_650_000))
_rings = st.lists(_positions, min_size=3, max_size=5).map(lambda corners: (*corners, corners[0]))


def _codes(pattern: str, max_length: int) -> st.SearchStrategy[str]:
    def short_enough(code: str) -> bool:
        return len(code) <= max_length

    return st.from_regex(pattern, fullmatch=True).filter(short_enough)


_BY_RULE: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    TextRule: lambda _: texts,
    KeyTextRule: lambda _: texts,
    DossierReferenceRule: lambda _: texts,
    IdentityNumberRule: lambda _: texts,
    OneKindOfNumber: lambda _: _codes(CITIZEN_ID.pattern, CODE_LENGTH),
    CommuneRule: lambda _: st.sampled_from(_SHARED_COMMUNES),
    ListedCode: lambda rule: st.sampled_from(sorted(code_list(rule.code_list))),
    SerialRule: lambda rule: _codes(rule.pattern, CODE_LENGTH),
    InstantRule: lambda _: st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # the strategy adds the zone
    Limits: lambda _: st.decimals(1, 10**9, places=2),
}


def partial_dates() -> st.SearchStrategy[PartialDate]:
    """Invent dates known to the year, to the month or to the day."""
    days = st.dates(min_value=datetime(1000, 1, 1, tzinfo=UTC).date())
    return st.one_of(
        days.map(PartialDate.of),
        days.map(lambda day: PartialDate(day.year, day.month)),
        days.map(lambda day: PartialDate(day.year)),
    )


def polygons() -> st.SearchStrategy[Geometry]:
    """Invent polygons with closed rings, whatever their shape."""
    rings = st.lists(_rings, min_size=1, max_size=2).map(tuple)
    return st.builds(Geometry, type=st.just(GeometryType.POLYGON), coordinates=rings, crs=st.just("EPSG:9210"))


def records_of(record_type: type[Record]) -> st.SearchStrategy[Any]:
    """Invent records of a type, by the rules in its fields' annotations."""
    return _models(record_type)


def _models(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    if model is Geometry:
        return polygons()
    fields = {
        name: _values(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)
        for name, field in model.model_fields.items()
    }
    if model is ParcelRef:
        fields["raw"] = texts
    return st.fixed_dictionaries(fields).map(lambda values: model(**values))


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _ruled(arguments[0], arguments[1:])
    if origin in {Union, UnionType}:
        return st.one_of([_values(argument) for argument in arguments])
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=2).map(tuple)
    return _plain(annotation)


def _ruled(bare: Any, rules: tuple[object, ...]) -> st.SearchStrategy[Any]:
    for rule in rules:
        if type(rule) in _BY_RULE:
            return _BY_RULE[type(rule)](rule)
        if isinstance(rule, Code):
            return _codes(rule.pattern, rule.max_length)
    limits = [limit for rule in rules for limit in getattr(rule, "metadata", [rule])]
    lowest, highest = ([getattr(limit, name) for limit in limits if hasattr(limit, name)] for name in ("ge", "le"))
    if bare is int and highest:
        return st.integers(*lowest, *highest)
    return _values(bare)


def _plain(kind: Any) -> st.SearchStrategy[Any]:
    if kind is NoneType:
        return st.none()
    if kind is PartialDate:
        return partial_dates()
    if kind in {bool, int}:
        return st.booleans() if kind is bool else st.integers(0, 9)
    if kind is Decimal:
        return st.decimals(1, 9)
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    return _models(kind)
