"""Kills around a push whose agreement has a quota: what left is counted, and no more than one group that did not."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import agreement_use
from tests.audit.test_killed_pushes import CONSUMER, push
from tests.receiving.setting import dossiers, receiving
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import dossier_codes

CODES = tuple(dossier_codes(16))
BATCH, PARALLEL = 2, 2
GROUP = BATCH * PARALLEL


def used(database: SharedDatabase) -> int:
    """Return how many records count for the quota of the day."""
    with database.reading() as connection:
        return int(connection.execute(select(func.sum(agreement_use.c.records))).scalar() or 0)


@pytest.mark.parametrize("number", [4, pytest.param(100, marks=pytest.mark.long)], ids=["few", "many"])
def test_a_killed_push_uses_of_the_quota_what_left_and_at_the_most_one_group(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between any two statements of the database or operations of a socket."""
    monkeypatch.chdir(tmp_path)
    stored, too_many, kills = tmp_path / "pushed.db", list[int](), 0
    with receiving(f"sqlite:///{stored}") as setting:
        setting.options = {"batch_limit": BATCH, "max_parallel": PARALLEL}
        setting.holds(*dossiers(*CODES))
        setting.routes = {"publish": {"from": ["dossier"], "to": "portal", "agreement": "invented"}}
        setting.write_configuration()
        with setting.database() as database:
            in_force(database, "H09.1", CONSUMER, "dossier", further={"quota": {"records_per_day": 1000}})
        prepared = stored.read_bytes()
        steps = int(push(tmp_path, 0)[1])
        with setting.database() as database:
            assert used(database) == len(CODES)
        for index in range(number):
            for path in tmp_path.glob("pushed.db*"):
                path.unlink()
            stored.write_bytes(prepared)
            setting.portal.begin_again({})
            code, _ = push(tmp_path, 1 + (index + 1) * steps // (number + 1))
            kills += code == -signal.SIGKILL
            with SharedDatabase(stored) as database:
                too_many.append(used(database) - len(setting.portal.arrivals))

    print(f"\n{kills} kills over {steps} steps: counted and not arrived {sorted(too_many)}, a group is {GROUP}")
    assert kills == number
    assert min(too_many) >= 0
    assert max(too_many) <= GROUP
