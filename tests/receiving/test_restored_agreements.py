"""A database that went back suspends its agreements: a backup says nothing of what was suspended or ended since."""

import json
from pathlib import Path

import pytest

from cchc_connect import Config
from cchc_connect.cli.main import main
from cchc_connect.database.backup import back_up
from cchc_connect.sharing.administration import resume_agreement
from tests.audit_log import documents
from tests.database.restoring import postgres_programs, restore
from tests.databases import on_sqlite_only
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import dossier_codes

__all__ = ["postgres_programs"]

pytestmark = pytest.mark.usefixtures("postgres_programs")

A, B = dossier_codes(2)
PROVIDER, CONSUMER = "H09.1", "G22"


@pytest.fixture
def restored(setting: ReceivingSetting, tmp_path: Path) -> ReceivingSetting:
    """Give the setting with a route by an agreement, restored from a backup of when it was in force."""
    setting.holds(*dossiers(A))
    setting.routes = {"publish": {"from": ["dossier"], "to": "portal", "agreement": "invented"}}
    with setting.database() as database:
        in_force(database, PROVIDER, CONSUMER, "dossier")
    setting.sync()
    with setting.database() as database:
        back_up(database, tmp_path / "backup")
    setting.holds(*dossiers(A, B, status=5))
    setting.sync()
    restore(tmp_path / "backup", setting.address)
    setting.holds(*dossiers(A, B, status=5))
    return setting


def changes(setting: ReceivingSetting) -> list[tuple[str, str | None]]:
    """Return what the audit log says of the agreement after it was approved, and who did it."""
    with setting.database() as database, database.reading() as connection:
        entries = documents(connection, kind="agreement")[3:]
    return [(entry["change"], entry.get("official")) for entry in entries]


def test_the_run_that_notices_it_sends_nothing_by_an_agreement(restored: ReceivingSetting) -> None:
    """It may have been ended after the backup; what is due waits until the provider resumes it."""
    arrived = len(restored.portal.arrivals)

    publish = restored.sync().lines[-1]

    assert len(restored.portal.arrivals) == arrived
    assert publish.outcome.value == "held"
    assert set(changes(restored)) == {("suspended_after_restore", None)}
    assert {state for *_, state, _ in restored.deliveries()} <= {"waiting", "delivered"}


def test_the_provider_resumes_what_still_holds(restored: ReceivingSetting) -> None:
    restored.sync()
    officer = {"agency": PROVIDER, "data_officer": True}
    config = Config.from_tables({**restored.tables, "officials": {"officer": officer}}, Path("cchc.toml"))

    with restored.database() as database:
        resume_agreement(config, database, "invented", official="officer", at=restored.clock.now())
    arrived = len(restored.portal.arrivals)
    restored.sync()

    assert len(restored.portal.arrivals) > arrived


@on_sqlite_only
def test_the_command_after_a_restore_suspends_and_names_them(
    setting: ReceivingSetting, capsys: pytest.CaptureFixture[str]
) -> None:
    with setting.database() as database:
        in_force(database, PROVIDER, CONSUMER, "dossier")
    setting.write_configuration()

    assert main(["restored"]) == 0

    assert "invented@1" in capsys.readouterr().out
    assert main(["--json", "restored"]) == 0
    assert json.loads(capsys.readouterr().out)["suspended"] == []
