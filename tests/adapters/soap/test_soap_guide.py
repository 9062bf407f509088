"""The samples of docs/soap.md, as they stand there, on a service of their kind."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from cchc_connect import Config, SharedDatabase, Synchronizer, get
from cchc_connect.testing import FaultyServer, ReceivedRequest, ServerResponse
from cchc_schemas import Dossier, DossierStatus
from tests.adapters.soap.sample import sample_tables
from tests.adapters.soap.soap_register import enveloped
from tests.checkout import ROOT

PAGE = """<LayDanhSachResponse xmlns="urn:vn:mau:ho-so"><maLoi>0</maLoi><tongSo>1</tongSo><danhSach><hoSo>
<id>7</id><soHoSo>000.00.05.H09-260402-0001</soHoSo><maThuTuc>1.013225</maThuTuc><trangThai>Đã trả</trangThai>
<ngayNhan>2026-04-02T08:00:00</ngayNhan><ngaySua>2026-04-02T09:00:00</ngaySua></hoSo></danhSach></LayDanhSachResponse>"""


def test_the_sample_reads_a_listing(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    def respond(request: ReceivedRequest) -> ServerResponse:
        bodies.append(request.body)
        return enveloped(PAGE)

    with (
        FaultyServer(respond) as service,
        SharedDatabase(f"sqlite:///{tmp_path / 'a.db'}", create_or_upgrade=True) as database,
    ):
        config = Config.from_tables(sample_tables(tmp_path, service.base_url), tmp_path / "cchc.toml")
        report = Synchronizer(config, database).synchronise()
        dossier = get(database, Dossier, "000.00.05.H09-260402-0001")

    assert [(line.outcome.value, line.counts.inserted) for line in report.lines] == [("done", 1)]
    assert dossier is not None
    assert (dossier.status, dossier.received_at) == (DossierStatus.RETURNED, datetime(2026, 4, 2, 1, tzinfo=UTC))
    for argument in (b">H09<", b">1<", b">50<"):
        assert argument in bodies[0]


def test_the_sample_of_answers_is_accepted(tmp_path: Path) -> None:
    blocks = (ROOT / "docs" / "soap.md").read_text(encoding="utf-8").split("```toml\n")
    answers = tomllib.loads(blocks[2].partition("```")[0])["connections"]["one-stop"]["options"]
    tables = sample_tables(tmp_path, "https://a.example")
    tables["connections"]["one-stop"]["options"] |= answers

    (checked,) = Config.from_tables(tables, tmp_path / "cchc.toml").adapter("one-stop").targets

    assert checked.record_type is Dossier
