"""Kills around a push: no byte reaches a receiver without an entry that was committed before."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from cchc_connect import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import route
from cchc_connect.sharing.administration import suspend_agreement
from cchc_connect.sharing.stopping import SenderWait
from tests.audit_log import broken_entry, documents
from tests.coverage_switch import without_coverage
from tests.receiving.setting import ReceivingSetting, dossiers, receiving
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import dossier_codes

KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
import socket
from cchc_connect import Config, Synchronizer
from tests.receiving.setting import RECEIVING_ADAPTER
from tests.simulation.adapter import installed

steps, last = 0, int(sys.argv[1])

def step(*_):
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", step)
event.listen(Engine, "commit", step)
for name in ("connect", "sendall", "recv_into"):
    def stepping(original):
        def method(self, *arguments, **options):
            step()
            result = original(self, *arguments, **options)
            step()
            return result
        return method
    setattr(socket.socket, name, stepping(getattr(socket.socket, name)))

with installed(RECEIVING_ADAPTER):
    config = Config.load(Path("cchc.toml"))
    with config.open_database() as database:
        Synchronizer(config, database).synchronise()
print(steps)
"""

CONSUMER = "G22"
CODES = tuple(dossier_codes(6))


def push(folder: Path, point: int) -> tuple[int, str]:
    """Run once in a process of its own and kill it at a step; return its exit code and what it wrote."""
    command = [sys.executable, "-c", KILLED, str(point)]
    root = Path(__file__).parents[2]
    environment = {**without_coverage(os.environ), "PYTHONPATH": str(root)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # ours
    return ended.returncode, ended.stdout


def unannounced(setting: ReceivingSetting, database: SharedDatabase) -> list[str]:
    """Return the records that the receiver has and that no committed entry announced."""
    with database.reading() as connection:
        assert broken_entry(connection) is None
        announced = {key for entry in documents(connection, kind="push", outcome="leaving") for key in entry["keys"]}
    return [arrival.key for arrival in setting.portal.arrivals if arrival.key not in announced]


def config_with_officer(setting: ReceivingSetting) -> Config:
    officials = {"officer": {"agency": CONSUMER, "data_officer": True}}
    return Config.from_tables({**setting.tables, "officials": officials}, Path("cchc.toml"))


def is_marked(database: SharedDatabase) -> bool:
    """True if a run left its mark that it may be sending."""
    with database.reading() as connection:
        return connection.execute(select(route.c.sending)).scalar() is not None


def refuse_to_wait(routes: Sequence[str]) -> None:
    raise AssertionError(routes)


@pytest.mark.parametrize("number", [4, pytest.param(200, marks=pytest.mark.long)], ids=["few", "as many as promised"])
def test_nothing_reaches_a_receiver_without_a_committed_entry(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between any two statements of the database or operations of a socket. `pytest -s` shows the figure.

    The route sends by an agreement. What the killed run noted, that it may be sending, keeps nobody from suspending it.
    """
    monkeypatch.chdir(tmp_path)
    faults, kills, arrivals, marks = list[str](), 0, 0, 0
    with receiving(f"sqlite:///{tmp_path / 'pushed.db'}") as setting:
        setting.holds(*dossiers(*CODES))
        setting.routes = {"publish": {"from": ["dossier"], "to": "portal", "agreement": "invented"}}
        setting.write_configuration()
        config = config_with_officer(setting)
        with setting.database() as database:
            in_force(database, "H09.1", CONSUMER, "dossier")
        prepared = (tmp_path / "pushed.db").read_bytes()
        _, written = push(tmp_path, 0)
        steps = int(written)
        for index in range(number):
            for path in tmp_path.glob("pushed.db*"):
                path.unlink()
            (tmp_path / "pushed.db").write_bytes(prepared)
            setting.portal.arrivals.clear()
            code, _ = push(tmp_path, 1 + index * steps // number)
            kills += code == -signal.SIGKILL
            arrivals += len(setting.portal.arrivals)
            with SharedDatabase(tmp_path / "pushed.db") as database:
                faults += [json.dumps([index, key]) for key in unannounced(setting, database)]
                marks += is_marked(database)
                suspend_agreement(config, database, "invented", "officer", wait=SenderWait(notify=refuse_to_wait))

    figures = f"{arrivals} records arrived, {len(faults)} without an entry; {marks} marks of dead runs, 0 waited for"
    print(f"\n{kills} kills over {steps} steps of a push: {figures}")
    assert kills >= number * 9 // 10
    assert faults == []
    assert marks
