"""A request as it goes over the wire: whole address, all headers, encoded body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from cchc_connect.errors import ConfigurationError, MessageRefused
from cchc_connect.http import HttpRequest
from cchc_connect.transport.call import Call
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.failures import foreign_address
from cchc_connect.transport.guard import ForbiddenAddress, resolve
from cchc_connect.transport.reading import ACCEPTED_ENCODINGS


@dataclass(frozen=True, kw_only=True)
class Wire:
    """What a carrier sends, byte for byte; written once and the same over all attempts."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        """Show the method only: all the rest may hold secrets or personal values."""
        return f"<{self.method} on the wire>"


@dataclass(frozen=True)
class Send:
    """One request to be sent, as often as the policy allows."""

    call: Call
    wire: Wire


def written(request: HttpRequest, call: Call, endpoint: Endpoint) -> Wire:
    """Return `request` ready to be sent; `call` is what errors speak of.

    Raises:
        SourceHeld: its address is not the connection's.
        ConfigurationError: a header cannot be sent.
        MessageRefused: its body is no JSON.
    """
    wire = Wire(
        method=request.method,
        url=_address(request, call, endpoint),
        headers=_headers(request, call, endpoint),
        body=_body(request, call),
    )
    unsendable = _unsendable_header(wire.headers)
    if unsendable is not None:
        raise ConfigurationError("transport.header", **call.context(), header=unsendable)
    return wire


def _address(request: HttpRequest, call: Call, endpoint: Endpoint) -> str:
    try:
        return resolve(endpoint.base_url, request.path, request.params, endpoint.origins)
    except ForbiddenAddress as refused:
        rule = refused.rule
    raise foreign_address(call, rule)


def _headers(request: HttpRequest, call: Call, endpoint: Endpoint) -> Mapping[str, str]:
    """Put all headers together; a later source wins over an earlier one, whatever its upper and lower case."""
    ours = {
        "User-Agent": _user_agent(),
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": ACCEPTED_ENCODINGS,
        "X-Request-Id": call.request_id,
    }
    if request.content is not None:
        ours |= {"Content-Type": request.content_type} if request.content_type else {}
    elif request.json is not None:
        ours["Content-Type"] = "application/json"
    together: dict[str, tuple[str, str]] = {}
    for source in (ours, endpoint.dialect.headers, endpoint.authentication.headers(), request.headers):
        together |= {name.lower(): (name, value) for name, value in source.items()}
    return dict(together.values())


def _unsendable_header(headers: Mapping[str, str]) -> str | None:
    """Return the name of a header whose value the libraries would refuse, quoting it, or worse, would send."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            return name
    return None


def _body(request: HttpRequest, call: Call) -> bytes | None:
    if request.content is not None or request.json is None:
        return request.content
    try:
        return json.dumps(request.json, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        pass  # what Python says holds the value; it must not stay in the chain of causes
    raise MessageRefused("transport.unsendable", **call.context())


@cache
def _user_agent() -> str:
    return f"cchc-connect/{version('cchc-connect')}"
