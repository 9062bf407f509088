"""`quality`: scores on the command line, and the loop of export, correction and the next run."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.testing import Agencies
from tests.cli.conftest import Call

LAND = "000.00.07.H09"


def points(call: Call, agency: str) -> dict[str, Any]:
    (score,) = call("--json", "quality", "--agency", agency).document["agencies"]
    return {"points": Decimal(score["points"]), "valid": score["parts"]["valid"]}


def test_what_an_agency_corrects_gives_its_points_back(call: Call, agencies: Agencies) -> None:
    """Export, correction at the source, the next run."""
    call("sync")
    before = points(call, LAND)
    exported = call("quarantine", "export", "faults.csv", "--connection", "land-registry")
    rows = Path("faults.csv").read_text(encoding="utf-8-sig").splitlines()
    for seed in range(6):
        agencies.edit(seed=seed)
    call("sync")
    after = points(call, LAND)

    faulty = before["valid"]["total"] - before["valid"]["good"]
    assert (exported.code, len(rows) > faulty > 0) == (0, True)
    assert after["valid"]["total"] - after["valid"]["good"] < faulty
    assert after["points"] > before["points"]


@pytest.mark.usefixtures("agencies")
def test_the_worst_findings_name_their_commands(call: Call) -> None:
    call("sync")

    english, vietnamese = call("quality", "--agency", LAND), call("--lang", "vi", "quality", "--agency", LAND)

    assert "quarantine list --connection land-registry" in english.out
    assert "cchc-connect quarantine export" in english.out
    assert " of 100 points." in english.out
    assert "điểm, tính trên" in vietnamese.out


@pytest.mark.usefixtures("agencies")
def test_an_agency_without_records_and_a_trend_without_agency_are_refused(call: Call) -> None:
    call("sync")

    absent, without = call("--json", "quality", "--agency", "000.00.70.H09"), call("--json", "quality", "--trend")

    assert (absent.code, absent.document["error"]["code"]) == (64, "quality.no_agency")
    assert (without.code, without.document["error"]["code"]) == (64, "quality.trend_without_agency")
