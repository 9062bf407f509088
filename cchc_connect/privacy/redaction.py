"""The last look at what goes into a log: no secret, no personal value that can be told, one line for one event.

Our own lines hold neither from the start. This is for what other packages log, for tracebacks, and for the day
on which we are wrong. What is masked where:

    every line         secrets that this process has read (`revealed`); values of headers and of names such as
                       Authorization, Cookie, X-Api-Key, password, token; user and password, query and fragment of
                       an address; of exceptions among the values all but their kind, of bytes all but their number,
                       of lists and objects all but their shape
    strangers' lines   in addition: digits in a row, nine or more, and telephone numbers, but for the last four
    and tracebacks     characters; addresses of e-mail; words beyond ASCII in an address; a database's DETAIL, and
                       what pydantic quotes

Our own lines keep their numbers: dossier codes, national parcel ids, sequences and request ids are needed there.
What cannot be told is a person's name in the middle of a stranger's sentence; such lines are shown with `--debug`
only.
"""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast
from unicodedata import category

from cchc_connect.privacy.secrets import MASK, without_secrets
from cchc_connect.privacy.tracebacks import kind_of, traceback_of

OURS = frozenset({"cchc_connect", "cchc_adapters", "cchc_schemas"})
"""Packages whose own lines hold no personal value."""

STEERING = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories of what ends a line, or steers whoever shows it."""

LONGEST = 16 * 1024
"""Characters of one line that are looked at; what a stranger says beyond that is cut off."""

_MARGIN = 2 * 1024  # characters; half of a secret at the place of the cut is not found, so that the cut takes it along
_OPAQUE = (list, tuple, set, frozenset, Mapping)

_TELLING = (
    r"(?:[\w-]{0,24}(?:authorization|cookie2?|api[_-]?key|token|secret|password|passwd|passphrase|pwd|mat[_-]?khau"
    r"|signature|credentials?|session(?:[_-]?id)?)|x-[\w-]{0,24}key)"
)
_SECRET = re.compile(rf"(?i){_TELLING}|(?:[\w-]{{0,24}}[_-])?(?:key|sig|sid|jwt|auth)")
_PAGING = re.compile(r"(?i)(?:page|next|continu\w*|resum\w*|cursor|scroll|skip|sync)[_-]?token")
_NAME = rf"(?P<name>(?P<quote>\\?[\"']?)\b{_TELLING}(?P=quote))"
_QUOTED = r"b?(?P<open>\\?[\"']).*?(?<!\\)(?P=open)"
_HEADER = re.compile(rf"(?i){_NAME}(?P<sign>\s*:\s*)(?:{_QUOTED}|[^\r\n\"'{{}}]+?(?=\\[rn]|[\r\n\"'{{}}]|$))")
_FIELD = re.compile(rf"(?i){_NAME}(?P<sign>\s*(?:=|,(?=\s*b?[\"'])|>(?=[^<]))\s*)(?:{_QUOTED}|[^\s,;&\"'<}}\])]+)")
_CREDENTIALS = re.compile(r"\b(Basic|Bearer|Digest|Negotiate) (?=\S*[\d=+/._-])[\w+/=.~-]{6,}")
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
_USER_INFO = re.compile(
    r"""(?ix) (?<=://)
    (?: [^\s/?\#"'<>@]*@ | [^\s/:?\#"'<>@]+ : (?! \d{1,5} (?: [/?\#\s"'<>] | $ ) ) [^\s"'<>]{0,200}@ )"""
)
_QUERY = re.compile(r"(?<=[^\s?])\?(?=[\w%&+.-])[^\s\"'<>)\]]*|(?<=[\w/])#(?=[\w-]+=)[^\s\"'<>)\]]*")
_DAY = r"\d\d[.-]\d\d[.-]\d{4}"
_NUMBER = re.compile(rf"(?<!\d)\d{{9,}}(?!\d)|(?<![\w.-])(?!{_DAY})(?:\+?84|0)(?:[ .-]?\d){{8,11}}(?!\d)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_ENCODED = re.compile(r"(?<![^\s/?#\"'<>&=])[^\s/?#\"'<>&=]*%[89A-Fa-f][0-9A-Fa-f][^\s/?#\"'<>&=]*")
_DETAIL = re.compile(r"\b(DETAIL|CHI TIẾT|CONTEXT|STATEMENT):.*", re.DOTALL)
_QUOTED_INPUT = re.compile(r"(?<=input_value=).*?(?=, input_type=)", re.DOTALL)


def redacted(text: str, *, ours: bool = False) -> str:
    r"""Return `text` without what must not stand in a log; see the table above.

    >>> redacted("GET https://a:b@land.example/parcels?owner=1 from 074087000001")
    'GET https://***@land.example/parcels?*** from ***0001'
    >>> redacted("dossier 000.00.00.H09-260701-0001, request 123456789", ours=True)
    'dossier 000.00.00.H09-260701-0001, request 123456789'
    """
    text, is_cut = without_secrets(text[:LONGEST]), len(text) > LONGEST
    text = _USER_INFO.sub(f"{MASK}@", text)
    text = _QUERY.sub(lambda found: found[0][0] + MASK, text)
    text = _WEB_TOKEN.sub(MASK, text)
    text = _HEADER.sub(_without_value, text)
    text = _CREDENTIALS.sub(rf"\1 {MASK}", text)
    text = _FIELD.sub(_without_value, text)
    if not ours:
        text = _without_persons(text)
    return f"{text[:-_MARGIN]}..." if is_cut else text


def _without_persons(text: str) -> str:
    text = _QUOTED_INPUT.sub(MASK, text)
    text = _DETAIL.sub(rf"\1: {MASK}", text)
    text = _EMAIL.sub(MASK, text)
    text = _ENCODED.sub(MASK, text)
    return _NUMBER.sub(lambda found: _masked_number(found[0]), text)


def tells_secret(name: str) -> bool:
    """Say whether what is called so is a secret: a header, a parameter, a property.

    >>> tells_secret("X-Api-Key"), tells_secret("sslpassword"), tells_secret("pageToken"), tells_secret("offset")
    (True, True, False, False)
    """
    return _SECRET.fullmatch(name) is not None and _PAGING.fullmatch(name) is None


def one_line(text: str) -> str:
    r"""Return `text` with every character that ends a line or steers a terminal spelt out.

    >>> one_line("page 1\n2026-07-01 ERROR forged\x1b[2J")
    'page 1\\n2026-07-01 ERROR forged\\x1b[2J'
    """
    return "".join(_spelt(sign) if category(sign) in STEERING else sign for sign in text)


class RedactingFormatter(logging.Formatter):
    """Writes each record as one redacted line; give it to every handler of a program that uses this library.

    The record stays as it is: other handlers format it their own way.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        """Write plain lines, or JSON objects: time (UTC), level, logger, message, and traceback where there is one."""
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        ours = record.name.partition(".")[0] in OURS
        message = redacted(message_of(record), ours=ours)
        trace = redacted(_trace(record))
        if self._as_json:
            return self._document(record, message, trace)
        head = f"{self.formatTime(record)} {record.levelname} {record.name}: "
        return one_line(head + "\n".join(filter(None, (message, trace))))

    def _document(self, record: logging.LogRecord, message: str, trace: str) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"time": at, "level": record.levelname, "logger": record.name, "message": message}
        # In ASCII: whatever the stream can write, the line is JSON, and nothing in it steers a terminal.
        return json.dumps(told | ({"traceback": trace} if trace else {}))


def message_of(record: logging.LogRecord) -> str:
    """Return what a record says, of its values only what may be said; it never raises, for nobody could be told."""
    said = record.msg if isinstance(record.msg, str) else str(_sayable(record.msg))
    values = record.args
    if not values:
        return said
    try:
        if isinstance(values, Mapping) and "%(" in said:
            return said % {name: _sayable(value) for name, value in values.items()}
        # logging takes a single object for named values, whatever the sentence says.
        return said % tuple(map(_sayable, (values,) if isinstance(values, Mapping) else values))
    except Exception:  # noqa: BLE001  # values that do not fit their sentence, or cannot be shown
        return said


def _sayable(value: object) -> object:
    match value:
        case str() | int() | float() | None:
            return value
        case BaseException():
            return kind_of(value)
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case memoryview():
            return f"<{value.nbytes} bytes>"
        case _ if isinstance(value, _OPAQUE):
            return _shape(cast("object", value))
        case _:
            return str(value)


def _shape(value: object) -> object:
    """Return a list or an object with its names and short numbers, and no text; see `masked_item`."""
    from cchc_connect.privacy.masking import masked_item  # noqa: PLC0415  # it brings the records; few lines need it

    return str(masked_item(list(cast("set[object]", value)) if isinstance(value, set | frozenset) else value))


def _trace(record: logging.LogRecord) -> str:
    """Return a record's traceback and stack; a traceback that another handler wrote is not taken over."""
    error = record.exc_info[1] if record.exc_info else None
    told = record.exc_text if error is None else traceback_of(error)
    return "\n".join(filter(None, (told, record.stack_info)))


def _without_value(found: re.Match[str]) -> str:
    quote = found["open"] or ""
    return f"{found['name']}{found['sign']}{quote}{MASK}{quote}"


def _masked_number(number: str) -> str:
    from cchc_schemas import mask  # noqa: PLC0415  # as above

    return mask("".join(filter(str.isdecimal, number)))


def _spelt(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
