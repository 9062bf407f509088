"""Encodes an `HttpRequest` for sending: absolute URL, headers, body bytes."""

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import version
from urllib.parse import urlencode

from cchc_connect.errors import ConfigurationError, MessageRefused
from cchc_connect.http import HttpRequest
from cchc_connect.transport.calls.call import Call, PreparedRequest
from cchc_connect.transport.calls.error_mapping import forbidden_address_error
from cchc_connect.transport.decompression import ACCEPT_ENCODING
from cchc_connect.transport.endpoint import Endpoint
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, build_url

FORM = "application/x-www-form-urlencoded"


def prepare_request(
    request: HttpRequest, call: Call, endpoint: Endpoint, origins: Collection[Origin]
) -> PreparedRequest:
    """Return `request` ready to be sent to one of `origins`; errors carry the context of `call`.

    Raises:
        SourceHeld: its address is forbidden.
        ConfigurationError: a header cannot be sent.
        MessageRefused: its body cannot be written as JSON.
    """
    prepared = PreparedRequest(
        method=request.method,
        url=_address(request, call, endpoint, origins),
        headers=_headers(request, call, endpoint),
        body=_body(request, call),
    )
    check_headers(prepared, call)
    return prepared


def check_headers(prepared: PreparedRequest, call: Call) -> None:
    """Require that every header can be sent; the libraries would quote a bad one in their error, or even send it.

    Raises:
        ConfigurationError: a header cannot be sent.
    """
    unsendable = _unsendable_header(prepared.headers)
    if unsendable is not None:
        raise ConfigurationError("transport.header_unsendable", **call.context(), header=unsendable)


def _address(request: HttpRequest, call: Call, endpoint: Endpoint, origins: Collection[Origin]) -> str:
    try:
        return build_url(endpoint.base_url, request.path, request.params, origins)
    except ForbiddenAddress as refused:
        rule = refused.rule
    raise forbidden_address_error(call, rule)


def _headers(request: HttpRequest, call: Call, endpoint: Endpoint) -> Mapping[str, str]:
    """Return all headers; a later source overrides an earlier one, regardless of case."""
    defaults = {
        "User-Agent": _user_agent(),
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": ACCEPT_ENCODING,
        "X-Request-Id": call.request_id,
    }
    content_type = _content_type(request)
    if content_type is not None:
        defaults["Content-Type"] = content_type
    merged: dict[str, tuple[str, str]] = {}
    for source in (defaults, endpoint.dialect.headers, endpoint.authentication.headers(), request.headers):
        merged |= {name.lower(): (name, value) for name, value in source.items()}
    return dict(merged.values())


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
        pass  # Python's error quotes the value, so it must not be chained
    raise MessageRefused("transport.unsendable", **call.context())


@cache
def _user_agent() -> str:
    return f"cchc-connect/{version('cchc-connect')}"
