"""Deletes leave: a receiver that takes withdrawals holds no record that is deleted here; others are counted."""

from random import Random

import pytest

from cchc_connect import status as status_of
from cchc_connect.cli import main
from cchc_connect.database.outbox.dead_letters import dead_letters, requeue
from cchc_connect.database.outbox.deliveries import MAX_RETRY_WAIT
from tests.quick import few
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import dossier_codes

A, B, C = dossier_codes(3)


def sent(setting: ReceivingSetting) -> list[tuple[str, str]]:
    """Return kind and key of what arrived at the portal."""
    return [(arrival.kind, arrival.key) for arrival in setting.portal.arrivals]


def line_of(setting: ReceivingSetting) -> dict[str, object]:
    """Run once and return the route's line."""
    (line,) = (line for line in setting.sync().lines if line.kind == "push")
    return dict(line.as_document())


def test_a_deleted_record_is_withdrawn_once(setting: ReceivingSetting) -> None:
    """With receipt, idempotency key and counters; a second run withdraws nothing."""
    setting.holds(*dossiers(A, B))
    setting.sync()
    setting.deletes(A)

    line = line_of(setting)
    setting.sync()

    assert setting.portal.holdings.keys() == {B}
    assert sent(setting) == [("record", A), ("record", B), ("withdrawal", A)]
    assert len({arrival.idempotency_key for arrival in setting.portal.arrivals}) == 3
    assert (line["delivered"], line["withdrawn"], line["not_withdrawn"]) == (1, 1, 0)


def test_withdrawals_are_in_the_audit_log_as_such(setting: ReceivingSetting) -> None:
    """Before they leave and with their outcome."""
    setting.holds(*dossiers(A))
    setting.sync()
    setting.deletes(A)
    setting.sync()

    with setting.database() as database, database.reading() as connection:
        bodies = list(connection.exec_driver_sql("SELECT body FROM audit_entry ORDER BY entry").scalars())

    assert ['"withdrawal"' in body for body in bodies] == [False, False, True, True]
    assert ['"outcome":"leaving"' in body for body in bodies] == [True, False, True, False]


def test_a_record_that_never_left_needs_no_withdrawal(setting: ReceivingSetting) -> None:
    """Deleted before the first run, refused, or deleted while the portal was down and nothing could arrive."""
    setting.holds(*dossiers(A, B))
    setting.deletes(A)
    setting.portal.refused = {B}
    setting.sync()
    setting.holds(*dossiers(C))
    setting.deletes(B, C)

    setting.sync()

    assert sent(setting) == [("record", B)]


def test_a_record_whose_answer_was_lost_is_withdrawn(setting: ReceivingSetting) -> None:
    """The portal may hold it, and does."""
    setting.holds(*dossiers(A))
    setting.portal.on_message = lambda: setattr(setting.portal.switches, "drop_response", 1)
    setting.deadline_s = 0.3
    setting.sync()
    setting.portal.on_message = lambda: None
    setting.portal.switches.drop_response = 0
    assert A in setting.portal.holdings
    setting.deletes(A)

    setting.sync()

    assert setting.portal.holdings == {}


def test_three_waiting_versions_of_a_deleted_record_are_not_sent(setting: ReceivingSetting) -> None:
    """They end as dead letters, and only the withdrawal of what the portal has leaves."""
    setting.holds(*dossiers(A, status=1))
    setting.sync()
    setting.portal.busy = {A}
    for status in (4, 5, 9):
        setting.holds(*dossiers(A, status=status))
        setting.sync()
    setting.portal.busy = set()
    setting.portal.forget_arrivals()
    setting.deletes(A)
    setting.clock.advance(MAX_RETRY_WAIT)

    setting.sync()

    assert sent(setting) == [("withdrawal", A)]
    assert setting.portal.holdings == {}
    assert [state for _, _, _, state, _ in setting.deliveries()] == ["delivered", "dead", "dead", "dead", "delivered"]


def test_a_change_and_its_records_deletion_in_one_batch_leave_nothing_due(setting: ReceivingSetting) -> None:
    """The change is not sent after the deletion was seen."""
    setting.sync()
    setting.holds(*dossiers(A))
    setting.deletes(A)

    setting.sync()

    assert sent(setting) == []
    assert setting.deliveries() == [("publish", 1, "record", "dead", "gone")]


def test_a_record_that_is_deleted_and_restored_is_withdrawn_and_sent_as_new(setting: ReceivingSetting) -> None:
    """In this order, also in one run."""
    setting.holds(*dossiers(A, status=1))
    setting.sync()
    setting.deletes(A)
    setting.holds(*dossiers(A, status=5))

    setting.sync()

    assert sent(setting) == [("record", A), ("withdrawal", A), ("record", A)]
    assert setting.portal.holdings[A]["status"] == 5


def test_a_withdrawal_waits_for_its_records_earlier_message_and_is_repeated_with_its_key(
    setting: ReceivingSetting,
) -> None:
    """Busy, then accepted: the same key."""
    setting.holds(*dossiers(A))
    setting.sync()
    setting.deletes(A)
    setting.portal.busy = {A}
    setting.sync()
    setting.portal.busy = set()
    setting.clock.advance(MAX_RETRY_WAIT)

    setting.sync()

    _, first, second = setting.portal.arrivals
    assert (first.kind, second.kind) == ("withdrawal", "withdrawal")
    assert first.idempotency_key == second.idempotency_key
    assert setting.portal.holdings == {}


def test_a_refused_withdrawal_is_a_dead_letter_that_can_be_sent_again(setting: ReceivingSetting) -> None:
    """The record is deleted here, and yet the message is worth sending."""
    setting.holds(*dossiers(A))
    setting.sync()
    setting.deletes(A)
    setting.portal.refused = {A}
    setting.sync()

    with setting.database() as database:
        (letter,) = dead_letters(database)
        assert (letter.kind, letter.is_worth_sending) == ("withdrawal", True)
        with database.writing() as connection:
            requeue(connection, [letter])
    setting.portal.refused = set()
    setting.sync()

    assert setting.portal.holdings == {}


def test_a_receiver_that_takes_no_withdrawals_is_counted(setting: ReceivingSetting) -> None:
    """The report says how many records it keeps; a dead letter would be no one's fault."""
    setting.options = {"takes_withdrawals": False}
    setting.holds(*dossiers(A, B, C))
    setting.sync()
    setting.deletes(A, B)

    line = line_of(setting)

    assert (line["outcome"], line["not_withdrawn"], line["withdrawn"]) == ("done", 2, 0)
    assert line_of(setting)["not_withdrawn"] == 0
    assert setting.portal.holdings.keys() == {A, B, C}
    assert [state for _, _, kind, state, _ in setting.deliveries() if kind == "withdrawal"] == ["not_taken"] * 2
    with setting.database() as database:
        assert [route.not_taken for route in status_of(database).routes] == [2]


def test_a_receiver_that_begins_to_take_withdrawals_gets_those_that_are_due(setting: ReceivingSetting) -> None:
    """Not that of a record which is live again."""
    setting.options = {"takes_withdrawals": False}
    setting.holds(*dossiers(A, B))
    setting.sync()
    setting.deletes(A, B)
    setting.sync()
    setting.holds(*dossiers(B, status=9))
    setting.sync()
    setting.portal.forget_arrivals()
    setting.options = {"takes_withdrawals": True}

    setting.sync()

    assert sent(setting) == [("withdrawal", A)]
    assert setting.portal.holdings.keys() == {B}


@pytest.mark.parametrize(("language", "sentence"), [
    ("en", "withdrawals that the receiver does not take: 1"),
    ("vi", "số lệnh thu hồi mà bên nhận không tiếp nhận: 1"),
])  # fmt: skip
def test_the_report_says_it_in_words(
    setting: ReceivingSetting, capsys: pytest.CaptureFixture[str], language: str, sentence: str
) -> None:
    setting.options = {"takes_withdrawals": False}
    setting.holds(*dossiers(A))
    setting.sync()
    setting.deletes(A)
    configuration = setting.write_configuration()

    assert main(["sync", "--config", str(configuration), "--lang", language]) == 0

    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize("seed", few(range(20), 1))
def test_the_portal_ends_with_what_is_live_whatever_was_deleted_and_restored(
    setting: ReceivingSetting, seed: int
) -> None:
    """Edits, deletes, lost answers and busy times at random."""
    dice, codes, live = Random(seed), list(dossier_codes(6)), dict[str, int]()
    setting.options = {"batch_limit": dice.choice([1, 3]), "max_parallel": dice.choice([1, 3])}
    for _ in range(8):
        for code in dice.choices(codes, k=4):
            if code in live and dice.random() < 0.5:
                setting.deletes(code)
                del live[code]
            else:
                live[code] = dice.choice([1, 4, 5, 9])
                setting.holds(*dossiers(code, status=live[code]))
        setting.portal.busy = set(dice.sample(codes, dice.choice([0, 2])))
        setting.portal.switches.drop_after_write = dice.choice([0, 0, 2])
        setting.sync()
        setting.clock.advance(MAX_RETRY_WAIT)
    setting.portal.busy, setting.portal.switches.drop_after_write = set(), 0
    setting.sync()

    holdings = {code: document["status"] for code, document in setting.portal.holdings.items()}
    assert holdings == live
    assert setting.portal.conflicts == []
