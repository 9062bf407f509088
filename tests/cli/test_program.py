"""A connection whose records a program writes: nothing is requested, and its run is shown as every other."""

import json
from pathlib import Path

import pytest

from cchc_connect import Config, RecordWriter, SharedDatabase
from cchc_schemas import Dossier, DossierStatus
from tests.cli.conftest import CONFIG, Call, Connect, write_config
from tests.cli.district import District

OFFICE = "one-stop-desk"
PROGRAM = {"adapter": "program", "agency": "000.00.01.H09"}
DOSSIER = "000.00.05.H09-260302-0001"


@pytest.fixture
def office(address: str) -> Config:
    """Write a cchc.toml with one connection, that of a program."""
    write_config(CONFIG, {"database": {"url": address}, "connections": {OFFICE: PROGRAM}})
    return Config.load(CONFIG)


def write_dossier(config: Config, code: str = DOSSIER, status: DossierStatus = DossierStatus.IN_PROCESS) -> str:
    """Write a dossier in a run of its own; return the run's id."""
    with (
        SharedDatabase(config.database.url_with_password) as database,
        RecordWriter(config, database, OFFICE) as writer,
    ):
        writer.write(Dossier(code=code, procedure_code="1.013225", status=status))
    return writer.report.run_id


@pytest.mark.parametrize(("language", "sentence"), [("en", "a program writes the records"), ("vi", "do chương trình")])
def test_check_says_that_there_is_nothing_to_request(call: Call, office: Config, language: str, sentence: str) -> None:
    checked = call("check", "--lang", language)

    assert checked.code == 0
    assert sentence in checked.out
    assert OFFICE in office.connections


def test_sync_requests_nothing_from_a_program(call: Call, office: Config) -> None:
    synced = call("sync", "--json")

    assert (synced.code, synced.document["lines"]) == (0, [])
    assert OFFICE in office.connections


@pytest.mark.parametrize("command", ["pull", "reconcile"])
def test_a_program_cannot_be_pulled_or_reconciled(call: Call, office: Config, command: str) -> None:
    write_dossier(office)

    refused = call(command, OFFICE)

    assert refused.code == 64
    assert f"A program writes the records of the connection '{OFFICE}'" in refused.err


def test_status_runs_and_history_show_what_a_program_wrote(call: Call, office: Config) -> None:
    run_id = write_dossier(office)

    (stream,) = call("status", "--json").document["streams"]
    assert (stream["connection"], stream["record_type"], stream["live"]) == (OFFICE, "dossier", 1)
    (run,) = call("runs", "--json").document["runs"]
    assert (run["run_id"], run["rows_written"]) == (run_id, 1)
    shown = call("runs", run_id)
    assert "Written by programs" in shown.out
    assert " given " in shown.out
    assert OFFICE in shown.out
    assert OFFICE in call("history", "dossier", DOSSIER).out


def test_a_run_that_failed_says_why_and_holds_no_value(call: Call, office: Config) -> None:
    with (
        SharedDatabase(office.database.url_with_password) as database,
        pytest.raises(ValueError, match="Nguyễn"),
        RecordWriter(office, database, OFFICE) as writer,
    ):
        raise ValueError("Nguyễn Thị Mẫu")

    shown = call("runs", writer.report.run_id)

    assert "ended with an error (ValueError)" in shown.out
    assert "Nguyễn" not in shown.out + json.dumps(call("runs", writer.report.run_id, "--json").document)


def test_the_next_sync_sends_what_a_program_wrote(
    call: Call, connect: Connect, district: District, address: str
) -> None:
    connect(sends=True)
    tables = Config.load(Path(CONFIG)).model_dump(mode="json", by_alias=True, exclude_unset=True)
    connections = {name: {**table, "options": dict(table["options"])} for name, table in tables["connections"].items()}
    write_config(CONFIG, {**tables, "database": {"url": address}, "connections": {**connections, OFFICE: PROGRAM}})
    write_dossier(Config.load(Path(CONFIG)))

    synced = call("sync", "--json")

    assert synced.code == 0, synced.err
    assert synced.document["messages_delivered"] == 1
    assert [message[0] for message in district.messages] == [DOSSIER]
