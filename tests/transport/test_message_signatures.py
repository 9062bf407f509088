"""Message signatures over bodies: ours on requests, the other side's on responses, with both transports."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cchc_connect import HttpRequest
from cchc_connect.errors import Maintenance, SourceHeld
from cchc_connect.signing import Signer
from cchc_connect.transport import Endpoint
from cchc_connect.transport.auth.message_signatures import MessageSigner, SignatureCheck
from tests.signing.parties import AUDIENCE, ISSUER, Party
from tests.transport.both_transports import OpenTransport
from tests.transport.dialects import REST, portal_endpoint
from tests.transport.scripted_server import ReceivedRequest, ResponseScript, ScriptedServer, closing_response, in_turn
from tests.transport.test_login_sessions import portal_script

GET = HttpRequest(method="GET", path="/parcels")
POST = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"}, idempotent=True)
HEADER = "X-JWS-Signature"

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]


@pytest.fixture
def party(tmp_path: Path) -> Party:
    return Party(tmp_path)


def seal(party: Party) -> MessageSigner:
    return MessageSigner(signer=Signer(party.signing_key, ISSUER, party.clock), audience=AUDIENCE, header=HEADER)


def sealed_by(party: Party, base_url: str) -> Endpoint:
    check = SignatureCheck(party.verifier(), HEADER, "registry")
    return Endpoint(name="registry", base_url=base_url, dialect=REST, signature_check=check)


@pytest.mark.parametrize("request_", [GET, POST], ids=["without a body", "with a body"])
def test_a_request_is_signed_over_the_bytes_sent(
    serve: Serve, open_carrier: OpenTransport, party: Party, request_: HttpRequest
) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))

    open_carrier(Endpoint(name="registry", base_url=agency.base_url, dialect=REST, message_signer=seal(party))).send(
        request_
    )

    request = agency.requests[0]
    party.verifier().verify(request.headers[HEADER.lower()], request.body)


def test_each_attempt_has_its_own_signature(serve: Serve, open_carrier: OpenTransport, party: Party) -> None:
    agency = serve(in_turn([closing_response("503 Service Unavailable")], [closing_response("200 OK", b"[]")]))

    open_carrier(Endpoint(name="registry", base_url=agency.base_url, dialect=REST, message_signer=seal(party))).send(
        POST
    )

    verifier = party.verifier()
    shown = [verifier.verify(request.headers[HEADER.lower()], request.body) for request in agency.requests]
    assert len({signature.signature_id for signature in shown}) == 2


def test_a_response_signed_by_the_expected_issuer_is_used(
    serve: Serve, open_carrier: OpenTransport, party: Party
) -> None:
    body = '["Đất ở"]'.encode()
    signature = party.signer.sign(body, AUDIENCE)
    agency = serve(in_turn([closing_response("200 OK", body, f"{HEADER}: {signature}")]))

    assert open_carrier(sealed_by(party, agency.base_url)).send(GET).body == body


@pytest.mark.parametrize(
    ("header", "code"),
    [(None, "signature.missing"), ("of other bytes", "signature.mismatch"), ("nonsense", "signature.malformed")],
)
def test_a_response_without_a_valid_signature_is_not_used(
    serve: Serve, open_carrier: OpenTransport, party: Party, header: str | None, code: str
) -> None:
    signature = party.signer.sign(b"[2]", AUDIENCE) if header == "of other bytes" else header
    headers = [] if signature is None else [f"{HEADER}: {signature}"]
    agency = serve(in_turn([closing_response("200 OK", b"[1]", *headers)]))

    with pytest.raises(SourceHeld) as refused:
        open_carrier(sealed_by(party, agency.base_url)).send(GET)

    assert refused.value.code == code
    assert len(agency.requests) == 1


def test_a_signature_is_accepted_once(serve: Serve, open_carrier: OpenTransport, party: Party) -> None:
    """A recorded signature cannot be replayed with a later response."""
    agency = serve(in_turn([closing_response("200 OK", b"[1]", f"{HEADER}: {party.signer.sign(b'[1]', AUDIENCE)}")]))
    carrier = open_carrier(sealed_by(party, agency.base_url))
    carrier.send(GET)

    with pytest.raises(SourceHeld) as refused:
        carrier.send(GET)

    assert refused.value.code == "signature.replayed"


def test_an_error_response_needs_no_signature(serve: Serve, open_carrier: OpenTransport, party: Party) -> None:
    """A proxy cannot sign, and its response is used only to decide on a retry."""
    agency = serve(in_turn([closing_response("503 Service Unavailable")]))

    with pytest.raises(Maintenance):
        open_carrier(sealed_by(party, agency.base_url)).send(GET)


def test_a_login_is_not_signed_and_its_response_needs_no_signature(
    serve: Serve, open_carrier: OpenTransport, party: Party
) -> None:
    agency = serve(portal_script(set()))
    base = portal_endpoint(agency.base_url)
    signed = Endpoint(
        name=base.name,
        base_url=base.base_url,
        dialect=base.dialect,
        authentication=base.authentication,
        message_signer=seal(party),
    )

    open_carrier(signed).send(POST)

    login, message = agency.requests
    assert HEADER.lower() not in login.headers
    assert HEADER.lower() in message.headers
