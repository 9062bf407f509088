"""Adapters of others: found like ours, listed, and their failures told as theirs."""

import io
import json
import sys
from pathlib import Path

import pytest

from cchc_connect.cli.demo_config import demo_tables
from cchc_connect.testing import Agencies
from tests.cli.conftest import CONFIG, DATABASE, Call, install_adapters, write_config

ADAPTERS = {
    "village": "tests.cli.village:Village",
    "broken_village": "tests.cli.village_that_is_not_there:Village",
    "clumsy_village": "tests.cli.village:ClumsyVillage",
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a distribution whose adapters are a village's, and one that cannot be imported."""
    install_adapters(tmp_path, monkeypatch, ADAPTERS)


def connect(adapter: str) -> None:
    connection = {"adapter": adapter, "agency": "000.00.01.H09", "base_url": "http://127.0.0.1:9"}
    write_config(CONFIG, {"connections": {"village": connection}})


def test_ours_are_listed_with_what_they_connect(call: Call) -> None:
    listed = call("adapter", "list", "--json")

    adapters = {adapter["name"]: adapter for adapter in listed.document["adapters"]}
    assert {"binh_duong_permits", "national_portal", "ogc_features", "opencps"} <= set(adapters)
    assert adapters["opencps"]["package"] == "cchc-connect"
    assert "OpenCPS" in adapters["opencps"]["purpose"]
    assert listed.code == 0


@pytest.mark.usefixtures("install")
def test_an_outsiders_adapter_is_listed_beside_ours(call: Call) -> None:
    """One that cannot be loaded says so, with exit code 78."""
    listed = call("adapter", "list", "--json")

    adapters = {adapter["name"]: adapter for adapter in listed.document["adapters"]}
    assert adapters["village"] == {
        "name": "village",
        "package": "village-adapter",
        "version": "3.2",
        "purpose": "Adapters of invented villages, as another package would contain them.",
        "works": True,
    }
    assert not adapters["broken_village"]["works"]
    assert listed.code == 78


@pytest.mark.usefixtures("install")
def test_an_adapter_that_fails_on_an_answer_is_held_and_the_place_is_named(call: Call) -> None:
    """The run ends as any other with a held source; without --debug nobody sees a traceback."""
    connect("village")

    ran, checked = call("sync"), call("check")

    assert (ran.code, checked.code) == (69, 69)
    assert "KeyError 'parcels', tests/cli/village.py:61, Register.fetch" in ran.out
    assert "Traceback" not in ran.out + ran.err
    assert "KeyError 'parcels', tests/cli/village.py:61, Register.fetch" in checked.out


@pytest.mark.usefixtures("install")
def test_an_adapter_that_fails_while_it_is_made_is_a_fault_of_the_configuration(call: Call) -> None:
    """Exit code 78 from each command; file and line are named, and --debug shows the traceback, both without values."""
    connect("clumsy_village")

    plain, checked, debugged = call("sync"), call("check"), call("sync", "--debug")

    assert (plain.code, checked.code, plain.out) == (78, 78, "")
    for ended in (plain, checked):
        assert "ZeroDivisionError, tests/cli/village.py:46, ClumsyVillage.__init__" in ended.err
        assert "Traceback" not in ended.err
    assert "Mẫu" not in plain.err + checked.err + debugged.err
    lines = debugged.err.splitlines()
    assert "    | Traceback (most recent call last):" in lines
    assert "    |     raise ZeroDivisionError(message)" in lines


class FailingTerminal(io.StringIO):
    """A standard output that fails with a person's name, as no adapter has to do with."""

    def write(self, text: str, /) -> int:
        """Fail."""
        message = f"Nguyễn Thị Mẫu {text}"
        raise ZeroDivisionError(message)


def test_a_fault_of_a_program_is_one_line_without_the_values_it_met(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 70; --debug shows the traceback, which holds no value either."""
    monkeypatch.setattr(sys, "stdout", FailingTerminal())

    plain, debugged = call("adapter", "list"), call("adapter", "list", "--debug")

    assert plain.code == 70
    assert len(plain.err.splitlines()) == 1
    assert "ZeroDivisionError in test_outsider.py" in plain.err
    assert "Mẫu" not in plain.err + debugged.err
    assert "    | ZeroDivisionError" in debugged.err.splitlines()


@pytest.mark.usefixtures("install")
def test_beside_a_document_each_line_of_the_log_is_one_too(call: Call) -> None:
    """Standard output stays one document; standard error is read by whoever collects logs."""
    connect("clumsy_village")

    ended = call("sync", "--json", "--debug")

    assert ended.document["error"]["code"] == "config.faults"
    lines = [json.loads(line) for line in ended.err.splitlines()]
    failed = next(line for line in lines if line["logger"] == "cchc_connect.config")
    assert failed["message"].endswith("ZeroDivisionError")


def test_a_system_nobody_answers_for_could_not_be_reached(call: Call, agencies: Agencies) -> None:
    """Exit code 3 beside others; the reason says that the next run asks again."""
    write_config(CONFIG, {**demo_tables(agencies, DATABASE), "run": {"deadline_s": 1.0}})
    agencies.land_registry.stop()

    ran = call("sync", "--only", "land-registry", "--only", "construction")

    assert ran.code == 3
    assert "No connection to land-registry" in ran.out
