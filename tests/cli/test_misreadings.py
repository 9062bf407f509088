"""What is misread is told with the way out.

`quarantine show` shows a word that nothing translates, what its field takes and where to add it. `check` names the
codecs that read a time in another spelling.
"""

from collections.abc import Generator, Mapping
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
    connect(address, {"status": status})
    call("sync")


def connect(address: str, rules: Mapping[str, object], **keys: object) -> None:
    """Connect the dossiers, with further rules of the field map and keys of the source."""
    fields = {"code": "so", "procedure_code": "tt", "applicant_name": "ten", **rules}
    source = {"path": "/ho-so", "items": "", "key": "so", "paging": {"kind": "none"}, "fields": fields, **keys}
    desk = {
        "adapter": "rest",
        "agency": "000.00.05.H09",
        "base_url": address,
        "options": {"sources": {"dossier": source}},
    }
    write_config(CONFIG, {"database": {"url": f"sqlite:///{DATABASE}"}, "connections": {"desk": desk}})


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


STATUS = {"property": "trang_thai", "others": "in_process", "codes": {"da_tra": "returned"}}


def misread(call: Call) -> list[str]:
    findings = call("check", "--json").document["findings"]
    return [finding["message"] for finding in findings if finding["code"].startswith("misread.")]


@pytest.mark.parametrize(
    ("codec", "value", "named"),
    [
        ("dmy_time", "2026-04-02 08:00:00", "instant, sql_local."),
        ("epoch_ms", 1775091600, "epoch_s."),
        ("iso_instant", "/Date(1775091600000)/", "dotnet_instant"),
        ("dmy_time", "02/04/2026", "a day without a time"),
    ],
)
def test_a_codec_of_another_spelling_names_the_codecs_that_read_the_time(
    call: Call, server: Serving, codec: str, value: object, named: str
) -> None:
    server[1][0]["ngay_nhan"] = value
    connect(server[0].base_url, {"status": STATUS, "received_at": {"property": "ngay_nhan", "codec": codec}})

    sentences = misread(call)

    assert len(sentences) == 1
    assert named in sentences[0]
    assert "ngay_nhan" in sentences[0]
    assert str(value) not in sentences[0]


def test_the_time_of_change_is_read_by_the_codec_that_takes_a_day_alone(call: Call, server: Serving) -> None:
    server[1][0]["ngay_sua"] = "02/04/2026"
    changed_at = {"property": "ngay_sua", "codec": "dmy_time"}
    connect(server[0].base_url, {"status": STATUS}, changed_at=changed_at)

    assert [sentence.split(":")[0] for sentence in misread(call)] == ["changed_at"]
    assert 'codec = "change_time"' in misread(call)[0]


def test_times_in_their_declared_spelling_are_not_remarked_on(call: Call, server: Serving) -> None:
    server[1][0] |= {"nhan": "02/04/2026 08:00", "tra": "không rõ"}
    properties = {"received_at": "nhan", "due_at": "hen", "returned_at": "tra"}
    rules = {name: {"property": key, "codec": "dmy_time"} for name, key in properties.items()}
    connect(server[0].base_url, {"status": STATUS, **rules})

    assert misread(call) == []
