"""Faults of meaning: refusals that look like a page, error statuses, throttling."""

from cchc_connect.errors import AuthenticationFailed, Maintenance, ResponseUnreadable, SourceHeld, Throttled
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.fault import WireFault
from cchc_connect.testing.faults.response_scripts import KEEP_OPEN, ResponseScript, closing_response, response_head

HTML = "text/html; charset=utf-8"
LOGIN = (
    "<!DOCTYPE html><html lang='vi'><title>Đăng nhập</title><body><form method='post'></form></body></html>".encode()
)
NGINX = (
    b"<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n"
    b"<center><h1>400 Bad Request</h1></center>\r\n<center>No required SSL certificate was sent</center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
SOAP_FAULT = (
    b'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
    b"<soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>Internal error</faultstring></soap:Fault>"
    b"</soap:Body></soap:Envelope>"
)
ERROR_OBJECT = b'{"error": {"code": 500, "message": "Internal error", "details": []}}'

_LATER = "Wed, 01 Jan 2098 01:00:00 GMT"
_DATE = "Wed, 01 Jan 2098 00:00:00 GMT"


def _response(status: str, body: bytes = b"{}", *lines: str, kind: str = "application/json") -> ResponseScript:
    return [closing_response(status, body, *lines, media_type=kind)]


def _status(status: int, reason: str, becomes: type[SourceHeld | Maintenance | Throttled]) -> WireFault:
    line = f"{status} {reason}"
    return WireFault(
        name=f"status_{status}",
        meaning=f"The status is {line}.",
        expected_error=becomes,
        script=lambda _: _response(line),
    )


def _empty_body(response: ServerResponse) -> ResponseScript:
    return [
        response_head(f"{response.status} OK", f"Content-Type: {response.media_type}", "Content-Length: 0"),
        KEEP_OPEN,
    ]


REFUSALS = (
    WireFault(
        name="html_with_200",
        meaning="A login page comes with 200.",
        expected_error=SourceHeld,
        script=lambda _: _response("200 OK", LOGIN, kind=HTML),
    ),
    WireFault(
        name="html_saying_json",
        meaning="A login page comes with 200 and calls itself JSON.",
        expected_error=SourceHeld,
        script=lambda _: _response("200 OK", LOGIN),
    ),
    WireFault(
        name="error_object_200",
        meaning="An error object comes with 200; the dialect must recognise it.",
        expected_error=SourceHeld,
        script=lambda _: _response("200 OK", ERROR_OBJECT),
    ),
    WireFault(
        name="soap_fault_200",
        meaning="A SOAP fault comes with 200.",
        expected_error=SourceHeld,
        script=lambda _: _response("200 OK", SOAP_FAULT, kind="text/xml; charset=utf-8"),
    ),
    WireFault(
        name="empty_page",
        meaning="The body is empty, with 200.",
        expected_error=SourceHeld,
        script=_empty_body,
    ),
    WireFault(
        name="status_203",
        meaning="203 means that the client is not logged in.",
        expected_error=AuthenticationFailed,
        script=lambda _: _response("203 Non-Authoritative Information", b'{"code": 203}'),
    ),
    WireFault(
        name="status_204_for_a_page",
        meaning="204 comes instead of a page.",
        expected_error=ResponseUnreadable,
        script=lambda _: [response_head("204 No Content"), KEEP_OPEN],
    ),
    WireFault(
        name="nginx_400_no_client_certificate",
        meaning="nginx requires a client certificate and responds with 400.",
        expected_error=AuthenticationFailed,
        script=lambda _: _response("400 Bad Request", NGINX, kind="text/html"),
    ),
    _status(304, "Not Modified", SourceHeld),
    _status(400, "Bad Request", SourceHeld),
    _status(401, "Unauthorized", AuthenticationFailed),
    _status(403, "Forbidden", AuthenticationFailed),
    _status(404, "Not Found", SourceHeld),
    _status(418, "I'm a teapot", SourceHeld),
    _status(501, "Not Implemented", SourceHeld),
)

RETRY_LATER = (
    _status(500, "Internal Server Error", Maintenance),
    _status(502, "Bad Gateway", Maintenance),
    _status(503, "Service Unavailable", Maintenance),
    _status(504, "Gateway Timeout", Maintenance),
    _status(408, "Request Timeout", Throttled),
    _status(429, "Too Many Requests", Throttled),
    WireFault(
        name="throttled_seconds",
        meaning="429 requests a wait of one second.",
        expected_error=Throttled,
        script=lambda _: _response("429 Too Many Requests", b"{}", "Retry-After: 1"),
    ),
    WireFault(
        name="throttled_date",
        meaning="429 requests a wait until an hour after its own date.",
        expected_error=Throttled,
        script=lambda _: _response("429 Too Many Requests", b"{}", f"Date: {_DATE}", f"Retry-After: {_LATER}"),
    ),
    WireFault(
        name="throttled_garbage_retry_after",
        meaning="429 comes with an unreadable Retry-After.",
        expected_error=Throttled,
        script=lambda _: _response("429 Too Many Requests", b"{}", "Retry-After: 1e9; soon"),
    ),
    WireFault(
        name="throttled_for_hours",
        meaning="429 requests a wait of six hours.",
        expected_error=Throttled,
        script=lambda _: _response("429 Too Many Requests", b"{}", "Retry-After: 21600"),
    ),
    WireFault(
        name="maintenance_for_hours",
        meaning="503 requests a wait of six hours.",
        expected_error=Throttled,
        script=lambda _: _response("503 Service Unavailable", b"{}", "Retry-After: 21600"),
    ),
)
