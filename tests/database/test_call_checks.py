"""A value of another kind in a call is refused by a sentence that names it, not by an error inside the library."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import UsageMistake, back_up, changes, export, get, history, record_at, records, records_at
from cchc_connect.database.shared_database import SharedDatabase
from cchc_schemas import LandParcel

DAY = date(2026, 7, 1)
NAME: Any = "land_parcel"
TEXT_DAY: Any = "2026-07-01"
NUMBER: Any = 12
CLASS: Any = LandParcel

CALLS: dict[str, Callable[[SharedDatabase], object]] = {
    "records of a name": lambda database: records(database, NAME),
    "get of a name": lambda database: get(database, NAME, "1"),
    "get of a number": lambda database: get(database, LandParcel, NUMBER),
    "history of a name": lambda database: history(database, NAME, "1"),
    "history of a number": lambda database: history(database, LandParcel, NUMBER),
    "record at a text": lambda database: record_at(database, LandParcel, "1", TEXT_DAY),
    "record of a name": lambda database: record_at(database, NAME, "1", DAY),
    "records at a text": lambda database: next(records_at(database, LandParcel, TEXT_DAY)),
    "records of a name at a day": lambda database: next(records_at(database, NAME, DAY)),
    "export of a name": lambda database: export(database, NAME, "parcels.csv"),
    "export at a text": lambda database: export(database, LandParcel, "parcels.csv", at=TEXT_DAY),
    "export in no language": lambda database: export(database, LandParcel, "parcels.csv", language="fr"),
    "changes of a class": lambda database: changes(database, record_types=CLASS),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_value_of_another_kind_is_a_mistake_in_the_call(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with SharedDatabase("shared.db", create_or_upgrade=True) as database, pytest.raises(UsageMistake) as refusal:
        CALLS[call](database)

    assert any(words in str(refusal.value) for words in ("LandParcel", "must be", "Known: en, vi"))
    assert not Path("parcels.csv").exists()


def test_a_backup_takes_a_path_as_text_and_names_a_file_that_is_there(tmp_path: Path) -> None:
    with SharedDatabase(tmp_path / "shared.db", create_or_upgrade=True) as database:
        written = back_up(database, str(tmp_path / "saved"))
        with pytest.raises(FileExistsError, match="saved"):
            back_up(database, str(tmp_path / "saved"))

    assert written.path == tmp_path / "saved"
