"""What each authentication scheme sends, and that no other server receives it."""

import hashlib
import hmac
import itertools
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from cchc_connect import Credentials, HttpRequest
from cchc_connect.errors import AuthenticationFailed, ConfigurationError, MessageRefused, SourceHeld
from cchc_connect.transport import (
    ApiKey,
    Authentication,
    Bearer,
    Endpoint,
    Hmac,
    OAuth2,
    TokenLogin,
    TransportEnvironment,
)
from cchc_connect.transport.auth.ws_security import WsSecurity
from cchc_connect.wire.xml import parse_xml
from tests.transport.both_transports import OpenTransport
from tests.transport.dialects import REST, rest_endpoint
from tests.transport.scripted_server import ReceivedRequest, ResponseScript, ScriptedServer, closing_response, in_turn

GET = HttpRequest(method="GET", path="/parcels", params={"page": "2"})
POST = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})
NOW = datetime(2026, 11, 26, 1, 15, 30, tzinfo=UTC)
SECRET = "khoa-chung-canary/+9"  # invented
STAMPED = TransportEnvironment(now=lambda: NOW)

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]


def token_endpoint(lifetime: object = 3600, envelope: str = "") -> Callable[[ReceivedRequest], ResponseScript]:
    """Return the script of a token endpoint that numbers its tokens."""
    numbers = itertools.count(1)

    def script(request: ReceivedRequest) -> ResponseScript:
        del request
        token = {"access_token": f"t{next(numbers)}", "token_type": "bearer", "expires_in": lifetime}
        body = {envelope: token, "code": 0} if envelope else token
        return [closing_response("200 OK", json.dumps(body).encode())]

    return script


def listing(refused: frozenset[str] = frozenset()) -> Callable[[ReceivedRequest], ResponseScript]:
    """Return the script of a listing that refuses these Authorization headers."""

    def script(request: ReceivedRequest) -> ResponseScript:
        shown = request.headers.get("authorization", "")
        return [closing_response("401 Unauthorized" if shown in refused else "200 OK", json.dumps([shown]).encode())]

    return script


def by_oauth(agency: ScriptedServer, tokens: ScriptedServer, **changed: Any) -> Endpoint:
    login = TokenLogin(token_url=f"{tokens.base_url}/token", client_id="cchc+binh duong", client_secret=SECRET)
    return rest_endpoint(agency.base_url, OAuth2(replace(login, **changed)))


@pytest.mark.parametrize(
    ("authentication", "header", "value"),
    [(ApiKey("X-Api-Key", SECRET), "x-api-key", SECRET), (Bearer(SECRET), "authorization", f"Bearer {SECRET}")],
)
def test_a_key_or_token_goes_with_every_request(
    serve: Serve, open_carrier: OpenTransport, authentication: Authentication, header: str, value: str
) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))

    open_carrier(rest_endpoint(agency.base_url, authentication)).send(GET)

    assert agency.requests[0].headers[header] == value
    assert SECRET not in repr(authentication)


def test_a_token_is_fetched_once_and_sent_with_every_request(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())
    carrier = open_carrier(by_oauth(agency, tokens))

    responses = [carrier.send(GET).json() for _ in range(3)]

    assert responses == [["Bearer t1"]] * 3
    assert tokens.request_lines == ["POST /token"]


def test_the_client_secret_is_sent_to_the_token_endpoint_only(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())

    open_carrier(by_oauth(agency, tokens, parameters={"scope": "hồ sơ"})).send(GET)

    request = tokens.requests[0]
    assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["hồ sơ"]}
    shown = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert shown == "cchc%2Bbinh+duong:khoa-chung-canary%2F%2B9"  # RFC 6749, section 2.3.1
    assert SECRET not in str(agency.requests[0])


def test_the_client_secret_may_be_sent_in_the_form(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())

    open_carrier(by_oauth(agency, tokens, secret_in_form=True)).send(GET)

    fields = parse_qs(tokens.requests[0].body.decode())
    assert (fields["client_id"], fields["client_secret"]) == (["cchc+binh duong"], [SECRET])
    assert "authorization" not in tokens.requests[0].headers


def test_each_token_request_has_a_new_assertion(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing(frozenset({"Bearer t1"})))
    made = itertools.count(1)

    open_carrier(by_oauth(agency, tokens, client_secret=None, assertion=lambda: f"signed-{next(made)}")).send(GET)

    sent = [parse_qs(request.body.decode()) for request in tokens.requests]
    assert [fields["client_assertion"] for fields in sent] == [["signed-1"], ["signed-2"]]
    assert sent[0]["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]


def test_a_password_grant_sends_the_account(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())
    owner = Credentials(username="tichhop", password="mật khẩu")

    open_carrier(by_oauth(agency, tokens, resource_owner=owner)).send(GET)

    fields = parse_qs(tokens.requests[0].body.decode())
    assert fields == {"grant_type": ["password"], "username": ["tichhop"], "password": ["mật khẩu"]}


def test_a_refused_token_is_replaced_once_per_call(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing(frozenset({"Bearer t1"})))

    assert open_carrier(by_oauth(agency, tokens)).send(GET).json() == ["Bearer t2"]
    assert len(tokens.requests) == 2


def test_a_second_refused_token_is_an_error(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(in_turn([closing_response("401 Unauthorized", b"{}")]))

    with pytest.raises(AuthenticationFailed):
        open_carrier(by_oauth(agency, tokens)).send(GET)

    assert (len(tokens.requests), len(agency.requests)) == (2, 2)


@pytest.mark.parametrize("lifetime", [100, "100", 100.0])
def test_a_token_is_renewed_before_it_expires(serve: Serve, open_carrier: OpenTransport, lifetime: object) -> None:
    tokens, agency = serve(token_endpoint(lifetime)), serve(listing())
    moment = [0.0]
    carrier = open_carrier(by_oauth(agency, tokens), environment=TransportEnvironment(clock=lambda: moment[0]))

    carrier.send(GET)
    moment[0] = 79.0
    carrier.send(GET)
    moment[0] = 81.0
    responses = carrier.send(GET)

    assert responses.json() == ["Bearer t2"]
    assert len(tokens.requests) == 2


def test_eight_concurrent_calls_fetch_one_token(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())

    open_carrier(by_oauth(agency, tokens)).send_concurrently(GET, 8)

    assert len(tokens.requests) == 1


def test_a_token_may_come_in_an_envelope(serve: Serve, open_carrier: OpenTransport) -> None:
    tokens, agency = serve(token_endpoint(envelope="data")), serve(listing())

    assert open_carrier(by_oauth(agency, tokens, token_envelope="data")).send(GET).json() == ["Bearer t1"]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([closing_response("401 Unauthorized", b'{"error":"invalid_client"}')], "transport.auth_refused"),
        ([closing_response("400 Bad Request", b'{"error":"invalid_grant"}')], "transport.auth_refused"),
        ([closing_response("200 OK", b'{"error":"none"}')], "transport.login_refused"),
        ([closing_response("200 OK", b'{"access_token":"t","token_type":"mac"}')], "transport.login_refused"),
        ([closing_response("200 OK", b'{"access_token":"","token_type":"Bearer"}')], "transport.login_refused"),
        ([closing_response("200 OK", b"[]")], "transport.login_refused"),
    ],
)
def test_a_login_without_a_token_is_an_authentication_error(
    serve: Serve, open_carrier: OpenTransport, script: ResponseScript, code: str
) -> None:
    tokens, agency = serve(in_turn(script)), serve(listing())

    with pytest.raises(AuthenticationFailed) as refused:
        open_carrier(by_oauth(agency, tokens)).send(GET)

    assert refused.value.code == code
    assert agency.requests == []


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict", "410 Gone", "422 Unprocessable Content"])
def test_an_error_status_of_the_token_endpoint_is_no_refused_message(
    serve: Serve, open_carrier: OpenTransport, status: str
) -> None:
    """Our account or the token URL is wrong, not the message that was to be sent."""
    tokens, agency = serve(in_turn([closing_response(status, b"{}")])), serve(listing())

    with pytest.raises(AuthenticationFailed) as refused:
        open_carrier(by_oauth(agency, tokens)).send(POST)

    assert refused.value.code == "transport.login_refused"


def test_a_link_to_the_token_endpoint_is_not_followed(serve: Serve, open_carrier: OpenTransport) -> None:
    """Only the login may go to that origin: another request would send it the token."""
    tokens, agency = serve(token_endpoint()), serve(listing())
    carrier = open_carrier(by_oauth(agency, tokens))
    carrier.send(GET)

    with pytest.raises(SourceHeld) as refused:
        carrier.send(replace(GET, path=f"{tokens.base_url}/collect"))

    assert refused.value.code == "transport.foreign_address"
    assert len(tokens.requests) == 1


def test_a_token_endpoint_at_a_forbidden_address_is_a_configuration_error() -> None:
    login = TokenLogin(token_url="http://169.254.169.254/token", client_id="cchc", client_secret=SECRET)

    with pytest.raises(ConfigurationError) as refused:
        Endpoint(name="registry", base_url="http://127.0.0.1", dialect=REST, authentication=OAuth2(login))

    assert refused.value.code == "transport.base_url_unusable"


def test_an_hmac_signs_the_default_parts_of_a_request(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    authentication = Hmac(key_id="000.00.00.H09", secret=SECRET, timestamp_format="%d%m%YT%H%M%S%z")

    open_carrier(rest_endpoint(agency.base_url, authentication), environment=STAMPED).send(POST)

    request = agency.requests[0]
    assert request.headers["x-timestamp"] == "26112026T081530+0700"
    signed = b"000.00.00.H09" + b"26112026T081530+0700" + b"application/json" + request.body
    assert request.headers["x-signature"] == b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    assert SECRET not in repr(authentication)


def test_an_hmac_may_cover_method_and_target_and_be_written_in_hex(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    parts = ("method", "target", "timestamp", "body_sha256")
    authentication = Hmac(
        key_id="h09",
        secret=SECRET,
        signed_parts=parts,
        separator="\n",
        timestamp_format="unix",
        encoding="hex",
        key_header="X-System",
        timestamp_header="X-Time",
        signature_header="X-Sign",
    )

    open_carrier(rest_endpoint(agency.base_url, authentication), environment=STAMPED).send(GET)

    headers = agency.requests[0].headers
    signed = f"GET\n/parcels?page=2\n{int(NOW.timestamp())}\n{hashlib.sha256(b'').hexdigest()}".encode()
    assert (headers["x-system"], headers["x-time"]) == ("h09", str(int(NOW.timestamp())))
    assert headers["x-sign"] == hmac.digest(SECRET.encode(), signed, "sha256").hex()


def test_each_attempt_is_signed_with_its_own_time(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("503 Service Unavailable")], [closing_response("200 OK", b"[]")]))
    moments = itertools.count(int(NOW.timestamp()))
    authentication = Hmac(key_id="h09", secret=SECRET, timestamp_format="unix")

    open_carrier(
        rest_endpoint(agency.base_url, authentication),
        environment=TransportEnvironment(now=lambda: datetime.fromtimestamp(next(moments), UTC)),
    ).send(GET)

    first, second = agency.requests
    assert first.headers["x-timestamp"] < second.headers["x-timestamp"]
    assert first.headers["x-signature"] != second.headers["x-signature"]
    assert first.headers["x-request-id"] == second.headers["x-request-id"]


ENVELOPE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:h="urn:hoso">'
    b"<s:Body><h:LayDanhSach/></s:Body></s:Envelope>"
)
SPACES = {
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
    "w": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "u": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
}


@pytest.mark.parametrize("digest", [False, True])
def test_a_soap_envelope_is_sent_with_the_account_in_its_header(
    serve: Serve, open_carrier: OpenTransport, *, digest: bool
) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    authentication = WsSecurity(credentials=Credentials(username="tichhop", password=SECRET), digest=digest)
    post = HttpRequest(method="POST", path="/hoso", content=ENVELOPE, content_type="text/xml")

    open_carrier(rest_endpoint(agency.base_url, authentication), environment=STAMPED).send(post)

    root = parse_xml(agency.requests[0].body)
    token = root.find("s:Header/w:Security/w:UsernameToken", SPACES)
    assert token is not None
    name, password, nonce, created = (token.findtext(path, "", SPACES) for path in TOKEN)
    digested = hashlib.sha1(b64decode(nonce) + created.encode() + SECRET.encode(), usedforsecurity=False)
    assert (name, created) == ("tichhop", "2026-11-26T01:15:30Z" if digest else "")
    assert password == (b64encode(digested.digest()).decode() if digest else SECRET)
    assert root.find("s:Body", SPACES) is not None
    assert SECRET not in repr(authentication)


TOKEN = ("w:Username", "w:Password", "w:Nonce", "u:Created")


def test_a_body_that_is_no_envelope_is_not_sent_with_ws_security(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    authentication = WsSecurity(credentials=Credentials(username="tichhop", password=SECRET))

    with pytest.raises(MessageRefused) as refused:
        open_carrier(rest_endpoint(agency.base_url, authentication)).send(POST)

    assert refused.value.code == "soap.no_envelope"
    assert agency.requests == []
