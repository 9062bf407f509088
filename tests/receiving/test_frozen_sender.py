"""A sender that froze past its lease: what arrives after it woke was on its way, and receivers end with the newest."""

import os
import signal
import time
from random import Random

import pytest

from cchc_connect import LeaseHeld, LeaseLost
from tests.receiving.frozen import (
    BATCH,
    CODES,
    IN_FLIGHT,
    LATENCY_S,
    LEASE_S,
    LOST,
    PARALLEL,
    freeze_in_push,
    run_with_short_lease,
)
from tests.receiving.setting import ReceivingSetting, dossiers


def take_over(setting: ReceivingSetting) -> None:
    """Run as soon as the lease of the frozen process is over."""
    deadline = time.monotonic() + 20 * LEASE_S
    while True:
        try:
            run_with_short_lease(setting.tables)
        except LeaseHeld:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def one_round(setting: ReceivingSetting, dice: Random, status: int) -> None:
    """Freeze a sender beside another run that sends newer versions, and let it wake."""
    setting.holds(*dossiers(*CODES, status=status))
    setting.portal.forget_arrivals()
    setting.portal.switches.latency_s = LATENCY_S
    frozen = freeze_in_push(setting, dice)
    assert frozen.pid is not None
    try:
        setting.portal.switches.latency_s = 0.0
        setting.holds(*dossiers(*CODES, status=status + 1))
        take_over(setting)
        time.sleep(3 * LATENCY_S)  # what the frozen process had sent has arrived
        before = len(setting.portal.arrivals)
        os.kill(frozen.pid, signal.SIGCONT)
        frozen.join(60)
    finally:
        frozen.kill()

    assert frozen.exitcode == LOST
    assert len(setting.portal.arrivals) - before <= IN_FLIGHT
    assert {document["status"] for document in setting.portal.holdings.values()} == {status + 1}
    assert setting.portal.conflicts == []


def several_rounds(setting: ReceivingSetting, rounds: int, seed: int) -> None:
    """Make rounds one after the other over the same database."""
    setting.options = {"batch_limit": BATCH, "max_parallel": PARALLEL}
    dice = Random(seed)
    for number in range(rounds):
        one_round(setting, dice, 1 + number % 4 * 2)


def test_a_sender_that_froze_past_its_lease_sends_nothing_more(setting: ReceivingSetting) -> None:
    """Five rounds; after each the portal holds the newest version of every record."""
    several_rounds(setting, 5, seed=1)


@pytest.mark.long
def test_in_a_hundred_rounds_no_frozen_sender_sends_on(setting: ReceivingSetting) -> None:
    """The figure of the design: late messages are at most those of one group."""
    several_rounds(setting, 100, seed=2)


def test_a_repetition_is_not_sent_either_once_the_lease_is_lost(setting: ReceivingSetting) -> None:
    """The lease is lost while the transport waits to repeat a message."""
    setting.holds(*dossiers(*CODES[:1]))
    setting.portal.fail_next(1, status=503)

    def lose_lease() -> None:
        with setting.database() as database, database.writing() as connection:
            connection.exec_driver_sql("UPDATE lease SET token = token + 1")

    setting.portal.on_request = lose_lease
    with pytest.raises(LeaseLost):
        setting.sync()

    assert setting.portal.arrivals == []
