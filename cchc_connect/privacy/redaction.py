"""Redaction of log lines and tracebacks: no secrets, no recognisable personal values, one line for one event.

Our own log calls contain neither. Redaction covers the log lines of other packages, tracebacks, and mistakes of our
own. What is masked:

    every line         registered secrets (`register_secret`); values of headers and of names such as Authorization,
                       Cookie, X-Api-Key, password, token; user and password, query and fragment of a URL; of logged
                       exceptions all but their type, of bytes all but their number, of lists and objects all but
                       their structure
    lines of other     in addition: nine or more digits in a row and telephone numbers, except for the last four
    packages and       characters; e-mail addresses; path segments beyond ASCII in a URL; a database's DETAIL, and
    tracebacks         input values that pydantic quotes

Our own lines keep their numbers: dossier codes, national parcel ids, sequences and request ids are needed there.
A person's name within a sentence of another package cannot be recognised; such lines are shown only with `--debug`.

The text of an exception of another package may hold anything: a row (PostgreSQL's DETAIL), a value (pydantic), a URL
with a password. So a traceback shows only its type and location. Our own exceptions hold no such value and keep their
text.
"""

import json
import logging
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast
from unicodedata import category

from cchc_connect.errors import CchcError
from cchc_connect.privacy.secrets import MASK, mask_secrets

OWN_PACKAGES = frozenset({"cchc_connect", "cchc_adapters", "cchc_schemas"})
"""Our packages: their log lines contain no personal values."""

CONTROL_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories of characters that end a line or control a terminal."""

MAX_LINE_LENGTH = 16 * 1024
"""Maximum characters of one line; the part beyond is cut off."""

CONTINUATION = "\n    | "
"""What stands before the further lines of an event that is shown to a person."""

_CUT_MARGIN = 2 * 1024  # characters that are cut off too: half of a secret at the cut would not be recognised
_CONTAINERS = (list, tuple, set, frozenset, Mapping)

_CAUSED = "The above exception was the direct cause of the following exception:"
_DURING_HANDLING = "During handling of the above exception, another exception occurred:"
_MAX_EXCEPTIONS = 20  # of one chain, or of one group

_SENSITIVE_NAME = (
    r"(?:[\w-]{0,24}(?:authorization|cookie2?|api[_-]?key|token|secret|password|passwd|passphrase|pwd|mat[_-]?khau"
    r"|signature|credentials?|session(?:[_-]?id)?)|x-[\w-]{0,24}key)"
)
_SENSITIVE_NAMES = re.compile(rf"(?i){_SENSITIVE_NAME}|(?:[\w-]{{0,24}}[_-])?(?:key|sig|sid|jwt|auth)")
_PAGE_TOKEN_NAME = re.compile(r"(?i)(?:page|next|continu\w*|resum\w*|cursor|scroll|skip|sync)[_-]?token")
_NAME = rf"(?P<name>(?P<quote>\\?[\"']?)\b{_SENSITIVE_NAME}(?P=quote))"
_QUOTED = r"b?(?P<open>\\?[\"']).*?(?<!\\)(?P=open)"
# Authorization: Basic abc, and "x-api-key": "abc"
_HEADER = re.compile(rf"(?i){_NAME}(?P<sign>\s*:\s*)(?:{_QUOTED}|[^\r\n\"'{{}}]+?(?=\\[rn]|[\r\n\"'{{}}]|$))")
# token=abc, ('password', 'abc') and <matKhau>abc
_FIELD = re.compile(rf"(?i){_NAME}(?P<sign>\s*(?:=|,(?=\s*b?[\"'])|>(?=[^<]))\s*)(?:{_QUOTED}|[^\s,;&\"'<}}\])]+)")
_CREDENTIALS = re.compile(r"\b(Basic|Bearer|Digest|Negotiate) (?=\S*[\d=+/._-])[\w+/=.~-]{6,}")
_WEB_TOKEN = re.compile(r"(?<![\w-])(?>[\w-]*?\beyJ)[\w-]{5,}+\.[\w-]++\.[\w-]*+")
_USER_INFO = re.compile(
    r"""(?ix) (?<=://)
    (?: [^\s/?\#"'<>@]*@ | [^\s/:?\#"'<>@]+ : (?! \d{1,5} (?: [/?\#\s"'<>] | $ ) ) [^\s"'<>]{0,200}@ )"""
)
_QUERY = re.compile(r"(?<=[^\s?])\?(?=[\w%&+.-])[^\s\"'<>)\]]*|(?<=[\w/])#(?=[\w-]+=)[^\s\"'<>)\]]*")
_DAY = r"(?:0[1-9]|[12]\d|3[01])[.\-_](?:0[1-9]|1[0-2])[.\-_](?:19|20)\d\d(?!\d)"
PERSONAL_NUMBER = re.compile(rf"(?<!\d)\+?\d{{9,}}|(?<![\w.-])(?!{_DAY})(?:\+?84|0)(?:[ .\-_\u00a0]?\d){{8,12}}(?!\d)")
"""Nine or more digits in a row; or a telephone or identity number in groups, which a day and its time resemble."""

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_ENCODED = re.compile(r"(?<![^\s/?#\"'<>&=])[^\s/?#\"'<>&=]*%[89A-Fa-f][0-9A-Fa-f][^\s/?#\"'<>&=]*")
_DETAIL = re.compile(r"\b(DETAIL|CHI TIẾT|CONTEXT|STATEMENT):.*", re.DOTALL)
_QUOTED_INPUT = re.compile(r"(?<=input_value=).*?(?=, input_type=|\Z)", re.DOTALL)


def redact(text: str, *, is_own: bool = False) -> str:
    r"""Return `text` with secrets and personal values masked, as the module's table says.

    Args:
        text: a line, or several.
        is_own: the line was logged by one of our packages, so it keeps its numbers.

    >>> redact("GET https://a:b@land.example/parcels?owner=1 from 074087000001")
    'GET https://***@land.example/parcels?*** from ***0001'
    >>> redact("dossier 000.00.00.H09-260701-0001, request 123456789", is_own=True)
    'dossier 000.00.00.H09-260701-0001, request 123456789'
    """
    text, is_cut = mask_secrets(text[:MAX_LINE_LENGTH]), len(text) > MAX_LINE_LENGTH
    text = _USER_INFO.sub(f"{MASK}@", text)
    text = _QUERY.sub(lambda match: match[0][0] + MASK, text)
    text = _WEB_TOKEN.sub(MASK, text)
    text = _HEADER.sub(_without_value, text)
    text = _CREDENTIALS.sub(rf"\1 {MASK}", text)
    text = _FIELD.sub(_without_value, text)
    if not is_own:
        text = _without_persons(text)
    return f"{text[:-_CUT_MARGIN]}..." if is_cut else text


def _without_persons(text: str) -> str:
    text = _QUOTED_INPUT.sub(MASK, text)
    text = _DETAIL.sub(rf"\1: {MASK}", text)
    text = _EMAIL.sub(MASK, text)
    text = _ENCODED.sub(MASK, text)
    return PERSONAL_NUMBER.sub(lambda match: _masked_number(match[0]), text)


def is_secret_name(name: str) -> bool:
    """True if a header, parameter or property of that name holds a secret.

    >>> is_secret_name("X-Api-Key"), is_secret_name("sslpassword"), is_secret_name("pageToken")
    (True, True, False)
    >>> is_secret_name("offset")
    False
    """
    return _SENSITIVE_NAMES.fullmatch(name) is not None and _PAGE_TOKEN_NAME.fullmatch(name) is None


def escape_to_one_line(text: str) -> str:
    r"""Return `text` with every character escaped that ends a line or controls a terminal.

    >>> escape_to_one_line("page 1\n2026-07-01 ERROR forged\x1b[2J")
    'page 1\\n2026-07-01 ERROR forged\\x1b[2J'
    """
    return "".join(
        _escaped(character) if category(character) in CONTROL_CATEGORIES else character for character in text
    )


class RedactingFormatter(logging.Formatter):
    """Formats each log record as one redacted line; set it on every handler of a program that uses this library.

    The record is not changed: other handlers format it their own way.
    """

    def __init__(self, *, as_json: bool = False, indented: bool = False) -> None:
        """Format as plain lines, or as JSON objects: time (UTC), level, logger, message, traceback if there is one.

        Args:
            as_json: format as JSON objects.
            indented: for a person who reads a traceback: its lines stay, each behind a mark that no event begins with.
        """
        super().__init__()
        self._as_json = as_json
        self._indented = indented

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        is_own = record.name.partition(".")[0] in OWN_PACKAGES
        message = redact(safe_message(record), is_own=is_own)
        trace = redact(_traceback_and_stack(record))
        if self._as_json:
            return self._document(record, message, trace)
        head = f"{self.formatTime(record)} {record.levelname} {record.name}: "
        text = head + "\n".join(filter(None, (message, trace)))
        return CONTINUATION.join(map(escape_to_one_line, text.split("\n") if self._indented else [text]))

    def _document(self, record: logging.LogRecord, message: str, trace: str) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        document = {"time": at, "level": record.levelname, "logger": record.name, "message": message}
        # ASCII only: every stream can write it, and nothing in it controls a terminal.
        return json.dumps(document | ({"traceback": trace} if trace else {}))


def safe_message(record: logging.LogRecord) -> str:
    """Return the message of a log record with its values made safe; never raises, as logging could not handle it."""
    message = record.msg if isinstance(record.msg, str) else str(_safe_value(record.msg))
    values = record.args
    if not values:
        return message
    try:
        if isinstance(values, Mapping) and "%(" in message:
            return message % {name: _safe_value(value) for name, value in values.items()}
        # logging treats a single mapping as named values, even where the message has no names.
        return message % tuple(map(_safe_value, (values,) if isinstance(values, Mapping) else values))
    except Exception:  # noqa: BLE001  # values that do not fit the message, or whose str() fails
        return message


def _safe_value(value: object) -> object:
    match value:
        case str() | int() | float() | None:
            return value
        case BaseException():
            return describe_type(value)
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case memoryview():
            return f"<{value.nbytes} bytes>"
        case _ if isinstance(value, _CONTAINERS):
            return _without_texts(cast("object", value))
        case _:
            return str(value)


def _without_texts(value: object) -> object:
    """Return a list or an object with its names and short numbers, without texts; see `masked_item`."""
    from cchc_connect.privacy.masking import masked_item  # noqa: PLC0415  # it imports the record types; few lines need it

    return str(masked_item(list(cast("set[object]", value)) if isinstance(value, set | frozenset) else value))


def _traceback_and_stack(record: logging.LogRecord) -> str:
    """Return a record's traceback and stack; a traceback already formatted by another handler is not used."""
    error = record.exc_info[1] if record.exc_info else None
    trace = record.exc_text if error is None else safe_traceback(error)
    return "\n".join(filter(None, (trace, record.stack_info)))


def _without_value(match: re.Match[str]) -> str:
    quote = match["open"] or ""
    return f"{match['name']}{match['sign']}{quote}{MASK}{quote}"


def _masked_number(number: str) -> str:
    from cchc_schemas import mask  # noqa: PLC0415  # as above

    return mask("".join(filter(str.isdecimal, number)))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def safe_traceback(error: BaseException) -> str:
    """Return the traceback of `error` and its causes; no line shows a value of another package's exception."""
    chain = list(_chain(error))
    lines: list[str] = []
    for exception, link in reversed(chain):
        lines += _exception_lines(exception)
        if link:
            lines += ["", link, ""]
    return "\n".join(lines)


def logged_traceback(log: logging.Logger, error: BaseException) -> str:
    """Return a line feed and the traceback of `error` for a line of `log`; "" unless debugging output is shown."""
    return f"\n{safe_traceback(error)}" if log.isEnabledFor(logging.DEBUG) else ""


def describe_type(error: BaseException) -> str:
    """Return the type of an exception, with the message if it is ours.

    >>> describe_type(ValueError("Nguyễn Thị Mẫu")), describe_type(OSError(28, "any text"))
    ('ValueError', 'OSError (No space left on device)')
    """
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, CchcError):
        return f"{name}: {_message(error)}"
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return f"{name} ({os.strerror(error.errno)})"
    return name


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and its causes, the latest first, each with the sentence that links it to its effect."""
    seen = list[BaseException]()
    current: BaseException | None = error
    link = ""
    while current is not None and all(current is not previous for previous in seen) and len(seen) < _MAX_EXCEPTIONS:
        seen.append(current)
        yield current, link
        if current.__cause__ is not None:
            current, link = current.__cause__, _CAUSED
        else:
            current, link = None if current.__suppress_context__ else current.__context__, _DURING_HANDLING


def _exception_lines(error: BaseException) -> list[str]:
    """Return the lines of one exception without its causes."""
    lines = list[str]()
    if error.__traceback__ is not None:
        frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=True)
        lines += ["Traceback (most recent call last):", *(line.rstrip("\n") for line in frames.format())]
    lines.append(describe_type(error))
    if isinstance(error, BaseExceptionGroup):
        parts = cast("BaseExceptionGroup[BaseException]", error).exceptions
        lines += [f"  | {line}" for part in parts[:_MAX_EXCEPTIONS] for line in safe_traceback(part).splitlines()]
    return lines


def _message(error: CchcError) -> str:
    try:
        return str(error)
    except (KeyError, ValueError, IndexError):  # an adapter's message whose values are missing
        return error.code
