"""The quick start of the README runs as typed, against test doubles of three agencies' systems."""

import os
import subprocess
import sys
from pathlib import Path

from cchc_connect.testing import Agencies, World
from tests.checkout import ROOT

QUICKSTART = ROOT / "examples" / "quickstart.py"


def configuration(agencies: Agencies) -> str:
    desk = agencies.one_stop
    return f"""
[connections.land-registry]
adapter = "ogc_features"
agency = "000.00.07.H09"
base_url = "{agencies.land_registry.base_url}"
options = {{ collection = "thua_dat", scheme = "gso-2025-07" }}

[connections.construction]
adapter = "binh_duong_permits"
agency = "000.00.05.H09"
base_url = "{agencies.construction_department.base_url}"

[connections.one-stop]
adapter = "opencps"
agency = "000.00.00.H09"
base_url = "{desk.base_url}/o/rest/v2"
account = {{ kind = "basic", username = "{desk.username}", password = {{ env = "ONE_STOP_PASSWORD" }} }}
options = {{ group_id = "{desk.group_id}" }}
"""


def test_the_quick_start_runs_as_typed(tmp_path: Path) -> None:
    world = World(seed=7, parcels=40, dossiers=30, works=20, defect_share=0)
    dossier = world.code_of_sound_dossier()
    with Agencies(world) as agencies:
        (tmp_path / "cchc.toml").write_text(configuration(agencies), encoding="utf-8")

        done = subprocess.run(
            [sys.executable, str(QUICKSTART), "cchc.toml", dossier],
            cwd=tmp_path,
            env={**os.environ, "ONE_STOP_PASSWORD": agencies.one_stop.password, "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    outcome, *parcels, case, case_parcels = done.stdout.splitlines()
    assert outcome.startswith("done: ")
    assert len(parcels) == 3
    assert "steps" in case
    assert "gso-2025-07:" in case_parcels
    assert (tmp_path / "shared.db").exists()
