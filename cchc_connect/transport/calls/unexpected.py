"""Responses that nobody can use: a redirect, a web page, a part, no content. Each kind has an error code of its own."""

import re

from cchc_connect.errors import SourceHeld
from cchc_connect.http import HttpResponse
from cchc_connect.transport.calls.call import Call
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, origin_of
from cchc_connect.wire.links import WEB_PAGE_TYPES, resolve

_REDIRECT_CLASS, _SUCCESS_CLASS = 3, 2
_NOT_MODIFIED, _PARTIAL = 304, 206
_WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s++|<!--(?:[^-]|-(?!->))*+-->)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE
)
_WEB_PAGE_SEARCHED_BYTES = 4096


def is_redirect(status: int) -> bool:
    """True if the status is a redirect; redirects are never followed, and their body is never read."""
    return status // 100 == _REDIRECT_CLASS and status != _NOT_MODIFIED


def is_web_page(response: HttpResponse) -> bool:
    """True if the response is HTML by its beginning, whatever its content type says, or has the type of HTML only."""
    if response.is_json:
        return False
    begins = _WEB_PAGE.match(response.body[:_WEB_PAGE_SEARCHED_BYTES]) is not None
    return begins or (bool(response.body) and response.media_type in WEB_PAGE_TYPES)


def unexpected_error(call: Call, response: HttpResponse) -> SourceHeld:
    """Return the error for a response that nobody can use."""
    if is_redirect(response.status):
        target = redirect_target(response.url, response.headers.get("location"))
        return SourceHeld("transport.redirected", **call.context(), redirect_target=target)
    if response.status == _NOT_MODIFIED:
        return SourceHeld("transport.not_modified", **call.context())
    if response.status == _PARTIAL:
        return SourceHeld("transport.partial_content", **call.context())
    if response.status // 100 == _SUCCESS_CLASS and not response.body.strip():
        return SourceHeld("transport.no_content", **call.context())
    if is_web_page(response):
        return SourceHeld("transport.web_page", **call.context())
    return SourceHeld("transport.response_unexpected", **call.context())


def redirect_target(url: str, location: str | None) -> str:
    """Return where a redirect leads, as a word: the address itself is the other side's and may hold anything.

    >>> redirect_target("http://land.example/p", "/login"), redirect_target("http://land.example/p", "//other.example/")
    ('same_system', 'other_system')
    >>> redirect_target("http://land.example/p", "https://land.example/p")
    'https'
    """
    if not location or not location.strip():
        return "not_given"
    try:
        own_origin, origin = origin_of(url), origin_of(resolve(url, location))
    except ForbiddenAddress as refused:
        return "not_http" if refused.rule == "scheme" else "unusable"
    if origin == own_origin:
        return "same_system"
    return "https" if origin == Origin("https", own_origin.host, origin.port) else "other_system"
