"""Log redaction: one line for each event, no secret and no recognisable personal value, whoever logs it."""

import json
import logging
import string
import sys
import threading
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any, Protocol

import psycopg
import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ValidationError

from cchc_connect.errors import SourceHeld
from cchc_connect.privacy.logging import LogForm, log_form, shown_log
from cchc_connect.privacy.redaction import MAX_LINE_LENGTH, RedactingFormatter, escape_to_one_line, redact
from cchc_connect.privacy.secrets import register_secret
from cchc_schemas import HolderKind, RightHolder

NAME, CITIZEN, PHONE, EMAIL = "Nguyễn Thị Canary", "074087000001", "0912345678", "mau.canary@mail.example"
SECRET = register_secret("canary-secret/+%@é")
PERSONAL = (NAME, CITIZEN, PHONE, EMAIL)


class LogLine(Protocol):
    """Logs one event and returns the log so far."""

    def __call__(self, logger: str, message: object, *values: object, **named: Any) -> str: ...


@pytest.fixture
def log_line() -> Iterator[LogLine]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter())
    root = logging.getLogger()
    root.addHandler(handler)

    def write(logger: str, message: object, *values: object, **named: Any) -> str:
        logging.getLogger(logger).warning(message, *values, **named)
        return stream.getvalue()

    yield write
    root.removeHandler(handler)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: ***"),
        ("Authorization:Basic dXNlcjpwYXNz\nHost: a", "Authorization:***\nHost: a"),
        (r"b'GET / HTTP/1.1\r\nCookie: a=b; c=d\r\nHost: a'", r"b'GET / HTTP/1.1\r\nCookie: ***\r\nHost: a'"),
        ("{'X-Api-Key': 'k-1', 'Host': 'a'}", "{'X-Api-Key': '***', 'Host': 'a'}"),
        ("[(b'Set-Cookie', b't=1; Secure'), (b'Host', b'a')]", "[(b'Set-Cookie', '***'), (b'Host', b'a')]"),
        ('{"matKhau": "a\\"b", "soTo": 12}', '{"matKhau": "***", "soTo": 12}'),
        (r'{"log": "{\"access_token\": \"abc\"}"}', r'{"log": "{\"access_token\": \"***\"}"}'),
        ("<password>abc</password>", "<password>***</password>"),
        ("grant_type=password&client_secret=abc&scope=x", "grant_type=password&client_secret=***&scope=x"),
        ("sent Bearer abc.def-1", "sent Bearer ***"),
        ("eyJhbGciOi.eyJzdWIi.c2ln is sent", "*** is sent"),
        ("postgresql://cchc:q/+%@z@db.example/shared", "postgresql://***@db.example/shared"),
        ("http://a.example:8080/x/y", "http://a.example:8080/x/y"),
        ("https://a.example/parcels?owner=1#t", "https://a.example/parcels?***"),
        ("https://a.example/back#access_token=abc", "https://a.example/back#***"),
        ('http://a.example "GET /x?owner=x HTTP/1.1" 200 12', 'http://a.example "GET /x?*** HTTP/1.1" 200 12'),
        ("exceeded with url: /parcels?owner=x (Caused by", "exceeded with url: /parcels?*** (Caused by"),
        ("Basic authentication is required", "Basic authentication is required"),
        ("the session is over, token 5 is old; what now?", "the session is over, token 5 is old; what now?"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("own", [True, False])
def test_secrets_are_masked_by_field_name_and_position_in_every_line(line: str, shown: str, own: bool) -> None:  # noqa: FBT001  # the two kinds of lines
    assert redact(line, is_own=own) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"citizen {CITIZEN}", "citizen ***0001"),
        ("CCCD074087000001x", "CCCD***0001x"),
        ("id card 024123456 or 74087000001", "id card ***3456 or ***0001"),
        (f"{PHONE}, +84 912 345 678, 0912.345.678, (+84)912345678", "***5678, ***5678, ***5678, (+84)***5678"),
        ("074 087 000 001", "***0001"),
        ("09.12.345678, 03-87-123456, 0379_300_129_876", "***5678, ***3456, ***9876"),
        (f"to {EMAIL}.", "to ***."),
        ("/owners/Nguy%E1%BB%85n%20M%E1%BA%ABu/parcels", "/owners/***/parcels"),
        ("/reports/100%25/a%20b", "/reports/100%25/a%20b"),
        (f"duplicate key\nDETAIL:  Key (applicant_name)=({NAME}) exists.", "duplicate key\nDETAIL: ***"),
        (f"[type=x, input_value='{NAME}', input_type=str]", "[type=x, input_value=***, input_type=str]"),
        ("01-07-2026 08:15 and 2026-07-01 08:15:00,123", "01-07-2026 08:15 and 2026-07-01 08:15:00,123"),
        ("127.0.0.1:5432 000.00.00.H09-260701-0001", "127.0.0.1:5432 000.00.00.H09-260701-0001"),
        ("w3gvk1h2m8q0, 12345678 bytes", "w3gvk1h2m8q0, 12345678 bytes"),
    ],
)  # fmt: skip
def test_a_foreign_log_line_shows_the_last_four_digits_of_a_number(line: str, shown: str) -> None:
    assert redact(line) == shown
    assert redact(line, is_own=True) == line


def test_our_own_log_line_keeps_codes_and_times(log_line: LogLine) -> None:
    """Codes, sequences, request ids and times are what an operator searches the log for."""
    code, request = "000.00.00.H09-260701-0001", "3f0b6f8e-0000-4000-8000-123456789012"
    logged = log_line("cchc_connect.sync", "%s at 1234567890 (%s, 2026-07-01T08:15:00Z)", code, request)

    assert logged.endswith(f"WARNING cchc_connect.sync: {code} at 1234567890 ({request}, 2026-07-01T08:15:00Z)\n")


@pytest.mark.parametrize("logger", ["cchc_connect.sync", "village_adapter"])
@pytest.mark.parametrize(
    "value",
    [
        {"hoTen": NAME, "cccd": int(CITIZEN)},
        [NAME, {"cccd": CITIZEN}],
        {NAME},
        NAME.encode(),
        ValueError(NAME, CITIZEN),
        psycopg.errors.UniqueViolation(f"duplicate key\nDETAIL:  Key (a)=({NAME}) exists."),
        RightHolder(kind=HolderKind.INDIVIDUAL, name=NAME, id_number=CITIZEN),
    ],
    ids=["object", "list", "set", "bytes", "exception", "database", "record"],
)
def test_a_logged_value_that_is_no_text_and_no_number_is_masked(log_line: LogLine, logger: str, value: object) -> None:
    """Items, bodies and foreign exceptions are the values that most often hold personal data."""
    logged = log_line(logger, "cannot read %s", value)

    assert "cannot read " in logged
    assert not [personal for personal in PERSONAL if personal in logged]


def test_named_values_are_redacted_one_by_one(log_line: LogLine) -> None:
    assert log_line("village_adapter", "%(item)s of %(count)d", {"item": [NAME], "count": 3}).endswith("['***'] of 3\n")


def test_values_that_do_not_fit_the_format_are_left_out() -> None:
    """The logging module itself would print them to standard error."""
    record = logging.LogRecord("village_adapter", logging.ERROR, "a.py", 1, "%d parcels", (NAME,), None)

    assert RedactingFormatter().format(record).endswith("ERROR village_adapter: %d parcels")


def test_a_traceback_shows_locations_and_exception_types(log_line: LogLine) -> None:
    def fails() -> None:
        raise KeyError(NAME, SECRET)

    logged = log_line("cchc_connect.sync", "failed", exc_info=_raised(fails), stack_info=True)

    assert "in fails" in logged
    assert "KeyError" in logged
    assert "Stack (most recent call last)" in logged
    assert not [value for value in (*PERSONAL, SECRET) if value in logged]
    assert len(logged.splitlines()) == 1


def test_a_traceback_cached_by_another_handler_is_not_used() -> None:
    """The logging module caches the first handler's text in the record."""
    error = _raised(_fail)
    record = logging.LogRecord("a", logging.ERROR, "a.py", 1, "failed", None, (type(error), error, error.__traceback__))
    logging.Formatter().format(record)

    assert record.exc_text
    assert NAME not in RedactingFormatter().format(record)


def test_pydantics_errors_show_no_value(log_line: LogLine) -> None:
    class Person(BaseModel):
        number: int

    with pytest.raises(ValidationError) as invalid:
        Person.model_validate({"number": NAME})

    assert NAME not in log_line("village_adapter", invalid.value)
    assert NAME not in log_line("village_adapter", f"{invalid.value}")


def test_our_own_errors_keep_their_message(log_line: LogLine) -> None:
    error = SourceHeld("source.adapter_failed", connection="land-registry", record_type="land_parcel", error="KeyError")

    assert "the adapter failed on land_parcel" in log_line("cchc_connect.sync", "%s", error)


def test_for_a_person_a_traceback_keeps_its_lines_and_none_of_them_looks_like_an_event() -> None:
    forged = "failed\n2026-07-01 00:00:00,000 ERROR cchc_connect: forged\r\n\x1b[2J"
    record = logging.LogRecord("cchc_connect", logging.ERROR, "a.py", 1, "%s", (forged,), None)

    first, *further = RedactingFormatter(indented=True).format(record).split("\n")

    assert first.endswith("ERROR cchc_connect: failed")
    assert further == ["    | 2026-07-01 00:00:00,000 ERROR cchc_connect: forged\\r", "    | \\x1b[2J"]


def test_a_record_is_formatted_and_not_changed() -> None:
    """Other handlers of the same program format the same record."""
    record = logging.LogRecord("a", logging.ERROR, "a.py", 1, "citizen %s", (CITIZEN,), None)
    before = dict(vars(record))

    RedactingFormatter().format(record)

    assert vars(record) == before


@given(st.text(st.sampled_from(f"{string.printable}\x00\x1b\x85\x9b\u2028\u2029\u202e\ufeffđ😀\ud800")))
def test_an_event_is_one_line_whatever_its_text(text: str) -> None:
    record = logging.LogRecord("a", logging.ERROR, "a.py", 1, "%s", (text,), None)

    plain, as_json = (RedactingFormatter(as_json=form).format(record) for form in (False, True))

    assert len(f"{plain}.".splitlines()) == len(f"{as_json}.".splitlines()) == 1
    assert "\x1b" not in plain + as_json
    assert json.loads(as_json)["level"] == "ERROR"


def test_control_characters_are_escaped() -> None:
    assert escape_to_one_line("a\r\n\x1b[2J\u2028\u202e\x85b\tc") == "a\\r\\n\\x1b[2J\\u2028\\u202e\\x85b\\tc"


@pytest.mark.parametrize("junk", ["a-", "a", "://:", "password=", "0 ", '"', "session: '", "?a", "a@"])
def test_a_very_long_line_is_truncated_quickly(junk: str) -> None:
    logged = redact(f"{junk * 2_000}{SECRET}{junk * 20_000}")

    assert len(logged) <= MAX_LINE_LENGTH
    assert str(SECRET) not in logged


def test_truncation_leaves_no_part_of_a_secret() -> None:
    for shift in range(len(SECRET)):
        logged = redact("." * (MAX_LINE_LENGTH - len(SECRET) + shift) + SECRET + "." * 9999)

        assert "canary" not in logged


class TestShownLog:
    """`shown_log` shows the log of the program while a block runs."""

    @pytest.fixture
    def stream(self) -> StringIO:
        return StringIO()

    def test_nothing_is_shown_by_default(self, stream: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        """Neither are warnings of other loggers, which Python prints if there is no handler."""
        with shown_log(LogForm.NONE, stream):
            logging.getLogger("cchc_connect.sync").error("ours")
            logging.getLogger("village_adapter").error("theirs")

        assert stream.getvalue() + capsys.readouterr().err == ""

    def test_our_loggers_show_every_level_and_others_warnings_only(self, stream: StringIO) -> None:
        with shown_log(LogForm.LINES, stream):
            logging.getLogger("cchc_connect.sync").debug("ours")
            logging.getLogger("village_adapter").info("quiet")
            logging.getLogger("village_adapter").warning("citizen %s", CITIZEN)

        first, second = stream.getvalue().splitlines()
        assert first.endswith("DEBUG cchc_connect.sync: ours")
        assert second.endswith("WARNING village_adapter: citizen ***0001")

    def test_as_json_each_line_is_an_object(self, stream: StringIO) -> None:
        with shown_log(LogForm.JSON, stream):
            logging.getLogger("cchc_connect.sync").warning("thửa\n%s", "đất")
            logging.getLogger("village_adapter").error("failed", exc_info=_raised(_fail))

        first, second = map(json.loads, stream.getvalue().splitlines())
        assert (first["level"], first["logger"], first["message"]) == ("WARNING", "cchc_connect.sync", "thửa\nđất")
        assert first["time"].endswith("+00:00")
        assert second["traceback"].endswith("ValueError")

    def test_loggers_and_hooks_are_restored_afterwards(self, stream: StringIO) -> None:
        def state() -> list[object]:
            names = (None, "cchc_connect", "cchc_adapters", "village_adapter")
            loggers = [(logging.getLogger(name).level, tuple(logging.getLogger(name).handlers)) for name in names]
            return [*loggers, threading.excepthook, sys.unraisablehook, warnings.showwarning, log_form()]

        before = state()

        with shown_log(LogForm.LINES, stream):
            assert log_form() is LogForm.LINES

        assert state() == before

    @pytest.mark.parametrize("form", [LogForm.LINES, LogForm.NONE])
    def test_an_exception_in_a_thread_or_finaliser_is_logged_without_its_text(
        self, stream: StringIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: LogForm
    ) -> None:
        """Python itself would print the exception with its text."""
        monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
        monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)

        with shown_log(form, stream):
            _in_a_thread(_fail)
            _while_it_is_removed(_fail)

        logged = stream.getvalue()
        assert logged.splitlines().count("    | ValueError") == 2 * (form is LogForm.LINES)
        assert NAME not in logged + capsys.readouterr().err

    def test_python_warnings_are_logged(self, stream: StringIO) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            with shown_log(LogForm.LINES, stream):
                warnings.warn(f"citizen {CITIZEN}", stacklevel=1)

        line, *further = stream.getvalue().splitlines()
        assert "citizen ***0001" in line
        assert further == ['    |   warnings.warn(f"citizen {CITIZEN}", stacklevel=1)', "    | "]

    def test_a_line_that_cannot_be_written_is_dropped(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The logging module itself would print its values."""
        closed = StringIO()
        closed.close()

        with shown_log(LogForm.LINES, closed):
            logging.getLogger("village_adapter").warning("of %s", NAME)

        assert capsys.readouterr().err == ""


def _fail() -> None:
    raise ValueError(NAME)


def _raised(work: Callable[[], None]) -> Exception:
    with pytest.raises(Exception, match=NAME) as raised:
        work()
    return raised.value


def _in_a_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _while_it_is_removed(work: Callable[[], None]) -> None:
    class Removed:
        def __del__(self) -> None:
            work()

    Removed()


def test_basic_credentials_with_a_revealed_password_are_masked_outside_their_header_too() -> None:
    shown = b64encode(f"dong-bo:{SECRET}".encode()).decode()

    assert redact(f"sent {shown} to a") == "sent *** to a"
