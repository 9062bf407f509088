"""The agency of a connection is changed in cchc.toml: all its records are those of the agency that stands there now."""

import sqlite3
import tomllib
from collections.abc import Sequence
from contextlib import closing

import pytest

from tests.cli.conftest import CONFIG, DATABASE, Call, write_config

OTHER = "000.00.99.H09"


def agencies_of_parcels() -> Sequence[str]:
    with closing(sqlite3.connect(DATABASE)) as connection:
        return [agency for (agency,) in connection.execute("SELECT DISTINCT agency FROM land_parcel")]


@pytest.mark.usefixtures("agencies")
def test_records_that_did_not_change_follow_the_agency_of_their_connection(call: Call) -> None:
    """It was mistyped, or another agency followed: agreements ask whose a record is."""
    call("sync")
    [before] = agencies_of_parcels()
    tables = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    tables["connections"]["land-registry"]["agency"] = OTHER
    write_config(CONFIG, tables)

    assert call("sync").code == 0

    assert before != OTHER
    assert agencies_of_parcels() == [OTHER]
