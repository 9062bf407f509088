"""Readings of agencies' databases: no row is lost or shown wrongly, whatever the names, the types and the collation."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cchc_connect import Item, PageRequest, SourceHeld, StartOver
from tests.sql.agencies import Agency
from tests.sql.conftest import CONSTANTS, Open, items, pages

TIME_TYPE = {"sqlite": "TEXT", "postgres": "timestamp", "mariadb": "DATETIME(6)"}


def ids(rows: Sequence[Item]) -> list[object]:
    return [row["id"] for row in rows]


def since(text: str) -> PageRequest:
    return PageRequest(since=datetime.fromisoformat(text), page_token=None)


@pytest.fixture
def dossiers(agency: Agency) -> Agency:
    """Give a database with a table of seven dossiers."""
    agency.run(
        f"CREATE TABLE ho_so (id integer PRIMARY KEY, ma varchar(40), ten varchar(80), luc {TIME_TYPE[agency.kind]})"
    )
    agency.add("ho_so", *((n, f"H{n}", f"Người Mẫu {n}", f"2026-04-0{n} 08:00:00") for n in range(1, 8)))
    return agency


@pytest.mark.usefixtures("dossiers")
def test_a_table_is_read_page_by_page_with_one_cursor(open_source: Open) -> None:
    read = list(pages(open_source({"page_size": 3})))

    assert [len(page.items) for page in read] == [3, 3, 1]
    assert ids([item for page in read for item in page.items]) == [1, 2, 3, 4, 5, 6, 7]
    assert dict(read[0].items[0]) == {"id": 1, "ma": "H1", "ten": "Người Mẫu 1"}


def test_what_changes_while_pages_are_read_is_not_seen_by_this_reading(open_source: Open, dossiers: Agency) -> None:
    if dossiers.kind == "sqlite":
        dossiers.run("PRAGMA journal_mode = wal")
    source = open_source({"page_size": 3})
    first = source.fetch(PageRequest(since=None, page_token=None))
    dossiers.run("DELETE FROM ho_so WHERE id IN (1, 5)")

    rest = source.fetch(PageRequest(since=None, page_token=first.next_page_token))

    assert ids(rest.items) == [4, 5, 6]


def test_a_reading_between_two_pages_keeps_nobody_from_writing(open_source: Open, dossiers: Agency) -> None:
    """A file of SQLite without a write-ahead log is left alone each time that some pages were read at once."""
    dossiers.add("ho_so", *((n, f"H{n}", f"Người Mẫu {n}", None) for n in range(8, 26)))
    if dossiers.kind == "sqlite":
        dossiers.run("PRAGMA busy_timeout = 1")
    read = list[Item]()

    for page in pages(open_source({"page_size": 1})):
        read += page.items
        dossiers.run("UPDATE ho_so SET ten = 'x' WHERE id = 7")

    assert ids(read) == [*range(1, 26)]


def test_another_process_goes_on_after_the_last_page(open_source: Open, dossiers: Agency) -> None:
    killed = open_source({"page_size": 3})
    token = killed.fetch(PageRequest(since=None, page_token=None)).next_page_token
    killed.close()
    dossiers.run("DELETE FROM ho_so WHERE id = 1")

    assert ids(items(open_source({"page_size": 3}), PageRequest(since=None, page_token=token))) == [4, 5, 6, 7]


@pytest.mark.usefixtures("dossiers")
def test_a_token_of_something_else_begins_anew(open_source: Open) -> None:
    for token in ("200", "{}", '{"n":1,"at":[{"number":"x"}],"timeless":false,"until":[]}', "null", "[1]"):
        with pytest.raises(StartOver):
            open_source().fetch(PageRequest(since=None, page_token=token))


@pytest.mark.usefixtures("dossiers")
def test_only_what_changed_since_is_read(open_source: Open) -> None:
    source = open_source({"changed_at": "luc"})

    assert ids(items(source, since("2026-04-05T08:00:00+07:00"))) == [5, 6, 7]
    assert ids(items(source, since("2026-04-05T08:00:02+07:00"))) == [6, 7]


@pytest.mark.usefixtures("dossiers")
def test_times_without_a_zone_are_in_the_zone_of_the_options(open_source: Open, dossiers: Agency) -> None:
    if dossiers.kind == "sqlite":
        pytest.skip("SQLite has texts, which their codec reads")
    source = open_source({"changed_at": "luc"}, time_zone="UTC")

    (item,) = items(source, since("2026-04-07T08:00:00+00:00"))

    assert source.changed_at(item) == datetime(2026, 4, 7, 8, tzinfo=UTC)


def test_rows_without_a_time_of_change_are_read_in_every_run(open_source: Open, dossiers: Agency) -> None:
    dossiers.add("ho_so", (8, "H8", "Người Mẫu 8", None), (9, "H9", "Người Mẫu 9", None))
    source = open_source({"changed_at": "luc", "page_size": 2})

    assert ids(items(source)) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert ids(items(source, since("2026-04-07T08:00:00+07:00"))) == [7, 8, 9]


def test_every_page_can_be_the_last_of_a_process(open_source: Open, dossiers: Agency) -> None:
    """Times tie, and rows have no time."""
    dossiers.run("UPDATE ho_so SET luc = '2026-04-05 08:00:00' WHERE id IN (3, 4, 5, 6)")
    dossiers.add("ho_so", (8, "H8", "Người Mẫu 8", None), (9, "H9", "Người Mẫu 9", None))
    keys = {"changed_at": "luc", "page_size": 1, "lookback": "10m"}
    read, token = list[object](), None
    for _ in range(40):
        source = open_source(keys)
        page = source.fetch(PageRequest(since=None, page_token=token))
        source.close()
        read += ids(page.items)
        token = page.next_page_token
        if token is None:
            break

    assert token is None
    assert list(dict.fromkeys(read)) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_what_appears_late_beside_the_place_of_a_kill_is_read(open_source: Open, dossiers: Agency) -> None:
    """The overlap: a row that became visible after it was passed, with a time a little before that place."""
    keys = {"changed_at": "luc", "page_size": 4, "lookback": "1d"}
    killed = open_source(keys)
    token = killed.fetch(PageRequest(since=None, page_token=None)).next_page_token
    killed.close()
    dossiers.add("ho_so", (0, "H0", "Người Mẫu 0", "2026-04-03 20:00:00"))

    read = ids(items(open_source(keys), PageRequest(since=None, page_token=token)))

    assert (0 in read, 1 in read, read[-3:]) == (True, False, [5, 6, 7])


def test_keys_that_a_collation_takes_for_one_are_all_read(open_source: Open, agency: Agency) -> None:
    """A walk by key lost one row of nine where "a" and "A" were one key; spaces at the end count too."""
    keys = ["a", "A", "á", "ă", "b", "B", "đ", "Đ", "d", "e", "E", "ê"]
    collation = {"sqlite": "COLLATE NOCASE", "postgres": "", "mariadb": "COLLATE utf8mb4_general_ci"}[agency.kind]
    agency.run(f"CREATE TABLE ho_so (id varchar(20) {collation}, ma varchar(40), ten varchar(80))")
    agency.add("ho_so", *((key, f"H{number}", "x") for number, key in enumerate(keys)))

    read, token = list[object](), None
    while True:
        source = open_source({"page_size": 1})
        page = source.fetch(PageRequest(since=None, page_token=token))
        source.close()
        read, token = [*read, *ids(page.items)], page.next_page_token
        if token is None:
            break

    assert sorted(map(str, read)) == sorted(keys)


@pytest.mark.parametrize("name", ["Hồ Sơ", "ho:so", "100%", "ho%s", 'ho"so', "select"])
def test_names_are_quoted(open_source: Open, agency: Agency, name: str) -> None:
    if agency.kind == "mariadb" and '"' in name:
        name = name.replace('"', "`")
    mark = "`" if agency.kind == "mariadb" else '"'
    quoted = agency.quoted(name.replace(mark, mark * 2))
    agency.run(f"CREATE TABLE {quoted} (id integer, {quoted} varchar(20))")
    agency.add(quoted, (1, "H1"))

    source = open_source({"table": [name], "fields": {"code": name, **CONSTANTS}})

    assert items(source) == [{"id": 1, name: "H1"}]
    assert source.translate(items(source)[0])["code"] == "H1"


def test_names_in_another_form_of_unicode_are_found(open_source: Open, agency: Agency) -> None:
    """The database decomposes its accents, cchc.toml composes them."""
    table, column = "ho\u0302\u0300_so", "ma\u0303"
    agency.run(f"CREATE TABLE {agency.quoted(table)} (id integer, {agency.quoted(column)} varchar(20))")
    agency.add(agency.quoted(table), (1, "H1"))

    source = open_source({"table": "hồ_so", "fields": {"code": "mã", **CONSTANTS}})

    (item,) = items(source)
    assert source.translate(item)["code"] == "H1"


@pytest.mark.usefixtures("dossiers")
def test_a_query_is_read_as_it_is(open_source: Open) -> None:
    """Colons and percent signs of the query are no parameters."""
    query = "SELECT id, ma, ten, ':x 100% %s' AS ghi_chu FROM ho_so WHERE ma LIKE 'H%' AND ten <> ':y'; "

    read = items(open_source({"query": query, "also_fetch": ["ghi_chu"], "page_size": 2}))

    assert (len(read), read[0]["ghi_chu"]) == (7, ":x 100% %s")


@pytest.mark.usefixtures("dossiers")
def test_nothing_can_be_written(open_source: Open, dossiers: Agency) -> None:
    with pytest.raises(SourceHeld):
        items(open_source({"query": "DELETE FROM ho_so RETURNING id, ma, ten"}))

    cursor = dossiers.connection.cursor()
    cursor.execute("SELECT count(*) FROM ho_so")
    assert cursor.fetchone()[0] == 7


def test_columns_that_nobody_reads_are_not_fetched(open_source: Open, dossiers: Agency) -> None:
    dossiers.run("ALTER TABLE ho_so ADD COLUMN anh varchar(100)")
    dossiers.run("ALTER TABLE ho_so ADD COLUMN ghi_chu varchar(100)")

    (item, *_) = items(open_source({"also_fetch": ["ghi_chu"]}))

    assert item.keys() == {"id", "ma", "ten", "ghi_chu"}


@pytest.mark.usefixtures("dossiers")
def test_marked_rows_are_tombstones(open_source: Open) -> None:
    source = open_source({"deletes": {"property": "ten", "values": ["Người Mẫu 2"]}})

    (page,) = pages(source)

    assert (ids(page.items), page.deleted_keys) == ([1, 3, 4, 5, 6, 7], ["2"])


def test_a_day_is_read_again_as_a_whole(open_source: Open, agency: Agency) -> None:
    agency.run("CREATE TABLE ho_so (id integer, ma varchar(40), ten varchar(80), ngay date)")
    agency.add("ho_so", *((n, f"H{n}", "x", f"2026-04-0{n}") for n in range(1, 4)))

    read = items(open_source({"changed_at": "ngay", "granularity": "1d"}), since("2026-04-02T15:00:00+07:00"))

    assert ids(read) == [2, 3]


@pytest.mark.parametrize(("codec", "factor"), [("epoch_s", 1), ("epoch_ms", 1000), ("change_time", 1000)])
def test_numbers_are_times_too(open_source: Open, agency: Agency, codec: str, factor: int) -> None:
    agency.run("CREATE TABLE ho_so (id integer, ma varchar(40), ten varchar(80), luc bigint)")
    start = datetime(2026, 4, 1, tzinfo=UTC)
    for n in range(4):
        agency.add("ho_so", (n, f"H{n}", "x", int((start + timedelta(days=n)).timestamp()) * factor))

    change = {"property": "luc", "codec": codec}

    assert ids(items(open_source({"changed_at": change}), since("2026-04-03T00:00:00+00:00"))) == [2, 3]


def read_by_processes(open_source: Open, keys: dict[str, Any]) -> list[object]:
    """Return the codes of a reading of which each page is read by another process, each once."""
    read, token = list[object](), None
    for _ in range(40):
        source = open_source({"page_size": 1, **keys})
        page = source.fetch(PageRequest(since=None, page_token=token))
        source.close()
        read, token = [*read, *(item["ma"] for item in page.items)], page.next_page_token
        if token is None:
            return [*dict.fromkeys(read)]
    pytest.fail("the reading does not end")


@pytest.mark.parametrize("agency", ["sqlite"], indirect=True)
@pytest.mark.parametrize("changed_at", [{}, {"changed_at": "luc"}], ids=["by key", "by time"])
@pytest.mark.parametrize(
    "values",
    [
        [0.5, 1.5, 1e30],
        [1, 1.5, 2],
        [1, "B", "b", "c"],
        ["a", b"a", b"\xff"],
        [-(2**63), 2**63 - 1],
        ["1", "10", "2"],
    ],
)
def test_a_key_of_any_type_of_sqlite_is_walked_by_one_process_after_another(
    open_source: Open, agency: Agency, values: list[object], changed_at: dict[str, str]
) -> None:
    agency.run("CREATE TABLE ho_so (id COLLATE NOCASE, ma text, ten text, luc text)")
    agency.add("ho_so", *((value, f"H{number}", "x", "2026-04-01 08:00:00") for number, value in enumerate(values)))

    read = read_by_processes(open_source, changed_at)

    assert sorted(map(str, read)) == [f"H{number}" for number in range(len(values))]


@pytest.mark.parametrize("agency", ["sqlite"], indirect=True)
def test_a_key_that_is_not_in_utf_8_stops_no_reading(open_source: Open, agency: Agency) -> None:
    agency.run("CREATE TABLE ho_so (id text, ma text, ten text)")
    for number, key in enumerate(["'a'", "CAST(x'62ff' AS TEXT)", "'c'", "'d'"]):
        agency.run(f"INSERT INTO ho_so VALUES ({key}, 'H{number}', 'x')")  # noqa: S608  # literals of tests

    assert read_by_processes(open_source, {}) == ["H0", "H1", "H2", "H3"]


@pytest.mark.parametrize("agency", ["sqlite"], indirect=True)
def test_times_that_are_floats_are_walked_by_one_process_after_another(open_source: Open, agency: Agency) -> None:
    agency.run("CREATE TABLE ho_so (id integer, ma text, ten text, luc real)")
    agency.add("ho_so", *((number, f"H{number}", "x", 1775000000.5 + number) for number in range(4)))
    change = {"changed_at": {"property": "luc", "codec": "epoch_s"}}

    assert read_by_processes(open_source, change) == ["H0", "H1", "H2", "H3"]


@pytest.mark.parametrize("agency", ["sqlite"], indirect=True)
def test_texts_without_an_offset_are_times_in_the_zone_of_the_options(open_source: Open, agency: Agency) -> None:
    agency.run("CREATE TABLE ho_so (id integer, ma text, ten text, luc text, nop text)")
    agency.add(
        "ho_so",
        (1, "H1", "x", "2026-04-07 08:00:00", "2026-04-07T07:00"),
        (2, "H2", "x", "2026-04-07T15:30:00+07:00", "2026-04-07 07:00:00Z"),
    )
    fields = {"code": "ma", "received_at": {"property": "nop", "codec": "instant"}, **CONSTANTS}
    source = open_source({"changed_at": "luc", "fields": fields}, time_zone="UTC")

    read = items(source, since("2026-04-07T08:00:00+00:00"))

    assert [source.changed_at(item) for item in read] == [
        datetime(2026, 4, 7, 8, tzinfo=UTC),
        datetime(2026, 4, 7, 8, 30, tzinfo=UTC),
    ]
    assert [source.translate(item)["received_at"] for item in read] == [datetime(2026, 4, 7, 7, tzinfo=UTC)] * 2


def test_seconds_and_milliseconds_in_one_column_are_both_times(open_source: Open, agency: Agency) -> None:
    """Also for a process that goes on after another one."""
    agency.run("CREATE TABLE ho_so (id integer, ma varchar(40), ten varchar(80), luc bigint)")
    start = int(datetime(2026, 4, 1, tzinfo=UTC).timestamp())
    for n in range(6):
        seconds = start + n * 86_400
        agency.add("ho_so", (n, f"H{n}", "x", seconds * 1000 if n % 2 == 0 else seconds))

    changes = ids(items(open_source({"changed_at": "luc"}), since("2026-04-04T00:00:00+00:00")))

    assert sorted(map(int, map(str, changes))) == [3, 4, 5]
    everything = read_by_processes(open_source, {"changed_at": "luc"})
    assert sorted(map(str, everything)) == ["H0", "H1", "H2", "H3", "H4", "H5"]


@pytest.mark.parametrize("column_type", ["varchar(40)", "bigint"])
def test_times_in_another_spelling_than_the_others_are_read_in_every_run(
    open_source: Open, agency: Agency, column_type: str
) -> None:
    agency.run(f"CREATE TABLE ho_so (id integer, ma varchar(40), ten varchar(80), luc {column_type})")
    times: list[object] = [20260401080000, 20260402090000, 20260402, 202604020900]
    if column_type != "bigint":
        times = [*map(str, times), "2026-04-02 09:00:00", "2026-04-2 9:00"]
    agency.add("ho_so", *((n, f"H{n}", "x", time) for n, time in enumerate(times)))
    change = {"property": "luc", "codec": "compact_instant"}

    read = ids(items(open_source({"changed_at": change}), since("2026-04-02T08:00:00+07:00")))

    assert sorted(map(int, map(str, read))) == [*range(1, len(times))]
