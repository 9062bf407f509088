"""Default classifier, for plain REST systems: response to verdict. Dialects with an envelope have their own."""

import re
import unicodedata

from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.transport.calls.x_road import rest_verdict
from cchc_connect.wire.links import is_json_type

_BY_STATUS = {
    # OpenCPS sends 203 with a JSON message where no user is logged in (VietOpenCPS/opencps-v2, 2020).
    203: Verdict.AUTH,
    400: Verdict.INVALID,
    401: Verdict.AUTH,
    403: Verdict.AUTH,
    404: Verdict.NOT_FOUND,
    408: Verdict.THROTTLED,  # Request Timeout: the request may be repeated (RFC 9110 section 15.5.9)
    409: Verdict.DUPLICATE,
    410: Verdict.NOT_FOUND,
    422: Verdict.INVALID,
    429: Verdict.THROTTLED,
    500: Verdict.MAINTENANCE,
    502: Verdict.MAINTENANCE,
    503: Verdict.MAINTENANCE,
    504: Verdict.MAINTENANCE,
}

_JSON_STRUCTURE = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*[{\[]")

# nginx sends 400 with one of these pages where a client certificate is required (ngx_http_special_response.c).
_CERTIFICATE_REQUIRED_PAGES = ("no required ssl certificate was sent", "the ssl certificate error")


def classify_rest(response: HttpResponse) -> Verdict:
    """Return the verdict on a response of a system that speaks JSON and uses status codes as HTTP defines them.

    JSON is told by the body: servers call it text/plain or text/html, or do not say what it is. A login or maintenance
    page with status 200 is UNKNOWN: the two cannot be told apart. An error of X-Road is judged by its code.
    """
    by_x_road = rest_verdict(response)
    if by_x_road is not None:
        return by_x_road
    match response.status:
        case 200 | 201:
            return Verdict.OK if is_json_response(response) else Verdict.UNKNOWN
        case 204 | 205:
            return Verdict.UNKNOWN if response.body else Verdict.OK
        case 400 if any(page in normalised(_text(response)) for page in _CERTIFICATE_REQUIRED_PAGES):
            return Verdict.AUTH
        case status:
            return _BY_STATUS.get(status, Verdict.UNKNOWN)


def normalised(text: str) -> str:
    r"""Return `text` normalised for comparison: NFC, case folded, runs of white space made one space.

    >>> normalised("  Hồ sơ ĐÃ\ttồn tại ")
    'hồ sơ đã tồn tại'
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(folded.split())


def is_json_response(response: HttpResponse) -> bool:
    """True if the body is JSON: an object or a list under any content type, any value under a content type of JSON."""
    return response.is_json and (speaks_json(response) or _JSON_STRUCTURE.match(response.json_body) is not None)


def speaks_json(response: HttpResponse) -> bool:
    """True if the content type is JSON (application/json, text/json, anything+json)."""
    return is_json_type(response.media_type)


def _text(response: HttpResponse) -> str:
    return response.body.decode("utf-8", errors="replace")
