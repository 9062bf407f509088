"""`sync`: one run, its report and its exit code."""

import signal
import socket
import time
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select

from cchc_connect.cli.demo_config import ONE_STOP_PASSWORD, demo_tables
from cchc_connect.clock import SystemClock
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.lease import Lease
from cchc_connect.testing import Agencies
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config
from tests.forks import ForkedProgram

ROOT = Path(__file__).parents[2]


def rows(record_type: str) -> int:
    with (
        SharedDatabase(f"sqlite:///{DATABASE.resolve()}", create_or_upgrade=True) as database,
        database.reading() as connection,
    ):
        return connection.execute(select(func.count()).select_from(record_table(record_type))).scalar_one()


def test_a_run_in_which_all_is_done_ends_with_0(call: Call, agencies: Agencies) -> None:
    """The report has a line for every source and every record type of a route."""
    ran = call("sync")

    assert ran.code == 0
    assert rows("dossier") + agencies.faulty_counts()["dossier"] == agencies.record_counts()["dossier"]
    for part in ("land_parcel", "construction_permit", "procedure", "to-portal", "rows written"):
        assert part in ran.out


def test_a_pipe_gets_plain_lines_without_escape_codes(call: Call, agencies: Agencies) -> None:
    """Progress goes to standard error, one line for each finished source."""
    ran = call("sync")

    finished = [line.split(":")[0] for line in ran.err.splitlines()]
    assert "\x1b" not in ran.out + ran.err
    assert {"land-registry land_parcel", "one-stop dossier_step", "to-portal dossier"} <= set(finished)
    assert all(double.request_counts for double in agencies.doubles)


def test_a_script_gets_the_report_as_one_document(call: Call, agencies: Agencies) -> None:
    ran = call("sync", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.document["outcome"] == "done"
    assert ran.document["messages_delivered"] == agencies.national_portal.change_count
    assert {line["kind"] for line in ran.document["lines"]} == {"pull", "push"}


def test_one_source_that_answers_nonsense_makes_the_run_partial(call: Call, agencies: Agencies) -> None:
    """Exit code 3; the reason is a sentence, and `status` still knows it afterwards."""
    agencies.land_registry.switches.html_maintenance = True

    ran, looked = call("sync"), call("status")

    assert ran.code == 3
    assert "land-registry land_parcel" in ran.out.split("Pushed")[1]
    assert rows("dossier") > 0
    assert "On hold since" in looked.out


def test_a_run_in_which_nothing_is_done_has_failed(call: Call, agencies: Agencies) -> None:
    """Exit code 69; what a person reads is no traceback."""
    for double in agencies.doubles:
        double.switches.html_maintenance = True

    ran = call("sync", "--lang", "vi", "--only", "land-registry", "--only", "construction")

    assert ran.code == 69
    assert "Traceback" not in ran.out + ran.err
    assert rows("land_parcel") == 0


def test_a_second_run_leaves_at_once(call: Call, agencies: Agencies) -> None:
    """Exit code 75, and nothing is asked of any system."""
    url = f"sqlite:///{DATABASE.resolve()}"
    with SharedDatabase(url, create_or_upgrade=True) as database, Lease(database, SystemClock(), timedelta(minutes=2)):
        refused = call("sync")

    assert refused.code == 75
    assert "Another run" in refused.err
    assert not any(double.request_counts for double in agencies.doubles)


def test_only_what_was_named_is_asked(call: Call, agencies: Agencies) -> None:
    ran = call("sync", "--only", "one-stop", "--json")

    assert {line["name"] for line in ran.document["lines"]} == {"one-stop"}
    assert not agencies.land_registry.request_counts


@pytest.mark.usefixtures("agencies")
def test_a_name_that_stands_for_nothing_is_a_misuse(call: Call) -> None:
    """Exit code 64: silence about a mistyped name would look like success."""
    refused = call("sync", "--only", "one-stpo")

    assert refused.code == 64
    assert "one-stop" in refused.err
    assert rows("dossier") == 0


def test_a_dry_run_pulls_and_writes_nothing(call: Call, agencies: Agencies) -> None:
    ran = call("sync", "--dry-run")

    assert ran.code == 0
    assert "rows would be written" in ran.out
    assert "would be written" in ran.err
    assert "rows written" not in ran.out
    assert agencies.one_stop.request_counts
    assert (rows("dossier"), agencies.national_portal.message_count) == (0, 0)


def test_a_fault_of_the_configuration_names_file_table_and_key(call: Call, agencies: Agencies) -> None:
    """Exit code 78, every fault at once."""
    tables = demo_tables(agencies, DATABASE)
    tables["connections"]["one-stop"]["options"] = {"page_size": 0}
    tables["routes"]["to-portal"]["to"] = "portal"
    write_config(CONFIG, tables)

    refused = call("sync")

    assert refused.code == 78
    for location in ("cchc.toml", "[connections.one-stop.options] group_id", "[routes.to-portal] to"):
        assert location in refused.err


def test_a_file_that_connects_nothing_says_what_to_do(call: Call) -> None:
    """Exit code 78: a run without a source would look like success."""
    call("init")

    refused = call("sync")

    assert refused.code == 78
    assert "cchc.toml" in refused.err


@pytest.mark.usefixtures("agencies")
def test_a_missing_secret_is_named_by_its_place(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ONE_STOP_PASSWORD)

    refused = call("sync")

    assert refused.code == 78
    assert ONE_STOP_PASSWORD in refused.err


@pytest.mark.usefixtures("agencies")
def test_a_database_that_is_none_is_refused(call: Call) -> None:
    """Exit code 74."""
    DATABASE.write_text("this is a letter", encoding="utf-8")

    refused = call("sync")

    assert refused.code == 74
    assert DATABASE.read_text(encoding="utf-8") == "this is a letter"


def test_ctrl_c_ends_a_run_at_once_and_the_next_one_goes_on(call: Call, silent: Agencies, woken: Event) -> None:
    """Exit code 130 although a system is silent; what was committed is kept, the lease is free."""
    with ForkedProgram("sync") as running:
        until = time.monotonic() + 60
        while not (silent.land_registry.request_counts and DATABASE.exists() and rows("dossier")):
            assert time.monotonic() < until
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(10)
    woken.set()
    after = call("sync")

    assert running.returncode == 130
    assert "What was committed" in errors
    assert "Traceback" not in errors
    assert after.code == 0


def test_no_personal_value_stands_in_what_a_run_says(call: Call, agencies: Agencies) -> None:
    """Names, numbers, telephones and addresses of e-mail stay in the database, with --debug too."""
    people = [dossier.applicant for dossier in agencies.world.dossiers]
    values = {
        value for person in people for value in (person.name, person.id_number, person.phone, person.email) if value
    }

    runs = [call("sync", *debug, "--lang", language) for debug in ([], ["--debug"]) for language in ("vi", "en")]

    spoken = "".join(ended.out + ended.err for ended in runs)
    assert values
    assert not {value for value in values if value in spoken}


def test_no_network_but_loopback_is_used(call: Call, agencies: Agencies, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection that a run makes goes to an address of this machine."""
    reached = set[str]()
    connect = socket.socket.connect

    def noted(self: socket.socket, address: tuple[str, int]) -> None:
        reached.add(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)

    assert call("sync").code == 0
    assert reached == {"127.0.0.1"}
    assert agencies.one_stop.request_counts


def test_a_shrink_is_accepted_of_a_connection_there_is(agencies: Agencies, call: Call) -> None:
    """A mistyped name is refused with the known ones, and nothing is begun."""
    refused = call("sync", "--accept-shrink", "land-registri")

    assert refused.code == 64
    assert "land-registry" in refused.err
    assert call("sync", "--accept-shrink", "land-registry", "--dry-run").code == 0
    assert agencies.national_portal.message_count == 0
