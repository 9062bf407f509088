"""`check` and `adapter test` name a key that no item has, and a condition that no item can meet."""

import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.testing import FaultyServer, json_response
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config

ITEM = {"so": "000.00.05.H09-260402-0001", "tt": "1.013225", "trang_thai": "1", "daXoa": False, "xoaLuc": None}
FIELDS = {"code": "so", "procedure_code": "tt", "status": {"constant": "received"}}


@pytest.fixture
def address() -> Generator[str, None, None]:
    """Give the address of a server of three dossiers."""
    items = [{**ITEM, "so": f"000.00.05.H09-260402-000{number}"} for number in range(1, 4)]
    with FaultyServer(lambda _: json_response(items)) as server:
        yield server.base_url


def connect(options: dict[str, Any], **keys: object) -> None:
    """Connect a desk by these options."""
    desk = {"agency": "000.00.05.H09", "options": options, **keys}
    write_config(CONFIG, {"database": {"url": f"sqlite:///{DATABASE}"}, "connections": {"desk": desk}})


def connect_rest(address: str, **keys: object) -> None:
    """Connect the dossiers of the server, with keys of the source."""
    source = {"path": "/ho-so", "items": "", "key": "so", "paging": {"kind": "none"}, "fields": FIELDS, **keys}
    connect({"sources": {"dossier": source}}, adapter="rest", base_url=address)


def test_a_key_that_no_item_has_is_an_error_that_names_the_key_and_the_properties(call: Call, address: str) -> None:
    connect_rest(address, key="maHoSo")

    checked = call("check")

    assert checked.code != 0
    assert "the property maHoSo, which is the key, is in none of 3 items" in checked.out
    assert "the properties that are there: so, tt, trang_thai, daXoa, xoaLuc" in checked.out
    assert "that a rule reads" not in checked.out


@pytest.mark.parametrize("option", ["deletes", "current", "leave_out"])
def test_a_condition_on_a_property_that_no_item_has_is_named(call: Call, address: str, option: str) -> None:
    connect_rest(address, **{option: {"property": "da_xoa", "values": [True]}})

    checked, tested = call("check"), call("adapter", "test", "desk")

    for output in (checked.out, tested.out):
        assert f"{option}: the property da_xoa is in none of 3 items" in output
        assert "Did you mean 'daXoa'?" in output


@pytest.mark.parametrize("option", ["deletes", "current", "leave_out"])
def test_a_condition_on_values_of_another_kind_is_an_error(call: Call, address: str, option: str) -> None:
    connect_rest(address, **{option: {"property": "daXoa", "values": ["true"]}})

    checked, tested = call("check"), call("adapter", "test", "desk")

    assert checked.code != 0 != tested.code
    for output in (checked.out, tested.out):
        assert f'{option}: no value of daXoa can be one of those expected ("true"): the source sends false' in output


@pytest.mark.parametrize(
    "deletes",
    [
        {"property": "daXoa", "values": [True]},
        {"property": "trang_thai", "values": [True, "9"]},
        {"property": "xoaLuc"},
        {"property": "daXoa", "values": [False]},
        {"property": "xoaLuc", "values": [True]},
        {"property": "huy_bo_luc"},
    ],
    ids=["not met", "one kind fits", "no time of deletion", "all deleted", "null", "only on deleted items"],
)
def test_a_condition_that_items_can_meet_is_not_doubted(call: Call, address: str, deletes: dict[str, Any]) -> None:
    connect_rest(address, deletes=deletes)

    assert "deletes:" not in call("check").out


@pytest.mark.parametrize("values", [["1"], [True]])
def test_a_condition_on_a_column_of_another_kind_is_an_error(call: Call, tmp_path: Path, values: list[Any]) -> None:
    with sqlite3.connect(tmp_path / "desk.db") as database:
        database.execute("CREATE TABLE ho_so (so TEXT, tt TEXT, da_huy INTEGER)")
        rows = [(f"000.00.05.H09-260402-000{number}", "1.013225", number % 2) for number in range(1, 4)]
        database.executemany("INSERT INTO ho_so VALUES (?, ?, ?)", rows)
    source = {"table": "ho_so", "key": "so", "fields": FIELDS, "deletes": {"property": "da_huy", "values": values}}
    connect({"url": f"sqlite:///{tmp_path / 'desk.db'}", "sources": {"dossier": source}}, adapter="sql")

    checked = call("check")

    assert checked.code != 0
    assert "deletes: no value of da_huy can be one of those expected" in checked.out
    assert "the source sends 1, 0" in checked.out


def test_an_account_without_a_name_is_accepted_without_one(call: Call, address: str) -> None:
    source = {"path": "/ho-so", "items": "", "key": "so", "paging": {"kind": "none"}, "fields": FIELDS}
    account = {"kind": "api_key", "key": {"env": "PATH"}}
    connect({"sources": {"dossier": source}}, adapter="rest", base_url=address, account=account)

    assert "the account is accepted" in call("check").out
