"""What the codes of X-Road mean: what a person must mend first is no maintenance, over REST and SOAP."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from cchc_connect import Dialect, HttpRequest, HttpResponse, Verdict, classify_rest
from cchc_connect.errors import AuthenticationFailed, CchcError, Maintenance, SourceHeld
from cchc_connect.soap import classify_soap
from tests.transport.both_transports import FAST_POLICY, OpenTransport
from tests.transport.dialects import rest_endpoint
from tests.transport.scripted_server import (
    ReceivedRequest,
    ResponseScript,
    ScriptedServer,
    closing_response,
    in_turn,
)

pytestmark = pytest.mark.repeats

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]
AUTH, INVALID, LATER = Verdict.AUTH, Verdict.INVALID, Verdict.MAINTENANCE

CODES = {
    "server.clientproxy.invalid_client_identifier": AUTH,
    "server.clientproxy.internal_error": Verdict.UNKNOWN,
    "server.clientproxy.unknown_member": INVALID,
    "server.clientproxy.ssl_authentication_failed": AUTH,
    "server.clientproxy.invalid_security_server": INVALID,
    "server.clientproxy.network_error": LATER,
    "server.clientproxy.global_conf_outdated": LATER,
    "server.clientproxy.outdated_global_conf": LATER,
    "server.clientproxy.maintenance_mode": LATER,
    "server.clientproxy.invalid_request": INVALID,
    "server.serverproxy.unknown_service": INVALID,
    "server.serverproxy.access_denied": AUTH,
    "server.serverproxy.service_disabled": LATER,
    "server.serverproxy.service_type": INVALID,
    "server.serverproxy.network_error": LATER,
    "server.serverproxy.unknown_host": LATER,
    "server.serverproxy.io_error": LATER,
    "server.serverproxy.service_missing_url": INVALID,
    "server.serverproxy.invalid_signature_value": LATER,
    "server.clientproxy.inconsistent_response": LATER,
    "server.serverproxy.ssl_authentication_failed": LATER,
    "server.serverproxy.logging_failed": LATER,
    "server.serverproxy.timestamping_failed": LATER,
    "server.serverproxy.internal_error": LATER,
    "server.serverproxy.service_failed.io_error": LATER,
    "server.serverproxy.service_failed.unheard_of": LATER,
    "server.serverproxy.unheard_of": LATER,
    "client.invalid_http_method": INVALID,
    "client.clientproxy.unknown_member": INVALID,
    "client.unheard_of": INVALID,
}
"""Every code of the security server's documents and programs that a consumer meets, and its meaning."""

FAULT = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>{code}</faultcode>'
    "<faultstring>{message}</faultstring></s:Fault></s:Body></s:Envelope>"
)
SPELLINGS = st.sampled_from(["new", "old", "upper"])


def spelled(code: str, spelling: str) -> str:
    """Return a code as version 7.8 writes it, or as earlier ones do (`Server.ClientProxy.NetworkError`)."""
    if spelling == "new":
        return code
    old = ".".join("".join(word.capitalize() for word in part.split("_")) for part in code.split("."))
    old = old.replace("proxy", "Proxy").replace("IoError", "IOError")
    return old if spelling == "old" else old.upper()


@given(
    code=st.sampled_from(list(CODES)),
    spelling=SPELLINGS,
    status=st.sampled_from([200, 400, 404, 500, 503]),
    where=st.sampled_from(["header", "json", "xml"]),
)
def test_a_rest_error_is_judged_by_its_code(code: str, spelling: str, status: int, where: str) -> None:
    text = spelled(code, spelling)
    headers = {"x-road-error": text if where == "header" else "", "content-type": "application/json"}
    body = json.dumps({"type": text, "message": "x", "detail": "u"}).encode()
    if where == "xml":
        body = f"<error><type>{text}</type><message>x</message></error>".encode()

    assert classify_rest(HttpResponse(status=status, headers=headers, body=body)) is CODES[code]


@given(code=st.sampled_from(list(CODES)), spelling=SPELLINGS, prefix=st.sampled_from(["", "SOAP-ENV:"]))
def test_a_soap_fault_is_judged_by_its_code_whatever_the_status(code: str, spelling: str, prefix: str) -> None:
    body = FAULT.format(code=prefix + spelled(code, spelling), message="x").encode()
    for status in (200, 500):
        response = HttpResponse(status=status, headers={"content-type": "text/xml; charset=UTF-8"}, body=body)
        expected = CODES[code]
        if spelling != "old" and "unheard_of" in code and "service_failed" not in code:
            expected = Verdict.UNKNOWN  # no known reason, and no SOAP code either
        assert classify_soap(response) is expected


@pytest.mark.parametrize("message", ["Invalid request URI", "Invalid Client Id", "INVALID CLIENT ID: x"])
def test_a_request_that_our_own_server_cannot_read_is_refused_for_good(message: str) -> None:
    body = json.dumps({"type": "server.clientproxy.internal_error", "message": message}).encode()
    headers = {"x-road-error": "Server.ClientProxy.InternalError", "content-type": "application/json"}

    assert classify_rest(HttpResponse(status=500, headers=headers, body=body)) is INVALID


def test_an_answer_of_the_provider_is_judged_by_its_own_status() -> None:
    body = json.dumps({"type": "server.serverproxy.access_denied"}).encode()

    assert classify_rest(HttpResponse(status=500, headers={"content-type": "application/json"}, body=body)) is LATER


@given(st.text(st.characters(codec="latin-1"), max_size=30), st.binary(max_size=30), st.sampled_from([200, 400, 500]))
def test_any_error_of_x_road_is_no_success(code: str, body: bytes, status: int) -> None:
    assert classify_rest(HttpResponse(status=status, headers={"x-road-error": code}, body=body)) is not Verdict.OK


def test_the_code_of_the_header_counts_whatever_the_body_holds() -> None:
    headers = {"x-road-error": "server.clientproxy.unknown_member", "content-type": "application/json"}
    body = b"[" + b",".join([b"1"] * 100_002) + b"]"

    assert classify_rest(HttpResponse(status=500, headers=headers, body=body)) is INVALID


@pytest.mark.parametrize(
    ("code", "error", "requests"),
    [
        ("server.serverproxy.access_denied", AuthenticationFailed, 1),
        ("server.clientproxy.unknown_member", SourceHeld, 1),
        ("server.serverproxy.unknown_service", SourceHeld, 1),
        ("server.clientproxy.internal_error", SourceHeld, 1),
        ("server.clientproxy.network_error", Maintenance, FAST_POLICY.max_attempts),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_must_be_mended_first_is_asked_once_and_blames_no_message(
    serve: Serve, open_carrier: OpenTransport, method: str, code: str, error: type[CchcError], requests: int
) -> None:
    body = json.dumps({"type": code, "message": "x", "detail": "u"}).encode()
    agency = serve(in_turn([closing_response("500 Internal Server Error", body, f"X-Road-Error: {code}")]))

    with pytest.raises(error) as raised:
        open_carrier(rest_endpoint(agency.base_url)).send(HttpRequest(method=method, path="/r1/x", idempotent=True))

    assert (type(raised.value), len(agency.requests)) == (error, requests)


@pytest.mark.parametrize("code", ["Server.ServerProxy.UnknownService", "SOAP-ENV:Server.ClientProxy.UnknownMember"])
def test_a_fault_of_x_road_blames_no_message_over_soap(serve: Serve, open_carrier: OpenTransport, code: str) -> None:
    body = FAULT.format(code=code, message="x").encode()
    agency = serve(in_turn([closing_response("200 OK", body, media_type="text/xml")]))
    endpoint = replace(rest_endpoint(agency.base_url), dialect=Dialect(classify=classify_soap))

    with pytest.raises(SourceHeld) as raised:
        open_carrier(endpoint).send(HttpRequest(method="POST", path="/", content=b"<x/>"))

    assert raised.value.code == "transport.request_refused"
