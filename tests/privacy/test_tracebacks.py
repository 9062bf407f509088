"""Redacted tracebacks show locations and exception types, and no text of a foreign exception."""

from cchc_connect.errors import ConfigurationError, SourceHeld
from cchc_connect.privacy.redaction import describe_type, safe_traceback

CANARY = "Nguyễn Thị Mẫu 074087000001"


def raised(*, link: bool) -> BaseException:
    try:
        _fail_twice(link=link)
    except (SourceHeld, ValueError) as error:
        return error
    return AssertionError()


def _fail_twice(*, link: bool) -> None:
    nobody = dict[str, str]()
    try:
        nobody[CANARY]
    except KeyError as error:
        if link:
            raise SourceHeld("source.adapter_failed", connection="a", record_type="b", error="c") from error
        raise ValueError(CANARY) from None


def test_a_chain_is_shown_from_its_first_error_without_any_value() -> None:
    text = safe_traceback(raised(link=True))

    lines = text.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "KeyError" in lines
    assert "direct cause" in text
    assert lines[-1].startswith("cchc_connect.errors.SourceHeld: a: the adapter failed")
    assert CANARY not in text
    assert "in _fail_twice" in text


def test_a_suppressed_cause_is_not_shown() -> None:
    text = safe_traceback(raised(link=False))

    assert "KeyError" not in text.splitlines()
    assert text.splitlines()[-1] == "ValueError"


def test_every_exception_of_a_group_is_shown() -> None:
    text = safe_traceback(ExceptionGroup(CANARY, [ValueError(CANARY), OSError(2, CANARY)]))

    assert text.splitlines() == [
        "ExceptionGroup",
        "  | ValueError",
        "  | FileNotFoundError (No such file or directory)",
    ]


def test_notes_are_not_shown() -> None:
    error = ValueError()
    error.add_note(CANARY)

    assert CANARY not in safe_traceback(error)


def test_circular_causes_are_shown_once() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first

    assert safe_traceback(first).splitlines()[-1] == "ValueError"


def test_an_error_of_ours_without_values_is_shown_by_its_code() -> None:
    assert describe_type(ConfigurationError("config.file_missing")).endswith("config.file_missing")
