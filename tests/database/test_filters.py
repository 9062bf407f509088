"""Filters of records: lists, ranges, no value; what cannot be answered is refused and said."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from cchc_connect import SharedDatabase, UsageMistake, at_least, between, less_than, records
from cchc_connect.database.reading.filters import MAX_DAYS, MAX_VALUES
from cchc_schemas import (
    AdminScheme,
    Channel,
    ConstructionPermit,
    Dossier,
    DossierStatus,
    LandParcel,
    PartialDate,
    PermitStatus,
    Record,
)
from tests.databases import DATABASE_KINDS, prepared_address
from tests.schemas.test_construction import PERMIT
from tests.sync.memory_systems import DossierRegister, LandRegister, dossier_codes, dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

DUE = {
    1: None,
    2: "2026-06-30T16:59:59Z",  # the last second of 30 June in Vietnam
    3: "2026-06-30T17:00:00Z",  # the first of 1 July
    4: "2026-06-30T17:00:00.500000Z",
    5: "2026-07-01T17:00:00Z",
}
"""Number of a dossier -> when it is due."""

CODES = dict(enumerate(dossier_codes(5), start=1))

ISSUED = {"A": None, "B": "2020", "C": "2020-06", "D": "2020-06-15", "E": "2021-01-01"}
"""Code of a permit -> its day of issue."""

HANOI = timezone(timedelta(hours=7))


@pytest.fixture(scope="module", params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDatabase]:
    """Give five parcels, five dossiers and five permits; tests only read them."""
    folder = tmp_path_factory.mktemp("filters")
    with prepared_address(request.param, folder) as address, SharedDatabase(address) as opened:
        books = PulledDatabase(opened)
        areas = ("99.9", "100", "100.1", "250.5", "1000")
        parcels = [parcel_item(number, area=area) for number, area in enumerate(areas, start=1)]
        parcels[0] |= {"commune": "25750", "address": "Phú Lợi"}
        books.pull("a", LandRegister(parcels))
        dossiers = [dossier_fields(CODES[number], due_at=due) for number, due in DUE.items()]
        dossiers[0] |= {"status": 9, "channel": 2, "return_by_post": True}
        books.pull("b", DossierRegister(dossiers))
        permits = [
            {**PERMIT, "dossier_code": code, "permit_code": letter, "issued_on": day}
            for code, (letter, day) in zip(CODES.values(), ISSUED.items(), strict=True)
        ]
        permits[0] |= {"status": "permit_refused"}
        books.pull("c", DossierRegister(permits, record_type=ConstructionPermit))
        yield opened


def numbers(database: SharedDatabase, record_class: type[Record], **filters: object) -> str:
    """Return the numbers of parcels and dossiers, or the codes of permits, in order."""
    return "".join(sorted(record.key[-1] for record in records(database, record_class, **filters)))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "12345"),
        ({"commune_code": "25750"}, "1"),
        ({"commune_code": ["25750", "25747"]}, "12345"),
        ({"commune_code": {"25750"}, "parcel_number": ["1", "2"]}, "1"),
        ({"commune_code": []}, ""),
        ({"address": None}, "2345"),
        ({"address": [None, "Phú Lợi"]}, "12345"),
        ({"address": (None,)}, "2345"),
        ({"key": parcel_key(3)}, "3"),
        ({"key": [parcel_key(3), parcel_key(5), parcel_key(3), "none"]}, "35"),
        ({"scheme": AdminScheme.GSO_2025_07}, "12345"),
        ({"scheme": "gso-2025-07"}, "12345"),
        ({"area_m2": 100}, "2"),
        ({"area_m2": Decimal("100.1")}, "3"),
        ({"area_m2": 250.5}, "4"),
        ({"area_m2": [100, Decimal("99.9")]}, "12"),
        ({"area_m2": at_least(100)}, "2345"),
        ({"area_m2": less_than(Decimal("100.1"))}, "12"),
        ({"area_m2": between(100, 1000)}, "234"),
        ({"legal_area_m2": less_than(5)}, ""),
    ],
)
def test_parcels_are_selected(database: SharedDatabase, filters: dict[str, object], expected: str) -> None:
    """Several filters hold together."""
    assert numbers(database, LandParcel, **filters) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": DossierStatus.PROCESSED}, "1"),
        ({"status": 9}, "1"),
        ({"status": [9, DossierStatus.IN_PROCESS]}, "12345"),
        ({"channel": None}, "2345"),
        ({"return_by_post": True}, "1"),
        ({"return_by_post": [True, None]}, "12345"),
        ({"due_at": None}, "1"),
        ({"due_at": date(2026, 7, 1)}, "34"),
        ({"due_at": [date(2026, 6, 30), date(2026, 7, 2), None]}, "125"),
        ({"due_at": less_than(date(2026, 7, 1))}, "2"),
        ({"due_at": at_least(date(2026, 7, 1))}, "345"),
        ({"due_at": between(date(2026, 7, 1), date(2026, 7, 2))}, "34"),
        ({"due_at": at_least(datetime(2026, 7, 1))}, "345"),  # noqa: DTZ001  # Vietnamese time is the test
        ({"due_at": at_least(datetime(2026, 7, 1, tzinfo=HANOI))}, "345"),
        ({"due_at": at_least(datetime(2026, 7, 1, tzinfo=UTC))}, "5"),
        ({"due_at": at_least(datetime(2026, 7, 1, microsecond=1, tzinfo=HANOI))}, "45"),
        ({"due_at": less_than(datetime(2026, 7, 1, microsecond=500_000, tzinfo=HANOI))}, "23"),
        ({"due_at": datetime(2026, 7, 1, microsecond=500_000, tzinfo=HANOI)}, "4"),
        ({"due_at": between(date.min, date.max)}, "2345"),
        ({"due_at": date.max}, ""),
    ],
)
def test_dossiers_are_selected(database: SharedDatabase, filters: dict[str, object], expected: str) -> None:
    """A day is that Vietnamese day; half a second counts."""
    assert numbers(database, Dossier, **filters) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"status": PermitStatus.REFUSED}, "A"),
        ({"issued_on": None}, "A"),
        ({"issued_on": PartialDate(2020)}, "B"),
        ({"issued_on": ["2020", "2020-06"]}, "BC"),
        ({"issued_on": date(2020, 6, 15)}, "D"),
        ({"issued_on": at_least(date(2020, 1, 1))}, "BCDE"),
        ({"issued_on": at_least(date(2020, 1, 2))}, "CDE"),
        ({"issued_on": between(PartialDate(2020, 6), PartialDate(2021))}, "CD"),
        ({"issued_on": less_than(PartialDate(2020, 6))}, "B"),
    ],
)
def test_permits_are_selected(database: SharedDatabase, filters: dict[str, object], expected: str) -> None:
    """A date known only to its year or month counts in a range as its first day."""
    assert numbers(database, ConstructionPermit, **filters) == expected


def test_a_deleted_record_is_not_selected(address: str) -> None:
    with SharedDatabase(address) as database:
        for last in (5, 4, 4):  # what two complete listings lack is deleted
            register = LandRegister([parcel_item(number) for number in range(1, last + 1)])
            PulledDatabase(database).pull("a", register)

        assert numbers(database, LandParcel, key=[parcel_key(4), parcel_key(5)]) == "4"


REFUSED: list[tuple[type[Record], dict[str, object], str, str]] = [
    (LandParcel, {"comune_code": "25750"}, "filter.field_unknown", "Did you mean 'commune_code'?"),
    (LandParcel, {"colour": "red"}, "filter.field_unknown", "'colour'"),
    (LandParcel, {"holders": "Nguyễn Văn An"}, "filter.field_nested", "area_m2"),
    (LandParcel, {"geometry": None}, "filter.field_nested", "geometry"),
    (LandParcel, {"previous_keys": ["x"]}, "filter.field_nested", "previous_keys"),
    (LandParcel, {"commune_code": 25747}, "filter.value_kind", "int"),
    (LandParcel, {"commune_code": ["25747", 1]}, "filter.value_kind", "a text"),
    (LandParcel, {"commune_code": {"25747": True}}, "filter.value_kind", "dict"),
    (LandParcel, {"commune_code": at_least("25747")}, "filter.range_not_ordered", "commune_code"),
    (LandParcel, {"area_m2": "100"}, "filter.value_kind", "a number"),
    (LandParcel, {"area_m2": True}, "filter.value_kind", "bool"),
    (LandParcel, {"area_m2": float("nan")}, "filter.value_unreadable", "area_m2"),
    (LandParcel, {"area_m2": [at_least(5)]}, "filter.range_nested", "area_m2"),
    (LandParcel, {"in_dispute": "yes"}, "filter.value_kind", "True or False"),
    (LandParcel, {"address": "a\0b"}, "filter.value_unreadable", "address"),
    (LandParcel, {"scheme": "gso-1999"}, "filter.value_not_listed", "gso-2025-07"),
    (Dossier, {"status": 99}, "filter.value_not_listed", "9 (PROCESSED)"),
    (Dossier, {"status": "PROCESSED"}, "filter.value_not_listed", "9 (PROCESSED)"),
    (Dossier, {"status": Channel.DIRECT}, "filter.value_not_listed", "9 (PROCESSED)"),
    (Dossier, {"status": True}, "filter.value_not_listed", "9 (PROCESSED)"),
    (Dossier, {"status": at_least(5)}, "filter.range_not_ordered", "status"),
    (Dossier, {"due_at": "2026-07-01"}, "filter.value_kind", "an instant"),
    (Dossier, {"due_at": less_than("2026-07-01")}, "filter.value_kind", "str"),
    (Dossier, {"due_at": [date(2026, 1, 1)] + [date.min + timedelta(days=day) for day in range(MAX_DAYS)]},
     "filter.too_many_values", str(MAX_DAYS)),
    (Dossier, {"code": [str(number) for number in range(MAX_VALUES + 1)]}, "filter.too_many_values", "30000"),
    (ConstructionPermit, {"issued_on": datetime(2026, 7, 1, tzinfo=UTC)}, "filter.value_kind", "datetime"),
    (ConstructionPermit, {"issued_on": "July"}, "filter.value_unreadable", "issued_on"),
]  # fmt: skip


@pytest.mark.parametrize(("record_class", "filters", "code", "part"), REFUSED)
def test_what_cannot_be_filtered_is_refused_at_the_call(
    tmp_path_factory: pytest.TempPathFactory,
    record_class: type[Record],
    filters: dict[str, Any],
    code: str,
    part: str,
) -> None:
    """Before anything is read; the error names the field, its reason, and what is possible."""
    with (
        SharedDatabase(tmp_path_factory.mktemp("refused") / "shared.db", create_or_upgrade=True) as database,
        pytest.raises(UsageMistake) as refused,
    ):
        records(database, record_class, **filters)

    assert refused.value.code == code
    assert part in str(refused.value)


def test_a_refusal_does_not_show_the_value(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It may be personal: somebody looked for a citizen."""
    with SharedDatabase(tmp_path_factory.mktemp("refused") / "shared.db", create_or_upgrade=True) as database:
        for filters in ({"applicant_id": 74000000001}, {"applicant_id": "074000000001\0"}, {"status": "074000000001"}):
            with pytest.raises(UsageMistake) as refused:
                records(database, Dossier, **filters)

            assert "74000000001" not in str(refused.value)


def test_as_many_values_as_are_allowed_can_be_asked_for(database: SharedDatabase) -> None:
    keys = [str(number) for number in range(MAX_VALUES - 1)]
    days = [date(2026, 7, 1) + timedelta(days=day) for day in range(MAX_DAYS)]

    assert numbers(database, LandParcel, key=[*keys, parcel_key(3)]) == "3"
    assert numbers(database, Dossier, due_at=days) == "345"
