"""The canaries (invented secrets and an invented person), and the search for them in every form a library may write.

Tests search all output of the program; a canary in it shows a leak.
"""

import html
import json
import pickle
import traceback
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

SECRETS: Mapping[str, str] = {
    "password": "canary-mat-khau/+%@é",
    "portal password": "canary/portal+%@ê",
    "database password": "canary-csdl/+%@é",
    "session": "canary-session/77+=",
    "link": "canary-link-31",
    "user of a link": "canary-user-52",
    "cookie": "canary-cookie-5",
    "answer": "canary-answer-84",
}

PERSON: Mapping[str, str] = {
    "name": "Nguyễn Thị Hoàng Yến",
    "former name": "Trần Thị Sơn Ca",
    "citizen id": "074087000951",
    "telephone": "0912345951",
    "email": "hoang.yen.951@mail.example",
    "birth": "1987-02-28",
}

IN_EVERY_ITEM = ("name", "citizen id", "telephone", "email")
"""The person's values that every item holds."""


def written_forms(canary: str) -> Iterator[str]:
    """Yield every form in which a canary may be written."""
    octets = canary.encode()
    yield from (canary, repr(canary)[1:-1], repr(octets)[2:-1], html.escape(canary))
    yield from (json.dumps(canary)[1:-1], json.dumps(json.dumps(canary))[3:-3])
    yield from (quote(canary), quote(canary, safe=""), quote_plus(canary), quote(canary, safe="").replace("%2F", "%2f"))
    for shift in range(3):  # base64 depends on the number of bytes before it, modulo 3
        encoded = b64encode(bytes(shift) + octets).decode()
        core = encoded[-(-8 * shift // 6) : 8 * (shift + len(octets)) // 6]
        yield from (core, core.replace("+", "-").replace("/", "_"))


def canaries_in(text: str, canaries: Iterable[str]) -> list[str]:
    """Return every occurrence of a canary in a text, with 60 characters before and after it."""
    forms = {form for canary in canaries for form in written_forms(canary)}
    return [text[max(0, start - 60) : start + 60] for form in forms if (start := text.find(form)) >= 0]


def shown_of(error: BaseException) -> Iterator[str]:
    """Yield what a log, a crash reporter or a pickle shows of an error, its causes and the locals of our frames."""
    pending, seen = [error], list[BaseException]()
    while pending:
        shown_error = pending.pop()
        seen.append(shown_error)
        yield from (str(shown_error), repr(shown_error), repr(vars(shown_error)), repr(shown_error.args))
        for frame in traceback.TracebackException.from_exception(shown_error, capture_locals=True).stack:
            if "/tests/" not in frame.filename:
                yield f"{frame.filename} {frame.lineno} {frame.line} {frame.locals}"
        pending += [cause for cause in (shown_error.__cause__, shown_error.__context__) if cause and cause not in seen]
    yield pickle.dumps(error).decode("latin-1")
