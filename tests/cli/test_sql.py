"""The adapter `sql` from the command line: checked, read, read again, deleted by absence, continued after a kill."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CONFIG, Call, write_config
from tests.sql.agencies import KINDS, Agency, agency_of
from tests.sql.conftest import FIELDS

COLUMNS = "id integer PRIMARY KEY, ma varchar(40), ten varchar(80), luc timestamp NULL, anh text"

Connect = Callable[..., None]


@pytest.fixture(params=KINDS)
def agency(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Agency]:
    """Give the database of an agency with eight dossiers."""
    with agency_of(request.param, tmp_path) as created:
        created.run(f"CREATE TABLE ho_so ({COLUMNS})")
        rows = (
            (number, f"000.00.05.H09-260302-{number:04}", "Người Mẫu", f"2026-04-0{number} 08:00:00", "x")
            for number in range(1, 9)
        )
        created.add("ho_so", *rows)
        yield created


@pytest.fixture
def connect(agency: Agency) -> Connect:
    """Give a function that connects the database, with more keys of the source and options."""

    def connecting(keys: dict[str, Any] | None = None, **options: Any) -> None:
        table = {"table": "ho_so", "key": "id", "changed_at": "luc", "fields": FIELDS, "page_size": 3, **(keys or {})}
        tables = {"url": agency.url, **options, "sources": {"dossier": table}}
        connection = {"adapter": "sql", "agency": "000.00.01.H09", "options": tables}
        write_config(CONFIG, {"connections": {"one-stop": connection}})

    connecting()
    return connecting


def counted(call: Call, *arguments: str) -> dict[str, Any]:
    """Return the line of the report of one run."""
    (line,) = call(*(arguments or ("sync",)), "--json").document["lines"]
    return dict(line)


def findings(call: Call) -> dict[str, str]:
    """Return what the check finds: code -> level."""
    return {finding["code"]: finding["level"] for finding in call("check", "--json").document["findings"]}


@pytest.mark.usefixtures("connect")
def test_a_table_is_read_and_then_only_its_changes(call: Call, agency: Agency) -> None:
    first = counted(call)
    agency.run("UPDATE ho_so SET ten = 'Người Khác', luc = '2026-04-09 08:00:00' WHERE id = 2")

    second, third = counted(call), counted(call)

    assert (first["outcome"], first["inserted"], first["pages"]) == ("done", 8, 3)
    assert (second["outcome"], second["fetched"], second["updated"]) == ("done", 2, 1)
    assert (third["outcome"], third["updated"]) == ("done", 0)


def test_what_is_absent_from_two_complete_listings_is_deleted(call: Call, agency: Agency, connect: Connect) -> None:
    connect({"deletes": "absence", "incremental": False})
    call("sync")
    agency.run("DELETE FROM ho_so WHERE id = 8")

    assert (counted(call)["deleted"], counted(call)["deleted"]) == (0, 1)


@pytest.mark.usefixtures("connect")
def test_the_check_tells_what_is_there(call: Call) -> None:
    levels = findings(call)

    assert levels["sql.connected"] == levels["sql.key_unique"] == levels["check.page_readable"] == "good"
    assert levels["sql.columns_not_read"] == "good"
    assert levels.keys() & {"sql.time_local", "sql.time_text"}
    assert "bad" not in levels.values()


@pytest.mark.parametrize(
    ("keys", "code", "level"),
    [
        ({"table": "ho_xo"}, "sql.relation_missing", "bad"),
        ({"key": "ten"}, "sql.key_twice", "bad"),
        ({"key": "idd"}, "sql.column_missing", "bad"),
        ({"fields": {**FIELDS, "code": "maa"}}, "sql.column_unmapped", "bad"),
        ({"fields": {**FIELDS, "summary": "trich_yeu"}}, "sql.column_unmapped", "bad"),
        ({"also_fetch": ["anhh"]}, "sql.column_missing", "bad"),
        ({"changed_at": "ma"}, "sql.time_text", "warning"),
    ],
)
def test_the_check_tells_what_is_not_as_declared(
    call: Call, connect: Connect, keys: dict[str, Any], code: str, level: str
) -> None:
    connect(keys)

    assert findings(call)[code] == level


def test_the_check_counts_rows_without_a_key_and_without_a_time(call: Call, agency: Agency, connect: Connect) -> None:
    connect({"key": "ma"})
    agency.run("INSERT INTO ho_so VALUES (9, NULL, 'x', NULL, 'x')")

    levels = findings(call)

    assert (levels["sql.key_null_in"], levels["sql.time_null"]) == ("bad", "warning")


@pytest.mark.parametrize(
    "key", ["A ", "\u00e1", "\u0410"], ids=["a space", "another form of Unicode", "a letter that looks alike"]
)
def test_the_check_takes_keys_for_one_where_records_do(call: Call, agency: Agency, connect: Connect, key: str) -> None:
    connect({"key": "ten"})
    agency.run("UPDATE ho_so SET ten = ma")
    agency.add("ho_so", (9, "H9", "A", None, "x"), (10, "H10", "a\u0301", None, "x"), (11, "H11", key, None, "x"))

    levels = findings(call)

    assert ("sql.key_unique" in levels, levels["sql.key_alike"]) == (False, "bad")


@pytest.mark.usefixtures("connect")
def test_a_change_late_on_a_day_with_many_rows_is_read(call: Call, agency: Agency, connect: Connect) -> None:
    """Where times are texts, whole days are read again: the pages before the change have nothing to show."""
    connect({"page_size": 1})
    agency.run("UPDATE ho_so SET luc = '2026-04-08 08:00:00'")
    agency.run("UPDATE ho_so SET luc = '2026-04-08 20:00:00' WHERE id = 8")
    call("sync")
    agency.run("UPDATE ho_so SET ten = 'Người Khác', luc = '2026-04-08 21:00:00' WHERE id = 8")

    line = counted(call)

    assert (line["outcome"], line["updated"]) == ("done", 1)


def test_two_faults_are_two_lines(call: Call, connect: Connect) -> None:
    connect({"fields": {**FIELDS, "code": "maa", "summary": "trich_yeu", "applicant_name": "tenn"}})

    shown = call("check").out

    assert "has no column maa, which the field code is read from. Did you mean 'ma'?" in shown
    assert "has no column tenn, which the field applicant_name is read from. Did you mean 'ten'?" in shown
    assert "has no column trich_yeu" in shown


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "postgresql://reader:mat-khau@db.example/land"}, "secret"),
        ({"url": "mariadb://reader@db.example/land?password=mat-khau"}, "secret"),
        ({"url": "db.example/land"}, "address of a database"),
        ({"password": "mat-khau"}, "secret"),
        ({"time_zone": "Asia/Hanoi"}, "name of a time zone"),
    ],
)
def test_faults_of_the_options_show_no_password(
    call: Call, connect: Connect, options: dict[str, Any], words: str
) -> None:
    connect(**options)

    ended = call("check")

    assert (ended.code, words in ended.err, "mat-khau" in ended.err) == (78, True, False)


@pytest.mark.parametrize("keys", [{"view": "ho_so"}, {"table": ""}, {"query": "SELECT 1"}])
def test_one_of_table_view_and_query_is_needed(call: Call, connect: Connect, keys: dict[str, Any]) -> None:
    connect(keys)

    assert "needs one of table, view and query" in call("check").err


def test_a_renamed_column_empties_no_field(call: Call, agency: Agency, connect: Connect) -> None:
    """One changed row suffices: the table is on hold, with the nearest name, until the map follows."""
    call("sync")
    agency.run("ALTER TABLE ho_so RENAME COLUMN ten TO ten_chu")
    agency.run("UPDATE ho_so SET luc = '2026-04-09 08:00:00' WHERE id = 2")

    held = counted(call)
    shown = call("status").out
    connect({"fields": {**FIELDS, "applicant_name": "ten_chu"}})

    assert (held["outcome"], held["reason"]["code"]) == ("held", "sql.columns_missing")
    assert "has no column ten, which the field applicant_name is read from. Did you mean 'ten_chu'?" in shown
    assert counted(call)["outcome"] == "done"


def test_a_new_column_that_nobody_reads_is_told_with_its_type_and_not_fetched(
    call: Call, agency: Agency, connect: Connect
) -> None:
    connect({"page_size": 100})
    call("sync")
    agency.run("ALTER TABLE ho_so ADD COLUMN ban_do text")
    agency.run("UPDATE ho_so SET ten = 'Người Khác', ban_do = 'x', luc = '2026-04-09 08:00:00' WHERE id <= 4")

    line = counted(call)

    assert line["updated"] == 4
    (note,) = line["notes"]
    name = {"sqlite": "ban_do", "postgres": "ban_do (text)", "mariadb": "ban_do (blob)"}[agency.kind]
    assert note["message"] == f"the property {name} is new, in 4 of 5 items; no rule reads it."
    assert "notes" not in counted(call)


def test_a_run_that_is_killed_between_pages_is_continued(call: Call, agency: Agency, connect: Connect) -> None:
    """The run leaves its listing after a moment, as a killed one would; the next goes on from its last page."""
    connect({"page_size": 1})
    config = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text("run = { max_pass_s = 0.000001 }\n" + config, encoding="utf-8")

    lines = [counted(call) for _ in range(4)]
    CONFIG.write_text(config, encoding="utf-8")
    last = counted(call)

    assert {line["outcome"] for line in lines} == {"incomplete"}
    assert (last["outcome"], sum(line["inserted"] for line in (*lines, last))) == ("done", 8)
    assert agency.kind
