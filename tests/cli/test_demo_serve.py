"""`demo --serve`: somebody without a system can type every other command."""

import os
import signal
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cchc_connect import SharedDatabase, records
from cchc_connect.cli import demo_serve
from cchc_connect.cli.demo_config import PROVINCE
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.config.file import Config
from cchc_connect.sharing.operator import operating_user
from cchc_schemas import Dossier
from tests.cli.conftest import CONFIG, Call
from tests.forks import ForkedProgram
from tests.quick import few

FIRST_PORT = 20_000 + os.getpid() % 2_000 * 4
PORTS = (FIRST_PORT, FIRST_PORT + 1, FIRST_PORT + 2, FIRST_PORT + 3)
"""Default ports of these tests: other tests run at the same time, and no system chooses these ports by itself."""


def use_own_ports() -> None:
    demo_serve.DEFAULT_PORTS = PORTS


@contextmanager
def served(*options: str, stopped_by: signal.Signals = signal.SIGTERM) -> Generator[list[str], None, None]:
    """Run `demo --serve` in this folder while the block runs; yield what it says until it waits."""
    with ForkedProgram("demo", "--serve", "--small", *options, prepare=use_own_ports) as running:
        output_lines = list[str]()
        while not (output_lines and "Ctrl-C" in output_lines[-1]):
            output_lines.append(running.stdout.readline())
            assert output_lines[-1], output_lines
        try:
            yield output_lines
        finally:  # or a failure would wait for the end of what nobody stops
            running.send_signal(stopped_by)
            rest, errors = running.communicate(30)
    output_lines += [errors, rest]
    assert running.returncode == 0, output_lines


def test_every_command_that_it_names_works_as_typed_without_any_variable(call: Call) -> None:
    """`check` first: the secrets resolve, in files that only their owner reads."""
    with served() as output_lines:
        commands = [line.split()[1:] for line in output_lines if line.startswith("  ")]

        codes = {" ".join(command): call(*command).code for command in commands}

    assert next(iter(codes)) == "check"
    assert len(codes) >= 6
    assert set(codes.values()) == {0}
    secrets = list(Path("demo-secrets").iterdir())
    assert len(secrets) == 2
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}


def test_the_user_is_a_data_officer_of_the_province_whose_agreements_are_in_force(call: Call) -> None:
    """So agreements, unmasked views and the audit log can be tried as typed; what the user changes is kept."""
    with served() as output_lines:
        agreements = call("agreements", "list", "--json").document["agreements"]
        call("sync", "--only", "one-stop")
        with SharedDatabase("shared.db") as database:
            code = next(iter(records(database, Dossier))).code
        shown = call("case", code, "--unmasked", "--purpose", "dossier_processing", "--json")
        suspended = call("agreements", "suspend", "tinh-dvcqg-2026-01")
    with served():
        states = {each["id"]: each["state"] for each in call("agreements", "list", "--json").document["agreements"]}

    assert [each["state"] for each in agreements] == ["in_force"] * 3
    assert any(line.startswith(f"You, {operating_user()}, are a data officer of {PROVINCE}") for line in output_lines)
    assert "***" not in shown.document["dossier"]["applicant_name"]
    assert suspended.code == 0
    assert states["tinh-dvcqg-2026-01"] == "suspended"
    verified = call("audit", "verify")
    assert (verified.code, "seal" in verified.out) == (0, True)


def test_an_edited_folder_of_agreements_is_left_as_it_is_and_its_faults_stop_nothing(call: Call) -> None:
    """The check says that the route lacks its agreement."""
    Path("agreements").mkdir()
    Path("agreements/progress_for_portal.toml").write_text("[agreement.x]\n", encoding="utf-8")

    with served() as output_lines:
        assert call("check").code == ExitCode.PARTIAL

    assert any(line.startswith("The agreements were not put in force") for line in output_lines)
    assert Path("agreements/progress_for_portal.toml").read_text(encoding="utf-8") == "[agreement.x]\n"


@pytest.mark.parametrize("stopped_by", few([signal.SIGINT, signal.SIGTERM], 1))
def test_it_can_be_started_again_and_the_configuration_still_fits(call: Call, stopped_by: signal.Signals) -> None:
    """Same addresses, same records; the file, which may have been edited, is not written again."""
    with served(stopped_by=stopped_by):
        assert call("sync", "--only", "land-registry").code == 0
    CONFIG.write_text(CONFIG.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    written = CONFIG.read_text(encoding="utf-8")

    with served(stopped_by=stopped_by) as output_lines:
        again = call("sync", "--only", "land-registry", "--json")

    assert again.code == 0
    assert again.document["rows_written"] == 0
    assert CONFIG.read_text(encoding="utf-8") == written
    assert "was not changed" in "".join(output_lines)


@pytest.mark.usefixtures("call")
def test_the_command_that_starts_it_again_names_the_options_of_its_records() -> None:
    """Without them other records would be served, and the next run would change the whole database."""
    with served("--seed", "3") as output_lines:
        pass

    again = "cchc-connect demo --serve --small --seed 3"
    assert output_lines[-1].strip().endswith(again)
    assert CONFIG.read_text(encoding="utf-8").splitlines()[0].endswith(again)


@pytest.mark.usefixtures("call")
def test_a_start_with_other_records_than_those_of_the_configuration_is_told() -> None:
    with served():
        pass
    with served() as again:
        pass
    with served("--seed", "3") as different:
        pass

    warning = "cchc.toml was written for other records"
    assert not any(line.startswith(warning) for line in again)
    assert any(line.startswith(warning) and line.rstrip().endswith("demo --serve --small") for line in different)


def test_a_configuration_of_other_systems_is_left_as_it_is(call: Call) -> None:
    """Exit code 73; --force overwrites it."""
    call("init")
    written = CONFIG.read_text(encoding="utf-8")

    refused = call("demo", "--serve", "--small")

    assert refused.code == 73
    assert "--force" in refused.err
    assert CONFIG.read_text(encoding="utf-8") == written
    with served("--force"):
        assert call("check").code == 0


def test_a_second_one_says_that_the_first_is_running(call: Call) -> None:
    """Exit code 73: at the addresses of the file there is somebody already."""
    with served():
        refused = call("demo", "--serve", "--small")

    assert refused.code == 73
    assert "second terminal" not in refused.out
    assert "in use" in refused.err


def test_free_ports_stand_in_where_one_is_in_use(call: Call) -> None:
    with socket.socket() as occupied:
        occupied.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        occupied.bind(("127.0.0.1", PORTS[0]))
        occupied.listen()

        with served():
            assert call("check").code == 0
            addresses = [table.base_url for table in Config.load(CONFIG).connections.values()]

    assert not any(f":{PORTS[0]}" in address for address in addresses)
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)


def test_the_systems_change_if_asked_for(call: Call) -> None:
    """So `sync` has something to transfer each time."""
    with served("--change-every", "1"):
        rows = call("sync", "--json").document["rows_written"]
        until, transferred = time.monotonic() + 60, 0
        while not transferred:
            assert time.monotonic() < until
            transferred = call("sync", "--json").document["rows_written"]

    assert 0 < transferred < rows
