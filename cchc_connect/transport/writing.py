"""Writing a request down as it goes over the wire."""

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import version
from urllib.parse import urlencode

from cchc_connect.errors import ConfigurationError, MessageRefused
from cchc_connect.http import HttpRequest
from cchc_connect.transport.call import Call
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.failures import foreign_address
from cchc_connect.transport.guard import ForbiddenAddress, Origin, resolve
from cchc_connect.transport.unpacking import accepted
from cchc_connect.transport.wire import Wire

FORM = "application/x-www-form-urlencoded"


def written(request: HttpRequest, call: Call, endpoint: Endpoint, origins: Collection[Origin]) -> Wire:
    """Return `request` ready to be sent to one of `origins`; `call` is what errors speak of.

    Raises:
        SourceHeld: its address is not the connection's.
        ConfigurationError: a header cannot be sent.
        MessageRefused: its body is no JSON.
    """
    wire = Wire(
        method=request.method,
        url=_address(request, call, endpoint, origins),
        headers=_headers(request, call, endpoint),
        body=_body(request, call),
    )
    check_headers(wire, call)
    return wire


def check_headers(wire: Wire, call: Call) -> None:
    """Let pass what may stand in headers; others the libraries would refuse, quoting them, or worse, would send.

    Raises:
        ConfigurationError: a header cannot be sent.
    """
    unsendable = _unsendable_header(wire.headers)
    if unsendable is not None:
        raise ConfigurationError("transport.header_unsendable", **call.context(), header=unsendable)


def _address(request: HttpRequest, call: Call, endpoint: Endpoint, origins: Collection[Origin]) -> str:
    try:
        return resolve(endpoint.base_url, request.path, request.params, origins)
    except ForbiddenAddress as refused:
        rule = refused.rule
    raise foreign_address(call, rule)


def _headers(request: HttpRequest, call: Call, endpoint: Endpoint) -> Mapping[str, str]:
    """Put all headers together; a later source wins over an earlier one, whatever its upper and lower case."""
    ours = {
        "User-Agent": _user_agent(),
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": ", ".join(accepted()),
        "X-Request-Id": call.request_id,
    }
    kind = _content_type(request)
    if kind is not None:
        ours["Content-Type"] = kind
    together: dict[str, tuple[str, str]] = {}
    for source in (ours, endpoint.dialect.headers, endpoint.authentication.headers(), request.headers):
        together |= {name.lower(): (name, value) for name, value in source.items()}
    return dict(together.values())


def _content_type(request: HttpRequest) -> str | None:
    if request.json is not None:
        return "application/json"
    return FORM if request.form is not None else request.content_type


def _unsendable_header(headers: Mapping[str, str]) -> str | None:
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            return name
    return None


def _body(request: HttpRequest, call: Call) -> bytes | None:
    if request.form is not None:
        return urlencode(request.form).encode()
    if request.json is None:
        return request.content
    try:
        return json.dumps(request.json, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        pass  # what Python says holds the value; it must not stay in the chain of causes
    raise MessageRefused("transport.unsendable", **call.context())


@cache
def _user_agent() -> str:
    return f"cchc-connect/{version('cchc-connect')}"
