"""Where no owner is declared the order of the configuration decides, whichever source is faster or was pulled first."""

import random
from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing.ownership import Senders, owners_of
from cchc_connect.diagnostics.ownership import ownership_findings
from cchc_connect.sync.senders import connections_by_type
from tests.quick import few
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

NAMES = ("c", "a", "b")
"""Connections in the order of the configuration, which is not that of their names."""


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database, senders=Senders(of_type={"land_parcel": NAMES}))


def stand(books: PulledDatabase) -> Mapping[str, Any]:
    """Return what the database says, without when and how often it was written."""
    rows = books.everything()
    table = [(row["record_key"], row["connection"], row["area_m2"]) for row in books.rows()]
    return {"rows": table, "differences": books.differences(), "claims": [row[:4] for row in rows["claim"]]}


@pytest.mark.parametrize("order", list(permutations(NAMES)))
def test_the_result_is_the_same_whichever_source_comes_first(books: PulledDatabase, order: tuple[str, ...]) -> None:
    registers = {
        name: LandRegister([parcel_item(1, id=f"{name}1", area=area)])
        for name, area in zip(NAMES, ("100", "110", "120"), strict=True)
    }

    for name in order:
        books.pull(name, registers[name])

    assert (books.row(parcel_key(1)).connection, books.row(parcel_key(1)).area_m2) == ("c", 100)
    assert sorted(books.differences()) == [("area_m2", "a", '"110"', '"100"'), ("area_m2", "b", '"120"', '"100"')]


@pytest.mark.parametrize("order", list(permutations(NAMES)))
def test_a_second_round_writes_nothing(books: PulledDatabase, order: tuple[str, ...]) -> None:
    """A record is taken over once."""
    registers = {
        name: LandRegister([parcel_item(1, id=f"{name}1", area=area)])
        for name, area in zip(NAMES, ("100", "110", "100"), strict=True)
    }
    for name in order:
        books.pull(name, registers[name])
    before = books.versions()

    counts = [books.pull(name, registers[name]).counts for name in reversed(order)]

    assert sum(each.rows_written for each in counts) == 0
    assert books.versions() == before


@pytest.mark.parametrize("seed", few(range(6)))
def test_any_interleaving_of_sources_that_share_records_ends_alike(books: PulledDatabase, seed: int) -> None:
    """Pages of several sources are committed in the order of speed; each order of whole pulls ends in one state."""
    draw = random.Random(seed)
    registers = {
        name: LandRegister(
            [parcel_item(number, id=f"{name}{number}", area=str(draw.randrange(50, 60))) for number in range(1, 6)]
        )
        for name in NAMES
    }
    for register in registers.values():
        register.items = draw.sample(register.items, 3)
    ends: list[Mapping[str, Any]] = []
    for _ in range(2):
        for name in draw.sample(NAMES, 3):
            books.pull(name, registers[name])
        ends.append(stand(books))

    assert ends[0] == ends[1]
    for row in books.rows():
        number = row["parcel_number"]
        senders = [name for name in NAMES if number in {each["number"] for each in registers[name].items}]
        assert row["connection"] == senders[0]


def test_a_deleted_record_passes_to_the_next_of_the_configuration(books: PulledDatabase) -> None:
    registers = {name: LandRegister([parcel_item(1, id=f"{name}1"), parcel_item(2, id=f"{name}2")]) for name in NAMES}
    for name in NAMES:
        books.pull(name, registers[name])
    registers["c"].items = registers["c"].items[:1]

    for _ in range(2):
        books.pull("c", registers["c"])

    assert (books.row(parcel_key(2)).connection, books.row(parcel_key(2)).deleted_at) == ("a", None)


def test_another_order_in_the_configuration_moves_the_records(books: PulledDatabase) -> None:
    registers = {name: LandRegister([parcel_item(1, id=f"{name}1")]) for name in ("a", "b")}
    for name in ("a", "b"):
        books.pull(name, registers[name])
    assert books.row(parcel_key(1)).connection == "a"
    books.senders = Senders(of_type={"land_parcel": ("b", "a")})

    for name in ("a", "b"):
        books.pull(name, registers[name])

    assert books.row(parcel_key(1)).connection == "b"


def test_a_declared_owner_goes_before_the_order(books: PulledDatabase) -> None:
    books.owners = {"land_parcel": "b"}
    registers = {name: LandRegister([parcel_item(1, id=f"{name}1")]) for name in NAMES}

    for name in NAMES:
        books.pull(name, registers[name])

    assert books.row(parcel_key(1)).connection == "b"


def test_a_source_alone_reads_nothing_again_because_of_the_order() -> None:
    """The order is part of what an item is recognised by only for those that stand behind another."""
    senders = Senders(of_type={"land_parcel": ("a", "b"), "dossier": ("b",)})

    assert owners_of({}, "land_parcel", senders).before("a") == ()
    assert owners_of({}, "land_parcel", senders).before("b") == ("a",)
    assert owners_of({}, "dossier", senders).before("b") == ()
    assert owners_of({"land_parcel": "b"}, "land_parcel", senders).before("b") == ()


def configured(**ownership: str) -> Config:
    """Return a configuration of two land registries and a program between them."""
    registry = {"adapter": "ogc_features", "agency": "H09.1", "options": {"collection": "p", "scheme": "gso-2025-07"}}
    tables = {
        "connections": {
            "north": {**registry, "base_url": "https://north.example"},
            "office": {"adapter": "program", "agency": "H09.2"},
            "south": {**registry, "base_url": "https://south.example"},
        },
        "ownership": ownership,
    }
    return Config.from_tables(tables, Path("cchc.toml"))


def test_the_configuration_says_who_can_send_what() -> None:
    senders = connections_by_type(configured())

    assert (senders["land_parcel"], senders["dossier"]) == (("north", "office", "south"), ("office",))


def test_sources_of_one_record_type_without_declared_owner_are_found() -> None:
    (finding,) = ownership_findings(configured(), None)

    assert (finding.level, finding.message.code) == ("warning", "ownership.undeclared")
    assert (finding.message.context["connections"], finding.message.context["first"]) == ("north, south", "north")
    assert list(ownership_findings(configured(land_parcel="south"), None)) == []


def test_records_that_several_send_without_declared_owner_are_found(books: PulledDatabase) -> None:
    """Also where one of them is a program, which may send anything."""
    for name in ("north", "office"):
        books.pull(name, LandRegister([parcel_item(1, id=f"{name}1"), parcel_item(2, id=f"{name}2")]))

    (finding,) = ownership_findings(configured(), books.database)

    assert (finding.message.code, finding.message.context["claims"]) == ("ownership.overlapping", 2)
