"""Tracebacks tell where and of what kind, never what a stranger's exception says."""

from cchc_connect.errors import ConfigurationError, SourceHeld
from cchc_connect.privacy.tracebacks import kind_of, traceback_of

CANARY = "Nguyễn Thị Mẫu 074087000001"


def raised(*, link: bool) -> BaseException:
    try:
        _fail_twice(link=link)
    except (SourceHeld, ValueError) as error:
        return error
    return AssertionError()


def _fail_twice(*, link: bool) -> None:
    known = dict[str, str]()
    try:
        known[CANARY]
    except KeyError as error:
        if link:
            raise SourceHeld("source.adapter_failed", connection="a", record_type="b", error="c") from error
        raise ValueError(CANARY) from None


def test_a_chain_is_told_from_its_beginning_without_any_value() -> None:
    told = traceback_of(raised(link=True))

    lines = told.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "KeyError" in lines
    assert "direct cause" in told
    assert lines[-1].startswith("cchc_connect.errors.SourceHeld: a: the adapter failed")
    assert CANARY not in told
    assert "in _fail_twice" in told


def test_a_cause_that_was_put_away_stays_away() -> None:
    told = traceback_of(raised(link=False))

    assert "KeyError" not in told.splitlines()
    assert told.splitlines()[-1] == "ValueError"


def test_every_exception_of_a_group_is_told() -> None:
    told = traceback_of(ExceptionGroup(CANARY, [ValueError(CANARY), OSError(2, CANARY)]))

    assert told.splitlines() == [
        "ExceptionGroup",
        "  | ValueError",
        "  | FileNotFoundError (No such file or directory)",
    ]


def test_notes_are_not_told() -> None:
    error = ValueError()
    error.add_note(CANARY)

    assert CANARY not in traceback_of(error)


def test_causes_in_a_circle_come_to_an_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first

    assert traceback_of(first).splitlines()[-1] == "ValueError"


def test_an_outsiders_error_without_its_values_is_told_by_its_code() -> None:
    assert kind_of(ConfigurationError("config.file_missing")).endswith("config.file_missing")
