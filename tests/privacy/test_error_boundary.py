"""At an error boundary a foreign library's exception becomes one of ours that holds nothing of the foreign one."""

import pickle
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from sqlalchemy import text

from cchc_connect import DatabaseUnusable, SharedDatabase
from cchc_connect.errors import CchcError, LeaseLost, SourceHeld, UsageMistake
from cchc_connect.privacy.error_boundary import ErrorBoundary
from cchc_connect.sync.error_policy import adapter_boundary
from tests.databases import new_address

CANARY = "Nguyễn Thị Canary 074087000001"


def shown_of(error: BaseException) -> Iterator[str]:
    """Yield what a crash reporter shows of an error, of its causes, and of the local variables of our frames."""
    shown_error: BaseException | None = error
    while shown_error is not None:
        yield from (str(shown_error), repr(shown_error), repr(shown_error.args), repr(vars(shown_error)))
        for frame in traceback.TracebackException.from_exception(shown_error, capture_locals=True).stack:
            if "/tests/" not in frame.filename:
                yield f"{frame.filename} {frame.line} {frame.locals}"
        shown_error = shown_error.__cause__ or shown_error.__context__
    yield pickle.dumps(error).decode("latin-1")


def assert_nothing_shows(error: BaseException) -> None:
    shown = "\n".join(shown_of(error))

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


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_foreign_error_becomes_ours_wherever_it_is_raised(moment: str) -> None:
    with (
        pytest.raises(SourceHeld) as raised,
        ErrorBoundary(failing(before=moment == "before", after=moment == "after"), held),
    ):
        if moment == "within":
            raise ValueError(CANARY)

    assert_nothing_shows(raised.value)


def test_an_error_of_ours_passes_unchanged() -> None:
    own_error = LeaseLost("lease.lost", token=1)

    with pytest.raises(LeaseLost) as raised, ErrorBoundary(nullcontext(), held):
        raise own_error

    assert raised.value is own_error


def test_without_an_error_the_block_runs_unchanged() -> None:
    with ErrorBoundary(nullcontext(5), held) as entered:
        pass

    assert entered == 5


def test_the_error_for_a_failing_adapter_holds_no_item() -> None:
    def translate(item: object) -> None:
        raise KeyError(item)

    with pytest.raises(SourceHeld) as raised, adapter_boundary(connection="village", record_type="dossier"):
        translate({"hoTen": CANARY})

    assert raised.value.code == "source.adapter_failed"
    assert_nothing_shows(raised.value)


def test_the_error_for_a_failing_statement_holds_no_row(address: str) -> None:
    """PostgreSQL shows the row in DETAIL, SQLAlchemy the statement and its parameters, its frames all of them."""
    with SharedDatabase(address, create_or_upgrade=True) as database:
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE seam_people (name text PRIMARY KEY)"))

        with pytest.raises(DatabaseUnusable) as raised, database.writing() as connection:
            for _ in range(2):
                connection.execute(text("INSERT INTO seam_people VALUES (:name)"), {"name": CANARY})

        with database.writing() as connection:
            connection.execute(text("DROP TABLE seam_people"))

    assert raised.value.code == "database.failed"
    assert_nothing_shows(raised.value)


def test_the_error_for_a_database_that_cannot_be_opened_holds_no_password() -> None:
    address = "postgresql://cchc:Canary074087000001@127.0.0.1:9/shared?sslpassword=Canary1"

    with pytest.raises(DatabaseUnusable) as raised:
        SharedDatabase(address, create_or_upgrade=True)

    assert_nothing_shows(raised.value)
    assert "127.0.0.1:9/shared" in str(raised.value)


def test_the_error_for_an_address_of_another_database_holds_no_password() -> None:
    with pytest.raises(UsageMistake) as raised:
        SharedDatabase("mysql://cchc:Canary074087000001@127.0.0.1:9/shared")

    assert_nothing_shows(raised.value)


def test_rows_are_not_logged_even_at_debug(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLAlchemy logs parameters at INFO and rows at DEBUG, unless the engine hides parameters."""
    with (
        caplog.at_level("DEBUG", "sqlalchemy"),
        new_address("sqlite", tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as database,
        database.writing() as connection,
    ):
        connection.execute(text("SELECT :name"), {"name": CANARY}).all()

    assert "Canary" not in caplog.text
