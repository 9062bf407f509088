"""Adapters without HTTP: no address in cchc.toml, `check` shows what they found, and the engine closes them."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import LocalAdapterFactory
from cchc_connect.clock import VIETNAM_TIME
from tests.cli import ledger_adapter
from tests.cli.conftest import CONFIG, Call, install_adapters, write_config
from tests.cli.ledger_adapter import OPENED, Ledger, parcel

factory: LocalAdapterFactory = Ledger
"""The type checkers verify that the adapter has what its contract asks for."""

LEDGER = Path("ledger.json")

Connect = Callable[..., None]


@pytest.fixture(autouse=True)
def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Give a function that connects a ledger of five parcels, with more keys and options; call it once."""
    names = {"ledger": "Ledger", "incomplete": "LedgerWithoutExamine"}
    places = {name: f"{ledger_adapter.__name__}:{made}" for name, made in names.items()}
    install_adapters(tmp_path, monkeypatch, places)
    OPENED.clear()
    LEDGER.write_text(json.dumps([parcel(number) for number in range(1, 6)]), encoding="utf-8")

    def connecting(adapter: str = "ledger", *, options: dict[str, Any] | None = None, **keys: object) -> None:
        table = {"adapter": adapter, "agency": "000.00.01.H09", **keys, "options": options or {}}
        write_config(CONFIG, {"connections": {"ward": table}})

    connecting()
    return connecting


def findings(call: Call) -> dict[str, str]:
    """Return what the check finds: code -> level."""
    return {finding["code"]: finding["level"] for finding in call("check", "--json").document["findings"]}


def test_a_ledger_is_read_without_an_address_and_without_a_request(call: Call) -> None:
    ended = call("sync", "--json")

    (line,) = ended.document["lines"]
    assert (ended.code, line["inserted"], line["requests"]) == (0, 5, 0)
    assert OPENED == ["opened", "closed"]


def test_what_vanished_from_the_ledger_is_absent(call: Call) -> None:
    call("sync")
    LEDGER.write_text(json.dumps([parcel(number) for number in range(1, 5)]), encoding="utf-8")

    call("sync")
    ended = call("sync", "--json")

    assert ended.document["lines"][0]["deleted"] == 1


def test_what_is_open_is_closed_after_a_failure_too(call: Call, connect: Connect) -> None:
    connect(options={"breaks_at": 2})

    ended = call("sync", "--json")

    assert ended.document["lines"][0]["reason"]["code"] == "transport.unreachable"
    assert OPENED == ["opened", "closed"]


def test_a_failure_to_close_changes_no_result(call: Call, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    connect(options={"breaks_closing": True})

    ended = call("sync", "--json")

    assert (ended.code, ended.document["lines"][0]["inserted"]) == (0, 5)
    assert "ward: land_parcel: failed: OSError" in caplog.text


@pytest.mark.parametrize("returns", ["conversation", "nothing"])
def test_what_is_no_page_is_a_fault_of_the_adapter(call: Call, connect: Connect, returns: str) -> None:
    connect(options={"returns": returns})

    reason = call("sync", "--json").document["lines"][0]["reason"]

    assert reason["code"] == "source.adapter_failed"
    assert "instead of Page" in reason["context"]["error"]


def test_every_key_about_http_is_refused_at_once(call: Call, connect: Connect) -> None:
    connect(base_url="https://ledger.example", tls={}, rate={"requests": 1, "per_s": 1})

    ended = call("check")

    assert ended.code == 78
    for key in ("base_url", "tls", "rate"):
        assert f"[connections.ward] {key}: is about HTTP" in ended.err


def test_an_adapter_with_http_needs_an_address_as_before(call: Call, connect: Connect) -> None:
    connect("opencps", options={"group_id": "1"})

    assert "[connections.ward] base_url: is missing" in call("check").err


def test_an_adapter_that_lacks_a_part_of_its_contract_is_refused(call: Call, connect: Connect) -> None:
    connect("incomplete")

    ended = call("check")

    assert ended.code == 78
    assert "examine" in ended.err


def test_opening_hours_hold_without_http_too(call: Call, connect: Connect) -> None:
    hour = datetime.now(VIETNAM_TIME).hour
    connect(opening_hours=[f"{(hour + 12) % 24:02}:00-{(hour + 13) % 24:02}:00"])

    assert call("sync", "--json").document["lines"][0]["outcome"] == "closed"
    assert OPENED == []


def test_a_page_that_is_too_large_is_refused(call: Call, connect: Connect) -> None:
    connect(max_page_items=1)

    assert call("sync", "--json").document["lines"][0]["reason"]["code"] == "source.page_has_too_many"


def test_a_relative_path_of_an_option_starts_from_the_folder_of_the_file(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert call("--config", tmp_path / CONFIG, "sync").code == 0


def test_a_secret_of_the_options_that_cannot_be_read_ends_the_run_before_it_begins(
    call: Call, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(options={"password": {"file": "secret"}})

    assert call("sync").code == call("check").code == 78
    assert OPENED == []
    (tmp_path / "secret").write_text("s3cret", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert call("--config", tmp_path / CONFIG, "sync").code == 0


def test_a_secret_in_an_option_is_refused_without_being_shown(call: Call, connect: Connect) -> None:
    connect(options={"password": "s3cret"})

    ended = call("check")

    assert ended.code == 78
    assert "s3cret" not in ended.out + ended.err


def test_the_check_shows_what_the_adapter_found_and_the_first_page(call: Call) -> None:
    levels = findings(call)

    assert (levels["ledger.found"], levels["check.page_readable"]) == ("good", "good")
    assert OPENED == ["opened", "closed"]


def test_a_system_that_is_not_there_is_not_read(call: Call) -> None:
    LEDGER.unlink()

    levels = findings(call)

    assert levels["ledger.missing"] == "bad"
    assert "check.page_readable" not in levels
    assert OPENED == []


def test_a_source_that_cannot_be_read_is_not_read(call: Call) -> None:
    LEDGER.write_text(json.dumps([{"id": "1"}]), encoding="utf-8")

    levels = findings(call)

    assert (levels["ledger.found"], levels["ledger.without_sheet"]) == ("good", "bad")
    assert OPENED == []


def test_the_sample_of_an_adapter_without_http_has_no_address(call: Call) -> None:
    ended = call("adapter", "show", "ledger", "--json")

    assert ended.document["uses_http"] is False
    assert "base_url" not in ended.document["sample"]
    assert "without HTTP" in call("adapter", "show", "ledger").out
    assert "base_url" in call("adapter", "show", "opencps", "--json").document["sample"]
