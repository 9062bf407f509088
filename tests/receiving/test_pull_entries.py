"""Rules of the audit log: pulls have one entry for each source, and `check` sees what is missing."""

import json
from collections import Counter
from pathlib import Path

import pytest

from cchc_connect.cli import main
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.testing import Agencies
from tests.audit_log import documents
from tests.cli.conftest import agencies, somewhere_in_english, write_config
from tests.promises.setting import ProvinceSetting
from tests.receiving.setting import ReceivingSetting

__all__ = ["agencies", "somewhere_in_english"]


def test_a_pull_has_one_entry_for_each_source_of_a_run(agencies: Agencies, address: str) -> None:
    """With its counts, and the range and digest of what it wrote; a second run without changes has the same sources."""
    province = ProvinceSetting(agencies, address)
    first, second = province.sync(), province.sync()

    with province.database() as database, database.reading() as connection:
        pulls = documents(connection, kind="pull")
        grouped = "SELECT connection || record_type, count(*) FROM change GROUP BY 1"
        changed = {str(row[0]): int(row[1]) for row in connection.exec_driver_sql(grouped)}
    sources = {(line.name, line.record_type) for line in first.lines if line.kind == "pull"}
    entries = Counter((pull["run_id"], pull["connection"], pull["record_type"]) for pull in pulls)
    assert entries == Counter({(run.run_id, *source): 1 for run in (first, second) for source in sources})
    written = {
        pull["connection"] + pull["record_type"]: pull["changes"]["count"]
        for pull in pulls
        if pull["run_id"] == first.run_id and pull["changes"]["count"]
    }
    assert written == changed
    assert all(len(pull["changes"]["sha256"]) == 64 for pull in pulls if pull["changes"]["count"])
    assert "keys" not in pulls[0]


def levels(setting: ReceivingSetting, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return the level of each finding on the audit log, by code."""
    write_config(Path("cchc.toml"), setting.tables)
    capsys.readouterr()
    main(["--json", "check"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {finding["code"]: finding["level"] for finding in findings if finding["subject"] == "audit_log"}


def test_a_check_warns_of_a_log_without_seals_and_of_seals_without_an_anchor(
    setting: ReceivingSetting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert levels(setting, capsys) == {"audit_check.not_sealed": "warning"}

    SealKey.create("audit", Path("audit.key"))
    setting.audit = {"key": {"file": str(Path("audit.key").absolute())}}
    assert levels(setting, capsys) == {
        "audit_check.sealed_here": "good",
        "audit_check.no_public_key": "warning",
        "audit_check.no_anchor": "warning",
    }

    setting.audit["public_keys"] = {"audit": {"file": str(Path("audit.key.pub").absolute())}}
    setting.audit["anchors"] = [f"file:{Path('nowhere').absolute()}/anchor"]
    assert levels(setting, capsys) == {"audit_check.sealed_here": "good", "audit_check.anchor_missing": "warning"}


def test_a_check_refuses_a_key_that_cannot_seal(setting: ReceivingSetting, capsys: pytest.CaptureFixture[str]) -> None:
    Path("audit.key").write_text("no key")
    Path("audit.key").chmod(0o600)
    setting.audit = {"key": {"file": str(Path("audit.key").absolute())}}

    assert levels(setting, capsys)["audit.key_unusable"] == "bad"
