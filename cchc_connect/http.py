"""What is asked and what came back, free of any HTTP library.

Neither `requests` nor `httpx` types leave this package: an adapter builds an `HttpRequest`, reads an
`HttpResponse` and never knows which carrier moved it.
"""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Protocol, TypeAlias, TypeVar

from cchc_connect.wire.json import Listing, is_json, listing, parts_of, strict_json
from cchc_schemas import mask

Result = TypeVar("Result")

_ORIGIN = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/?#\\]*")
_AFTER_PATH = re.compile(r"[?#;].*", re.DOTALL)
_LONG_NUMBER = re.compile(r"[0-9]{9,}")
_NAME_IN_PATH = re.compile(r"[^/]*(?:%[89A-Fa-f]|[^\x00-\x7f])[^/]*")
_SHOWN_LENGTH = 200


class Verdict(StrEnum):
    """What an answer means, decided by the dialect's classifier and never by the status alone."""

    OK = "ok"
    """Done, or here is what was asked for."""
    DUPLICATE = "duplicate"
    """The other side already has it."""
    NOT_FOUND = "not_found"
    """The other side does not know the thing spoken of."""
    AUTH = "auth"
    """Credentials, session or token refused."""
    INVALID = "invalid"
    """Understood and refused for good: sending the same again cannot help."""
    THROTTLED = "throttled"
    """Too much traffic; later."""
    MAINTENANCE = "maintenance"
    """Not working now; later."""
    UNKNOWN = "unknown"
    """None of the above: an error, never a success."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request, relative to the connection's base address."""

    method: str
    """Upper case: GET, POST ..."""
    path: str
    """Path below the base address, or a whole address on the same origin (a next link)."""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters; added to those the path already has."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of this request alone."""
    json: object = None
    """Body to be sent as JSON (UTF-8, not escaped to ASCII); of the three kinds of body at most one is given."""
    form: Mapping[str, str] | None = None
    """Body to be sent as the fields of a form (application/x-www-form-urlencoded, UTF-8)."""
    content: bytes | None = None
    """Body to be sent as it is."""
    content_type: str | None = None
    """Media type of `content`."""
    idempotent: bool | None = None
    """May it be sent twice? None means: by its method (POST and PATCH may not)."""
    accept: frozenset[Verdict] = frozenset({Verdict.OK})
    """Verdicts the asker wants to read; any other becomes a typed error."""

    def __post_init__(self) -> None:
        """Refuse a request with two bodies.

        Raises:
            TypeError: more than one body is given, or a type without the content it is of.
        """
        bodies = sum(body is not None for body in (self.json, self.form, self.content))
        if bodies > 1 or (self.content_type is not None and self.content is None):
            raise TypeError("a request has one body: json, form or content; content_type belongs to content")

    @property
    def may_repeat(self) -> bool:
        """Say whether sending it twice has the effect of sending it once."""
        return self.method not in {"POST", "PATCH"} if self.idempotent is None else self.idempotent

    @property
    def place(self) -> str:
        """Return what of the path may be shown: no origin, user, query, fragment, control character or person.

        Of a number of nine digits or more the last four are shown, of a step with letters beyond ASCII nothing.
        """
        path = _AFTER_PATH.sub("", _ORIGIN.sub("", self.path, count=1))
        told = "".join(sign if sign.isprintable() else "?" for sign in path[:_SHOWN_LENGTH])
        return _LONG_NUMBER.sub(lambda found: mask(found[0]), _NAME_IN_PATH.sub("***", told))

    def __repr__(self) -> str:
        """Show method and path only: parameters and bodies may hold personal values or a session."""
        return f"<{self.method} {self.place}>"


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """One whole answer: its body was read to its end and within the limits."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of a repeated header the values are joined by ", "."""
    body: bytes
    verdict: Verdict = Verdict.UNKNOWN
    """Set by the transport from the dialect's classifier."""

    @property
    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case ("" when there is none)."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> object:
        """Return the body read as JSON; it is read once, so treat what you get as read-only.

        Raises:
            ValueError: the body is no JSON text, or names a key twice, or holds NaN or Infinity.
        """
        return self._document

    def listing(self, name: str) -> Listing:
        """Return the body with the items of its list `name` unread; what did not change is never read then.

        Raises:
            ValueError: the body is no JSON object.
        """
        return listing(self.body, name, self._parts)

    @property
    def is_json(self) -> bool:
        """Say whether the body is one JSON text; its values are not read."""
        return self._parts is not None or is_json(self.body)

    @cached_property
    def _document(self) -> object:
        return strict_json(self.body)

    @cached_property
    def _parts(self) -> Mapping[str, bytes] | None:
        return parts_of(self.body)

    def judged(self, verdict: Verdict) -> "HttpResponse":
        """Return this answer with its verdict; a body already read as JSON is not read again."""
        answer = replace(self, verdict=verdict)
        known: dict[str, object] = {
            name: self.__dict__[name] for name in ("_document", "_parts") if name in self.__dict__
        }
        answer.__dict__.update(known)
        return answer

    def __repr__(self) -> str:
        """Show status, type and size only: bodies hold personal values."""
        return f"<{self.status} {self.media_type or 'no type'}, {len(self.body)} bytes, {self.verdict}>"


Exchange: TypeAlias = Generator[HttpRequest, HttpResponse, Result]
"""A conversation: it yields requests, receives their answers and returns its result."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one system talks: what its answers mean, which headers it wants, how one logs in."""

    classify: Callable[[HttpResponse], Verdict]
    """Reads status, content type, envelope code and normalised text; never guesses OK."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of every request to this system."""
    session: "SessionLogin | None" = None
    """How a session is opened, where the system wants one."""
    rate: "Rate | None" = None
    """How often the system lets itself be asked; a connection's own `rate` counts before it."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many requests in so many seconds, over all processes that share a database."""

    requests: int
    per_s: float

    @property
    def interval_s(self) -> float:
        """Return the seconds from one request to the next.

        A twentieth longer than the quota asks: what the network delays comes closer to what follows it, and a
        window of the other side's would hold one too many.
        """
        return 1.05 * self.per_s / self.requests


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A service account's name and password, taken from their references when a run begins."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Granted:
    """A session of which the answer to the login tells how long it lives."""

    token: str = field(repr=False)
    lifetime_s: float
    """Seconds from when it was asked for."""


class SessionLogin(Protocol):
    """How one system opens a session and where a session goes in a request.

    The transport keeps one session for all threads of a run, opens it once at a time, opens a new one shortly
    before the old one's life ends or when an answer's verdict is `AUTH`, and does that once a call.
    """

    @property
    def lifetime_s(self) -> float:
        """Seconds for which a session is trusted, where its answer does not tell."""
        ...

    def login(self, credentials: Credentials) -> HttpRequest:
        """Return the request that opens a session."""
        ...

    def session(self, response: HttpResponse) -> str | Granted | None:
        """Return the session in a login's answer, None where the answer refuses it."""
        ...

    def attach(self, request: HttpRequest, session: str) -> HttpRequest:
        """Return `request` with the session in its place."""
        ...
