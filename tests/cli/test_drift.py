"""The command line shows and accepts what a source sends otherwise than before, and names rules that find nothing."""

import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import SharedDatabase, accept_drift, drifts, records
from cchc_connect.errors import NotFound, UsageMistake
from cchc_schemas import LandParcel
from tests.cli.conftest import CONFIG, Call, write_config
from tests.cli.test_moving_features import FeatureService


def connect(service: FeatureService, area: str = "dienTich", **keys: str) -> None:
    fields = {"area_m2": {"property": area, "codec": "number"}}
    options = {"collection": "p", "scheme": "gso-2025-07", "fields": fields}
    table = {"adapter": "ogc_features", "agency": "000.00.07.H09", "base_url": service.base_url, **keys}
    write_config(CONFIG, {"connections": {"land": {**table, "options": options}}})


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FeatureService]:
    """Run a service of thirty parcels and connect to it."""
    del tmp_path
    with FeatureService(range(1, 31), 50) as running:
        connect(running)
        yield running


def rename_area(service: FeatureService) -> None:
    for feature in service.features:
        feature["properties"]["dien_tich"] = feature["properties"].pop("dienTich")


def areas() -> set[Any]:

    with SharedDatabase("shared.db") as database:
        return {parcel.area_m2 for parcel in records(database, LandParcel)}


def test_a_renamed_property_is_held_shown_and_accepted(service: FeatureService, call: Call) -> None:
    assert call("sync").code == 0
    stored = areas()
    rename_area(service)

    held = call("sync", "--json")
    shown = call("drift", "show", "--json")

    assert (held.code, held.document["lines"][0]["reason"]["code"]) == (69, "source.drift")
    assert areas() == stored
    (entry,) = (entry for entry in shown.document["drift"] if entry["state"] == "held")
    assert (entry["property"], entry["kind"], entry["detail"]) == ("dienTich", "renamed", "dien_tich")
    assert "cchc-connect drift accept land 'dienTich'" in call("drift", "show", "land").out

    accepted = call("drift", "accept", "land", "dienTich", "--because", "renamed by the office")
    connect(service, "dien_tich")

    assert accepted.code == 0
    assert call("sync").code == 0
    assert areas() == stored
    assert [entry["because"] for entry in call("drift", "show", "--all", "--json").document["drift"]] == [
        "renamed by the office"
    ]


def test_a_corrected_field_map_ends_the_hold(service: FeatureService, call: Call) -> None:
    call("sync")
    stored = areas()
    rename_area(service)
    call("sync")

    connect(service, "dien_tich")

    assert call("sync").code == 0
    assert areas() == stored
    assert call("drift", "show", "--json").document["drift"] == []


@pytest.mark.parametrize(("mode", "state", "area"), [("warn", "told", Decimal("100.5")), ("accept", "told", None)])
def test_a_connection_may_warn_or_accept(
    service: FeatureService, call: Call, mode: str, state: str, area: object
) -> None:
    """A missing property says nothing of the stored value, unless everything is accepted."""
    connect(service, drift=mode)
    call("sync")
    rename_area(service)

    assert call("sync").code == 0
    assert areas() == {area}
    states = {entry["state"] for entry in call("drift", "show", "--all", "--json").document["drift"]}
    assert states == {state}


def test_another_mode_is_refused(service: FeatureService, call: Call) -> None:
    connect(service, drift="maybe")

    assert call("sync").code == 78


@pytest.mark.parametrize(
    ("written", "advice"), [("dienTch", "'dienTich'"), ("dien.Tich", "'dienTich'"), ("DIENTICH", "dienTich now")]
)
def test_a_rule_that_finds_nothing_is_told(service: FeatureService, call: Call, written: str, advice: str) -> None:
    connect(service, written)

    for command in ("sync", "status", "check"):
        out = call(command).out
        assert (command, written in out, advice in out) == (command, True, True)
    notes = call("drift", "show", "--json").document["rules_that_find_nothing"]
    assert [written in note["message"] for note in notes] == [True]


def test_a_decomposed_name_is_read_and_nothing_is_told(service: FeatureService, call: Call) -> None:
    for feature in service.features:
        name = unicodedata.normalize("NFD", "diện tích")
        feature["properties"][name] = feature["properties"].pop("dienTich")
    connect(service, "diện tích")

    report = call("sync", "--json")

    assert None not in areas()
    assert "notes" not in report.document["lines"][0]


@pytest.mark.usefixtures("service")
def test_built_in_rules_that_find_nothing_are_not_told(call: Call) -> None:
    """The map is for many systems, of which each may lack a property."""
    assert "notes" not in call("sync", "--json").document["lines"][0]


def test_a_rule_that_was_corrected_is_not_told_any_more(service: FeatureService, call: Call) -> None:
    connect(service, "dienTch")
    call("sync")
    connect(service)
    call("sync")

    assert "dienTch" not in call("status").out
    assert None not in areas()


def test_what_did_not_change_cannot_be_accepted(service: FeatureService, call: Call) -> None:
    call("sync")

    assert call("drift", "accept", "land", "dienTich", "--because", "x").code == 66
    assert call("drift", "accept", "land", "dienTich", "--because", " ").code == 64
    assert call("drift", "accept", "land", "dienTich", "--because", "x", "--record-type", "land_parcl").code == 64
    assert call("drift", "accept", "lnad", "dienTich", "--because", "x").code == 64
    assert call("drift", "show", "lnad").code == 64
    assert call("drift", "show").code == 0
    with SharedDatabase("shared.db") as database:
        assert list(drifts(database)) == []
        with pytest.raises(NotFound):
            accept_drift(database, "land", "dienTich", because="x")
        with pytest.raises(UsageMistake):
            accept_drift(database, "land", "dienTich", because="")
        for unknown in ({"connection": "lnad"}, {"record_type": "land_parcl"}):
            names = {"connection": "land", **unknown}
            with pytest.raises(UsageMistake):
                accept_drift(database, name="dienTich", because="x", **names)
        with pytest.raises(UsageMistake):
            drifts(database, "lnad")
    assert service.request_number == 1
