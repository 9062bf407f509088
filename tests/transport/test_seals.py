"""Signatures over whole messages: ours on what leaves, theirs on what comes, whatever the carrier."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cchc_connect.errors import Maintenance, SourceHeld
from cchc_connect.signing import Signer
from cchc_connect.transport import Endpoint, HttpRequest
from cchc_connect.transport.seals import Seal, SealCheck
from tests.signing.parties import AUDIENCE, ISSUER, Party
from tests.transport.agency import Agency, Asked, Play, answer, in_turn
from tests.transport.carriers import OpenLine
from tests.transport.dialects import REST, portal
from tests.transport.test_sessions import portal_script

ASK = HttpRequest(method="GET", path="/parcels")
TELL = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"}, idempotent=True)
HEADER = "X-JWS-Signature"

Serve = Callable[[Callable[[Asked], Play]], Agency]


@pytest.fixture
def party(tmp_path: Path) -> Party:
    return Party(tmp_path)


def seal(party: Party) -> Seal:
    return Seal(signer=Signer(party.signing_key, ISSUER, party.watch), audience=AUDIENCE, header=HEADER)


def sealed_by(party: Party, base_url: str) -> Endpoint:
    check = SealCheck(party.verifier(), HEADER, "registry")
    return Endpoint(name="registry", base_url=base_url, dialect=REST, seal_check=check)


@pytest.mark.parametrize("request_", [ASK, TELL], ids=["without a body", "with a body"])
def test_what_leaves_is_signed_as_it_leaves(serve: Serve, line: OpenLine, party: Party, request_: HttpRequest) -> None:
    agency = serve(in_turn([answer("200 OK", b"[]")]))

    line(Endpoint(name="registry", base_url=agency.base_url, dialect=REST, seal=seal(party))).send(request_)

    asked = agency.asked[0]
    party.verifier().verify(asked.headers[HEADER.lower()], asked.body)


def test_each_attempt_bears_a_signature_of_its_own(serve: Serve, line: OpenLine, party: Party) -> None:
    agency = serve(in_turn([answer("503 Service Unavailable")], [answer("200 OK", b"[]")]))

    line(Endpoint(name="registry", base_url=agency.base_url, dialect=REST, seal=seal(party))).send(TELL)

    verifier = party.verifier()
    shown = [verifier.verify(asked.headers[HEADER.lower()], asked.body) for asked in agency.asked]
    assert len({one.signature_id for one in shown}) == 2


def test_an_answer_signed_by_whom_we_expect_is_used(serve: Serve, line: OpenLine, party: Party) -> None:
    body = '["Đất ở"]'.encode()
    signature = party.signer.sign(body, AUDIENCE)
    agency = serve(in_turn([answer("200 OK", body, f"{HEADER}: {signature}")]))

    assert line(sealed_by(party, agency.base_url)).send(ASK).body == body


@pytest.mark.parametrize(
    ("header", "code"),
    [(None, "signature.missing"), ("of other bytes", "signature.mismatch"), ("nonsense", "signature.malformed")],
)
def test_an_answer_that_is_not_is_not_used(
    serve: Serve, line: OpenLine, party: Party, header: str | None, code: str
) -> None:
    signature = party.signer.sign(b"[2]", AUDIENCE) if header == "of other bytes" else header
    headers = [] if signature is None else [f"{HEADER}: {signature}"]
    agency = serve(in_turn([answer("200 OK", b"[1]", *headers)]))

    with pytest.raises(SourceHeld) as refused:
        line(sealed_by(party, agency.base_url)).send(ASK)

    assert refused.value.code == code
    assert len(agency.asked) == 1


def test_a_signature_is_good_for_one_answer(serve: Serve, line: OpenLine, party: Party) -> None:
    """Whoever took it down cannot give it to another question."""
    agency = serve(in_turn([answer("200 OK", b"[1]", f"{HEADER}: {party.signer.sign(b'[1]', AUDIENCE)}")]))
    carrier = line(sealed_by(party, agency.base_url))
    carrier.send(ASK)

    with pytest.raises(SourceHeld) as refused:
        carrier.send(ASK)

    assert refused.value.code == "signature.replayed"


def test_an_error_on_the_way_needs_no_signature(serve: Serve, line: OpenLine, party: Party) -> None:
    """A proxy cannot sign, and what it says is used for nothing but to try again."""
    agency = serve(in_turn([answer("503 Service Unavailable")]))

    with pytest.raises(Maintenance):
        line(sealed_by(party, agency.base_url)).send(ASK)


def test_a_login_is_neither_signed_nor_are_signatures_asked_of_it(serve: Serve, line: OpenLine, party: Party) -> None:
    agency = serve(portal_script(set()))
    known = portal(agency.base_url)
    signed = Endpoint(
        name=known.name,
        base_url=known.base_url,
        dialect=known.dialect,
        authentication=known.authentication,
        seal=seal(party),
    )

    line(signed).send(TELL)

    login, message = agency.asked
    assert HEADER.lower() not in login.headers
    assert HEADER.lower() in message.headers
