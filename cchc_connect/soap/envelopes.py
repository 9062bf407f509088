"""SOAP envelopes: finds envelope and fault in a response and classifies it; a fault is never a success.

SOAP 1.1 section 4.4; SOAP 1.2 part 1 section 5.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.transport.calls.classifier import classify_rest
from cchc_connect.transport.calls.x_road import verdict_of_code
from cchc_connect.wire.xml import parse_xml

_NAMESPACES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")

_MEDIA_TYPES = frozenset({"text/xml", "application/xml", "application/soap+xml"})

_AUTH_FAULT_CODES = frozenset(
    {
        "FailedAuthentication",
        "FailedCheck",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "MessageExpired",
        "SecurityTokenUnavailable",
        "UnsupportedSecurityToken",
    }
)
"""Fault codes about credentials (OASIS WSS SOAP Message Security 1.1, section 12)."""

_VERDICT_BY_CODE = {
    "Client": Verdict.INVALID,
    "Sender": Verdict.INVALID,
    "Server": Verdict.MAINTENANCE,
    "Receiver": Verdict.MAINTENANCE,
}

_MAX_REFERENCE_CHAIN = 32
_MAX_ELEMENTS = 500_000
"""Limits of a message: length of a chain of references, elements with all references resolved."""


@dataclass(frozen=True, kw_only=True)
class SoapFault:
    """Fault in a SOAP response."""

    codes: tuple[str, ...]
    """The code, then its subcodes from general to specific, without prefixes."""
    reason: str = field(repr=False)
    """Text of the system; it may hold personal values."""


def classify_soap(response: HttpResponse) -> Verdict:
    """Return the verdict on a SOAP response; a system with more specific faults needs a classifier based on `fault_of`.

    A server-side fault is MAINTENANCE ("try again later"), because it may pass, unless the last part of its code says
    that it cannot (X-Road: no such service, access denied). A response without an envelope is classified by its status
    and is not OK, unless it is an empty 202, 204 or 205.
    """
    envelope = envelope_of(response)
    fault = None if envelope is None else _fault(envelope)
    if fault is not None:
        return _fault_verdict(fault, response)
    match response.status:
        case 200 | 201:
            return Verdict.UNKNOWN if envelope is None else Verdict.OK
        case 202 | 204 | 205:
            return Verdict.UNKNOWN if response.body else Verdict.OK
        case _:
            return classify_rest(response)


def fault_of(response: HttpResponse) -> SoapFault | None:
    """Return the fault in a response, None where there is none."""
    envelope = envelope_of(response)
    return None if envelope is None else _fault(envelope)


def envelope_of(response: HttpResponse) -> Element | None:
    """Return the envelope of a response; None where it is no envelope or has a forbidden part (a DTD)."""
    if response.media_type not in _MEDIA_TYPES:
        return None
    try:
        root = parse_xml(response.body)
    except ValueError:
        return None
    is_envelope = any(root.tag == f"{{{namespace}}}Envelope" for namespace in _NAMESPACES)
    return root if is_envelope and _envelope_child(root, root, "Body") is not None else None


def body_of(envelope: Element) -> Element:
    """Return the body of an envelope."""
    body = _envelope_child(envelope, envelope, "Body")
    return Element("Body") if body is None else body


def can_be_resolved(body: Element) -> bool:
    """True if every chain of references ends, and all copies together stay within the limit.

    A reference stands for another element of the body: `href="#a"` for the one with `id="a"` (SOAP 1.1 section 5.4.1).
    zeep replaces each reference by a copy, also inside copies: ten references in each of ten elements become ten
    thousand million elements, and a cycle never ends. So the size is computed before zeep reads a message.
    """
    by_id = {name: child for child in body if (name := child.get("id"))}
    sizes: dict[str, int] = {}
    return not by_id or _resolved_size(body, by_id, sizes, _MAX_REFERENCE_CHAIN) <= _MAX_ELEMENTS


def _fault_verdict(fault: SoapFault, response: HttpResponse) -> Verdict:
    if _AUTH_FAULT_CODES & set(fault.codes):
        return Verdict.AUTH
    by_status = classify_rest(response)
    if by_status in {Verdict.AUTH, Verdict.THROTTLED}:
        return by_status
    by_reason = verdict_of_code(fault.codes, fault.reason)
    return by_reason or _VERDICT_BY_CODE.get(fault.codes[0] if fault.codes else "", Verdict.UNKNOWN)


def _fault(envelope: Element) -> SoapFault | None:
    body = _envelope_child(envelope, envelope, "Body")
    fault = None if body is None else _envelope_child(envelope, body, "Fault")
    if fault is None:
        return None
    code = _child_in_any_namespace(fault, "Code")
    if code is None:
        return SoapFault(codes=_codes([_text(fault, "faultcode")]), reason=_text(fault, "faultstring"))
    values: list[str] = []
    while code is not None:
        values.append(_text(code, "Value"))
        code = _child_in_any_namespace(code, "Subcode")
    reason = _child_in_any_namespace(fault, "Reason")
    return SoapFault(codes=_codes(values), reason="" if reason is None else _text(reason, "Text"))


def _codes(values: list[str]) -> tuple[str, ...]:
    """Return codes without prefixes; SOAP 1.1 appends subcodes with dots, from general to specific."""
    return tuple(part for value in values for part in value.rpartition(":")[2].split(".") if part)


def _envelope_child(envelope: Element, parent: Element, name: str) -> Element | None:
    """Return the child of that name in the envelope's namespace."""
    return parent.find(envelope.tag.replace("}Envelope", "}" + name))


def _child_in_any_namespace(parent: Element, name: str) -> Element | None:
    """Return the child of that name in any namespace: systems differ in the namespace of a fault's parts."""
    return next((child for child in parent if child.tag.rpartition("}")[2] == name), None)


def _text(parent: Element, name: str) -> str:
    child = _child_in_any_namespace(parent, name)
    return "" if child is None else (child.text or "").strip()


def _resolved_size(element: Element, by_id: Mapping[str, Element], sizes: dict[str, int], depth_left: int) -> int:
    """Return the number of elements with all references resolved; above the limit where a chain is too long."""
    if depth_left == 0:
        return _MAX_ELEMENTS + 1
    size = 0
    for inner in element.iter():
        size += 1
        name = (inner.get("href") or "").removeprefix("#")
        if name in by_id:
            if name not in sizes:
                sizes[name] = _resolved_size(by_id[name], by_id, sizes, depth_left - 1)
            size += sizes[name]
    return size
