"""The sample of docs/sql.md, as it stands there, on a database of its kind."""

import sqlite3
from pathlib import Path

import pytest

from cchc_connect import Config, Synchronizer, get
from cchc_schemas import Dossier, DossierStatus
from tests.checkout import ROOT

COLUMNS = "id integer PRIMARY KEY, so_ho_so, ma_tthc, trang_thai, nguoi_nop, ngay_nhan, ngay_cap_nhat, da_xoa"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Give a configuration with the sample and its own shared database."""
    page = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "cchc.toml").write_text(text, encoding="utf-8")
    return tmp_path / "cchc.toml"


def test_the_sample_reads_a_view(sample: Path) -> None:
    with sqlite3.connect(sample.parent / "mot-cua.db") as agency:
        agency.execute(f"CREATE TABLE ho_so ({COLUMNS})")
        agency.execute("CREATE VIEW v_ho_so AS SELECT * FROM ho_so")
        when = "2026-04-02 08:00:00"
        rows = [
            (1, "000.00.05.H09-260402-0001", "1.004194", "Đang xử lý", "Nguyễn Văn Mẫu", when, when, 0),
            (2, "000.00.05.H09-260402-0002", "1.004194", "Đã trả", "Nguyễn Văn Mẫu", when, when, 1),
        ]
        agency.executemany("INSERT INTO ho_so VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    agency.close()
    config = Config.load(sample)

    with config.open_database() as database:
        report = Synchronizer(config, database).synchronise()
        dossier = get(database, Dossier, "000.00.05.H09-260402-0001")

    assert [(line.outcome.value, line.counts.inserted) for line in report.lines] == [("done", 1)]
    assert dossier is not None
    assert (dossier.status, dossier.applicant_name) == (DossierStatus.IN_PROCESS, "Nguyễn Văn Mẫu")
