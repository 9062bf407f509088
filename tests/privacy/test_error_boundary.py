"""Where foreign libraries fail, only errors of ours come out, and nothing of the foreign one goes along."""

import pickle
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from sqlalchemy import text

from cchc_connect import DatabaseUnusable, SharedDatabase
from cchc_connect.errors import CchcError, LeaseLost, SourceHeld
from cchc_connect.privacy.error_boundary import Seam
from cchc_connect.sync.border import adapter_border
from tests.databases import new_address

CANARY = "Nguyễn Thị Canary 074087000001"


def all_that_shows(error: BaseException) -> Iterator[str]:
    """Yield what a crash reporter shows of an error, all it came from, and the locals of our frames."""
    one: BaseException | None = error
    while one is not None:
        yield from (str(one), repr(one), repr(one.args), repr(vars(one)))
        for frame in traceback.TracebackException.from_exception(one, capture_locals=True).stack:
            if "/tests/" not in frame.filename:
                yield f"{frame.filename} {frame.line} {frame.locals}"
        one = one.__cause__ or one.__context__
    yield pickle.dumps(error).decode("latin-1")


def assert_nothing_shows(error: BaseException) -> None:
    shown = "\n".join(all_that_shows(error))

    assert error.__cause__ is None
    assert error.__context__ is None
    assert "Canary" not in shown
    assert "074087000001" not in shown


@contextmanager
def failing(*, before: bool = False, after: bool = False) -> Generator[None, None, None]:
    if before:
        raise ValueError(CANARY)
    yield
    if after:
        raise ValueError(CANARY)


def held(error: BaseException) -> CchcError | None:
    return SourceHeld("test.held") if isinstance(error, ValueError) else None


@pytest.mark.parametrize("place", ["before", "within", "after"])
def test_a_foreign_error_becomes_ours_wherever_it_comes_up(place: str) -> None:
    with pytest.raises(SourceHeld) as raised, Seam(failing(before=place == "before", after=place == "after"), held):
        if place == "within":
            raise ValueError(CANARY)

    assert_nothing_shows(raised.value)


def test_what_is_none_of_its_business_goes_through_as_it_is() -> None:
    mine = LeaseLost("lease.lost", token=1)

    with pytest.raises(LeaseLost) as raised, Seam(nullcontext(), held):
        raise mine

    assert raised.value is mine


def test_where_nothing_fails_nothing_happens() -> None:
    with Seam(nullcontext(5), held) as given:
        pass

    assert given == 5


def test_an_adapters_failure_takes_no_item_along() -> None:
    def translate(item: object) -> None:
        raise KeyError(item)

    with pytest.raises(SourceHeld) as raised, adapter_border(connection="village", record_type="dossier"):
        translate({"hoTen": CANARY})

    assert raised.value.code == "source.adapter_failed"
    assert_nothing_shows(raised.value)


def test_a_databases_failure_takes_no_row_along(address: str) -> None:
    """PostgreSQL tells the row in DETAIL, SQLAlchemy statement and parameters, its frames all of it."""
    with SharedDatabase(address) as database:
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE seam_people (name text PRIMARY KEY)"))

        with pytest.raises(DatabaseUnusable) as raised, database.writing() as connection:
            for _ in range(2):
                connection.execute(text("INSERT INTO seam_people VALUES (:name)"), {"name": CANARY})

        with database.writing() as connection:
            connection.execute(text("DROP TABLE seam_people"))

    assert raised.value.code == "database.failed"
    assert_nothing_shows(raised.value)


def test_a_database_that_cannot_be_opened_takes_no_password_along() -> None:
    address = "postgresql://cchc:Canary074087000001@127.0.0.1:9/shared?sslpassword=Canary1"

    with pytest.raises(DatabaseUnusable) as raised:
        SharedDatabase(address)

    assert_nothing_shows(raised.value)
    assert "127.0.0.1:9/shared" in str(raised.value)


def test_rows_are_not_logged_even_at_debug(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLAlchemy logs parameters at INFO and rows at DEBUG, unless an engine is told not to."""
    with (
        caplog.at_level("DEBUG", "sqlalchemy"),
        new_address("sqlite", tmp_path) as address,
        SharedDatabase(address) as database,
        database.writing() as connection,
    ):
        connection.execute(text("SELECT :name"), {"name": CANARY}).all()

    assert "Canary" not in caplog.text
