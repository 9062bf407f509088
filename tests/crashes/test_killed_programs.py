"""A program that writes records is killed: whole pages stay, and it writes the rest when it is started again."""

import os
import random
import signal
from collections.abc import Iterator
from multiprocessing import Process

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from cchc_connect import RecordWriter, SharedDatabase, history, records
from cchc_connect.monitoring.runs import runs
from cchc_connect.sync import record_writer
from cchc_schemas import LandParcel
from tests.crashes.fork_server import KILLED
from tests.crashes.losses import contradictions
from tests.promises.setting import fork_server

PAGE = 5
PARCELS = 24
FORMER_AREA, AREA = 100, 120


def parcels(area: int) -> Iterator[LandParcel]:
    """Yield the parcels of the program, each with this area."""
    for number in range(1, PARCELS + 1):
        fields = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12", "parcel_number": str(number)}
        yield LandParcel.model_validate({**fields, "area_m2": area})


def write(database: SharedDatabase, changed: Iterator[LandParcel]) -> RecordWriter:
    """Write parcels and delete the first one."""
    with RecordWriter.for_agency(database, connection="survey-office", agency="H09.1") as writer:
        for parcel in changed:
            if parcel.parcel_number == "1":
                writer.delete(LandParcel, parcel.key)
            else:
                writer.write(parcel)
    return writer


def program(address: str, *, killed_before_parcel: int | None, killed_at_page: int | None) -> None:
    """Write in this process, and kill it before a parcel, or just before the commit of a page."""
    record_writer.MAX_PENDING = PAGE  # pyright: ignore[reportConstantRedefinition]  # small pages for few parcels
    reached = list[int]()

    def before_commit(connection: Connection) -> None:
        sequence = connection.exec_driver_sql("SELECT max(sequence) FROM change").scalar() or 0
        if sequence not in reached:  # a page; other transactions change no record
            reached.append(sequence)
        if len(reached) == killed_at_page:
            os.kill(os.getpid(), signal.SIGKILL)

    def changed() -> Iterator[LandParcel]:
        for number, parcel in enumerate(parcels(AREA), start=1):
            if number == killed_before_parcel:
                os.kill(os.getpid(), signal.SIGKILL)
            yield parcel

    with SharedDatabase(address) as database:
        event.listen(Engine, "commit", before_commit)
        write(database, changed())


def start(address: str, *, killed_before_parcel: int | None = None, killed_at_page: int | None = None) -> Process:
    """Start the program in a process of its own."""
    moment = {"killed_before_parcel": killed_before_parcel, "killed_at_page": killed_at_page}
    process = fork_server().Process(target=program, args=(address,), kwargs=moment)
    process.start()
    return process  # type: ignore[return-value]  # typeshed gives each start method a class of its own


def check_after_kill(address: str) -> int:
    """Check the database as the kill left it, then write again; return the number of pages that were committed."""
    with SharedDatabase(address) as database:
        committed = sum(parcel.area_m2 == AREA for parcel in records(database, LandParcel))
        with database.reading() as connection:
            assert list(contradictions(connection)) == []
        assert runs(database, limit=1)[0].finished_at is None

        again = write(database, parcels(AREA))  # at once: a dead process holds no lease

        assert again.report.outcome == "done"
        stored = list(records(database, LandParcel))
        assert len(stored) == PARCELS - 1
        assert {parcel.area_m2 for parcel in stored} == {AREA}
        for parcel in stored:
            operations = [version.operation for version in history(database, LandParcel, parcel.key)]
            assert operations == ["insert", "update"]
        with database.reading() as connection:
            assert list(contradictions(connection)) == []
    return committed


@pytest.fixture
def filled(address: str) -> str:
    """Give the address of a database that holds the parcels as they were before."""
    with (
        SharedDatabase(address) as database,
        RecordWriter.for_agency(database, connection="survey-office", agency="H09.1") as writer,
    ):
        writer.write_all(parcels(FORMER_AREA))
    return address


def test_a_program_that_is_killed_between_two_pages_keeps_whole_pages(filled: str) -> None:
    """The first page holds the deletion and four parcels, so that 4 + 5 parcels are changed by two pages."""
    process = start(filled, killed_before_parcel=2 * PAGE + 4)
    process.join()

    assert process.exitcode == KILLED
    assert check_after_kill(filled) == 2 * PAGE - 1


def test_a_program_that_is_killed_before_a_commit_keeps_nothing_of_that_page(filled: str) -> None:
    """The state before the first page counts as one."""
    process = start(filled, killed_at_page=1 + 3)
    process.join()

    assert process.exitcode == KILLED
    assert check_after_kill(filled) == 2 * PAGE - 1


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_a_program_that_is_killed_anywhere_loses_and_repeats_nothing(filled: str, seed: int) -> None:
    moments = random.Random(seed)
    process = start(filled, killed_at_page=moments.randint(2, 6), killed_before_parcel=moments.randint(2, PARCELS))
    process.join()

    assert process.exitcode == KILLED
    check_after_kill(filled)
