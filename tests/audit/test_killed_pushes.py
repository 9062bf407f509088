"""Kills around a push: no byte reaches a receiver without an entry that was committed before."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from tests.audit_log import broken_entry, documents
from tests.coverage_switch import without_coverage
from tests.receiving.setting import ReceivingSetting, dossiers, receiving
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


@pytest.mark.parametrize("number", [4, pytest.param(200, marks=pytest.mark.long)], ids=["few", "as many as promised"])
def test_nothing_reaches_a_receiver_without_a_committed_entry(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between any two statements of the database or operations of a socket. `pytest -s` shows the figure."""
    monkeypatch.chdir(tmp_path)
    faults, kills, arrivals = list[str](), 0, 0
    with receiving(f"sqlite:///{tmp_path / 'pushed.db'}") as setting:
        setting.holds(*dossiers(*CODES))
        setting.write_configuration()
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

    print(f"\n{kills} kills over {steps} steps of a push: {arrivals} records arrived, {len(faults)} without an entry")
    assert kills >= number * 9 // 10
    assert faults == []
