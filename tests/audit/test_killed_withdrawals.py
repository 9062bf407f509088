"""Kills around a push that withdraws what left the grant: nothing is lost, nothing has its effect twice."""

import json
import signal
from pathlib import Path

import pytest

from cchc_connect import Config, SharedDatabase, Synchronizer
from tests.audit.test_killed_pushes import CODES, CONSUMER, push
from tests.receiving.setting import dossiers, receiving
from tests.sharing.in_force import in_force

IN_PROCESS = {"dossier": [{"field": "status", "eq": 4}]}
LEFT, NARROWED = CODES[:2], CODES[2:4]
"""Dossiers that change so that they leave the grant, and those that another version does not reach."""


@pytest.mark.parametrize("number", [3, pytest.param(100, marks=pytest.mark.long)], ids=["few", "many"])
def test_a_killed_push_loses_and_doubles_no_withdrawal(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between any two statements of the database or operations of a socket; the next run ends it."""
    monkeypatch.chdir(tmp_path)
    stored, faults, kills = tmp_path / "pushed.db", list[str](), 0
    with receiving(f"sqlite:///{stored}") as setting:
        setting.holds(*dossiers(*NARROWED, status=9), *dossiers(*LEFT, *CODES[4:]))
        setting.routes = {"publish": {"from": ["dossier"], "to": "portal", "agreement": "invented"}}
        setting.write_configuration()
        config = Config.from_tables(setting.tables, Path("cchc.toml"))
        with setting.database() as database:
            in_force(database, "H09.1", CONSUMER, "dossier")
            Synchronizer(config, database).synchronise()
            setting.holds(*dossiers(*LEFT, status=9))
            in_force(database, "H09.1", CONSUMER, "dossier", version=2, rows=IN_PROCESS)
        before, prepared = dict(setting.portal.holdings), stored.read_bytes()
        assert before.keys() == set(CODES)
        steps = int(push(tmp_path, 0)[1])
        for index in range(number):
            for path in tmp_path.glob("pushed.db*"):
                path.unlink()
            stored.write_bytes(prepared)
            setting.portal.begin_again(before)
            code, _ = push(tmp_path, 1 + (index + 1) * steps // (number + 1))
            kills += code == -signal.SIGKILL
            with SharedDatabase(stored) as database:
                Synchronizer(config, database).synchronise()
            effects = sorted((effect.kind, effect.key) for effect in setting.portal.effects)
            if effects != [("withdrawal", code) for code in sorted((*LEFT, *NARROWED))] or setting.portal.conflicts:
                faults.append(json.dumps([index, effects]))

    withdrawals = len(LEFT) + len(NARROWED)
    print(f"\n{kills} kills over {steps} steps of a push with {withdrawals} withdrawals: {len(faults)} faults")
    assert kills == number
    assert faults == []
