"""Rules of sealing: who seals when, what a missing seal stops, how a key is changed, and what anchors get."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from cchc_connect.cli import main
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, record_command
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.subject_keys import SubjectKeys
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import dossier_codes

A, B, C = dossier_codes(3)

INTACT, PARTIAL, BROKEN, UNCHECKED = 0, 3, 65, 69

Command = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def sealing(setting: ReceivingSetting) -> ReceivingSetting:
    """Give the setting with a key, its public key and an anchor."""
    SealKey.create("audit", Path("audit.key"))
    setting.audit = {
        "key": {"file": str(Path("audit.key").absolute())},
        "public_keys": {"audit": {"file": str(Path("audit.key.pub").absolute())}},
        "anchors": [f"file:{Path('anchor').absolute()}"],
    }
    return setting


@pytest.fixture
def command(sealing: ReceivingSetting, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give a caller of `audit`, which returns exit code and document."""

    def calling(*arguments: str) -> tuple[int, dict[str, object]]:
        path = sealing.write_configuration()
        capsys.readouterr()
        code = main(["--config", str(path), "--json", "audit", *arguments])
        document: dict[str, object] = json.loads(capsys.readouterr().out)
        return code, document

    return calling


def anchored() -> list[dict[str, object]]:
    return [json.loads(line) for line in Path("anchor").read_text(encoding="utf-8").splitlines()]


def test_a_run_ends_with_a_seal_that_an_anchor_has(sealing: ReceivingSetting, command: Command) -> None:
    sealing.holds(*dossiers(A))
    sealing.sync()

    code, document = command("verify")

    assert (code, document["outcome"], document["seals"], document["unsealed"]) == (INTACT, "intact", 1, 0)
    assert document["anchored_at"] == document["sealed_at"]
    assert [line["id"] for line in anchored()] == [1]
    assert Path("anchor").stat().st_mode & 0o777 == 0o600


def test_a_run_without_new_entries_makes_no_seal(sealing: ReceivingSetting) -> None:
    sealing.holds(*dossiers(A))
    sealing.sync()
    sealing.sync()

    assert len(anchored()) == 1


def test_a_log_that_waits_too_long_for_its_seal_holds_the_route(sealing: ReceivingSetting) -> None:
    """Nothing leaves; once it is sealed again everything does, and nothing has become a dead letter."""
    key = Path("audit.key").read_bytes()
    Path("audit.key").unlink()
    sealing.holds(*dossiers(A))
    assert sealing.sync().lines[-1].reason is None
    sealing.holds(*dossiers(B))

    sealing.clock.advance(timedelta(hours=4, seconds=1))
    reason = sealing.sync().lines[-1].reason

    assert reason is not None
    assert reason.code == "audit.sealing_down"
    assert sealing.portal.holdings.keys() == {A}

    Path("audit.key").write_bytes(key)
    Path("audit.key").chmod(0o600)
    assert sealing.sync().lines[-1].reason is None
    assert sealing.portal.holdings.keys() == {A, B}


def test_an_erased_index_is_sealed_and_told_by_every_verification(
    sealing: ReceivingSetting, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also to people, in their language, since the log is intact without these persons."""
    sealing.audit["subject_keys"] = str(Path("subjects").absolute())
    sealing.write_configuration()
    with sealing.database() as database:
        subjects = SubjectKeys(Path("subjects")).subjects_of(["001099000001"], sealing.clock.now())
        entry = AuditEntry(at=sealing.clock.now(), kind=AuditKind.REVEAL, official="cb-1")
        record_command(database, entry, subjects)
    year = str(sealing.clock.now().year)
    assert command("erase-subjects", year)[0] == 0

    code, document = command("verify")

    assert (code, document["unsealed"]) == (INTACT, 0)
    assert [note["code"] for note in document["notes"]] == ["audit_gap.subjects_early"]  # type: ignore[attr-defined]  # JSON
    path = str(sealing.write_configuration())
    assert main(["--config", path, "--lang", "vi", "audit", "verify"]) == 0
    assert "Phần đã xóa khi chưa hết thời hạn lưu trữ" in capsys.readouterr().out


def test_a_log_without_a_key_is_pushed_all_the_same(setting: ReceivingSetting) -> None:
    setting.holds(*dossiers(A))
    setting.sync()
    setting.clock.advance(timedelta(days=1))
    setting.holds(*dossiers(B))

    assert setting.sync().lines[-1].reason is None
    assert setting.portal.holdings.keys() == {A, B}


def test_entries_older_than_the_key_are_sealed_before_the_first_push(setting: ReceivingSetting) -> None:
    """Otherwise a key could never be introduced."""
    setting.holds(*dossiers(A))
    setting.sync()
    setting.clock.advance(timedelta(days=1))
    SealKey.create("audit", Path("audit.key"))
    setting.audit = {"key": {"file": str(Path("audit.key").absolute())}}
    setting.holds(*dossiers(B))

    assert setting.sync().lines[-1].reason is None
    assert setting.portal.holdings.keys() == {A, B}


def test_an_anchor_out_of_reach_gets_its_seals_later(sealing: ReceivingSetting, command: Command) -> None:
    folder = Path("worm").absolute()
    sealing.audit["anchors"].append(f"file:{folder / 'anchor'}")
    sealing.holds(*dossiers(A))
    sealing.sync()
    sealing.holds(*dossiers(B))
    sealing.sync()

    assert command("seal")[0] == PARTIAL
    assert command("verify")[0] == UNCHECKED

    folder.mkdir()
    assert command("seal")[0] == INTACT
    assert (folder / "anchor").read_text() == Path("anchor").read_text()
    assert command("verify")[0] == INTACT


def test_a_line_that_broke_off_is_written_again(sealing: ReceivingSetting, command: Command) -> None:
    """A machine stopped while it wrote the anchor."""
    for code in (A, B):
        sealing.holds(*dossiers(code))
        sealing.sync()
    text = Path("anchor").read_text()
    Path("anchor").write_text(text[:-40])

    assert command("verify")[0] == INTACT
    assert command("seal")[0] == INTACT

    assert Path("anchor").read_text().startswith(text[:-40])
    assert Path("anchor").read_text().endswith(text.splitlines(keepends=True)[-1])
    assert command("verify")[0] == INTACT


def test_an_anchor_with_other_seals_gets_none(sealing: ReceivingSetting, command: Command) -> None:
    """The database went back behind what the anchor has."""
    sealing.holds(*dossiers(A))
    sealing.sync()
    with sealing.database() as database, database.writing() as connection:
        for table in ("audit_seal", "audit_entry"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608  # two names
        connection.exec_driver_sql("UPDATE run SET last_audit_entry = 0")
    sealing.holds(*dossiers(B))
    sealing.sync()

    code, document = command("seal")

    assert (code, len(anchored())) == (PARTIAL, 1)
    assert "anchor" in str(document["anchor_faults"])
    assert command("verify")[0] == BROKEN


def test_a_new_key_is_confirmed_by_the_former_one(sealing: ReceivingSetting, command: Command) -> None:
    sealing.holds(*dossiers(A))
    sealing.sync()
    code, document = command("new-key", "next.key", "--key-id", "audit-2")
    assert code == INTACT
    sealing.audit["key"] = {"file": document["key"]}
    sealing.audit["key_id"] = "audit-2"
    sealing.audit["public_keys"]["audit-2"] = {"file": document["public_key"]}
    sealing.holds(*dossiers(B))
    sealing.sync()

    code, document = command("verify")

    assert (code, document["seals"]) == (INTACT, 2)


def test_a_new_key_that_the_former_one_did_not_confirm_is_found(sealing: ReceivingSetting, command: Command) -> None:
    sealing.holds(*dossiers(A))
    sealing.sync()
    SealKey.create("audit-2", Path("next.key"))
    sealing.audit["key"] = {"file": str(Path("next.key").absolute())}
    sealing.audit["key_id"] = "audit-2"
    sealing.audit["public_keys"]["audit-2"] = {"file": str(Path("next.key.pub").absolute())}
    sealing.holds(*dossiers(B))
    sealing.sync()

    code, document = command("verify")

    assert (code, document["code"]) == (BROKEN, "audit_fault.key_change")


def test_a_key_that_only_the_database_names_is_refused(sealing: ReceivingSetting, command: Command) -> None:
    sealing.holds(*dossiers(A))
    sealing.sync()
    public_keys = sealing.audit.pop("public_keys")

    assert command("verify")[1]["code"] == "audit_fault.no_public_key"
    assert command("verify")[0] == UNCHECKED

    sealing.audit["public_keys"] = {"another": public_keys["audit"]}
    code, document = command("verify")
    assert (code, document["code"]) == (BROKEN, "audit_fault.key_unknown")


def test_the_log_is_verified_with_a_key_and_an_anchor_alone(sealing: ReceivingSetting, command: Command) -> None:
    """Without any configuration, as an inspector would."""
    sealing.holds(*dossiers(A))
    sealing.sync()
    sealing.audit = {}
    trust = ("--public-key", "audit.key.pub", "--anchor", "anchor", "--db", sealing.address)

    assert command("verify", *trust)[0] == INTACT

    Path("anchor").write_text("")
    assert command("verify", *trust)[0] == UNCHECKED


def test_without_a_seal_nothing_can_be_told(setting: ReceivingSetting) -> None:
    setting.holds(*dossiers(A))
    setting.sync()

    assert main(["--config", str(setting.write_configuration()), "audit", "verify"]) == UNCHECKED


def test_without_a_key_there_is_nothing_to_seal_with(setting: ReceivingSetting) -> None:
    setting.holds(*dossiers(A))
    setting.sync()

    assert main(["--config", str(setting.write_configuration()), "audit", "seal"]) == 78
