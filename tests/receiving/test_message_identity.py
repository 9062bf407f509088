"""Identity of messages: an idempotency key names one change of one database, and stays with its delivery."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import delete

from cchc_connect.database.backup import back_up
from cchc_connect.database.epochs import begin_epoch, epochs_of
from cchc_connect.database.maintenance import advance_feed
from cchc_connect.database.outbox.deliveries import MAX_RETRY_WAIT, upsert_route
from cchc_connect.database.private_copy import empty_database
from cchc_connect.database.record_tables import all_tables
from cchc_connect.database.tables import schema_version
from tests.database.restoring import postgres_programs, restore
from tests.databases import on_sqlite_only
from tests.quick import scaled
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import dossier_codes

__all__ = ["postgres_programs"]

pytestmark = pytest.mark.usefixtures("postgres_programs")

A, B = dossier_codes(2)


def keys_of(setting: ReceivingSetting, code: str) -> list[str]:
    return [arrival.idempotency_key for arrival in setting.portal.arrivals if arrival.key == code]


def status_at_portal(setting: ReceivingSetting, code: str = A) -> object:
    return setting.portal.holdings[code]["status"]


def test_a_record_that_returns_to_its_former_content_is_sent_again(setting: ReceivingSetting) -> None:
    """A -> B -> A: three messages, three keys, three effects."""
    for status in (1, 5, 1):
        setting.holds(*dossiers(A, status=status))
        setting.sync()

    assert len(set(keys_of(setting, A))) == len(setting.portal.effects) == 3
    assert status_at_portal(setting) == 1


def test_every_attempt_uses_the_stored_key_whatever_the_route_withholds_by_then(setting: ReceivingSetting) -> None:
    """The answer was lost after the message took effect: the portal recognises the second attempt."""
    setting.holds(*dossiers(A, applicant_name="Nguyễn Thị Mẫu"))
    with lost_answers(setting):
        setting.sync()
    setting.routes["publish"]["withhold"] = ["dossier.applicant_name"]
    setting.clock.advance(MAX_RETRY_WAIT)

    setting.sync()

    assert len(keys_of(setting, A)) > 1
    assert len(set(keys_of(setting, A))) == 1
    assert len(setting.portal.effects) == 1
    assert setting.deliveries() == [("publish", 1, "record", "delivered", "")]


@contextmanager
def lost_answers(setting: ReceivingSetting) -> Generator[None, None, None]:
    """Lose the answer of every message that has an effect while the block runs, and of its repetitions."""
    setting.portal.on_message = lambda: setattr(setting.portal.switches, "drop_response", 1)
    yield
    setting.portal.on_message = lambda: None
    setting.portal.switches.drop_response = 0


def test_the_key_is_stored_before_the_message_leaves(setting: ReceivingSetting) -> None:
    """What arrives has the key that the database shows at that moment."""
    setting.holds(*dossiers(A, B))
    stored: list[set[str]] = []

    def look() -> None:
        with setting.database() as database, database.reading() as connection:
            stored.append(set(connection.exec_driver_sql("SELECT idempotency_key FROM delivery").scalars()))

    setting.portal.on_message = look
    setting.sync()

    assert len(stored) == 2
    assert set(keys_of(setting, A) + keys_of(setting, B)) == stored[0] == stored[1]


def anew(setting: ReceivingSetting, tmp_path: Path) -> None:
    """Lose the database and make another one in its place."""
    del tmp_path
    with setting.database() as database, database.writing() as connection:
        for table in all_tables().sorted_tables:
            if table is not schema_version:
                connection.execute(delete(table))
    setting.agree()


def from_backup(setting: ReceivingSetting, tmp_path: Path) -> None:
    """Put the backup in the place of the database and say nothing."""
    restore(tmp_path / "backup", setting.address)


def from_backup_and_said(setting: ReceivingSetting, tmp_path: Path) -> None:
    """Put the backup in the place of the database, as docs/backup.md says."""
    restore(tmp_path / "backup", setting.address)
    with setting.database() as database, database.writing() as connection:
        advance_feed(connection, "2026-03-02T08:00:00.000000Z")


def from_backup_on_another_machine(setting: ReceivingSetting, tmp_path: Path) -> None:
    """Restore the backup where no mark of the lost database is known."""
    restore(tmp_path / "backup", setting.address)
    shutil.rmtree(tmp_path / "runtime")
    (tmp_path / "runtime").mkdir(mode=0o700)


@pytest.mark.parametrize("lose", [anew, from_backup, from_backup_and_said, from_backup_on_another_machine])
def test_a_change_after_the_loss_of_the_database_is_no_duplicate_of_a_lost_one(
    setting: ReceivingSetting, tmp_path: Path, lose: Callable[[ReceivingSetting, Path], None]
) -> None:
    """The sequences restart, and content comes again as it was: every message has its effect all the same."""
    setting.holds(*dossiers(A, status=1))
    setting.sync()
    with setting.database() as database:
        back_up(database, tmp_path / "backup")
    for status in (5, 9):
        setting.holds(*dossiers(A, status=status))
        setting.sync()

    lose(setting, tmp_path)
    for status in (5, 6):
        setting.holds(*dossiers(A, status=status))
        setting.sync()
        setting.agree()  # a run that noticed the restore suspended it
        setting.sync()
        assert status_at_portal(setting) == status

    assert setting.portal.conflicts == []


def test_a_database_that_went_back_is_noticed_and_said(setting: ReceivingSetting, tmp_path: Path) -> None:
    """The next run says so, and new changes have sequences that the lost database cannot have given."""
    setting.holds(*dossiers(A, status=1))
    assert setting.sync().lost_sequence is None
    with setting.database() as database:
        back_up(database, tmp_path / "backup")
    setting.holds(*dossiers(A, status=5))
    setting.sync()
    restore(tmp_path / "backup", setting.address)

    assert setting.sync().lost_sequence == 2
    assert setting.sync().lost_sequence is None
    setting.agree()
    setting.holds(*dossiers(A, status=9))
    setting.sync()

    assert setting.portal.arrivals[-1].sequence > 1000


def test_a_restored_database_that_wrote_before_the_run_is_noticed_too(
    setting: ReceivingSetting, tmp_path: Path
) -> None:
    """Its feed reached the mark again, with other changes."""
    setting.holds(*dossiers(A, status=1))
    setting.sync()
    with setting.database() as database:
        back_up(database, tmp_path / "backup")
    setting.holds(*dossiers(A, status=5))
    setting.sync()
    restore(tmp_path / "backup", setting.address)
    setting.holds(*dossiers(A, B, status=5))

    assert setting.sync().lost_sequence == 2
    setting.agree()
    setting.sync()
    assert status_at_portal(setting) == 5
    assert B in setting.portal.holdings


def test_a_message_that_waited_in_the_backup_is_the_same_message_after_the_restore(
    setting: ReceivingSetting, tmp_path: Path
) -> None:
    """The lost database sent it after the backup: the portal recognises it, and its later version stays."""
    codes = list(dossier_codes(5))
    setting.holds(*dossiers(*codes, status=1))
    setting.sync_while_down()
    with setting.database() as database:
        back_up(database, tmp_path / "backup")
    setting.sync()
    setting.holds(*dossiers(*codes, status=5))
    setting.sync()
    restore(tmp_path / "backup", setting.address)

    setting.sync()
    setting.agree()
    setting.sync()

    for code in codes:
        first, _, again = keys_of(setting, code)
        assert first == again
        assert status_at_portal(setting, code) == 5


@on_sqlite_only
def test_an_unchanged_database_keeps_its_epoch_over_runs(setting: ReceivingSetting) -> None:
    """An epoch begins with the first run, and no other one where the mark fits; a copy shares the epoch it has."""
    setting.sync()
    with setting.database() as database, database.reading() as connection:
        first = epochs_of(connection, "")
    setting.holds(*dossiers(A))
    setting.sync()
    setting.sync()

    with setting.database() as database, database.reading() as connection:
        assert epochs_of(connection, "") == first


@on_sqlite_only
def test_a_copy_in_another_place_begins_an_epoch_of_its_own(setting: ReceivingSetting, tmp_path: Path) -> None:
    """Both go on from the same point with the same sequences, and their messages have different keys."""
    setting.holds(*dossiers(A, status=1))
    setting.sync()
    with setting.database() as database:
        back_up(database, tmp_path / "copy.db")
    original = setting.address
    for status in (5, 6):
        for address in (original, f"sqlite:///{tmp_path / 'copy.db'}"):
            setting.address = address
            setting.holds(*dossiers(A, status=status))
            assert setting.sync().lost_sequence is None

    assert len(set(keys_of(setting, A))) == 5
    assert setting.portal.conflicts == []


def test_a_dry_run_changes_neither_epoch_nor_mark(setting: ReceivingSetting, tmp_path: Path) -> None:
    """It is made on a copy and leaves the next run alone."""
    setting.holds(*dossiers(A))
    setting.sync()
    before = {path: path.read_bytes() for path in (tmp_path / "runtime").rglob("*") if path.is_file()}
    setting.holds(*dossiers(A, status=9))

    setting.sync(dry_run=True)

    assert before
    assert {path: path.read_bytes() for path in (tmp_path / "runtime").rglob("*") if path.is_file()} == before
    assert setting.sync().lost_sequence is None


def test_a_database_without_a_runtime_folder_begins_an_epoch_with_each_run(
    setting: ReceivingSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing vouches for it; its waiting messages keep their keys all the same."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    setting.holds(*dossiers(A))
    setting.portal.busy = {A}
    setting.sync()
    setting.portal.busy = set()
    setting.clock.advance(MAX_RETRY_WAIT)

    setting.sync()

    assert len(keys_of(setting, A)) == 2
    assert len(set(keys_of(setting, A))) == 1


def test_a_refused_message_that_was_corrected_is_another_message(setting: ReceivingSetting) -> None:
    """The refusal is an answer to the old key, so a target that remembers it does not refuse the new one unread."""
    setting.holds(*dossiers(A))
    setting.portal.refused = {A}
    setting.sync()

    with setting.database() as database, database.reading() as connection:
        stored = list(connection.exec_driver_sql("SELECT idempotency_key FROM delivery").scalars())

    assert stored == [None]


def test_messages_that_were_not_sent_after_all_have_no_key(setting: ReceivingSetting) -> None:
    """A portal that is down is asked three times; of the other records it cannot have anything."""
    codes = list(dossier_codes(8))
    setting.holds(*dossiers(*codes))
    setting.sync_while_down()

    with setting.database() as database, database.reading() as connection:
        stored = list(connection.exec_driver_sql("SELECT idempotency_key FROM delivery ORDER BY sequence").scalars())

    assert None not in stored[:3]
    assert stored[3:] == [None] * 5


@settings(max_examples=scaled(50))
@given(st.lists(st.integers(1, 40), max_size=20))
def test_a_change_stays_in_the_epoch_in_which_it_was_numbered(steps: list[int]) -> None:
    """Whatever epochs begin later, up to the limit of those that are kept."""
    with empty_database() as database, database.writing() as connection:
        epochs, end = epochs_of(connection, "now"), 0
        seen: dict[int, str] = {}
        for step in steps:
            seen |= {sequence: epochs.of(sequence) for sequence in range(end + 1, end + step + 1)}
            end += step
            upsert_route(connection, "publish", {"last_sequence": end})
            epochs = begin_epoch(connection, "now")

        assert {sequence: epochs.of(sequence) for sequence in seen} == seen
        assert epochs.of(end + 1) not in seen.values()
