"""Default classifier, for plain REST systems: response to verdict. Dialects with an envelope have their own."""

import unicodedata

from cchc_connect.http import HttpResponse, Verdict

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

# nginx sends 400 with one of these pages where a client certificate is required (ngx_http_special_response.c).
_CERTIFICATE_REQUIRED_PAGES = ("no required ssl certificate was sent", "the ssl certificate error")


def classify_rest(response: HttpResponse) -> Verdict:
    """Return the verdict on a response of a system that speaks JSON and uses status codes as HTTP defines them.

    A login or maintenance page with status 200 is UNKNOWN: the two cannot be told apart.
    """
    match response.status:
        case 200 | 201:
            return Verdict.OK if speaks_json(response) and response.is_json else Verdict.UNKNOWN
        case 204:
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


def speaks_json(response: HttpResponse) -> bool:
    """True if the content type is JSON (application/json, text/json, anything+json)."""
    kind, _, subtype = response.media_type.partition("/")
    return (kind in {"application", "text"} and subtype == "json") or subtype.endswith("+json")


def _text(response: HttpResponse) -> str:
    return response.body.decode("utf-8", errors="replace")
