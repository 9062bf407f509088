"""What the database does not have is an error of its own: nothing was refused, and no source is at fault."""

import pytest

from cchc_connect import NotFound, RecordNotFound, Rejected, Retriable, SharedDatabase, find_case
from cchc_connect.cli.exit_codes import ExitCode, exit_code_of


def test_a_dossier_that_the_database_does_not_have_is_a_record_not_found(address: str) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database, pytest.raises(RecordNotFound) as caught:
        find_case(database, "000.00.00.H09-260701-0001")

    assert caught.value.code == "case.no_dossier"
    assert caught.value.context == {"code": "000.00.00.H09-260701-0001"}


def test_what_is_not_found_is_neither_rejected_nor_worth_a_retry() -> None:
    assert issubclass(RecordNotFound, NotFound)
    assert not issubclass(NotFound, Rejected | Retriable)


def test_a_command_that_asks_for_what_does_not_exist_ends_with_66() -> None:
    assert exit_code_of(RecordNotFound("case.no_dossier", code="x")) is ExitCode.NO_INPUT
    assert exit_code_of(NotFound("run.no_entry", run_id="x")) is ExitCode.NO_INPUT
