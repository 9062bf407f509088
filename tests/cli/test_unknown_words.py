"""`quarantine show` shows the word of a code list that nothing translates, what the field takes, and where to add it."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.testing import FaultyServer, json_response
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config

ITEM = {"so": "000.00.05.H09-260402-0001", "tt": "1.013225", "trang_thai": "Đang chờ bổ sung", "ten": "Nguyễn Thị Mẫu"}


@pytest.fixture
def server() -> Generator[tuple[FaultyServer, list[dict[str, Any]]], None, None]:
    """Give a server of dossiers, and its list."""
    items: list[dict[str, Any]] = [dict(ITEM)]
    with FaultyServer(lambda _: json_response(items)) as running:
        yield running, items


def pull(call: Call, address: str, status: object) -> None:
    """Pull the dossiers; `status` is the rule of that field."""
    fields = {"code": "so", "procedure_code": "tt", "status": status, "applicant_name": "ten"}
    source = {"path": "/ho-so", "items": "", "key": "so", "paging": {"kind": "none"}, "fields": fields}
    desk = {
        "adapter": "rest",
        "agency": "000.00.05.H09",
        "base_url": address,
        "options": {"sources": {"dossier": source}},
    }
    write_config(CONFIG, {"database": {"url": f"sqlite:///{DATABASE}"}, "connections": {"desk": desk}})
    call("sync")


Serving = tuple[FaultyServer, list[dict[str, Any]]]


@pytest.mark.parametrize(
    "status", ["trang_thai", {"property": "trang_thai", "codes": {"da_tra": "returned"}}], ids=["bare", "with codes"]
)
def test_an_unknown_word_is_shown_with_what_the_field_takes_and_where_to_add_it(
    call: Call, server: Serving, status: object
) -> None:
    pull(call, server[0].base_url, status)

    shown = call("quarantine", "show", 1)

    assert shown.code == 0
    assert 'the source\'s trang_thai is "Đang chờ bổ sung"; the field takes: ' in shown.out
    assert "in process" in shown.out.lower().replace("_", " ")
    assert "add it to status in [connections.desk.options.sources.dossier.fields]" in shown.out
    assert 'codes = { "Đang chờ bổ sung" = "..." }' in shown.out
    assert '"trang_thai": "Đang chờ bổ sung"' in shown.out
    assert "Nguyễn" not in shown.out


def test_the_document_has_the_unknown_words(call: Call, server: Serving) -> None:
    pull(call, server[0].base_url, "trang_thai")

    document = call("quarantine", "show", 1, "--json").document

    assert [word["word"] for word in document["unknown_words"]] == ["Đang chờ bổ sung"]
    assert document["item"]["ten"] == "***"


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_word_that_looks_like_a_person_stays_masked(call: Call, server: Serving, language: str) -> None:
    """As where a field map reads the status from the property of the name."""
    pull(call, server[0].base_url, "ten")

    shown = call("quarantine", "show", 1, "--lang", language)

    assert shown.code == 0
    assert "Nguyễn" not in shown.out


def test_without_its_configuration_an_entry_is_shown_masked(call: Call, server: Serving, tmp_path: Path) -> None:
    pull(call, server[0].base_url, "trang_thai")

    shown = call("quarantine", "show", 1, "--db", tmp_path / DATABASE)

    assert shown.code == 0
    assert "Đang chờ" not in shown.out
