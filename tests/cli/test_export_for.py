"""`export --for`: a file for another agency has what an agreement grants, and is on record before it stands there."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cchc_connect import SharedDatabase
from cchc_connect.sharing.operator import operating_user
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config
from tests.cli.test_unmasked import agree, entries
from tests.exports.readers import csv_rows, json_lines, workbook_rows
from tests.sharing.invented_agreements import BUILDING, DOSSIER, KEY, LAND, PROVINCE, grant
from tests.sharing.shared_records import dossier, parcel, permit, write

LINKED, UNLINKED = parcel("123"), parcel("124")
FOR = ("--for", BUILDING, "--agreement", "parcels", "--official", "minh", "--dossier", DOSSIER)
HOLDER = "Nguyễn Thị Mẫu"


@pytest.fixture
def database() -> Iterator[SharedDatabase]:
    write_config(
        CONFIG,
        {
            "database": {"url": f"sqlite:///{DATABASE}"},
            "operator": {"agency": LAND},
            "officials": {"minh": {"agency": BUILDING}},
        },
    )
    with SharedDatabase(DATABASE, create_or_upgrade=True) as opened:
        write(opened, "land", [LINKED, UNLINKED])
        write(opened, "building", [dossier(), permit("01/GPXD", LINKED)])
        yield opened


def sidecar(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(f"{path}.disclosure.json").read_text(encoding="utf-8"))
    return document


def test_a_recipient_gets_the_granted_fields_of_the_granted_records(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["export"])

    ended = call("export", "land_parcel", "--to", "p.ndjson", *FOR, "--json")

    assert ended.code == 0
    (line,) = json_lines(Path("p.ndjson"))
    assert line["record_key"] == LINKED.key
    assert line["holders"][0] == {"name": HOLDER, "id_number": "***0123"}
    assert set(line) == {"record_key", *KEY, "area_m2", "uses", "holders"}
    assert ended.document["rows"] == 1


def test_beside_the_file_stands_by_what_it_left(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["export"])

    call("export", "land_parcel", "--to", "p.csv", *FOR)

    statement = sidecar("p.csv")
    (entry,) = entries(database)
    assert statement["sha256"] == hashlib.sha256(Path("p.csv").read_bytes()).hexdigest()
    assert (statement["agreement"], statement["consumer"], statement["count"]) == ("parcels@1", BUILDING, 1)
    assert statement["fields"]["holders.id_number"] == "masked"
    assert statement["entry"] == f"commands/{entry['entry']}"
    assert (entry["kind"], entry["keys"], entry["account"]) == ("export", [LINKED.key], operating_user())
    assert HOLDER not in json.dumps(statement, ensure_ascii=False)
    assert {Path(name).stat().st_mode & 0o777 for name in ("p.csv", "p.csv.disclosure.json")} == {0o600}


def test_tables_have_the_granted_columns_alone(call: Call, database: SharedDatabase) -> None:
    fields = {**KEY, "holders.name": "plain", "holders.birth": "year", "in_dispute": "exists"}
    agree(database, actions=["export"], grant=[grant(fields=fields)])

    call("export", "land_parcel", "--to", "p.csv", *FOR)
    call("export", "land_parcel", "--to", "p.xlsx", *FOR, "--lang", "vi")

    headings, row = csv_rows(Path("p.csv"))
    assert headings == ["record_key", *KEY, "holders.name", "holders.birth", "in_dispute"]
    assert row[-3:] == [f"{HOLDER}; Công ty Mẫu", "1987; ", "true"]
    (sheet,) = workbook_rows(Path("p.xlsx")).values()
    assert sheet[0][0] == "khóa bản ghi"
    assert len(sheet) == len([headings, row])


def test_nobody_exports_what_another_agency_provides(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["export"])
    tables = {"database": {"url": f"sqlite:///{DATABASE}"}, "officials": {"minh": {"agency": BUILDING}}}
    write_config(CONFIG, {**tables, "operator": {"agency": PROVINCE}})

    refused = call("export", "land_parcel", "--to", "p.csv", *FOR)

    assert refused.code == 77
    assert not list(Path().glob("p.csv*"))


def test_the_instant_beside_the_file_is_that_of_the_entry(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["export"])

    call("export", "land_parcel", "--to", "p.csv", *FOR)

    assert sidecar("p.csv")["at"] == entries(database)[0]["at"]


REFUSALS: Sequence[tuple[dict[str, Any], Sequence[str], str]] = [
    ({"actions": ["read"]}, FOR, "does not allow this action"),
    ({"actions": ["export"]}, ("--for", BUILDING, "--agreement", "parcels"), "no dossier is named"),
    ({"actions": ["export"]}, ("--for", LAND, "--agreement", "parcels"), "no agreement between the two agencies"),
    ({"actions": ["export"], "quota": {"records_per_day": 1}, "grant": [grant(scope="all", fields=KEY)]}, FOR, "quota"),
]


@pytest.mark.parametrize(("agreement", "words", "reason"), REFUSALS)
def test_a_refusal_writes_no_file(
    call: Call, database: SharedDatabase, agreement: dict[str, Any], words: Sequence[str], reason: str
) -> None:
    """Exit code 77; the refusal is on record."""
    agree(database, **agreement)

    refused = call("export", "land_parcel", "--to", "p.csv", *words)

    assert refused.code == 77
    assert reason in refused.err
    assert not list(Path().glob("p.csv*"))
    assert [entry["kind"] for entry in entries(database)] == ["refused"]


def test_what_cannot_be_put_on_record_is_not_written(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["export"])
    with database.writing() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(FAIL, 'full'); END")
        )

    assert call("export", "land_parcel", "--to", "p.csv", *FOR).code == 74
    assert not list(Path().glob("p.csv*"))


def test_a_file_that_is_there_stays_and_nothing_is_disclosed(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["export"])
    Path("p.csv").write_text("mine", encoding="utf-8")

    refused = call("export", "land_parcel", "--to", "p.csv", *FOR)

    assert refused.code == 73
    assert Path("p.csv").read_text(encoding="utf-8") == "mine"
    assert entries(database) == []
    assert call("export", "land_parcel", "--to", "p.csv", *FOR, "--force").code == 0


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "words",
    [
        ("--for", BUILDING),
        ("--agreement", "parcels"),
        (*FOR, "--where", "parcel_number=123"),
        (*FOR, "--at", "2026-07-01"),
        (*FOR, "--provenance"),
        (*FOR, "--format", "parquet"),
    ],
)
def test_what_does_not_go_with_a_recipient_is_refused(call: Call, words: Sequence[str]) -> None:
    """Exit code 64."""
    assert call("export", "land_parcel", "--to", "p.csv", *words).code == 64
    assert not list(Path().glob("p.csv*"))


def test_an_export_without_a_recipient_stays_masked(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["export"])

    call("export", "land_parcel", "--to", "p.ndjson")

    assert HOLDER not in Path("p.ndjson").read_text(encoding="utf-8")
    assert entries(database) == []
