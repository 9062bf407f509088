"""A sender that froze past its lease, or waits to repeat a message, sends nothing after its agreement is suspended."""

import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from cchc_connect import Config, SharedDatabase
from cchc_connect.sharing.administration import resume_agreement, suspend_agreement
from cchc_connect.sharing.stopping import SenderWait
from tests.audit_log import documents
from tests.receiving.frozen import BATCH, CODES, LATENCY_S, LEASE_S, PARALLEL, freeze_in_push
from tests.receiving.setting import AGREEMENT, CONSUMER, ReceivingSetting, dossiers


def config_with_officer(setting: ReceivingSetting) -> Config:
    """Return the configuration with a data officer of the receiver, and with the short lease of the sender."""
    officer = {"agency": CONSUMER, "data_officer": True}
    config = Config.from_tables({**setting.tables, "officials": {"officer": officer}}, Path("cchc.toml"))
    return config.model_copy(update={"run": config.run.model_copy(update={"lease_s": LEASE_S})})


def silent() -> None:
    """Note no request."""


def changes(setting: ReceivingSetting) -> list[str]:
    """Return what the audit log says of the agreement."""
    with setting.database() as database, database.reading() as connection:
        return [entry["change"] for entry in documents(connection, kind="agreement")]


def frozen_round(setting: ReceivingSetting, database: SharedDatabase, dice: Random, *, is_elsewhere: bool) -> int:
    """Freeze a sender, suspend the agreement and let the sender wake; return how many requests began too late.

    A sender of this machine is waited for until it has woken, one elsewhere while its lease lives.
    """
    frozen = freeze_in_push(setting, dice)
    assert frozen.pid is not None
    begun, slept = list[float](), list[float]()
    setting.portal.on_request = lambda: begun.append(time.monotonic())

    def sleep(_: float) -> None:
        time.sleep(0.005)
        slept.append(time.monotonic())
        if not is_elsewhere and slept[-1] - slept[0] > 2 * LEASE_S:
            wake(frozen)

    try:
        if is_elsewhere:
            move_holder(database)
        suspend_agreement(config_with_officer(setting), database, AGREEMENT, "officer", wait=SenderWait(sleep=sleep))
        suspended_at = time.monotonic()
        wake(frozen)
        frozen.join(60)
    finally:
        setting.portal.on_request = silent
        frozen.kill()
    assert frozen.exitcode is not None
    return sum(at > suspended_at for at in begun)


def wake(frozen: ForkServerProcess) -> None:
    """Let a frozen process go on; one that has ended meanwhile stays so."""
    assert frozen.pid is not None
    with suppress(ProcessLookupError):
        os.kill(frozen.pid, signal.SIGCONT)


def move_holder(database: SharedDatabase) -> None:
    """Let the holder of the lease look like a process of another machine, on the same clock."""
    with database.writing() as connection:
        connection.execute(text("UPDATE lease SET holder = 'elsewhere:1 x/y/z 1 n'"))


def rounds_with_frozen_senders(setting: ReceivingSetting, rounds: int, *, is_elsewhere: bool) -> int:
    """Return how many requests began after a suspension was on record, and print the figure."""
    setting.options = {"batch_limit": BATCH, "max_parallel": PARALLEL}
    dice, late, arrived = Random(3), 0, 0
    with setting.database() as database:
        for number in range(rounds):
            setting.holds(*dossiers(*CODES, status=1 + number % 8))
            setting.portal.forget_arrivals()
            setting.portal.switches.latency_s = LATENCY_S
            late += frozen_round(setting, database, dice, is_elsewhere=is_elsewhere)
            arrived += len(setting.portal.arrivals)
            assert len(setting.portal.arrivals) < len(CODES)
            resume_agreement(config_with_officer(setting), database, AGREEMENT, "officer")
    print(f"\n{rounds} frozen senders, {arrived} records arrived: {late} requests began after suspension")
    return late


ROUNDS = pytest.mark.parametrize("rounds", [2, pytest.param(30, marks=pytest.mark.long)], ids=["few", "many"])


@ROUNDS
def test_a_frozen_sender_of_this_machine_sends_nothing_after_a_suspension(
    setting: ReceivingSetting, rounds: int
) -> None:
    """`pytest -s` shows the figure."""
    assert rounds_with_frozen_senders(setting, rounds, is_elsewhere=False) == 0


@pytest.mark.long
def test_of_a_sender_that_froze_elsewhere_only_requests_that_were_begun_leave(setting: ReceivingSetting) -> None:
    """It may freeze between its last look and the first byte: then that request leaves when it wakes, which is rare."""
    assert rounds_with_frozen_senders(setting, 30, is_elsewhere=True) <= PARALLEL


def test_a_repetition_is_not_sent_once_its_agreement_is_being_suspended(setting: ReceivingSetting) -> None:
    setting.holds(*dossiers(*CODES[:1]))
    setting.portal.fail_next(1, status=503)
    suspensions = list[threading.Thread]()

    def suspend() -> None:
        with setting.database() as database:
            suspend_agreement(config_with_officer(setting), database, AGREEMENT, "officer")

    def begin_suspending() -> None:
        suspensions.append(threading.Thread(target=suspend))
        suspensions[-1].start()
        deadline = time.monotonic() + 30
        while not changes(setting) and time.monotonic() < deadline:
            time.sleep(0.01)

    setting.portal.on_request = begin_suspending
    report = setting.sync()
    suspensions[0].join(30)

    assert len(suspensions) == 1
    assert setting.portal.arrivals == []
    assert [line.reason.code for line in report.lines if line.reason] == ["push.not_granted"]
    assert changes(setting)[-1] == "suspended"
