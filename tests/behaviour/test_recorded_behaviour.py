"""Nothing changes unseen in what the program does: same requests, same rows, same exit codes as recorded.

The scenario of `scenario.py` is played in this process and compared with `recorded.json`. Names of the program are no
part of the record: what is renamed gets a line in `RENAMED`. After a change of behaviour that is wanted, record anew
and look at the difference:

    .venv/bin/python -m tests.behaviour --record
    .venv/bin/python -m tests.behaviour --whole FILE    # every value, to be compared with that of another checkout
"""

import copy
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from cchc_connect.cli import main
from tests.behaviour.recording import Record, differences, short_record, whole_record
from tests.behaviour.scenario import DEAD_LETTERS, play
from tests.databases import DATABASE_KINDS

pytestmark = pytest.mark.repeats

RENAMED = {
    ("voice",): "claim",
    ("tally",): "run_counter",
    ("pace",): "rate_limit",
    ("breaker",): "circuit_breaker",
    ("link",): "record_link",
    ("succession",): "record_lineage",
    ("cchc_structure",): "cchc_schema_version",
    ("cursor", "highest"): "checkpoint",
    ("cursor", "position"): "page_token",
    ("cursor", "reading"): "translation_key",
    ("cursor", "since"): "pass_since",
    ("discrepancy", "since"): "detected_at",
    ("discrepancy", "settled_at"): "resolved_at",
    ("record_lineage", "recorded_at"): "noted_at",
    ("run", "last_audit_entry"): "journal_entries",
    ("circuit_breaker", "retry_at"): "closed_until",
    ("route", "last_sequence"): "position",
    ("delivery", "next_attempt_at"): "next_at",
    ("delivery", "finished_at"): "settled_at",
    ("delivery", "shortened_fields"): "shortened",
}
"""Table, or table of the record and column -> name in the record; a name of the record itself is understood too."""

RENAMED_CODES = {
    "source.page_token_unusable": "source.position_unusable",
    "circuit_breaker.paused": "breaker.parked",
    "circuit_breaker.open": "breaker.open",
    "reconcile.listing_incomplete": "reconcile.shows_fewer",
    "transport.token_store_unusable": "transport.shelf",
    "transport.quota_exhausted": "transport.no_turn",
    "transport.connection_lost": "transport.broken",
    "transport.compression_not_requested": "transport.encoding",
    "transport.header_unsendable": "transport.header",
    "transport.base_url_unusable": "transport.base_url",
    "transport.deadline_exceeded": "transport.deadline",
    "transport.response_unexpected": "transport.not_understood",
    "transport.request_refused": "transport.question_refused",
    "transport.no_response": "transport.silent",
    "signature.replayed": "signature.repeated",
    "signature.key_unusable": "signature.key_unfit",
    "signature.key_id_missing": "signature.key_nameless",
    "signature.key_id_mismatch": "signature.key_misnamed",
    "signature.lifetime_out_of_range": "signature.lifetime",
    "signature.key_embedded": "signature.foreign_key",
    "signature.extension_unknown": "signature.critical",
    "signature.algorithm_not_allowed": "signature.algorithm",
    "signature.mismatch": "signature.wrong",
    "signature.issuer_unexpected": "signature.issuer",
    "signature.audience_unexpected": "signature.audience",
    "signature.lifetime_too_long": "signature.too_long",
    "drop_folder.folder_unreadable": "inbox.folder",
    "drop_folder.name_refused": "inbox.name",
    "drop_folder.not_a_file": "inbox.kind",
    "drop_folder.hard_link": "inbox.linked",
    "drop_folder.encrypted": "inbox.encrypted",
    "drop_folder.compression_method": "inbox.method",
    "drop_folder.duplicate_name": "inbox.name_twice",
    "drop_folder.limit_exceeded": "inbox.too_much",
    "drop_folder.size_mismatch": "inbox.size",
    "drop_folder.damaged": "inbox.damaged",
    "drop_folder.changed": "inbox.changed",
    "drop_folder.missing": "inbox.gone",
    "drop_folder.unreadable": "inbox.unreadable",
    "drop_folder_location.file": "inbox_place.file",
    "drop_folder_location.member": "inbox_place.member",
    "spreadsheet.format_unknown": "sheet.kind",
    "spreadsheet.cell_unwritable": "sheet.unwritable",
    "spreadsheet.cell_unreadable": "sheet.unreadable",
    "spreadsheet.row_length": "sheet.ragged",
    "spreadsheet.header_mismatch": "sheet.header",
    "spreadsheet.too_many_rows": "sheet.too_long",
    "spreadsheet.damaged": "sheet.damaged",
    "network.name_resolved": "network.named",
    "network.name_unresolved": "network.no_name",
    "network.name_service_timeout": "network.name_silent",
    "network.plain_http_loopback": "network.plain_here",
    "network.plain_http": "network.plain",
    "network.certificate_valid": "network.certificate",
    "network.certificate_expiring": "network.certificate_ends",
    "network.tls_handshake_timeout": "network.handshake_silent",
    "network.clock_ok": "network.clock_agrees",
    "network.clock_unknown": "network.clock_untold",
    "network.account_accepted": "network.account",
    "network.responses_understood": "network.understood",
    "database_state.version": "condition.version",
    "database_state.durable": "condition.safe",
    "database_state.not_durable": "condition.unsafe",
    "database_state.no_wal": "condition.no_wal",
    "database_state.disk_space": "condition.room",
    "database_state.disk_space_low": "condition.little_room",
    "database_state.size": "condition.size",
    "cli.error": "cli.refused",
    "cli.folder_missing": "cli.no_place",
    "cli.replay_selection": "cli.replay_what",
    "cli.program_error": "cli.software",
    "cli.argument_not_text": "cli.not_text",
    "cli.output_unwritable": "cli.output_lost",
    "cli.no_sources": "cli.nothing_pulled",
    "cli.instant_unreadable": "cli.no_instant",
    "cli.window_reversed": "cli.window",
    "cli.record_type_not_provided": "cli.not_brought",
    "cli.no_record_at": "cli.not_there_then",
    "cli.dead_letters_selection": "cli.letters_what",
    "cli.no_dead_letter": "cli.no_letter",
    "cli.config_is_folder": "cli.config_folder",
    "usage.invalid": "usage.wrong",
    "usage.value_invalid": "usage.bad_value",
    "check.target_ready": "check.takes",
    "check.config_valid": "check.config_fine",
    "check.database_opens": "check.database_fine",
    "check.page_readable": "check.page_fine",
    "check.page_unreadable": "check.page_useless",
    "sync_view.progress": "sync_view.finished",
    "sync_view.progress_pull": "sync_view.read",
    "sync_view.progress_push": "sync_view.sent",
    "sync_view.dry_run": "sync_view.rehearsal",
    "sync_view.dry_run_totals": "sync_view.would",
    "sync_view.dry_run_pull": "sync_view.would_read",
    "sync_view.dry_run_push": "sync_view.would_send",
    "sync_view.watermark": "sync_view.moved",
    "sync_view.page_token": "sync_view.amid",
    "reconcile_view.partly_repaired": "reconcile_view.half_repaired",
    "reconcile_view.incomplete": "reconcile_view.unread",
    "status.audit_log_intact": "status.journal_whole",
    "status.audit_log_broken": "status.journal_broken",
    "dead_letter_view.none": "letter_view.none",
    "dead_letter_view.route": "letter_view.route",
    "dead_letter_view.sequence": "letter_view.sequence",
    "dead_letter_view.record_type": "letter_view.record_type",
    "dead_letter_view.record_key": "letter_view.record_key",
    "dead_letter_view.attempts": "letter_view.attempts",
    "dead_letter_view.reason": "letter_view.reason",
    "dead_letter_view.settled_at": "letter_view.settled_at",
    "dead_letter_view.shortened": "letter_view.shortened",
    "dead_letter_view.resend": "letter_view.worth",
    "dead_letter_view.resend_gone": "letter_view.gone",
    "dead_letter_view.resend_outdated": "letter_view.outdated",
    "dead_letter_view.replay": "letter_view.replay",
    "dead_letter_view.requeued": "letter_view.replayed",
    "dead_letter_view.not_requeued_gone": "letter_view.stays_gone",
    "dead_letter_view.not_requeued_outdated": "letter_view.stays_outdated",
    "help.dead_letters": "help.letters",
    "help.dead_letters_list": "help.letters_list",
    "help.dead_letters_route": "help.letters_route",
    "help.dead_letters_replay": "help.letters_replay",
    "help.dead_letters_replay_route": "help.letters_replay_route",
    "help.dead_letters_numbers": "help.letters_numbers",
    "help.dead_letters_all": "help.letters_all",
    "demo.third_totals": "demo.still",
    "demo.completeness": "demo.census",
    "demo.at_sources": "demo.held",
    "history_view.successors_shown": "history_view.followed",
    "lineage.renumbered": "succession.renumbered",
    "lineage.split": "succession.split",
    "lineage.merged": "succession.merged",
    "lineage.reshaped": "succession.reshaped",
    "restriction_kind.revocation": "restriction.revocation",
    "restriction_kind.corridor": "restriction.corridor",
    "restriction_kind.construction": "restriction.construction",
    "restriction_kind.dispute": "restriction.dispute",
    "restriction_kind.freeze": "restriction.freeze",
    "restriction_kind.other": "restriction.other",
}
"""Code of a message -> its name in the record."""

RECORDED = Path(__file__).with_name("recorded.json")


def observed_record(folder: Path, database: str) -> Record:
    """Play the scenario over an empty database; return the whole record."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        is_new_name = main([DEAD_LETTERS, "--help"]) == 0
    return whole_record(play(folder, database, DEAD_LETTERS if is_new_name else "letters"), RENAMED, RENAMED_CODES)


@pytest.fixture(scope="module")
def recorded() -> Record:
    record: Record = json.loads(RECORDED.read_text(encoding="utf-8"))
    return record


@pytest.fixture(scope="module")
def full_record() -> Record:
    """Give a small record with every value."""
    command = {"line": "sync", "code": 0, "output": "[1]"}
    request = {"line": "1 GET /parcels", "headers": '{"accept": "application/json"}', "body": ""}
    table = {
        "key": ["key"],
        "columns": {"key": '["a", "b"]', "checkpoint": "[null, null]"},
        "rows": {"a": "1", "b": "2"},
    }
    commands, requests = [command, dict(command)], {"desk": [request, dict(request)]}
    return {"commands": commands, "requests": requests, "tables": {"cursor": table}}


@pytest.mark.parametrize(
    "address", [DATABASE_KINDS[0], pytest.param(DATABASE_KINDS[1], marks=pytest.mark.long)], indirect=True
)
def test_the_program_does_what_is_recorded(recorded: Record, address: str, tmp_path: Path) -> None:
    """On every database: the record is the same."""
    different = differences(recorded, observed_record(tmp_path, address))

    assert not different, "\n".join(["not as recorded:", *different])


def another_code(full_record: Record) -> str:
    full_record["commands"][1]["code"] = 3
    return "command 2 `sync`: exit code recorded 0, now 3"


def another_output(full_record: Record) -> str:
    full_record["commands"][0]["output"] = "[2]"
    return "command 1 `sync`: other values in its output, now [2]"


def another_header(full_record: Record) -> str:
    full_record["requests"]["desk"][1]["headers"] = "{}"
    return 'desk: request 2 recorded 1 GET /parcels {"accept": "application/json"}, now 1 GET /parcels {}, body '


def another_body(full_record: Record) -> str:
    full_record["requests"]["desk"][0]["body"] = "new"
    return "body new"


def a_request_less(full_record: Record) -> str:
    full_record["requests"]["desk"].pop()
    return "desk: recorded 2 requests, now 1"


def another_value(full_record: Record) -> str:
    full_record["tables"]["cursor"]["rows"]["b"] = "3"
    return "table cursor: row b differs, now 3"


def a_row_less(full_record: Record) -> str:
    del full_record["tables"]["cursor"]["rows"]["b"]
    return "table cursor: row b is gone"


def a_row_more(full_record: Record) -> str:
    full_record["tables"]["cursor"]["rows"]["c"] = "3"
    return "table cursor: row c is not in the record, now 3"


def another_column(full_record: Record) -> str:
    columns = full_record["tables"]["cursor"]["columns"]
    columns["bookmark"] = columns.pop("checkpoint")
    return "columns gone ['checkpoint'], not in the record ['bookmark']"


def another_table(full_record: Record) -> str:
    full_record["tables"]["place"] = full_record["tables"].pop("cursor")
    return "table place: not in the record"


CHANGES = (
    another_code,
    another_output,
    another_header,
    another_body,
    a_request_less,
    another_value,
    a_row_less,
    a_row_more,
    another_column,
    another_table,
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_difference_is_named(full_record: Record, change: Callable[[Record], str]) -> None:
    recorded, changed = short_record(full_record), copy.deepcopy(full_record)

    expected = change(changed)

    assert differences(recorded, copy.deepcopy(full_record)) == []
    assert any(expected in difference for difference in differences(recorded, changed))
