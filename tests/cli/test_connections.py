"""`connection`: a renamed connection keeps what it has, a removed one leaves, and nothing passes to another unseen."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, SystemClock, UsageMistake, remove_connection, rename_connection
from cchc_connect.database.state.lease import Lease
from tests.cli.conftest import CONFIG, Call, install_adapters, write_config
from tests.cli.district import DOSSIERS, District
from tests.databases import on_every_kind
from tests.quick import few
from tests.sync.memory_systems import dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

Configure = Callable[..., None]

SYSTEM = {"adapter": "district", "agency": "000.00.01.H09"}


@pytest.fixture
def districts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[District, District]]:
    """Give two running districts whose adapter is installed."""
    install_adapters(tmp_path, monkeypatch, {"district": "tests.cli.district_adapter:DistrictAdapter"})
    with ExitStack() as running:
        first, second = District(), District()
        yield running.enter_context(first), running.enter_context(second)


@pytest.fixture
def configure(address: str) -> Configure:
    """Give a function that writes a cchc.toml which connects districts by these names, in this order."""

    def configuring(ownership: Mapping[str, str] | None = None, **named: District) -> None:
        connections = {
            name: {**SYSTEM, "base_url": running.base_url, "options": {"lists": ["land_parcel", "dossier"]}}
            for name, running in named.items()
        }
        write_config(CONFIG, {"database": {"url": address}, "connections": connections, "ownership": ownership or {}})

    return configuring


def levels(call: Call, code: str) -> list[str]:
    """Return the levels of the findings of `check` with this code."""
    return [each["level"] for each in call("check", "--json").document["findings"] if each["code"] == code]


def edited(land: District) -> None:
    """Change a parcel, and let another go."""
    land.parcels[0]["area"] = "99"
    del land.parcels[4]


@pytest.fixture
def renamed(call: Call, districts: tuple[District, District], configure: Configure) -> District:
    """Give a district that was pulled as `old` and is called `new` in cchc.toml now; it was edited since."""
    land, _ = districts
    land.items["/parcels"] = [parcel_item(number) for number in range(1, 11)]
    land.items[DOSSIERS] = [dossier_fields("000.00.05.H09-210927-0001")]
    configure(old=land)
    assert call("sync").code == 0
    configure(new=land)
    edited(land)
    return land


@on_every_kind
@pytest.mark.usefixtures("renamed")
def test_records_of_a_connection_that_is_gone_hold_the_connection_that_sends_them(
    call: Call, books: PulledDatabase
) -> None:
    """Nothing is written and nothing is ignored unseen; the message has both ways out."""
    ran = call("sync", "--json")

    reasons = {line["reason"]["code"] for line in ran.document["lines"] if line["reason"]}
    assert (ran.code != 0, reasons) == (True, {"ownership.vanished"})
    assert "connection rename old new" in ran.document["lines"][0]["reason"]["message"]
    assert "connection remove old" in ran.document["lines"][0]["reason"]["message"]
    assert books.row(parcel_key(1)).area_m2 == 250.5


@on_every_kind
def test_only_the_successor_is_held(
    call: Call, books: PulledDatabase, districts: tuple[District, District], configure: Configure, renamed: District
) -> None:
    """A connection with records of its own goes on."""
    second = districts[1]
    second.items["/parcels"] = [parcel_item(77)]
    configure(new=renamed, other=second)

    lines = call("sync", "--json").document["lines"]

    outcomes = {(line["name"], line["record_type"]): line["outcome"] for line in lines}
    assert outcomes["new", "land_parcel"] == "held"
    assert outcomes["other", "land_parcel"] == "done"
    assert books.row(parcel_key(77)).connection == "other"


@pytest.mark.usefixtures("renamed")
def test_a_renaming_that_is_not_in_the_configuration_yet_says_what_to_do_first(call: Call) -> None:
    refused = call("connection", "rename", "old", "nwe")

    assert refused.code == 64
    assert "Rename its table there first: [connections.nwe]. Did you mean 'new'?" in refused.err


@on_every_kind
@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize("runs_before", [0, 1])
def test_a_renamed_connection_goes_on_where_it_was(call: Call, books: PulledDatabase, runs_before: int) -> None:
    """Edits and deletions arrive with the first run after the renaming; a hold before it is no obstacle."""
    for _ in range(runs_before):
        call("sync")

    assert call("connection", "rename", "old", "new").code == 0
    assert (call("sync").code, call("sync").code) == (0, 0)

    assert (books.row(parcel_key(1)).area_m2, books.row(parcel_key(1)).version) == (99, 2)
    assert books.row(parcel_key(5)).deleted_at is not None
    assert {row[0] for row in books.everything()["cursor"]} == {"new"}
    assert levels(call, "ownership.left_behind") == []


@on_every_kind
@pytest.mark.usefixtures("renamed")
def test_check_finds_a_connection_that_is_gone_until_it_is_renamed_or_removed(call: Call) -> None:
    findings = [
        each for each in call("check", "--json").document["findings"] if each["code"] == "ownership.left_behind"
    ]

    assert [(each["level"], each["context"]["name"], each["context"]["records"]) for each in findings] == [
        ("warning", "old", 11)
    ]
    assert call("connection", "remove", "old", "--keep-records").code == 0
    assert levels(call, "ownership.left_behind") == []


@on_every_kind
@pytest.mark.usefixtures("renamed")
def test_a_renaming_is_a_run_and_may_be_repeated(call: Call, books: PulledDatabase) -> None:
    first = call("connection", "rename", "old", "new", "--json").document
    before = books.everything("run", "lease")

    again = call("connection", "rename", "old", "new", "--json")

    assert [(line["kind"], line["record_type"], line["updated"]) for line in first["lines"]] == [
        ("rename", "dossier", 1),
        ("rename", "land_parcel", 10),
    ]
    assert (again.code, books.everything("run", "lease")) == (0, before)
    shown = call("runs", first["run_id"])
    assert "Everything of 'old' belongs to 'new' now: 11 records" in shown.out


@on_every_kind
def test_a_name_with_records_of_its_own_takes_no_others(
    call: Call, books: PulledDatabase, districts: tuple[District, District], configure: Configure
) -> None:
    """Exit code 64, and nothing is moved."""
    for land, number in zip(districts, (1, 2), strict=True):
        land.items["/parcels"] = [parcel_item(number)]
    configure(old=districts[0], new=districts[1])
    assert call("sync").code == 0
    configure(new=districts[1])
    before = books.everything("run", "lease")

    refused = call("connection", "rename", "old", "new")

    assert (refused.code, books.everything("run", "lease")) == (64, before)
    assert "connection remove old --keep-records" in refused.err


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rename", "new", "new"), "still in cchc.toml"),
        (("rename", "old", "mew"), "new"),
        (("remove", "new", "--keep-records"), "still in cchc.toml"),
        (("remove", "olt", "--keep-records"), "old"),
        (("remove", "old"), "--keep-records"),
        (("remove", "old", "--keep-records", "--delete-records"), "--delete-records"),
    ],
)
def test_a_mistaken_change_of_a_connection_changes_nothing(
    call: Call, books: PulledDatabase, arguments: tuple[str, ...], words: str
) -> None:
    before = books.everything("lease")

    refused = call("connection", *arguments)

    assert (refused.code, books.everything("lease")) == (64, before)
    assert words in refused.err


@pytest.mark.usefixtures("renamed")
def test_a_connection_is_not_renamed_while_a_run_is_active(call: Call, books: PulledDatabase) -> None:
    """It holds the lease as a run does."""
    with Lease(books.database, SystemClock(), timedelta(minutes=2)):
        refused = call("connection", "rename", "old", "new")

    assert refused.code == 75
    assert books.row(parcel_key(1)).connection == "old"


@on_every_kind
@pytest.mark.parametrize("seed", few(range(4)))
def test_a_database_with_a_renamed_connection_is_as_if_it_always_had_that_name(
    call: Call, books: PulledDatabase, districts: tuple[District, District], configure: Configure, seed: int
) -> None:
    """Whatever was pulled, claimed, faulty and deleted before; runs alone remember the former name."""
    draw = random.Random(seed)
    first, second = districts
    for land, prefix in ((first, "p"), (second, "q")):
        numbers = draw.sample(range(1, 12), 6)
        land.items["/parcels"] = [
            parcel_item(number, id=f"{prefix}{number}", area=draw.choice(["?", "100", "120", "90.5"]))
            for number in numbers
        ]

    def life(name: str) -> Mapping[str, Any]:
        configure(**{name: first, "other": second})
        call("sync")
        del first.parcels[draw.randrange(3)]
        first.parcels[0]["area"] = "77"
        for _ in range(2):  # an absence counts when the next listing repeats it
            call("sync", "--accept-shrink", name)
        return books.everything("run", "run_counter", "lease", "change", "maintenance")

    before = life("old")
    configure(new=first, other=second)
    assert call("connection", "rename", "old", "new").code == 0

    after = books.everything("run", "run_counter", "lease", "change", "maintenance")

    assert str(after) == str(before).replace("'old'", "'new'")
    assert call("sync", "--json").document["rows_written"] == 0


@on_every_kind
def test_records_of_a_removed_connection_pass_to_who_sends_them(
    call: Call, books: PulledDatabase, districts: tuple[District, District], configure: Configure
) -> None:
    """What another connection sends already is its own at once; the rest is kept until somebody sends it."""
    first, second = districts
    first.items["/parcels"] = [parcel_item(number) for number in (1, 2, 3)]
    second.items["/parcels"] = [parcel_item(1, id="q1", area="99")]
    configure(old=first, heir=second)
    assert call("sync").code == 0
    configure(heir=second)

    assert call("connection", "remove", "old", "--keep-records").code == 0

    assert (books.row(parcel_key(1)).connection, books.row(parcel_key(1)).area_m2) == ("heir", 99)
    assert books.differences() == []
    assert books.live_parcels() == ["1", "2", "3"]
    second.parcels.append(parcel_item(2, id="q2", area="55"))

    assert call("sync").code == 0

    assert (books.row(parcel_key(2)).connection, books.row(parcel_key(2)).area_m2) == ("heir", 55)
    assert books.row(parcel_key(3)).connection == "old"


@on_every_kind
def test_records_of_a_removed_connection_are_marked_as_deleted_by_wish(
    call: Call, books: PulledDatabase, districts: tuple[District, District], configure: Configure
) -> None:
    """But for those that another connection sends."""
    first, second = districts
    first.items["/parcels"] = [parcel_item(number) for number in (1, 2, 3)]
    second.items["/parcels"] = [parcel_item(1, id="q1", area="99")]
    configure(old=first, heir=second)
    assert call("sync").code == 0
    configure(heir=second)

    assert call("connection", "remove", "old", "--delete-records").code == 0

    assert books.live_parcels() == ["1"]
    assert books.row(parcel_key(1)).connection == "heir"
    assert call("sync", "--json").document["rows_written"] == 0


@pytest.mark.usefixtures("renamed")
def test_a_program_renames_and_removes_as_the_command_line_does(books: PulledDatabase) -> None:
    report = rename_connection(Config.load(CONFIG), books.database, "old", "new")

    assert (report.rows_written, report.lines[0].name) == (11, "new")
    with pytest.raises(UsageMistake, match=r"still in cchc\.toml"):
        remove_connection(Config.load(CONFIG), books.database, "new", keep_records=True)


def test_a_run_says_that_nobody_declared_the_owner_of_what_two_sources_send(
    call: Call, districts: tuple[District, District], configure: Configure
) -> None:
    first, second = districts
    first.items["/parcels"] = [parcel_item(number) for number in (1, 2, 3)]
    second.items["/parcels"] = [parcel_item(1, id="q1", area="99"), parcel_item(7)]
    configure(one=first, other=second)
    assert "no owner is declared" in call("sync").out

    configure({"land_parcel": "one"}, one=first, other=second)

    assert "no owner is declared" not in call("sync").out
    assert levels(call, "ownership.overlapping") == []


@on_every_kind
@pytest.mark.usefixtures("renamed")
def test_reconcile_compares_content_whoever_owns_it(call: Call, books: PulledDatabase) -> None:
    """The owner that is gone is named; a repair writes nothing of what it owns."""
    compared = call("reconcile", "new", "--record-type", "land_parcel", "--json")

    (source,) = compared.document["sources"]
    assert (compared.code, source["other_owner"]["samples"], source["owners"]) == (3, ["p1"], {"old": 1})
    assert source["equal"] == 8
    assert call("reconcile", "new", "--record-type", "land_parcel", "--repair").code != 0
    assert books.row(parcel_key(1)).area_m2 == 250.5
