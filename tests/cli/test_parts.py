"""Parts of a source: read again by window or by key, read whole by wish, and read on where one of them is broken."""

from datetime import timedelta

import pytest

from cchc_connect import Adapter, Config, RunEnvironment, RunReport, Synchronizer
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.database.state.circuit_breakers import record_success
from cchc_connect.transport import Anonymous, Endpoint, Policy, RequestsTransport
from tests.cli.conftest import CONFIG, Call, Connect
from tests.cli.district import DOSSIERS, PARCELS, District
from tests.databases import on_every_kind
from tests.sync.memory_systems import START, dossier_codes, dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase, parcel_key

DAY = timedelta(days=1)


@pytest.fixture
def changing(call: Call, connect: Connect, district: District) -> District:
    """Give a district that lists what changed, pulled up to its parcel 4; the others are a day older each."""
    connect(changed_since=True)
    district.items[PARCELS] = [
        parcel_item(number, at=to_timestamp_text(START - (4 - number) * DAY)) for number in range(1, 5)
    ]
    assert call("sync").code == 0
    district.questions.clear()
    return district


def test_a_full_run_finds_what_a_listing_of_changes_never_shows(
    call: Call, changing: District, books: PulledDatabase
) -> None:
    """What was changed without a new date, and what is gone; the next run confirms that, and then changes are asked."""
    changing.parcels[0]["area"] = "99"
    del changing.parcels[1]
    assert call("sync", "--json").document["rows_written"] == 0

    ran = call("sync", "--full", "district", "--json")

    assert (ran.code, ran.document["rows_written"], ran.document["lines"][0]["absent"]) == (0, 1, 1)
    assert call("sync", "--json").document["rows_written"] == 1
    assert (books.row(parcel_key(1)).area_m2, books.live_parcels()) == (99, ["1", "3", "4"])
    assert call("sync").code == 0
    assert changing.questions[-1]["since"] >= to_timestamp_text(START - timedelta(minutes=11))


@pytest.mark.usefixtures("changing")
def test_a_full_run_of_a_connection_there_is_not_is_a_misuse(call: Call) -> None:
    """Exit code 64, with the names there are."""
    refused = call("sync", "--full", "distrikt")

    assert refused.code == 64
    assert "district" in refused.err


@on_every_kind
@pytest.mark.parametrize("by_key", [True, False])
def test_one_item_is_pulled_again_by_the_key_it_has_at_its_source(
    call: Call, connect: Connect, changing: District, books: PulledDatabase, *, by_key: bool
) -> None:
    """The others stay as they are here, though they changed too; no cursor moves."""
    connect(changed_since=True, by_key=by_key)
    before = books.everything()["cursor"]
    for parcel in changing.parcels:
        parcel["area"] = "99"

    ran = call("pull", "district", "--key", "p2")

    assert ran.code == 0
    assert [books.row(parcel_key(number)).area_m2 for number in (1, 2, 3, 4)] == [250.5, 99, 250.5, 250.5]
    assert books.everything()["cursor"] == before
    assert "Read up to" not in ran.out


@pytest.mark.parametrize("by_key", [True, False])
@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--record-type", "land_parcel")])
def test_an_item_that_the_source_does_not_have_is_not_done(
    call: Call, connect: Connect, changing: District, *, by_key: bool, options: tuple[str, ...]
) -> None:
    """Exit code 66; nothing changes, and the run's report says so too."""
    connect(changed_since=True, by_key=by_key)
    changing.items[DOSSIERS] = [dossier_fields(code) for code in dossier_codes(2)]

    ran = call("pull", "district", "--key", "p22", *options)

    assert ran.code == 66
    assert "district has no item with the key 'p22'" in ran.err
    if not options:
        assert call("runs", "--json").document["runs"][0]["state"] == "failed"


def test_an_item_that_one_of_several_sources_has_is_pulled(call: Call, connect: Connect, changing: District) -> None:
    connect(changed_since=True, lists=["land_parcel", "dossier"])

    assert call("pull", "district", "--key", "p2").code == 0
    assert changing.questions


@pytest.mark.parametrize(
    ("options", "exit_code"),
    [(("--until", "2026-07-31"), 0), (("--since", "2026-07-31", "--until", "2026-07-31"), 0)],
)
def test_a_window_up_to_a_day_includes_the_day(
    call: Call, changing: District, options: tuple[str, ...], exit_code: int
) -> None:
    """The Vietnamese day, to its last microsecond."""
    assert call("pull", "district", *options).code == exit_code
    assert changing.questions[-1]["until"].startswith("2026-07-31T16:59:59.999999")


@on_every_kind
def test_a_window_is_pulled_again_and_the_next_run_goes_on_where_the_last_was(
    call: Call, changing: District, books: PulledDatabase
) -> None:
    """A window past what was read is no reason to skip what lies between."""
    before = books.everything()["cursor"]
    changing.parcels[0]["area"] = "99"
    changing.parcels.append(parcel_item(5, at=to_timestamp_text(START + 2 * DAY)))
    changing.parcels.append(parcel_item(6, at=to_timestamp_text(START + 9 * DAY)))
    window = ("--since", to_timestamp_text(START - 3 * DAY), "--until", to_timestamp_text(START + 3 * DAY))

    ran = call("pull", "district", *window)
    query, cursor = changing.questions[-1], books.everything()["cursor"]
    changing.parcels.append(parcel_item(7, at=to_timestamp_text(START + DAY)))
    call("sync")

    assert (ran.code, cursor) == (0, before)
    assert query["until"].startswith("2026-03-05T08:00:00")
    assert (books.row(parcel_key(1)).area_m2, books.live_parcels()) == (99, ["1", "2", "3", "4", "5", "6", "7"])
    assert "Read up to" not in ran.out


def test_a_dry_run_of_a_part_writes_nothing(call: Call, changing: District, books: PulledDatabase) -> None:
    """It counts what would be written."""
    changing.parcels[0]["area"] = "99"
    before = books.everything()

    ran = call("pull", "district", "--since", "2020-01-01", "--dry-run", "--json")

    assert (ran.code, ran.document["rows_written"]) == (0, 1)
    assert books.everything() == before


def test_a_part_is_pulled_and_nothing_is_pushed(call: Call, connect: Connect, district: District) -> None:
    """What is due waits for the next run."""
    connect(lists=["dossier"], sends=True)
    district.items[DOSSIERS] = [dossier_fields(code) for code in dossier_codes(2)]

    ran = call("pull", "district", "--json")

    assert (ran.code, ran.document["rows_written"], district.messages) == (0, 2, [])


def test_a_part_that_is_none_is_a_misuse(call: Call, changing: District) -> None:
    """Exit code 64, and nobody is asked: a connection, a record type, an instant and a window that are none."""
    parts = (
        ("nobody",),
        ("district", "--record-type", "dossier"),
        ("district", "--since", "last week"),
        ("district", "--since", "2026-03-02", "--until", "2026-03-01"),
    )

    assert [call("pull", *part).code for part in parts] == [64] * 4
    assert changing.questions == []


def test_a_report_says_from_where_to_where_each_source_was_read(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    """By the source's own clock, where that moved; a listing that broke off says where it goes on."""
    connect()
    district.items[PARCELS] = [parcel_item(number) for number in range(1, 7)]
    district.fails_after = 3

    broken = call("sync")
    district.fails_after = None
    with books.database.writing() as connection:
        record_success(connection, "district")  # an hour later: it asked to be left alone so long
    first, again = call("sync"), call("sync")
    latest = [run["run_id"] for run in call("runs", "--json").document["runs"]]

    assert "Listing not finished: district land_parcel continues at page token 3" in broken.out
    assert "Read up to: district land_parcel, 2026-03-02 15:00 (Vietnam time)" in first.out
    assert "Read up to" not in again.out
    assert "Read up to: district land_parcel, 2026-03-02 15:00 (Vietnam time)" in call("runs", latest[1]).out


@on_every_kind
def test_what_a_system_lists_as_gone_is_gone_with_the_run_and_can_come_back(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    """Exit code 0, also where it lists a key that never was here; what it does not list is not gone."""
    connect(changed_since=True, deletes="tombstones")
    district.items[PARCELS] = [parcel_item(number) for number in range(1, 4)]
    call("sync")
    district.items[PARCELS], district.gone = [parcel_item(2)], ["p1", "p99"]

    ended = call("sync", "--json")
    live = books.live_parcels()
    district.parcels.append(parcel_item(1))
    back = call("sync", "--json")

    assert (ended.code, [line["deleted"] for line in ended.document["lines"]], live) == (0, [1], ["2", "3"])
    assert (back.code, back.document["rows_written"], books.live_parcels()) == (0, 1, ["1", "2", "3"])


PARTS = ("north", "middle", "south")


@pytest.fixture
def in_parts(connect: Connect, district: District) -> District:
    """Give a district that lists its parcels by parts."""
    connect(partitions=PARTS)
    district.items[PARCELS] = [parcel_item(number, part=part) for number, part in enumerate(PARTS, start=1)]
    return district


@pytest.mark.parametrize("broken", ["north", "south"])
def test_one_broken_part_leaves_the_others_of_its_source_running(
    call: Call, in_parts: District, books: PulledDatabase, broken: str
) -> None:
    """Exit code 3; the report has a line for each part and the reason of one, until that can be read again."""
    in_parts.broken = {broken}

    ran = call("sync", "--json")
    output = call("status").out
    in_parts.broken = set()
    after = call("sync", "--json")

    outcomes = {line["partition"]: line["outcome"] for line in ran.document["lines"]}
    assert (ran.code, ran.document["outcome"]) == (3, "partial")
    assert outcomes == {**dict.fromkeys(PARTS, "done"), broken: "held"}
    assert [line["partition"] for line in ran.document["lines"] if line["reason"]] == [broken]
    assert f"land_parcel {broken}" in output
    assert (after.code, after.document["rows_written"], books.live_parcels()) == (0, 1, ["1", "2", "3"])


def run_hastily(books: PulledDatabase) -> RunReport:
    """Run once, without long waits between the attempts at a system that fails."""

    def hasty(name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> RequestsTransport:
        endpoint = Endpoint(name=name, base_url=table.base_url, dialect=adapter.dialect, authentication=Anonymous())
        return RequestsTransport(endpoint, Policy(deadline_s=deadline_s, backoff_base_s=0.001))

    return Synchronizer(Config.load(CONFIG), books.database, RunEnvironment(open_transport=hasty)).synchronise()


def reasons(report: RunReport) -> dict[str, str | None]:
    """Return by part why it was not read."""
    return {line.partition: None if line.reason is None else line.reason.code for line in report.lines}


@pytest.mark.parametrize("broken", PARTS)
def test_a_part_for_which_the_system_has_an_error_leaves_the_others_running(
    in_parts: District, books: PulledDatabase, broken: str
) -> None:
    """That says nothing of the others, whichever comes first."""
    in_parts.failing = {broken}

    report = run_hastily(books)

    assert reasons(report) == {**dict.fromkeys(PARTS), broken: "transport.maintenance"}
    assert len(books.live_parcels()) == 2


def test_a_system_that_has_nothing_but_errors_is_asked_for_three_parts(
    connect: Connect, district: District, books: PulledDatabase
) -> None:
    """The others say why they were not read; the run does not wait for each of them."""
    parts = ("a", "b", "c", "d", "e")
    connect(partitions=parts)
    district.failing = set(parts)

    report = run_hastily(books)

    assert reasons(report) == dict.fromkeys(parts, "transport.maintenance")
    assert {query["part"] for query in district.questions} == {"a", "b", "c"}


def test_a_system_that_is_down_is_asked_for_one_part_only(in_parts: District, books: PulledDatabase) -> None:
    """Nobody is there for the others either."""
    in_parts.stop()

    report = run_hastily(books)

    assert reasons(report) == dict.fromkeys(PARTS, "transport.never_connected")
    assert [line.partition for line in report.lines if line.seconds] == [PARTS[0]]


def test_a_record_type_that_a_connection_does_not_provide_is_answered_by_the_one_that_was_meant(
    call: Call, connect: Connect
) -> None:
    connect(lists=["land_parcel"])

    refused = call("pull", "district", "--record-type", "land_parcle")

    assert refused.code == 64
    assert "Did you mean 'land_parcel'? It provides: land_parcel." in refused.err
