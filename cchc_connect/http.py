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

from cchc_connect.wire_json import Listing, is_json, listing, parts_of, strict_json

Result = TypeVar("Result")

_ORIGIN = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/?#\\]*")
_AFTER_PATH = re.compile(r"[?#;].*", re.DOTALL)
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
    """Body to be sent as JSON (UTF-8, not escaped to ASCII); None sends no body, or `content`."""
    content: bytes | None = None
    """Body to be sent as it is, instead of `json`."""
    content_type: str | None = None
    """Media type of `content`."""
    idempotent: bool | None = None
    """May it be sent twice? None means: by its method (POST and PATCH may not)."""
    accept: frozenset[Verdict] = frozenset({Verdict.OK})
    """Verdicts the asker wants to read; any other becomes a typed error."""

    @property
    def may_repeat(self) -> bool:
        """Say whether sending it twice has the effect of sending it once."""
        return self.method not in {"POST", "PATCH"} if self.idempotent is None else self.idempotent

    @property
    def place(self) -> str:
        """Return what of the path may be shown: no origin, user, query, fragment or control character."""
        path = _AFTER_PATH.sub("", _ORIGIN.sub("", self.path, count=1))
        return "".join(sign if sign.isprintable() else "?" for sign in path[:_SHOWN_LENGTH])

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


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A service account's name and password, taken from their references when a run begins."""

    username: str
    password: str = field(repr=False)


class SessionLogin(Protocol):
    """How one system opens a session and where a session goes in a request.

    The transport keeps one session for all threads of a run, opens it once at a time, opens a new one
    when it is older than `lifetime_s` or an answer's verdict is `AUTH`, and does that once a call.
    """

    @property
    def lifetime_s(self) -> float:
        """Seconds after which a session is not trusted any more."""
        ...

    def login(self, credentials: Credentials) -> HttpRequest:
        """Return the request that opens a session."""
        ...

    def session(self, response: HttpResponse) -> str | None:
        """Return the session in a login's answer, None where the answer refuses it."""
        ...

    def attach(self, request: HttpRequest, session: str) -> HttpRequest:
        """Return `request` with the session in its place."""
        ...
