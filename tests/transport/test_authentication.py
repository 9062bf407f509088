"""How we show who we are: what each way puts on the wire, and that nothing else sees it."""

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

from cchc_connect.errors import AuthenticationFailed, ConfigurationError, MessageRefused, SourceHeld
from cchc_connect.safe_xml import parse_xml
from cchc_connect.transport import (
    ApiKey,
    Authentication,
    Bearer,
    Credentials,
    Endpoint,
    Hmac,
    HttpRequest,
    OAuth2,
    Surroundings,
    TokenLogin,
)
from cchc_connect.transport.ws_security import WsSecurity
from tests.transport.agency import Agency, Asked, Play, answer, in_turn
from tests.transport.carriers import OpenLine
from tests.transport.dialects import REST, rest

ASK = HttpRequest(method="GET", path="/parcels", params={"page": "2"})
TELL = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})
NOW = datetime(2026, 11, 26, 1, 15, 30, tzinfo=UTC)
SECRET = "khoa-chung-canary/+9"  # invented
STAMPED = Surroundings(now=lambda: NOW)

Serve = Callable[[Callable[[Asked], Play]], Agency]


def token_endpoint(lifetime: object = 3600, envelope: str = "") -> Callable[[Asked], Play]:
    """Return a token endpoint that numbers its tokens."""
    numbers = itertools.count(1)

    def script(asked: Asked) -> Play:
        del asked
        token = {"access_token": f"t{next(numbers)}", "token_type": "bearer", "expires_in": lifetime}
        told = {envelope: token, "code": 0} if envelope else token
        return [answer("200 OK", json.dumps(told).encode())]

    return script


def listing(refused: frozenset[str] = frozenset()) -> Callable[[Asked], Play]:
    """Return a listing that refuses some tokens."""

    def script(asked: Asked) -> Play:
        shown = asked.headers.get("authorization", "")
        return [answer("401 Unauthorized" if shown in refused else "200 OK", json.dumps([shown]).encode())]

    return script


def by_oauth(agency: Agency, tokens: Agency, **changed: Any) -> Endpoint:
    login = TokenLogin(token_url=f"{tokens.base_url}/token", client_id="cchc+binh duong", client_secret=SECRET)
    return rest(agency.base_url, OAuth2(replace(login, **changed)))


@pytest.mark.parametrize(
    ("way", "header", "value"),
    [(ApiKey("X-Api-Key", SECRET), "x-api-key", SECRET), (Bearer(SECRET), "authorization", f"Bearer {SECRET}")],
)
def test_a_key_or_token_goes_with_every_request(
    serve: Serve, line: OpenLine, way: Authentication, header: str, value: str
) -> None:
    agency = serve(in_turn([answer("200 OK", b"[]")]))

    line(rest(agency.base_url, way)).send(ASK)

    assert agency.asked[0].headers[header] == value
    assert SECRET not in repr(way)


def test_a_token_is_got_once_and_shown_in_every_request(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())
    carrier = line(by_oauth(agency, tokens))

    found = [carrier.send(ASK).json() for _ in range(3)]

    assert found == [["Bearer t1"]] * 3
    assert tokens.targets == ["POST /token"]


def test_the_client_shows_its_secret_to_the_token_endpoint_only(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())

    line(by_oauth(agency, tokens, parameters={"scope": "hồ sơ"})).send(ASK)

    asked = tokens.asked[0]
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["hồ sơ"]}
    shown = b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert shown == "cchc%2Bbinh+duong:khoa-chung-canary%2F%2B9"  # RFC 6749, section 2.3.1
    assert SECRET not in str(agency.asked[0])


def test_the_secret_may_stand_in_the_form(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())

    line(by_oauth(agency, tokens, secret_in_form=True)).send(ASK)

    fields = parse_qs(tokens.asked[0].body.decode())
    assert (fields["client_id"], fields["client_secret"]) == (["cchc+binh duong"], [SECRET])
    assert "authorization" not in tokens.asked[0].headers


def test_an_assertion_is_made_anew_for_each_token(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing(frozenset({"Bearer t1"})))
    made = itertools.count(1)

    line(by_oauth(agency, tokens, client_secret=None, assertion=lambda: f"signed-{next(made)}")).send(ASK)

    sent = [parse_qs(asked.body.decode()) for asked in tokens.asked]
    assert [fields["client_assertion"] for fields in sent] == [["signed-1"], ["signed-2"]]
    assert sent[0]["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]


def test_a_password_grant_names_the_account(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())
    owner = Credentials(username="tichhop", password="mật khẩu")

    line(by_oauth(agency, tokens, resource_owner=owner)).send(ASK)

    fields = parse_qs(tokens.asked[0].body.decode())
    assert fields == {"grant_type": ["password"], "username": ["tichhop"], "password": ["mật khẩu"]}


def test_a_token_that_is_refused_is_replaced_once_a_call(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing(frozenset({"Bearer t1"})))

    assert line(by_oauth(agency, tokens)).send(ASK).json() == ["Bearer t2"]
    assert len(tokens.asked) == 2


def test_a_token_refused_again_is_an_error(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(in_turn([answer("401 Unauthorized", b"{}")]))

    with pytest.raises(AuthenticationFailed):
        line(by_oauth(agency, tokens)).send(ASK)

    assert (len(tokens.asked), len(agency.asked)) == (2, 2)


@pytest.mark.parametrize("lifetime", [100, "100", 100.0])
def test_a_token_is_renewed_before_its_life_ends(serve: Serve, line: OpenLine, lifetime: object) -> None:
    tokens, agency = serve(token_endpoint(lifetime)), serve(listing())
    moment = [0.0]
    carrier = line(by_oauth(agency, tokens), surroundings=Surroundings(clock=lambda: moment[0]))

    carrier.send(ASK)
    moment[0] = 79.0
    carrier.send(ASK)
    moment[0] = 81.0
    found = carrier.send(ASK)

    assert found.json() == ["Bearer t2"]
    assert len(tokens.asked) == 2


def test_eight_at_once_get_one_token(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint()), serve(listing())

    line(by_oauth(agency, tokens)).together(ASK, 8)

    assert len(tokens.asked) == 1


def test_a_token_may_stand_in_an_envelope(serve: Serve, line: OpenLine) -> None:
    tokens, agency = serve(token_endpoint(envelope="data")), serve(listing())

    assert line(by_oauth(agency, tokens, envelope="data")).send(ASK).json() == ["Bearer t1"]


@pytest.mark.parametrize(
    ("play", "code"),
    [
        ([answer("401 Unauthorized", b'{"error":"invalid_client"}')], "transport.auth_refused"),
        ([answer("400 Bad Request", b'{"error":"invalid_grant"}')], "transport.auth_refused"),
        ([answer("200 OK", b'{"error":"none"}')], "transport.login_refused"),
        ([answer("200 OK", b'{"access_token":"t","token_type":"mac"}')], "transport.login_refused"),
        ([answer("200 OK", b'{"access_token":"","token_type":"Bearer"}')], "transport.login_refused"),
        ([answer("200 OK", b"[]")], "transport.login_refused"),
    ],
)
def test_a_client_that_gets_no_token_is_told_so(serve: Serve, line: OpenLine, play: Play, code: str) -> None:
    tokens, agency = serve(in_turn(play)), serve(listing())

    with pytest.raises(AuthenticationFailed) as refused:
        line(by_oauth(agency, tokens)).send(ASK)

    assert refused.value.code == code
    assert agency.asked == []


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict", "410 Gone", "422 Unprocessable Content"])
def test_a_token_endpoint_that_is_none_puts_no_message_aside(serve: Serve, line: OpenLine, status: str) -> None:
    """It is our account or its address that is wrong, and not what was to be sent."""
    tokens, agency = serve(in_turn([answer(status, b"{}")])), serve(listing())

    with pytest.raises(AuthenticationFailed) as refused:
        line(by_oauth(agency, tokens)).send(TELL)

    assert refused.value.code == "transport.login_refused"


def test_a_link_to_the_token_endpoint_is_not_followed(serve: Serve, line: OpenLine) -> None:
    """Only the login goes there: it would see the token."""
    tokens, agency = serve(token_endpoint()), serve(listing())
    carrier = line(by_oauth(agency, tokens))
    carrier.send(ASK)

    with pytest.raises(SourceHeld) as refused:
        carrier.send(replace(ASK, path=f"{tokens.base_url}/collect"))

    assert refused.value.code == "transport.foreign_address"
    assert len(tokens.asked) == 1


def test_a_token_endpoint_that_is_no_place_to_go_is_refused_at_once() -> None:
    login = TokenLogin(token_url="http://169.254.169.254/token", client_id="cchc", client_secret=SECRET)

    with pytest.raises(ConfigurationError) as refused:
        Endpoint(name="registry", base_url="http://127.0.0.1", dialect=REST, authentication=OAuth2(login))

    assert refused.value.code == "transport.base_url_unusable"


def test_a_shared_secret_signs_what_the_system_wants_signed(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("200 OK", b"[]")]))
    way = Hmac(key_id="000.00.00.H09", secret=SECRET, timestamp="%d%m%YT%H%M%S%z")

    line(rest(agency.base_url, way), surroundings=STAMPED).send(TELL)

    asked = agency.asked[0]
    assert asked.headers["x-timestamp"] == "26112026T081530+0700"
    signed = b"000.00.00.H09" + b"26112026T081530+0700" + b"application/json" + asked.body
    assert asked.headers["x-signature"] == b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    assert SECRET not in repr(way)


def test_a_signature_may_cover_method_and_target_and_be_written_in_hex(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("200 OK", b"[]")]))
    parts = ("method", "target", "timestamp", "body_sha256")
    way = Hmac(
        key_id="h09",
        secret=SECRET,
        signed_parts=parts,
        separator="\n",
        timestamp="unix",
        encoding="hex",
        key_header="X-System",
        time_header="X-Time",
        signature_header="X-Sign",
    )

    line(rest(agency.base_url, way), surroundings=STAMPED).send(ASK)

    headers = agency.asked[0].headers
    signed = f"GET\n/parcels?page=2\n{int(NOW.timestamp())}\n{hashlib.sha256(b'').hexdigest()}".encode()
    assert (headers["x-system"], headers["x-time"]) == ("h09", str(int(NOW.timestamp())))
    assert headers["x-sign"] == hmac.digest(SECRET.encode(), signed, "sha256").hex()


def test_each_attempt_is_signed_with_its_own_time(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("503 Service Unavailable")], [answer("200 OK", b"[]")]))
    moments = itertools.count(int(NOW.timestamp()))
    way = Hmac(key_id="h09", secret=SECRET, timestamp="unix")

    line(
        rest(agency.base_url, way), surroundings=Surroundings(now=lambda: datetime.fromtimestamp(next(moments), UTC))
    ).send(ASK)

    first, second = agency.asked
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
def test_a_soap_envelope_leaves_with_the_account_in_its_header(serve: Serve, line: OpenLine, *, digest: bool) -> None:
    agency = serve(in_turn([answer("200 OK", b"[]")]))
    way = WsSecurity(credentials=Credentials(username="tichhop", password=SECRET), digest=digest)
    tell = HttpRequest(method="POST", path="/hoso", content=ENVELOPE, content_type="text/xml")

    line(rest(agency.base_url, way), surroundings=STAMPED).send(tell)

    root = parse_xml(agency.asked[0].body)
    token = root.find("s:Header/w:Security/w:UsernameToken", SPACES)
    assert token is not None
    name, password, nonce, created = (token.findtext(path, "", SPACES) for path in TOKEN)
    digested = hashlib.sha1(b64decode(nonce) + created.encode() + SECRET.encode(), usedforsecurity=False)
    assert (name, created) == ("tichhop", "2026-11-26T01:15:30Z" if digest else "")
    assert password == (b64encode(digested.digest()).decode() if digest else SECRET)
    assert root.find("s:Body", SPACES) is not None
    assert SECRET not in repr(way)


TOKEN = ("w:Username", "w:Password", "w:Nonce", "u:Created")


def test_what_is_no_envelope_is_not_sent_to_a_soap_system(serve: Serve, line: OpenLine) -> None:
    agency = serve(in_turn([answer("200 OK", b"[]")]))
    way = WsSecurity(credentials=Credentials(username="tichhop", password=SECRET))

    with pytest.raises(MessageRefused) as refused:
        line(rest(agency.base_url, way)).send(TELL)

    assert refused.value.code == "soap.no_envelope"
    assert agency.asked == []
