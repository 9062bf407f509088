"""A database in which dossiers and procedures of version 1 are stored is read on and written on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from cchc_connect import export, records
from cchc_connect.database.private_copy import private_copy
from cchc_connect.database.reading.history import history
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_schemas import Dossier, DossierStatus, Procedure, json_schema, to_document, to_version
from tests.database.test_migrate import restore
from tests.databases import DATABASE_KINDS, new_address
from tests.sync.memory_systems import DossierRegister, dossier_fields
from tests.sync.pulled_database import PulledDatabase

CODE = "000.00.05.H09-260302-0001"
FIELDS = dossier_fields(
    CODE, status=4, applicant_name="Nguyễn Thị Mẫu", applicant_id="074187000123", due_at="2026-03-20T17:00:00+07:00"
)
"""The item as the source still shows it; a former program stored it as a document of version 1."""


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedDatabase]:
    """Give a database of schema version 8, upgraded."""
    with new_address(request.param, tmp_path) as address:
        restore(address, 8)
        with SharedDatabase(address, create_or_upgrade=True) as upgraded:
            yield upgraded


def stored_documents(database: SharedDatabase) -> list[dict[str, object]]:
    with database.reading() as connection:
        query = "SELECT document FROM change WHERE record_type = 'dossier' ORDER BY sequence"
        return [json.loads(row.document) for row in connection.execute(text(query))]


def test_the_stored_documents_are_of_version_1(database: SharedDatabase) -> None:
    """Otherwise the tests below would prove nothing."""
    assert len(stored_documents(database)) == 2
    assert all("payment" not in document for document in stored_documents(database))


def test_a_stored_record_is_read_as_one_of_the_newest_version(database: SharedDatabase) -> None:
    (dossier,) = records(database, Dossier)
    (procedure,) = records(database, Procedure)

    assert (dossier.code, dossier.status, dossier.fees, dossier.is_signed) == (
        CODE,
        DossierStatus.IN_PROCESS,
        None,
        None,
    )
    assert (procedure.code, procedure.service_level, procedure.subjects) == ("1.013225", None, None)


def test_every_version_in_the_history_is_read(database: SharedDatabase) -> None:
    versions = history(database, Dossier, CODE)

    assert [version.record.status for version in versions] == [DossierStatus.RECEIVED, DossierStatus.IN_PROCESS]
    assert all(version.record.supplements is None for version in versions)


def test_a_private_copy_of_it_is_read(database: SharedDatabase) -> None:
    with private_copy(database) as copy:
        (dossier,) = records(copy, Dossier)

    assert dossier.code == CODE


def test_what_a_source_still_shows_alike_is_unchanged(database: SharedDatabase) -> None:
    """The new version has more fields, of which neither knows anything: so no version is written."""
    done = PulledDatabase(database).pull("desk", DossierRegister([FIELDS]))

    assert (done.counts.unchanged, done.counts.updated) == (1, 0)
    assert len(stored_documents(database)) == 2


def test_a_field_that_the_source_now_has_is_a_change(database: SharedDatabase) -> None:
    books = PulledDatabase(database)

    done = books.pull("desk", DossierRegister([{**FIELDS, "fees": [{"code": "P01", "amount_vnd": "500000"}]}]))

    assert (done.counts.updated, books.row(CODE, "dossier").version) == (1, 3)
    (dossier,) = records(database, Dossier)
    assert [fee.code for fee in dossier.fees or ()] == ["P01"]
    before = stored_documents(database)[1]
    assert to_version(Dossier, to_document(dossier), 1) == before


@pytest.mark.parametrize("ending", ["csv", "xlsx", "ndjson", "parquet"])
def test_an_export_has_every_field_of_a_stored_record_of_version_1(
    database: SharedDatabase, tmp_path: Path, ending: str
) -> None:
    """And the fields that it did not know are empty."""
    path = tmp_path / f"dossiers.{ending}"

    report = export(database, Dossier, path)

    assert report.rows == 1
    if ending == "ndjson":
        (line,) = path.read_text(encoding="utf-8").splitlines()
        assert {name for name in Dossier.model_fields if name not in json.loads(line)} == set()


def test_an_export_for_a_program_of_version_1_fits_its_schema(database: SharedDatabase, tmp_path: Path) -> None:
    """Also where the record says more than version 1 can."""
    fees = [{"code": "P01", "amount_vnd": "500000"}]
    PulledDatabase(database).pull("desk", DossierRegister([{**FIELDS, "fees": fees}]))
    path = tmp_path / "dossiers.ndjson"

    export(database, Dossier, path, record_version=1)

    document = json.loads(path.read_text(encoding="utf-8"))
    schema = json_schema(Dossier, 1)
    assert document.pop("record_key") == CODE
    assert document.keys() == schema["properties"].keys()


@pytest.mark.parametrize(("ending", "version"), [("csv", 1), ("ndjson", 3), ("ndjson", 0)])
def test_an_export_of_a_version_that_cannot_be_is_refused(
    database: SharedDatabase, tmp_path: Path, ending: str, version: int
) -> None:
    with pytest.raises(UsageMistake):
        export(database, Dossier, tmp_path / f"a.{ending}", record_version=version)

    assert list(tmp_path.glob("a.*")) == []
