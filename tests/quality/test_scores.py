"""Quality score: each part is counted as published, what is not known is left out, and months are kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cchc_connect import Config, RecordWriter, SharedDatabase
from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.tables import claim, discrepancy, freshness, quarantine, run
from cchc_connect.quality.scores import (
    QualityPart,
    QualityScore,
    quality,
    quality_trend,
    store_quality_month,
    weights_of,
)
from cchc_schemas import LandParcel
from tests.sharing.in_force import in_force

AGENCY, CONSUMER = "000.00.07.H09", "000.00.05.H09"

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)

PULLED = {"adapter": "binh_duong_permits", "agency": CONSUMER, "base_url": "https://other.example"}


def config_with(**tables: Any) -> Config:
    connections = {"office": {"adapter": "program", "agency": AGENCY}, "other": PULLED}
    return Config.model_validate({"connections": connections, **tables})


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    """Give a database with ten parcels of one agency; two have no address."""
    with SharedDatabase(address) as opened:
        with RecordWriter(config_with(), opened, "office") as writer:
            writer.write_all(parcel(number) for number in range(1, 11))
        yield opened


def parcel(number: int) -> LandParcel:
    address = None if number <= 2 else "Khu phố 1"
    fields = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12", "parcel_number": str(number)}
    return LandParcel.model_validate({**fields, "address": address})


def scored(database: SharedDatabase, config: Config | None = None) -> QualityScore:
    (score,) = quality(database, config or config_with(), at=NOW).agencies
    return score


def shares(score: QualityScore) -> dict[str, tuple[int, int]]:
    return {part.part.value: (part.good, part.total) for part in score.parts}


def quarantined(database: SharedDatabase, *rules: str) -> None:
    entry = {"connection": "office", "record_type": "land_parcel", "partition": "", "item": None, "item_hash": b"x"}
    with database.writing() as connection:
        for index, rule in enumerate(rules):
            values = {"source_key": f"q{index}", "run_id": "r", "first_seen": to_timestamp_text(NOW), **entry}
            connection.execute(quarantine.insert().values(faults=f'[["area_m2", "{rule}", ""]]', **values))


def differing(database: SharedDatabase, *ages: int, state: str = "open") -> None:
    """Let another connection send values for parcels; each differs since so many days."""
    with database.writing() as connection:
        for number, days in enumerate(ages, start=1):
            key = parcel(number).key
            names = {"record_type": "land_parcel", "record_key": key, "connection": "other"}
            values = {"source_key": str(number), "agency": CONSUMER, "partition": "", "item_hash": b"x"}
            connection.execute(claim.insert().values(document="{}", **names, **values))
            at = to_timestamp_text(NOW - timedelta(days=days))
            details = {"field": "area_m2", "owner": "office", "detected_at": at, "state": state}
            connection.execute(discrepancy.insert().values(**names, **details))


def test_what_is_not_known_is_left_out_and_the_total_says_of_how_many_points(database: SharedDatabase) -> None:
    """No agreement grants a field, nobody sends the same records, and nothing was recorded of the freshness."""
    score = scored(database)

    assert shares(score) == {"valid": (10, 10), "consistent": (10, 10), "unique": (10, 10)}
    assert (score.points, score.possible, score.full) == (Decimal("60.0"), 60, 100)


def test_quarantined_items_are_not_valid_and_those_with_a_known_key_not_unique(database: SharedDatabase) -> None:
    quarantined(database, "area_not_positive", "key_twice", "missing")

    counted = shares(scored(database))

    assert (counted["valid"], counted["unique"]) == ((10, 13), (9, 10))


def test_fields_that_an_agreement_in_force_grants_must_be_filled(database: SharedDatabase) -> None:
    granted = {"land_parcel.commune_code", "land_parcel.address"}
    withheld = tuple(path for name in LandParcel.model_fields if (path := f"land_parcel.{name}") not in granted)
    in_force(database, AGENCY, CONSUMER, "land_parcel", at=NOW)
    every = shares(scored(database))["complete"]

    assert withheld
    assert (every[1] % 10, every[0] < every[1]) == (0, True)


def test_records_with_a_warning_are_not_consistent_and_checks_are_counted_by_source(
    database: SharedDatabase,
) -> None:
    with RecordWriter(config_with(), database, "office") as writer:
        uses = [{"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT", "area_m2": "10"}]
        odd = parcel(3).model_dump(mode="json") | {"area_m2": "300", "uses": uses}
        writer.write(LandParcel.model_validate(odd))

    report = quality(database, config_with(), at=NOW)

    assert shares(report.agencies[0])["consistent"] == (9, 10)
    (check,) = report.checks
    assert (check.connection, check.rule, check.severity, check.records) == (
        "office",
        "uses_area_differs",
        "warning",
        1,
    )
    assert check.example == parcel(3).key


def test_a_check_that_a_connection_calls_info_costs_nothing(database: SharedDatabase) -> None:
    with RecordWriter(config_with(), database, "office") as writer:
        uses = [{"code": "ODT", "catalogue": "TT 08/2024/TT-BTNMT", "area_m2": "10"}]
        odd = parcel(3).model_dump(mode="json") | {"area_m2": "300", "uses": uses}
        writer.write(LandParcel.model_validate(odd))
    lenient = {"adapter": "binh_duong_permits", "agency": AGENCY, "base_url": "https://office.example"}
    table = {**lenient, "quality": {"rules": {"uses_area_differs": "info"}}}

    config = Config.model_validate({"connections": {"office": table}})

    assert shares(scored(database, config))["consistent"] == (10, 10)


@pytest.mark.parametrize(("ages", "good"), [((1, 29), 8), ((1, 31), 7), ((31,) * 6, 0)])
def test_open_discrepancies_count_and_old_ones_twice_and_never_below_nothing(
    database: SharedDatabase, ages: tuple[int, ...], good: int
) -> None:
    differing(database, *ages)

    assert shares(scored(database))["agreed"] == (good, 10)


def test_a_dismissed_discrepancy_costs_nothing(database: SharedDatabase) -> None:
    differing(database, 1, 1, state="dismissed")

    assert shares(scored(database))["agreed"] == (10, 10)


def test_data_is_timely_in_the_seconds_in_which_it_was_fresh(database: SharedDatabase) -> None:
    config = Config.model_validate({"connections": {"office": {**PULLED, "agency": AGENCY}}})
    stream = {"connection": "office", "record_type": "land_parcel", "partition": ""}
    at = int(NOW.timestamp())
    limits = {"fresh_until": at - 7200, "within_until": at - 7200, "breach_from": at}
    with database.writing() as connection:
        connection.execute(freshness.insert().values(**stream, state="due", since=at - 10_800))
        complete = {"state": "complete", "since": at - 10_800, "until": at - 10_800}
        connection.execute(freshness.insert().values(**stream, **complete, **limits))

    assert shares(scored(database, config))["timely"] == (3600, 10_800)


def test_points_are_rounded_once_and_half_up(database: SharedDatabase) -> None:
    """Of 23 items 13 are no records: 40 x 10 / 23 + 15 + 5 = 37.39..."""
    quarantined(database, *["missing"] * 13)

    assert scored(database).points == Decimal("37.4")


def test_weights_are_data_that_cchc_toml_replaces_one_by_one(database: SharedDatabase) -> None:
    config = config_with(quality={"weights": {"valid": 10, "unique": 0}})

    assert sum(weights_of(config_with()).values()) == 100
    assert list(weights_of(config_with())) == list(QualityPart)
    assert (scored(database, config).points, scored(database, config).possible) == (Decimal("25.0"), 25)


def test_the_first_run_of_a_month_stores_the_month_before(database: SharedDatabase) -> None:
    config = config_with()
    with database.writing() as connection:
        connection.execute(run.update().values(started_at=to_timestamp_text(NOW - timedelta(days=3))))
    quarantined(database, "missing", "missing")

    stored = [store_quality_month(database, config, at=NOW) for _ in range(2)]
    months = quality_trend(database, config, AGENCY)

    assert stored == ["2026-11", None]
    assert [(each.month, shares(each.score)["valid"]) for each in months] == [("2026-11", (10, 12))]
    assert months[0].score.points == scored(database).points


def test_a_month_without_a_run_is_not_stored(database: SharedDatabase) -> None:
    with database.writing() as connection:
        connection.execute(run.update().values(started_at=to_timestamp_text(NOW)))

    assert store_quality_month(database, config_with(), at=NOW) is None


def test_a_trend_has_twelve_months(database: SharedDatabase) -> None:
    with database.writing() as connection:
        connection.execute(run.update().values(started_at="2020-01-01T00:00:00.000000Z"))
    for month in range(1, 15):
        at = datetime(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 2, tzinfo=UTC)
        store_quality_month(database, config_with(), at=at)

    months = [each.month for each in quality_trend(database, config_with(), AGENCY)]

    assert (len(months), months[0], months[-1]) == (12, "2025-02", "2026-01")
