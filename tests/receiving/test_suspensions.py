"""Suspending or ending an agreement while a route sends by it: after it is on record, nothing leaves any more."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from cchc_connect import Config, SharedDatabase, Synchronizer
from cchc_connect.clock import SystemClock
from cchc_connect.database.state.lease import Lease
from cchc_connect.database.tables import route
from cchc_connect.errors import UsageMistake
from cchc_connect.sharing.administration import end_agreement, resume_agreement, suspend_agreement
from cchc_connect.sharing.stopping import SenderWait
from tests.audit_log import broken_entry, documents
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import dossier_codes

CODES = tuple(dossier_codes(12))
PROVIDER, CONSUMER = "H09.1", "G22"


@pytest.fixture
def agreed(setting: ReceivingSetting) -> ReceivingSetting:
    """Give the setting with dossiers, and a route by an agreement in force."""
    setting.holds(*dossiers(*CODES))
    setting.routes = {"publish": {"from": ["dossier"], "to": "portal", "agreement": "invented"}}
    with setting.database() as database:
        in_force(database, PROVIDER, CONSUMER, "dossier")
    return setting


def config_of(setting: ReceivingSetting) -> Config:
    officer = {"agency": CONSUMER, "data_officer": True}
    return Config.from_tables({**setting.tables, "officials": {"officer": officer}}, Path("cchc.toml"))


def changes(setting: ReceivingSetting) -> list[str]:
    """Return what the audit log says of the agreement after it was approved."""
    with setting.database() as database, database.reading() as connection:
        assert broken_entry(connection) is None
        return [entry["change"] for entry in documents(connection, kind="agreement")][3:]


def marks(setting: ReceivingSetting) -> list[int | None]:
    with setting.database() as database, database.reading() as connection:
        return list(connection.execute(select(route.c.sending)).scalars())


@dataclass
class Sender:
    """A run in a thread of its own, over a database object of its own."""

    setting: ReceivingSetting
    config: Config
    lines: list[Any] = field(default_factory=list[Any])

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with self.setting.database() as database:
            self.lines += Synchronizer(self.config, database).synchronise().lines


Stop = Callable[..., object]


@pytest.mark.parametrize(
    ("stop", "begun", "done"),
    [
        (suspend_agreement, "suspending", "suspended"),
        (end_agreement, "ending", "ended"),
    ],
)
def test_while_a_route_sends_it_is_waited_until_it_has_ended(
    agreed: ReceivingSetting, stop: Stop, begun: str, done: str
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def hold_up() -> None:
        arrived.set()
        go_on.wait(30)

    agreed.portal.on_message = hold_up
    notified, waits = list[str](), list[float]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        assert changes(agreed) == [begun]
        go_on.set()
        time.sleep(seconds)

    sender = Sender(agreed, config_of(agreed))
    sender.thread.start()
    assert arrived.wait(30)
    with agreed.database() as database:
        stop(config_of(agreed), database, "invented", "officer", wait=SenderWait(notify=notified.extend, sleep=sleep))
    arrivals = len(agreed.portal.arrivals)
    sender.thread.join(30)

    assert notified == ["publish"]
    assert waits
    assert changes(agreed) == [begun, done]
    assert len(agreed.portal.arrivals) == arrivals == 1
    assert [line.reason.code for line in sender.lines] == ["push.not_granted"]
    assert marks(agreed) == [None]


def test_what_is_resumed_while_it_is_waited_for_is_not_said_to_be_suspended(agreed: ReceivingSetting) -> None:
    mark(agreed, 1)

    def sleep(_: float) -> None:
        with agreed.database() as database:
            resume_agreement(config_of(agreed), database, "invented", "officer")

    with (
        agreed.database() as database,
        Lease(database, SystemClock(), timedelta(seconds=60)),
        pytest.raises(UsageMistake) as raised,
    ):
        suspend_agreement(config_of(agreed), database, "invented", "officer", wait=SenderWait(sleep=sleep))

    assert raised.value.code == "sharing.not_stopped"
    assert changes(agreed) == ["suspending", "resumed"]


class Killed(BaseException):
    """The command was killed."""


@pytest.mark.parametrize(
    ("stop", "begun", "done"), [(suspend_agreement, "suspending", "suspended"), (end_agreement, "ending", "ended")]
)
def test_what_was_killed_while_it_waited_goes_on_when_it_is_repeated(
    agreed: ReceivingSetting, stop: Stop, begun: str, done: str
) -> None:
    mark(agreed, 1)

    def die(_: float) -> None:
        raise Killed

    with agreed.database() as database:
        with Lease(database, SystemClock(), timedelta(seconds=60)), pytest.raises(Killed):
            stop(config_of(agreed), database, "invented", "officer", wait=SenderWait(sleep=die))
        assert changes(agreed) == [begun]
        stop(config_of(agreed), database, "invented", "officer", wait=never_waiting())
        assert changes(agreed) == [begun, done]
        with pytest.raises(UsageMistake) as raised:
            stop(config_of(agreed), database, "invented", "officer", wait=never_waiting())

    assert raised.value.code == "sharing.other_state"


def test_two_who_wait_for_one_suspension_put_it_on_record_once(agreed: ReceivingSetting) -> None:
    mark(agreed, 1)
    with agreed.database() as database, Lease(database, SystemClock(), timedelta(seconds=60)):

        def stop_sending(_: float) -> None:
            with database.writing() as connection:
                connection.execute(route.update().values(sending=None))

        def repeat(_: float) -> None:
            wait = SenderWait(sleep=stop_sending)
            suspend_agreement(config_of(agreed), database, "invented", "officer", wait=wait)

        suspend_agreement(config_of(agreed), database, "invented", "officer", wait=SenderWait(sleep=repeat))

    assert changes(agreed) == ["suspending", "suspended"]


def test_without_a_sending_route_it_is_on_record_at_once(agreed: ReceivingSetting) -> None:
    with agreed.database() as database:
        Synchronizer(config_of(agreed), database).synchronise()
        suspend_agreement(config_of(agreed), database, "invented", "officer", wait=never_waiting())

    assert changes(agreed) == ["suspended"]
    assert len(agreed.portal.arrivals) == len(CODES)


def never_waiting() -> SenderWait:
    def notify(routes: Sequence[str]) -> None:
        raise AssertionError(routes)

    return SenderWait(notify=notify)


def mark(setting: ReceivingSetting, token: int) -> None:
    """Leave the mark of a run that died."""
    with setting.database() as database, database.writing() as connection:
        connection.execute(
            route.insert().values(name="publish", last_sequence=0, agreement="invented@1", sending=token)
        )


def test_the_mark_of_a_run_whose_lease_another_run_has_is_not_waited_for(agreed: ReceivingSetting) -> None:
    mark(agreed, 1)
    with agreed.database() as database:
        for _ in range(2):
            with Lease(database, SystemClock(), timedelta(seconds=60)):
                pass
        with Lease(database, SystemClock(), timedelta(seconds=60)):
            suspend_agreement(config_of(agreed), database, "invented", "officer", wait=never_waiting())

    assert changes(agreed) == ["suspended"]


def test_the_mark_of_a_dead_process_of_this_machine_is_not_waited_for(agreed: ReceivingSetting) -> None:
    mark(agreed, 1)
    with agreed.database() as database, Lease(database, SystemClock(), timedelta(seconds=60)):
        with database.writing() as connection:  # a process with this number and another start has ended
            connection.execute(text("UPDATE lease SET holder = :holder"), {"holder": ended_holder(connection)})
        suspend_agreement(config_of(agreed), database, "invented", "officer", wait=never_waiting())

    assert changes(agreed) == ["suspended"]


def ended_holder(connection: Any) -> str:
    holder: str = connection.execute(text("SELECT holder FROM lease")).scalar_one()
    process, machine, _, name = holder.split(" ")
    return f"{process} {machine} 1 {name}"


def test_a_lease_of_another_machine_is_waited_for_until_it_is_over(agreed: ReceivingSetting) -> None:
    mark(agreed, 1)
    waits = list[float]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            with agreed.database() as database, database.writing() as connection:
                connection.execute(text("UPDATE lease SET expires_at = '1970-01-01T00:00:00.000000Z'"))

    with agreed.database() as database, Lease(database, SystemClock(), timedelta(seconds=60)):
        with database.writing() as connection:
            connection.execute(text("UPDATE lease SET holder = 'elsewhere:1 x/y/z 1 n'"))
        suspend_agreement(config_of(agreed), database, "invented", "officer", wait=SenderWait(sleep=sleep))

    assert len(waits) == 3
    assert changes(agreed) == ["suspending", "suspended"]


def race(setting: ReceivingSetting, database: SharedDatabase, config: Config, dice: Random) -> int:
    """Suspend somewhere in a push; return how many first bytes came after that was on record."""
    arrivals = list[float]()
    setting.portal.on_request = lambda: arrivals.append(time.monotonic())
    sender = Sender(setting, config)
    sender.thread.start()
    deadline = time.monotonic() + 30
    after = dice.randrange(len(CODES))
    while len(arrivals) < after and sender.thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.0002)
    time.sleep(dice.uniform(0, 0.004))
    suspend_agreement(config, database, "invented", "officer", wait=SenderWait(sleep=lambda _: time.sleep(0.001)))
    suspended_at = time.monotonic()
    sender.thread.join(30)
    assert not sender.thread.is_alive()
    return sum(arrived > suspended_at for arrived in arrivals)


@pytest.mark.parametrize("rounds", [10, pytest.param(1000, marks=pytest.mark.long)], ids=["few", "as many as promised"])
def test_no_first_byte_arrives_after_a_suspension_is_on_record(agreed: ReceivingSetting, rounds: int) -> None:
    """Suspension against sending, at an instant that chance chooses. `pytest -s` shows the figure."""
    agreed.options = {"max_parallel": 3, "batch_limit": 1}
    agreed.portal.switches.latency_s = 0.005
    config = config_of(agreed)
    dice, late, interrupted, sent = Random(11), 0, 0, 0
    with agreed.database() as database:
        for number in range(rounds):
            agreed.holds(*dossiers(*CODES, status=1 + number % 8))
            agreed.portal.forget_arrivals()
            late += race(agreed, database, config, dice)
            sent += len(agreed.portal.arrivals)
            interrupted += 0 < len(agreed.portal.arrivals) < len(CODES)
            resume_agreement(config, database, "invented", "officer")

    print(
        f"\n{rounds} races, {sent} records sent, {interrupted} pushes interrupted: {late} first bytes after suspension"
    )
    assert late == 0
    assert interrupted > rounds // 10
    assert set(marks(agreed)) == {None}
