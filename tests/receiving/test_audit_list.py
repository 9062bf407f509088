"""Rules of `audit list` and `audit show`: what an inspector finds, by what it is about."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cchc_connect.cli import main
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision, Disclosure, record_command
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import dossier_codes

A, B = dossier_codes(2)
AT = datetime(2030, 1, 1, 2, 30, tzinfo=UTC)
"""Later than every run of the tests."""

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def log(setting: ReceivingSetting) -> ReceivingSetting:
    """Give the setting with a push in its log, and three entries of commands after it."""
    setting.holds(*dossiers(A, B))
    setting.sync()
    read: dict[str, Any] = {"kind": AuditKind.READ, "record_type": "land_parcel", "decision": Decision.RELEASED}
    with setting.database() as database:
        for number, entry in enumerate(
            (
                AuditEntry(at=AT, **read, official="cb-1", consumer="H09.5", dossier=A, keys=("P1",), count=1),
                AuditEntry(at=AT, **read, official="cb-2", provider="H09.5", keys=_many_keys(), count=300),
                AuditEntry(at=AT, kind=AuditKind.REFUSED, official="cb-1", reasons=("purpose",), request_id="in.7"),
            )
        ):
            later = replace(entry, at=AT + timedelta(minutes=number))
            record_command(database, later)
    return setting


@pytest.fixture
def command(log: ReceivingSetting, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give a caller of `audit`, which returns exit code and document."""

    def calling(*arguments: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main(["--json", "audit", *arguments, "--db", log.address])
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return code, document

    return calling


def _many_keys() -> tuple[str, ...]:
    return tuple(f"K{number:03}" for number in range(300))


def numbers(document: Mapping[str, Any]) -> list[str]:
    return [entry["number"] for entry in document["entries"]]


def test_the_newest_entries_of_all_chains_come_first(command: Command) -> None:
    code, document = command("list")

    assert code == 0
    assert numbers(document)[:3] == ["commands/3", "commands/2", "commands/1"]
    assert numbers(document)[-1] == "runs/1"
    assert command("list", "--limit", "2")[1]["has_more"]


@pytest.mark.parametrize(
    ("options", "listed"),
    [
        (("--kind", "read"), ["commands/2", "commands/1"]),
        (("--agency", "H09.5"), ["commands/2", "commands/1"]),
        (("--official", "cb-1"), ["commands/3", "commands/1"]),
        (("--dossier", A), ["commands/1"]),
        (("--key", "P1"), ["commands/1"]),
        (("--key", "K299"), ["commands/2"]),
        (("--request", "in.7"), ["commands/3"]),
        (("--refused",), ["commands/3"]),
        (("--from", "2030-01-01T09:31", "--to", "2030-01-01T09:32"), ["commands/2"]),
        (("--from", "2030-01-01", "--to", "2030-01-01", "--kind", "refused"), ["commands/3"]),
        (("--official", "nobody"), []),
    ],
)
def test_entries_are_found_by_what_they_are_about(
    command: Command, options: tuple[str, ...], listed: list[str]
) -> None:
    assert numbers(command("list", *options)[1]) == listed


def test_the_entries_of_a_run_and_of_a_request_are_found(log: ReceivingSetting, command: Command) -> None:
    """The id under which a message left stands in its entry and in its delivery, and begins with the run's."""
    with log.database() as database, database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT DISTINCT request_id FROM delivery").scalars()
        request_id = min(row for row in rows if row is not None)
        run_id = connection.exec_driver_sql("SELECT run_id FROM run").scalar_one()

    sent = command("list", "--request", request_id)[1]["entries"]

    assert [entry["outcome"] for entry in sent] == ["delivered"]
    assert request_id.startswith(f"{run_id}.")
    assert "leaving" in {entry.get("outcome") for entry in command("list", "--run", run_id)[1]["entries"]}


def test_one_entry_is_shown_with_all_its_keys(command: Command) -> None:
    code, document = command("show", "commands/2")

    assert (code, document["keys"]) == (0, list(_many_keys()))
    assert len(document["hash"]) == 64


@pytest.mark.parametrize("entry", ["commands/99", "nothing/1", "12"])
def test_an_entry_that_is_not_there_is_not_shown(
    log: ReceivingSetting, entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "show", entry, "--db", log.address]) == 66
    assert entry in capsys.readouterr().err


def test_correction_requests_are_found_by_their_kind(log: ReceivingSetting, command: Command) -> None:
    with log.database() as database:
        record_command(database, AuditEntry(at=AT, kind=AuditKind.CORRECTION, consumer="H09.5"))

    code, document = command("list", "--kind", "correction")

    assert (code, [entry["kind"] for entry in document["entries"]]) == (0, ["correction"])


@pytest.mark.parametrize("kind", ["reading", "corection"])
def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are(
    log: ReceivingSetting, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "list", "--kind", kind, "--db", log.address]) == 64
    assert "agreement, correction, purge, key_change" in capsys.readouterr().err


def test_people_read_it_in_their_language(log: ReceivingSetting, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "vi", "audit", "list", "--db", log.address]) == 0
    assert main(["--lang", "vi", "audit", "show", "commands/2", "--db", log.address]) == 0

    shown = capsys.readouterr().out
    assert all(words in shown for words in ("đã gửi", "từ chối", "Loại bản ghi: ", "01/01/2030 09:31"))


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            (
                "Fields: compared only: yes or no: applicant_id; as it is: code; year only: received_at",
                "Reasons: more fields are asked for than are granted (field); no dossier is named (dossier_missing)",
                "Acts: 766/QĐ-TTg (qd-766-2022), of-nobody",
                "Action: read",
                "Told to the person: later",
                "Told from: 2030-02-01",
                "Counts: read: 3, quarantined: 1",
                "May have arrived all the same: yes",
            ),
        ),
        (
            "vi",
            (
                (
                    "Trường dữ liệu: chỉ đối chiếu: có hoặc không: số giấy tờ chủ hồ sơ (applicant_id) | "
                    "nguyên giá trị: mã hồ sơ (code) | chỉ năm: ngày tiếp nhận (received_at)"
                ),
                "Lý do: yêu cầu nhiều trường hơn phạm vi được chia sẻ (field); không nêu hồ sơ (dossier_missing)",
                "Văn bản: 766/QĐ-TTg (qd-766-2022), of-nobody",
                "Hình thức khai thác: xem",
                "Thông báo cho chủ thể: sau",
                "Thông báo từ ngày: 01/02/2030",
                "Số lượng theo loại: đã đọc: 3, cách ly: 1",
                "Có thể đã đến nơi nhận: có",
            ),
        ),
    ],
)
def test_every_code_of_an_entry_is_shown_in_words(
    log: ReceivingSetting, capsys: pytest.CaptureFixture[str], language: str, sentences: tuple[str, ...]
) -> None:
    """JSON keeps the codes."""
    entry = AuditEntry(
        at=AT,
        kind=AuditKind.READ,
        record_type="dossier",
        acts=("qd-766-2022", "of-nobody"),
        fields={"code": "plain", "received_at": "year", "applicant_id": "match"},
        reasons=("field", "dossier_missing"),
        disclosure=Disclosure.DELAYED,
        disclosed_from=date(2030, 2, 1),
        details={"action": "read", "counts": {"fetched": 3, "quarantined": 1}, "may_have_arrived": True},
    )
    with log.database() as database:
        number = str(record_command(database, entry))

    assert main(["--lang", language, "audit", "show", number, "--db", log.address]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert main(["--json", "audit", "show", number, "--db", log.address]) == 0
    document = json.loads(capsys.readouterr().out)

    assert [sentence for sentence in sentences if sentence not in shown] == []
    assert document["fields"] == entry.fields
    assert document["reasons"] == ["field", "dossier_missing"]
    assert document["disclosure"] == "delayed"
