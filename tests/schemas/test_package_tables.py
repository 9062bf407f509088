"""The package's tables state their source, are plain UTF-8, and are read on first use."""

import csv
import os
import re
import subprocess
import sys
import unicodedata
from importlib.resources import files
from pathlib import Path

import pytest

import cchc_schemas
from cchc_schemas.package_tables import package_table

TABLES = sorted(file.name for file in files("cchc_schemas").joinpath("data").iterdir())


def test_every_table_of_the_contract_is_there() -> None:
    assert TABLES == [
        "admin_unit_successors.csv",
        "admin_units.csv",
        "channels.csv",
        "correction_periods.csv",
        "dossier_status.csv",
        "dossier_transitions.csv",
        "fee_collection.csv",
        "fee_kinds.csv",
        "holidays.csv",
        "land_change_codes.csv",
        "land_use_codes.csv",
        "legal_acts.csv",
        "once_only.csv",
        "paper_reuse.csv",
        "payment_status.csv",
        "permit_kinds.csv",
        "permit_steps.csv",
        "province_successors.csv",
        "purposes.csv",
        "reference_systems.csv",
        "service_levels.csv",
        "submission_places.csv",
        "tax_payment_status.csv",
        "works_status.csv",
    ]


@pytest.mark.parametrize("name", TABLES)
def test_the_first_line_of_a_table_names_its_source_and_the_day(name: str) -> None:
    assert re.fullmatch(r"Source: .+; taken \d{4}-\d\d-\d\d\.", package_table(name.removesuffix(".csv")).source)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_composed_utf_8_with_plain_line_ends_and_full_rows(name: str) -> None:
    content = files("cchc_schemas").joinpath("data", name).read_bytes()
    rows = list(csv.reader(content.decode("utf-8").splitlines()[1:]))

    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert unicodedata.is_normalized("NFC", content.decode("utf-8"))
    assert {len(row) for row in rows} == {len(rows[0])}


def test_importing_the_package_reads_no_table() -> None:
    program = "import cchc_schemas.package_tables as t, cchc_schemas; print(t.package_table.cache_info().currsize)"

    environment = {**os.environ, "PYTHONPATH": str(Path(cchc_schemas.__file__).parents[1])}

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )

    assert result.stdout.strip() == "0"
