"""What `docs/rest.md` shows works: its sample pulls from a system as it describes one; its shared manifest is read."""

from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, Synchronizer, records
from cchc_schemas import Dossier
from tests.adapters.rest.paged_system import PagedSystem
from tests.documentation.pages import DOCS, blocks

SAMPLE, SHARED = (block.text for block in blocks(DOCS / "rest.md", "toml"))


def items(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": n,
            "so_ho_so": f"000.00.05.H09-260402-{n:04}",
            "ma_tthc": "1.013225",
            "trang_thai": "Đang xử lý",
            "ten_to_chuc": "Công ty Mẫu",
            "ngay_nhan": "02/04/2026 08:00",
            "updated_at": "2026-04-02T08:00:00",
        }
        for n in range(count)
    ]


def test_the_sample_of_the_page_pulls_what_it_describes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_STOP_PASSWORD", "mat-khau")
    with PagedSystem() as system:
        system.items = items(450)
        system.habits.cap = 200
        system.habits.shape = lambda listed, counts: {
            "code": "00",
            "message": "ok",
            "data": {"items": listed, **counts},
        }
        text = SAMPLE.replace("https://mot-cua.example.gov.vn/api", system.base_url)
        config = Config.load(f'[database]\nurl = "sqlite:///{tmp_path / "shared.db"}"\n{text}')
        with config.open_database() as database:
            report = Synchronizer(config, database).synchronise()
            dossiers = [*records(database, Dossier)]

    assert (report.outcome, len(dossiers)) == ("done", 450)
    assert dossiers[0].applicant_name == "Công ty Mẫu"
    assert [target.record_type for target in config.adapter("one-stop").targets] == [Dossier]


def test_the_sample_of_a_shared_manifest_is_read(tmp_path: Path) -> None:
    prefix = "connections.one-stop.options."
    tables = SAMPLE[SAMPLE.index(f"[{prefix}") :].replace(prefix, "")
    (tmp_path / "one-stop.toml").write_text(tables, encoding="utf-8")
    (tmp_path / "cchc.toml").write_text(SHARED, encoding="utf-8")

    adapter = Config.load(tmp_path / "cchc.toml").adapter("one-stop")

    assert [source.record_type for source in adapter.sources] == [Dossier]


def test_a_connection_takes_at_most_25_lines() -> None:
    pulled = SAMPLE[: SAMPLE.index("[connections.one-stop.options.targets")]

    assert len([line for line in pulled.splitlines() if line.strip()]) <= 25
