"""`history` and `case`: what was known when, and parcels that are found by the numbers they had."""

from datetime import datetime, timedelta

import pytest

from cchc_schemas import ConstructionPermit
from tests.cli.conftest import Call
from tests.databases import on_every_kind
from tests.schemas.test_construction import PERMIT
from tests.sync.memory_systems import START, DossierRegister, LandRegister, dossier_codes, dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key
from tests.sync.test_record_lineage import change, pull_changes

DAY = timedelta(days=1)


@pytest.fixture
def remeasured(books: PulledDatabase) -> LandRegister:
    """Give a register whose one parcel was read on three days: as it was, remeasured, gone."""
    register = LandRegister([parcel_item(1)])
    books.pull("a", register)
    books.clock.advance(DAY)
    register.items = [parcel_item(1, area="99")]
    books.pull("a", register)
    books.clock.advance(DAY)
    register.items = []
    books.pull_twice("a", register)
    return register


@on_every_kind
@pytest.mark.parametrize(
    ("at", "area"),
    [(START, "250.5"), (START + DAY - timedelta(microseconds=1), "250.5"), (START + DAY, "99")],
)
@pytest.mark.usefixtures("remeasured")
def test_history_at_an_instant_is_what_was_known_then(call: Call, address: str, at: datetime, area: str) -> None:
    """The version of that instant and none of the later ones."""
    shown = call("history", "land_parcel", parcel_key(1), "--at", at.isoformat(), "--json", "--db", address)

    (version,) = shown.document["records"]
    assert version["record"]["area_m2"] == area


@pytest.mark.usefixtures("remeasured")
def test_history_at_an_instant_without_the_record_says_so(call: Call, address: str) -> None:
    """Exit code 66 before its first version and from the one that ended it; 64 where the instant is none."""

    def at(written: str) -> int:
        return call("history", "land_parcel", parcel_key(1), "--at", written, "--db", address).code

    before, ended = (START - DAY).isoformat(), (START + 2 * DAY).isoformat()
    assert [at(before), at(ended), at("yesterday")] == [66, 66, 64]


@on_every_kind
@pytest.mark.usefixtures("remeasured")
def test_history_tells_what_changed_in_each_version(call: Call, address: str) -> None:
    """The last one is the end of the record, with the values it had."""
    shown = call("history", "land_parcel", parcel_key(1), "--db", address)
    document = call("history", "land_parcel", parcel_key(1), "--json", "--db", address).document

    assert "area_m2: 250.5 -> 99" in shown.out
    assert [version["operation"] for version in document["records"][0]["versions"]] == ["insert", "update", "delete"]


@on_every_kind
def test_history_by_a_number_that_was_split_is_that_of_the_parcels_it_became(
    call: Call, books: PulledDatabase, address: str
) -> None:
    """Of the old number itself nothing was ever known here; the change of the register leads on."""
    books.pull("a", LandRegister([parcel_item(2), parcel_item(3)]))
    pull_changes(books, change(1, [1], [2, 3]))

    shown = call("history", "land_parcel", parcel_key(1), "--json", "--db", address).document
    shown_text = call("history", "land_parcel", parcel_key(1), "--db", address)

    assert [record["key"] for record in shown["records"]] == [parcel_key(2), parcel_key(3)]
    assert [(event["new_key"], event["kind"]) for event in shown["became"]] == [
        (parcel_key(2), "split"),
        (parcel_key(3), "split"),
    ]
    assert "was never a record in this database" in shown_text.out
    assert f"  {parcel_key(2)}: split, " in shown_text.out
    assert "stated by land_change " in shown_text.out


def test_history_by_a_number_that_was_known_here_leads_to_the_new_one_and_back(
    call: Call, books: PulledDatabase, address: str
) -> None:
    """A parcel that got another number at its source."""
    register = LandRegister([parcel_item(1)])
    books.pull("a", register)
    register.items = [parcel_item(1, number="77")]
    books.pull("a", register)

    old, new = (
        call("history", "land_parcel", parcel_key(number), "--json", "--db", address).document for number in (1, 77)
    )

    assert [version["operation"] for version in old["records"][0]["versions"]] == ["insert", "renumber"]
    assert [event["new_key"] for event in old["became"]] == [parcel_key(77)]
    assert [event["old_key"] for event in new["came_from"]] == [parcel_key(1)]


def test_history_at_an_instant_follows_an_old_number_too(call: Call, books: PulledDatabase, address: str) -> None:
    """What took the number's place is shown as it was known then."""
    books.pull("a", LandRegister([parcel_item(2, previous_keys=[parcel_key(1)])]))

    shown = call("history", "land_parcel", parcel_key(1), "--at", START.isoformat(), "--json", "--db", address)

    assert [version["record"]["parcel_number"] for version in shown.document["records"]] == ["2"]


@pytest.mark.parametrize(("days", "area"), [(-1, None), (0, "250.5"), (1, "99")])
def test_history_at_a_day_includes_the_whole_vietnamese_day(
    call: Call, books: PulledDatabase, address: str, days: int, area: str | None
) -> None:
    """What was stored in the afternoon of the day is part of what was known on it."""
    register = LandRegister([parcel_item(1)])
    books.pull("a", register)
    books.clock.advance(timedelta(days=1))
    register.items = [parcel_item(1, area="99")]
    books.pull("a", register)
    day = START.date() + timedelta(days=days)

    shown = call("history", "land_parcel", parcel_key(1), "--at", day.isoformat(), "--json", "--db", address)

    assert shown.code == (66 if area is None else 0)
    if area is not None:
        assert [version["record"]["area_m2"] for version in shown.document["records"]] == [area]


(CODE,) = dossier_codes(1)


@pytest.fixture
def permitted(books: PulledDatabase) -> PulledDatabase:
    """Give a dossier with a permit to build on parcel 1."""
    parcel = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12", "parcel_number": "1"}
    permit = {**PERMIT, "dossier_code": CODE, "parcel_refs": [parcel]}
    books.pull("desk", DossierRegister([dossier_fields(CODE)]))
    books.pull("department", DossierRegister([permit], ConstructionPermit))
    return books


def parcels_of_the_case(call: Call, address: str) -> list[str]:
    return [parcel["parcel_number"] for parcel in call("case", CODE, "--json", "--db", address).document["parcels"]]


@on_every_kind
def test_a_case_shows_the_parcels_that_its_permits_parcel_was_split_into(
    call: Call, permitted: PulledDatabase, address: str
) -> None:
    """The permit still names the old number, and nobody has to look up what became of it."""
    permitted.pull("registry", LandRegister([parcel_item(2), parcel_item(3), parcel_item(4)]))
    pull_changes(permitted, change(1, [1], [2, 3]))

    assert parcels_of_the_case(call, address) == ["2", "3"]


def test_a_case_shows_a_renumbered_parcel_once(call: Call, permitted: PulledDatabase, address: str) -> None:
    """The new number and not the old one, whoever tells of it: the source, the parcel itself, or both."""
    register = LandRegister([parcel_item(1)])
    permitted.pull("registry", register)
    assert parcels_of_the_case(call, address) == ["1"]
    register.items = [parcel_item(1, number="77", previous_keys=[parcel_key(1)])]

    permitted.pull("registry", register)

    assert parcels_of_the_case(call, address) == ["77"]


@on_every_kind
def test_history_shows_what_was_left_out_of_the_present_version(
    call: Call, books: PulledDatabase, address: str
) -> None:
    """With path and rule, never with the value; a version without notes has none."""
    books.pull("a", LandRegister([parcel_item(1), parcel_item(2)]))
    books.pull("a", LandRegister([parcel_item(1, area="5 sào"), parcel_item(2)]))

    document = call("history", "land_parcel", parcel_key(1), "--json", "--db", address).document
    text = call("history", "land_parcel", parcel_key(1), "--db", address).out
    without = call("history", "land_parcel", parcel_key(2), "--json", "--db", address).document

    (record,) = document["records"]
    assert record["notes"] == [{"path": "area_m2", "rule": "decimal_parsing", "message": "is not a number"}]
    assert record["versions"][0]["record"]["area_m2"] == "250.5"
    assert "    area_m2 is not a number (decimal_parsing)" in text
    assert "sào" not in text
    assert without["records"][0]["notes"] == []
