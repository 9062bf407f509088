"""Errors of X-Road: what the code of a security server means, in the header of a REST response or in a SOAP fault.

A code is dotted: whose side failed, then the reason, which may be nested (`Server.ServerProxy.ServiceFailed.IOError`).
Versions up to 7.7 write `AccessDenied`, later ones `access_denied`. Nobody can retry himself into a right, so what a
person must mend first is no maintenance. Sources: X-Road PR-REST 1.0.4 section 4.6 and the error codes of the security
server 7.7.1 and 7.8.0 (nordic-institute/X-Road).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.wire.codecs import as_object
from cchc_connect.wire.page_limits import PageTooLarge

ERROR_HEADER = "x-road-error"
"""Header that every error of X-Road itself has in a REST response, and no response of the provider."""

_REFUSED_RIGHTS = ("access_denied", "invalid_client_identifier", "security_category")
_WRONG_REQUEST = (
    *("unknown_member", "unknown_service", "invalid_security_server", "service_type", "service_missing_url"),
    *("service_malformed_url", "adapter_wsdl_not_found", "invalid_http_method", "invalid_content_type"),
    *("invalid_protocol_version", "invalid_request", "bad_request", "invalid_message", "invalid_body", "missing_body"),
    *("invalid_soap", "malformed_soap", "missing_soap", "invalid_xml", "missing_header", "missing_header_field"),
    *("duplicate_header_field", "inconsistent_headers", "mime_parsing_failed", "unsupported_algorithm"),
)
_MAY_PASS = (
    *("network_error", "unknown_host", "io_error", "http_error", "database_error", "service_disabled"),
    *("service_failed", "maintenance_mode", "outdated_global_conf", "global_conf_outdated", "malformed_global_conf"),
    *("invalid_signature_value", "signature_verification", "missing_signature", "cannot_create_signature"),
    *("inconsistent_response", "invalid_response", "logging_failed", "timestamping_failed", "timestamp_validation"),
    *("cert_validation", "cannot_sign", "token_not_active", "token_not_available", "ssl_authentication_failed"),
    "internal_error",
)
_OWN_SIDE: Mapping[str, Verdict] = MappingProxyType(
    {"sslauthenticationfailed": Verdict.AUTH, "internalerror": Verdict.UNKNOWN}
)
"""Reasons that mean something else where our own security server gives them: our certificate, a request that it cannot
read. The latter has the same code as a failure of the server, so it holds the source and blames no message."""

_OWN_ORIGIN, _CLIENT_ORIGIN, _SERVER_ORIGIN = ("server", "clientproxy"), "client", "server"
_UNREADABLE_REQUEST = re.compile(r"invalid (?:request uri|client id)", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+")
_IN_XML = re.compile(rb"<(?:\w+:)?(type|message)>([^<]{0,1000})</")
_SOAP_CODE = re.compile(
    rb"<(?:\w+:)?(?:faultcode|Value)[^<>]*+>[^<]{0,80}?\b(?:Server|Client)\.(?:Client|Server)Proxy\."
)
_SEARCHED_BYTES = 16 * 1024


def _normalised(reason: str) -> str:
    """Return a part of a code as all versions write it."""
    return reason.replace("_", "").lower()


_BY_REASON: Mapping[str, Verdict] = MappingProxyType(
    {
        **{_normalised(reason): Verdict.MAINTENANCE for reason in _MAY_PASS},
        **{_normalised(reason): Verdict.INVALID for reason in _WRONG_REQUEST},
        **{_normalised(reason): Verdict.AUTH for reason in _REFUSED_RIGHTS},
    }
)


def verdict_of_code(parts: Iterable[str], message: str = "") -> Verdict | None:
    """Return the verdict by the last known reason of a code; None if none is known.

    >>> verdict_of_code("Server.ServerProxy.AccessDenied".split(".")), verdict_of_code(["Server", "Whatever"])
    (<Verdict.AUTH: 'auth'>, None)
    """
    origin_and_reasons = [_normalised(part) for part in parts]
    is_own_side = tuple(origin_and_reasons[:2]) == _OWN_ORIGIN
    for reason in reversed(origin_and_reasons[1:]):
        if is_own_side and reason == "internalerror" and _UNREADABLE_REQUEST.search(message):
            return Verdict.INVALID
        if is_own_side and reason in _OWN_SIDE:
            return _OWN_SIDE[reason]
        if reason in _BY_REASON:
            return _BY_REASON[reason]
    return None


def rest_verdict(response: HttpResponse) -> Verdict | None:
    """Return the verdict on an error of X-Road itself; None if the response is the provider's own."""
    if ERROR_HEADER not in response.headers:
        return None
    code, message = _code_and_message(response)
    verdict = verdict_of_code(code, message)
    if verdict is not None:
        return verdict
    match code:
        case [origin, *_] if origin.lower() == _CLIENT_ORIGIN:
            return Verdict.INVALID
        case [origin, *_] if origin.lower() == _SERVER_ORIGIN:
            return Verdict.MAINTENANCE
        case _:
            return Verdict.UNKNOWN


def is_x_road_error(response: HttpResponse) -> bool:
    """True if X-Road itself refuses: our agreement, address or certificate, never the message that was sent."""
    return ERROR_HEADER in response.headers or _SOAP_CODE.search(response.body[:_SEARCHED_BYTES]) is not None


def _code_and_message(response: HttpResponse) -> tuple[Sequence[str], str]:
    """Return the code of the header, or of the body if the header has none, and the body's message."""
    members = _members(response)
    for code in (response.headers[ERROR_HEADER].strip(), members.get("type", "")):
        if _CODE.fullmatch(code):
            return code.split("."), members.get("message", "")
    return (), ""


def _members(response: HttpResponse) -> Mapping[str, str]:
    """Return the texts `type` and `message` of an error body, JSON or XML; nothing of any other body."""
    try:
        document = as_object(response.json()) or {}
    except PageTooLarge:  # no error of X-Road; the code of the header says what it is
        return {}
    except ValueError:
        elements = _IN_XML.findall(response.body[:_SEARCHED_BYTES])
        return {name.decode(): value.decode(errors="replace").strip() for name, value in elements}
    return {name: value for name, value in document.items() if isinstance(value, str)}
