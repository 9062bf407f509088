"""docs/folder.md: its sample configuration reads what it says it reads."""

import re
import tomllib
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from cchc_adapters.folder.options import FolderOptions, FolderSourceTable, SftpTable
from tests.checkout import ROOT
from tests.cli.conftest import CONFIG, Call

PAGE = (ROOT / "docs" / "folder.md").read_text(encoding="utf-8")
SAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]


def test_the_sample_configuration_reads_the_workbook_that_the_page_describes(call: Call, tmp_path: Path) -> None:
    received = tmp_path / "received"
    received.mkdir()
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in (
        ["DANH SÁCH THỬA ĐẤT PHƯỜNG PHÚ LỢI"],
        ["STT", "Tờ bản đồ", "Số thửa", "Diện tích (m2)", "Địa chỉ", "Cập nhật"],
        [1, 12, 45, 228.4, "Khu phố 1", "02/04/2026"],
        [2, 12, 46, "95,5", "Khu phố 1", "02/04/2026"],
        ["Tổng cộng", None, None, 323.9, None, None],
    ):
        sheet.append(row)
    workbook.save(received / "thua_dat_20260402.xlsx")
    assert len(SAMPLE.splitlines()) <= 25
    CONFIG.write_text(SAMPLE.replace("/srv/received/land", str(received)), encoding="utf-8")

    ended = call("sync", "--json")

    assert (ended.code, ended.document["lines"][0]["inserted"]) == (0, 2)


def test_every_key_of_the_page_is_one_of_the_adapter() -> None:
    keys = {*FolderOptions.model_fields, *FolderSourceTable.model_fields, *SftpTable.model_fields}
    tables = [tomllib.loads(sample) for sample in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)]
    options = [
        connection["options"]
        for table in tables
        for connection in table["connections"].values()
        if "options" in connection
    ]
    used = {key for option in options for key in option}
    used |= {key for option in options for source in option.get("sources", {}).values() for key in source}
    used |= set(re.findall(r"`([a-z_]+) = ", PAGE))

    assert used - keys == set()
