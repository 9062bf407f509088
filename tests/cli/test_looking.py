"""`status`, `quarantine list`, `quarantine show` and `case`: looking at a database without a configuration."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from cchc_connect import SharedDatabase, find_case
from cchc_connect.cli.demo_config import PROVINCE
from cchc_connect.messages import Language, sentences_by_code
from cchc_connect.privacy.masking import masked_item
from cchc_schemas import RECORD_TYPES, personal_fields, to_document
from tests.cli.conftest import Call, official_options


@pytest.fixture
def own(pulled: Path, tmp_path: Path) -> Path:
    """Give a copy of the pulled database that the test may spoil."""
    for file in pulled.parent.glob(f"{pulled.name}*"):
        shutil.copy(file, tmp_path / file.name)
    return tmp_path / pulled.name


def execute(database: Path, statement: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def some_dossier(database: Path) -> str:
    """Return a dossier that has a permit."""
    joined = "SELECT dossier_code FROM construction_permit WHERE dossier_code IN (SELECT code FROM dossier)"
    return str(execute(database, f"{joined} ORDER BY dossier_code LIMIT 1")[0][0])


def personal_texts(document: dict[str, Any], record_type: str) -> Iterator[str]:
    """Yield the personal values of a record's document."""
    for path in personal_fields(RECORD_TYPES[record_type]):
        parts: list[Any] = [document]
        for name in path.split("."):
            values = [part[name] for part in parts if part.get(name) is not None]
            parts = [member for value in values for member in _members(value)]
        yield from (str(part) for part in parts)


def _members(value: object) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list) else [value]


def test_status_counts_what_the_tables_hold(call: Call, pulled: Path) -> None:
    looked = call("status", "--db", pulled, "--json")

    streams = {stream["record_type"]: stream for stream in looked.document["streams"]}
    assert looked.code == 0
    for record_type, stream in streams.items():
        assert stream["live"] == execute(pulled, f"SELECT count(*) FROM {record_type}")[0][0]  # noqa: S608  # a table of ours
        assert stream["completed_at"]
    assert (
        sum(stream["quarantined"] for stream in streams.values())
        == execute(pulled, "SELECT count(*) FROM quarantine WHERE resolved_at IS NULL")[0][0]
    )


def test_status_says_how_routes_stand_and_that_the_audit_log_fits_its_chains(call: Call, pulled: Path) -> None:
    looked = call("status", "--db", pulled, "--json").document

    (route,) = looked["routes"]
    assert (route["name"], route["waiting"], route["held_reason"]) == ("to-portal", 0, None)
    assert route["delivered"] > 0
    assert looked["audit_log"] == {"whole": True, "broken_at": None}
    assert looked["last_run"]["outcome"] == "done"
    assert "fits its chain" in call("status", "--db", pulled).out


def test_a_run_that_was_killed_is_told_from_one_at_work(call: Call, own: Path) -> None:
    """A run without an end is at work while the lease is held."""
    execute(own, "INSERT INTO run (run_id, started_at) VALUES ('killed', '2090-07-01T01:15:00.000000Z')")

    killed = call("status", "--db", own, "--lang", "vi")
    execute(own, "UPDATE lease SET expires_at = '2091-07-01T01:15:00.000000Z', expires_s = 1e12")
    at_work = call("status", "--db", own)

    assert "bắt đầu 01/07/2090 08:15 (giờ Việt Nam), bị ngắt" in killed.out
    assert "started 2090-07-01 08:15 (Vietnam time), in progress" in at_work.out


def test_an_audit_log_that_was_tampered_with_is_found(call: Call, own: Path) -> None:
    execute(own, "UPDATE audit_entry SET body = replace(body, 'run_id', 'run_no') WHERE entry = 2")

    shown, as_json = call("status", "--db", own), call("status", "--db", own, "--json")

    assert "broken at entry runs/2" in shown.out
    assert as_json.document["audit_log"]["broken_at"] == "runs/2"


def test_why_something_is_held_is_told_in_the_readers_language(call: Call, own: Path) -> None:
    """The reason was stored as a code with its values, not as a sentence."""
    context = json.dumps({"connection": "one-stop", "record_type": "dossier"})
    held = "UPDATE cursor SET held_code = ?, held_context = ?, held_since = ? WHERE record_type = 'dossier'"
    execute(own, held, "source.paging_loop", context, "2026-07-01T01:15:00.000000Z")
    execute(own, "UPDATE route SET held_code = 'a_code_of_tomorrow', held_context = '{}'")

    english, vietnamese = call("status", "--db", own), call("status", "--db", own, "--lang", "vi")

    assert (
        "On hold since 2026-07-01 08:15 (Vietnam time): one-stop dossier. one-stop: the listing of dossier"
        in english.out
    )
    assert "Tạm ngừng từ 01/07/2026 08:15 (giờ Việt Nam): one-stop dossier (hồ sơ). " in vietnamese.out
    assert "one-stop: danh sách dossier (hồ sơ) quay lại trang đã đọc" in vietnamese.out
    assert "a_code_of_tomorrow" in english.out


@pytest.mark.parametrize("command", [["status"], ["quarantine", "list"], ["case", "000.00.00.H09-260701-0001"]])
def test_looking_makes_no_database(call: Call, command: list[str]) -> None:
    """Exit code 66 where there is none; looking must not leave an empty one."""
    refused = call(*command, "--db", "none.db")

    assert refused.code == 66
    assert not Path("none.db").exists()


def test_looking_changes_no_database_of_others(call: Call) -> None:
    """Exit code 74: another program's tables get no company."""
    execute(Path("other.db"), "CREATE TABLE theirs (one)")

    refused = call("status", "--db", "other.db")

    assert refused.code == 74
    assert execute(Path("other.db"), "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_file_that_is_no_database_is_refused_without_its_content(call: Call) -> None:
    Path("letter.db").write_text("Nguyễn Thị Mẫu", encoding="utf-8")

    refused = call("status", "--db", "letter.db")

    assert refused.code == 74
    assert "Mẫu" not in refused.err


def test_quarantine_lists_every_open_entry_with_its_faults_in_words(call: Call, pulled: Path) -> None:
    listed = call("quarantine", "list", "--db", pulled, "--json")

    entries = listed.document["entries"]
    assert len(entries) == execute(pulled, "SELECT count(*) FROM quarantine")[0][0] > 0
    for entry in entries:
        assert entry["faults"]
        assert all(fault["message"] != fault["rule"] for fault in entry["faults"])


def test_what_is_said_to_type_next_names_the_same_database(call: Call, pulled: Path) -> None:
    """A hint works as it stands."""
    status, listed = call("status", "--db", pulled), call("quarantine", "list", "--db", pulled)

    for output in (status.out, listed.out):
        (command,) = re.findall(r"cchc-connect (quarantine .+)$", output, re.MULTILINE)
        assert call(*command.split()).code == 0


def test_quarantine_can_be_narrowed(call: Call, pulled: Path) -> None:
    def narrowed(*options: str) -> set[tuple[str, str]]:
        entries = call("quarantine", "list", "--db", pulled, "--json", *options).document["entries"]
        return {(entry["connection"], entry["record_type"]) for entry in entries}

    assert narrowed("--connection", "one-stop", "--record-type", "dossier") == {("one-stop", "dossier")}


@pytest.mark.parametrize(("option", "name"), [("--connection", "one-stop"), ("--record-type", "dossier")])
def test_a_name_in_quarantine_that_stands_for_nothing_is_a_misuse(
    call: Call, pulled: Path, option: str, name: str
) -> None:
    """Exit code 64: an empty list would look like an empty quarantine."""
    refused = call("quarantine", "list", "--db", pulled, option, "nobody")

    assert (refused.code, refused.out) == (64, "")
    assert name in refused.err


@pytest.mark.parametrize("language", Language)
def test_every_rule_in_quarantine_has_words_in_both_languages(call: Call, pulled: Path, language: Language) -> None:
    shown = call("quarantine", "list", "--db", pulled, "--json", "--lang", language)

    rules = {fault["rule"] for entry in shown.document["entries"] for fault in entry["faults"]}
    assert not {rule for rule in rules if f"fault.{rule}" not in sentences_by_code(language)}


def test_an_item_in_quarantine_is_shown_without_its_values(call: Call, own: Path) -> None:
    """Every fault at once; codes that name no person; what may be personal only by express wish."""
    query = "SELECT id, item, source_key FROM quarantine WHERE record_type = 'dossier'"
    number, stored, key = execute(own, query)[0]
    unmasked = ("--raw", *official_options(PROVINCE, **{"one-stop": PROVINCE}))

    masked, raw = (call("quarantine", "show", number, "--db", own, *raw) for raw in ((), unmasked))

    texts = [value for value in json.loads(stored).values() if isinstance(value, str)]
    values = [text for text in texts if len(text) > 3 and text not in key]
    shown = {value for value in values if value in masked.out}
    assert "000.00.05.H09" in shown
    assert not [value for value in shown if masked_item(value) != value]
    assert [value for value in values if value in raw.out] == values


def test_an_entry_that_does_not_exist_is_said_so(call: Call, pulled: Path) -> None:
    """Exit code 66."""
    assert call("quarantine", "show", 9999, "--db", pulled).code == 66


def test_a_case_joins_what_several_agencies_hold(call: Call, pulled: Path) -> None:
    """Dossier and steps from the one-stop system, permits from the department, parcels from the land registry."""
    code = some_dossier(pulled)

    case = call("case", code, "--db", pulled, "--json").document

    assert case["dossier"]["code"] == code
    assert case["steps"]
    assert case["permits"][0]["dossier_code"] == code
    assert len(set(case["agencies"].values())) > 1


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_case_is_masked_unless_it_is_asked_for_otherwise(call: Call, own: Path, as_json: tuple[str, ...]) -> None:
    """The rule holds for text and for JSON."""
    code = some_dossier(own)
    with SharedDatabase(own) as database:
        case = find_case(database, code)

    masked = call("case", code, "--db", own, *as_json)
    unmasked = call("case", code, "--db", own, *as_json, "--unmasked", *official_options(PROVINCE))

    records = (case.dossier, *case.steps, *case.permits, *case.parcels)
    people = {text for record in records for text in personal_texts(to_document(record), record.record_type)}
    people -= {permit.address for permit in case.permits}  # of the works: it is no personal field there
    assert people
    assert not {value for value in people if value in masked.out}
    assert str(case.dossier.applicant_name) in unmasked.out


def test_a_dossier_nobody_knows_is_said_so(call: Call, pulled: Path) -> None:
    """Exit code 66, and what to do next."""
    refused = call("case", "000.00.00.H09-990101-9999", "--db", pulled)

    assert refused.code == 66
    assert "cchc-connect sync" in refused.err


@pytest.mark.parametrize("language", Language)
def test_no_code_of_the_catalogue_is_left_unspoken(call: Call, pulled: Path, language: Language) -> None:
    """Every label of every view has its words in both languages."""
    numbers = [row[0] for row in execute(pulled, "SELECT id FROM quarantine")]
    views = [
        ["status"],
        ["quarantine", "list"],
        *(["quarantine", "show", number] for number in numbers),
        ["case", some_dossier(pulled)],
    ]

    for view in views:
        shown = call(*view, "--db", pulled, "--lang", language)
        assert shown.code == 0
        assert not re.search(r"\b(?:status|quarantine_view|case_view|outcome|fault|permit_status)\.[a-z]", shown.out)
        assert "\x1b" not in shown.out


def test_steering_characters_of_a_source_do_not_reach_the_terminal(call: Call, own: Path) -> None:
    """What an agency wrote is text, never a command to a terminal."""
    execute(own, "UPDATE quarantine SET source_key = 'abc' || char(27) || '[2J' WHERE id = 1")

    assert r"abc\x1b[2J" in call("quarantine", "list", "--db", own).out


def test_a_linked_record_that_cannot_be_read_is_named_and_left_out(call: Call, own: Path) -> None:
    """Exit code 3, and 66 where it is the dossier itself."""
    code = some_dossier(own)
    key = execute(own, "SELECT record_key FROM construction_permit WHERE dossier_code = ?", code)[0][0]
    spoil = 'UPDATE change SET document = \'{"status": "no such status"}\' WHERE record_type = ? AND record_key = ?'
    readable = call("case", code, "--db", own, "--json").document
    execute(own, spoil, "construction_permit", str(key))

    shown, document = call("case", code, "--db", own), call("case", code, "--db", own, "--json").document
    execute(own, spoil, "dossier", code)
    refused = call("case", code, "--db", own)

    assert shown.code == 3
    assert f"Left out: construction_permit {key}" in shown.err
    assert (readable["unreadable"], document["unreadable"]) == (
        [],
        [{"record_type": "construction_permit", "key": key}],
    )
    assert len(document["permits"]) == len(readable["permits"]) - 1
    assert refused.code == 66
    assert "cannot be read" in refused.err
