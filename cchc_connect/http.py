"""HTTP requests, responses and dialects as adapters see them, independent of any HTTP library.

An adapter builds an `HttpRequest` and reads an `HttpResponse`. Types of `requests` or `httpx` never reach it, so it
works over every transport::

    def lookup(code: str) -> Conversation[str]:
        response = yield HttpRequest(
            method="GET", path=f"/dossiers/{code}", accepted_verdicts=frozenset({Verdict.OK, Verdict.NOT_FOUND})
        )
        return "absent" if response.verdict is Verdict.NOT_FOUND else "present"
"""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol, TypeAlias, TypeVar

from cchc_connect.errors import ResponseUnreadable
from cchc_connect.wire.charsets import json_in_utf8
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.crowded_json import is_crowded
from cchc_connect.wire.json import Listing, is_json, read_json, split_listing, split_members
from cchc_connect.wire.links import NEXT, body_links, header_links, linked_address, media_type_of
from cchc_connect.wire.nested_listings import split_listing_at
from cchc_connect.wire.page_limits import DEFAULT_PAGE_LIMITS, PageLimits, PageTooLarge
from cchc_schemas import mask

Result = TypeVar("Result")

_ORIGIN = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/?#\\]*")
_AFTER_PATH = re.compile(r"[?#;].*", re.DOTALL)
_LONG_NUMBER = re.compile(r"[0-9]{9,}")
_NAME_IN_PATH = re.compile(r"(?<![^/])[^/]*(?:%[89A-Fa-f]|[^\x00-\x7f])[^/]*")
_MAX_SHOWN_LENGTH = 200
_KEPT = ("_document", "_parts", "_is_crowded", "json_body")
"""What a copy of a response with another verdict keeps, so that it is made once."""


class Verdict(StrEnum):
    """Meaning of a response. The dialect's classifier decides it, never the status alone."""

    OK = "ok"
    """The request succeeded."""
    DUPLICATE = "duplicate"
    """The other system already has what was sent."""
    NOT_FOUND = "not_found"
    """The other system does not have the resource or record that the request names."""
    AUTH = "auth"
    """Credentials, session or token are refused."""
    INVALID = "invalid"
    """The request was understood and is refused for good: sending it again unchanged cannot succeed."""
    THROTTLED = "throttled"
    """Too many requests; a later attempt may succeed."""
    MAINTENANCE = "maintenance"
    """The system does not work now; a later attempt may succeed."""
    UNKNOWN = "unknown"
    """None of the above. It is an error, never a success."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One HTTP request, relative to the connection's base URL.

    It has at most one body: `json`, `form` or `content`.

    >>> HttpRequest(method="GET", path="/parcels", params={"page": "2"})
    <GET /parcels>
    """

    method: str
    """HTTP method in upper case: GET, POST ..."""
    path: str
    """Path below the base URL, or a complete URL of an allowed origin (a next link)."""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters, not yet percent-encoded; they are added to those that the path already has."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of this request, in addition to those of the dialect."""
    json: object = None
    """Body that is sent as JSON (UTF-8, not escaped to ASCII)."""
    form: Mapping[str, str] | None = None
    """Body that is sent as form fields (application/x-www-form-urlencoded, UTF-8)."""
    content: bytes | None = None
    """Body that is sent unchanged."""
    content_type: str | None = None
    """Media type of `content`."""
    idempotent: bool | None = None
    """Whether sending it twice is safe. None: decided by the method (false for POST and PATCH)."""
    accepted_verdicts: frozenset[Verdict] = frozenset({Verdict.OK})
    """Verdicts for which the adapter receives the response; any other verdict becomes a typed error."""
    request_id: str | None = field(default=None, repr=False, compare=False)
    """Id under which it leaves (`X-Request-Id`), which the engine sets; None: the transport makes one."""

    def __post_init__(self) -> None:
        """Check that there is at most one body.

        Raises:
            TypeError: there is more than one body, or a `content_type` without `content`.
        """
        bodies = sum(body is not None for body in (self.json, self.form, self.content))
        if bodies > 1 or (self.content_type is not None and self.content is None):
            raise TypeError("a request has one body: json, form or content; content_type belongs to content")

    @property
    def is_idempotent(self) -> bool:
        """Whether sending the request twice has the same effect as sending it once, so that it may be retried."""
        return self.method not in {"POST", "PATCH"} if self.idempotent is None else self.idempotent

    @property
    def display_path(self) -> str:
        """Return the path as logs and errors may show it: without origin, user, query, fragment and personal values.

        It is cut to 200 characters. Of a number of nine or more digits only the last four are shown. A segment with
        letters beyond ASCII is replaced by `***`, a control character by `?`.
        """
        path = _AFTER_PATH.sub("", _ORIGIN.sub("", self.path, count=1))
        looked_at = path[: 2 * _MAX_SHOWN_LENGTH]
        printable = "".join(character if character.isprintable() else "?" for character in looked_at)
        shown = _LONG_NUMBER.sub(lambda number: mask(number[0]), _NAME_IN_PATH.sub("***", printable))
        # Half of a number at the cut would not be recognised: what was looked at last is left out.
        return shown[: -_MAX_SHOWN_LENGTH if len(path) > len(looked_at) else None][:_MAX_SHOWN_LENGTH]

    def __repr__(self) -> str:
        """Show method and path only: parameters and bodies may hold personal values or a session."""
        return f"<{self.method} {self.display_path}>"


class Headers(dict[str, str]):
    """Headers of a response by name, in upper or lower case.

    >>> headers = Headers({"x-total": "12"})
    >>> headers["X-Total"], headers.get("X-TOTAL"), "X-Total" in headers
    ('12', '12', True)
    """

    def __missing__(self, name: str) -> str:
        """Return the value of a name that is not in lower case; the error for a missing one names it as it was asked.

        Raises:
            KeyError: there is no such header.
        """
        if super().__contains__(name.lower()):
            return super().__getitem__(name.lower())
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name.lower() if isinstance(name, str) else name)

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return the value of a header; `default` if there is none."""
        try:
            return self[name]
        except KeyError:
            return default


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """One complete HTTP response: its body was read to the end and is within the size limits."""

    status: int
    """HTTP status code."""
    headers: Mapping[str, str]
    """Header name -> value, found in upper and lower case; the values of a repeated header are joined by ", "."""
    body: bytes
    """Decompressed body."""
    verdict: Verdict = Verdict.UNKNOWN
    """Verdict of the dialect's classifier; the transport sets it."""
    url: str = field(default="", repr=False)
    """Address that was asked, without what an account adds to it; links of the body are relative to it. "" in tests."""
    page_limits: PageLimits = field(default=DEFAULT_PAGE_LIMITS, repr=False)
    """Limits of a listing in the body."""

    def __post_init__(self) -> None:
        """Make the headers independent of upper and lower case."""
        if not isinstance(self.headers, Headers):
            lowered = Headers({name.lower(): value for name, value in self.headers.items()})
            object.__setattr__(self, "headers", lowered)

    @property
    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case; "" if there is none."""
        return media_type_of(self.headers.get("content-type", ""))

    def json(self) -> object:
        """Return the body parsed as JSON. It is parsed once and shared, so do not change the returned value.

        Raises:
            ResponseUnreadable: the body is not a JSON text, has a key twice in one object, or contains NaN or Infinity.
                It is a `ValueError`, and puts the source on hold where an adapter does not catch it.
            PageTooLarge: it has more objects than a page may have; the engine holds the source then.
        """
        return self._document

    def listing(self, name: str) -> Listing:
        """Return the body's object with the items of its list `name` not yet parsed.

        Prefer it to `json()` for listings: an item that did not change since the last run is then never parsed.

        Raises:
            ResponseUnreadable: the body is not a JSON object; a `ValueError`, as for `json`.
            PageTooLarge: there are too many items, one is too large, or there are too many objects beside them; the
                engine holds the source then.
        """
        self._require_uncrowded()
        with self._unreadable_as_held():
            return split_listing(self.json_body, name, self._parts, self.page_limits)

    def listing_at(self, path: Sequence[str]) -> Listing:
        """Return the same for a list at a path of members; an empty path: the document itself is the list.

        Raises:
            ResponseUnreadable: the body is no JSON; a `ValueError`, as for `json`.
            PageTooLarge: there are too many items, or one is too large; the engine holds the source then.
        """
        self._require_uncrowded()
        with self._unreadable_as_held():
            return split_listing_at(self.json_body, path, self.page_limits, self._parts if path else None)

    def next_link(self, document: Mapping[str, Any] | None = None) -> str | Unreadable | None:
        """Return the address of the next page, which becomes the page token; None if the page links to none.

        Links of the body and of the `Link` header count; of several that of the page's own media type (`wire.links`).

        Args:
            document: the body's object, where it was parsed already; None: only the header is looked at.

        Returns:
            `Unreadable` where the body has links in a form that is not known: that is no proof of a last page.
        """
        links = [] if document is None else body_links(document)
        if isinstance(links, Unreadable):
            return links
        links += header_links(self.headers.get("link", ""))
        return linked_address(self.url, links, NEXT, (self.media_type,))

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON text; its values are not parsed. A crowded one is not looked at any further."""
        return self._is_crowded or self._parts is not None or is_json(self.json_body)

    @cached_property
    def json_body(self) -> bytes:
        """The body in UTF-8 for a reader of JSON; `body` itself, unless its charset is another one."""
        return json_in_utf8(self.body, self.headers.get("content-type", ""))

    @cached_property
    def _document(self) -> object:
        self._require_uncrowded()
        with self._unreadable_as_held():
            self.page_limits.require_document(self.json_body)
            return read_json(self.json_body)

    @cached_property
    def _parts(self) -> Mapping[str, bytes] | None:
        return split_members(self.json_body)

    @cached_property
    def _is_crowded(self) -> bool:
        return is_crowded(self.json_body, self.page_limits.max_values)

    def _require_uncrowded(self) -> None:
        if self._is_crowded:
            raise PageTooLarge("items", self.page_limits.max_values)

    @contextmanager
    def _unreadable_as_held(self) -> Generator[None, None, None]:
        """Raise `ResponseUnreadable` for a `ValueError`, whose text may quote the body."""
        try:
            yield
        except ValueError:
            code = "source.not_json" if self.body.strip() else "source.no_content"
            raise ResponseUnreadable(code, status=self.status) from None

    def with_verdict(self, verdict: Verdict) -> "HttpResponse":
        """Return a copy with `verdict`; it keeps the already parsed JSON, so that the body is not parsed again."""
        response = replace(self, verdict=verdict)
        parsed: dict[str, object] = {
            name: self.__dict__[name]
            for name in ("_document", "_parts", "_is_crowded", "json_body")
            if name in self.__dict__
        }
        response.__dict__.update(parsed)
        return response

    def __repr__(self) -> str:
        """Show status, media type and size in bytes only: bodies contain personal values."""
        return f"<{self.status} {self.media_type or 'no type'}, {len(self.body)} bytes, {self.verdict}>"


Conversation: TypeAlias = Generator[HttpRequest, HttpResponse, Result]
"""A conversation: a generator that yields requests, receives their responses and returns its result."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one system uses HTTP: the meaning of its responses, its headers, its login and its rate limit."""

    classify: Callable[[HttpResponse], Verdict]
    """Classifier: reads status, content type, envelope code and normalised text. It never returns `OK` on a guess."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of every request to this system."""
    login: "SessionLogin | None" = None
    """How to log in; None if the system has no sessions."""
    rate: "Rate | None" = None
    """Rate limit of the system; a `rate` in the connection's configuration takes precedence. None: no limit."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Rate limit: a number of requests in a time span, over all processes that share a database.

    >>> Rate(requests=1, per_s=2.0).interval_s
    2.1
    """

    requests: int
    """Number of requests."""
    per_s: float
    """Time span in seconds."""

    @property
    def interval_s(self) -> float:
        """Return the seconds between two requests: 5 % more than the quota requires.

        A request that the network delays arrives closer to the next one. Without the margin a time window of the
        other system could contain one request too many.
        """
        return 1.05 * self.per_s / self.requests


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """User name and password of a service account, resolved from their secret references when a run begins."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class SessionToken:
    """Session token with the lifetime given by the login response."""

    token: str = field(repr=False)
    lifetime_s: float
    """Seconds from the moment when the login request was sent."""


class SessionLogin(Protocol):
    """How to log in to one system, and where a request carries the session token.

    The transport shares one session between all threads of a run and never runs two logins at once. It logs in again
    shortly before the lifetime ends, or when the verdict of a response is `AUTH`; the latter at most once in a call.
    """

    @property
    def lifetime_s(self) -> float:
        """Lifetime of a session in seconds, for a login response that gives none."""
        ...

    def login_request(self, credentials: Credentials) -> HttpRequest:
        """Return the login request."""
        ...

    def token_from(self, response: HttpResponse) -> str | SessionToken | None:
        """Return the session token from a login response; None if the response refuses the login.

        A `SessionToken` also says how long the token lives; a plain string lives for `lifetime_s`.
        """
        ...

    def with_token(self, request: HttpRequest, token: str) -> HttpRequest:
        """Return `request` with the session token in it."""
        ...
