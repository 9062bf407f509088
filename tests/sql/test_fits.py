"""A column that a declaration names and the table lacks is told, wherever it is named."""

from typing import Any

import pytest
from sqlalchemy import table

from cchc_adapters.sql.fits import misfits
from cchc_adapters.sql.options import SqlSourceTable
from cchc_adapters.sql.relations import Relation

POINT = {"x": "kinh_do", "y": "vi_do", "codec": "shape", "crs": "OGC:CRS84"}


def faults(keys: dict[str, Any], *columns: str) -> list[tuple[str, object]]:
    source = SqlSourceTable.model_validate({"table": "thua_dat", "key": "id", **keys})
    relation = Relation(name="thua_dat", clause=table("thua_dat"), columns=dict.fromkeys(("id", *columns)))
    return [(fault.code, fault.context["columns"]) for fault in misfits(source, relation)]


@pytest.mark.parametrize(
    ("keys", "columns", "fault"),
    [
        pytest.param({"fields": {"geometry": POINT}}, ["kinh_do"], ("sql.column_unmapped", "vi_do"), id="of a point"),
        pytest.param(
            {"fields": {"code": ["ma", "xoa"]}, "deletes": {"property": "xoa", "values": [1]}},
            ["ma"],
            ("sql.column_missing", "xoa"),
            id="of a deletion mark that a rule names too",
        ),
        pytest.param(
            {"fields": {"code": {"property": "ma", "when": {"property": "loai", "and": "cap"}}}},
            ["ma", "loai"],
            ("sql.column_unmapped", "cap"),
            id="of a condition of a rule",
        ),
        pytest.param(
            {"fields": {"geometry": {"first": [POINT, {**POINT, "x": "x", "y": "y"}]}}},
            ["kinh_do", "x"],
            ("sql.column_unmapped", "vi_do, y"),
            id="of each point among several",
        ),
        pytest.param(
            {"fields": {"parcels": {"property": "cac_thua", "codec": "parcel_list", "sheet": "to"}}},
            ["cac_thua"],
            ("sql.column_unmapped", "to"),
            id="of the map sheet of a list of parcels",
        ),
    ],
)
def test_a_column_that_is_gone_is_told(keys: dict[str, Any], columns: list[str], fault: tuple[str, str]) -> None:
    assert faults(keys, *columns) == [fault]


@pytest.mark.parametrize(
    "rule", [["ma_cu", "ma"], [{"property": "ma_cu"}, {"property": "ma"}], [{"property": "ma"}, {"constant": "x"}]]
)
def test_of_alternatives_one_column_is_enough(rule: object) -> None:
    assert faults({"fields": {"code": rule}}, "ma") == []
