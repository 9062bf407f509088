"""A client's assertion: signed, for one endpoint, for a few minutes (RFC 7523)."""

from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from cchc_connect.errors import ConfigurationError
from cchc_connect.signing import client_assertion
from tests.signing.parties import NOON, Party, pem

ENDPOINT = "https://sso.example.vn/token"


def test_an_assertion_says_who_asks_whom_for_how_long_and_is_signed(tmp_path: Path) -> None:
    party = Party(tmp_path)

    made = client_assertion(party.signing_key, "lien-thong-h09", ENDPOINT, party.watch, identifier=lambda: "first")

    read = jwt.decode(made, ECKey.import_key(pem(party.key)), algorithms=["ES256"])
    issued_at = int(NOON.timestamp())
    assert read.header == {"alg": "ES256", "kid": "2026-07", "typ": "JWT"}
    assert read.claims == {
        "iss": "lien-thong-h09",
        "sub": "lien-thong-h09",
        "aud": ENDPOINT,
        "iat": issued_at,
        "exp": issued_at + 60,
        "jti": "first",
    }


def test_two_assertions_never_have_the_same_identifier(tmp_path: Path) -> None:
    party = Party(tmp_path)

    made = {client_assertion(party.signing_key, "lien-thong-h09", ENDPOINT, party.watch) for _ in range(3)}

    assert len({jwt.decode(one, ECKey.import_key(pem(party.key))).claims["jti"] for one in made}) == 3


@pytest.mark.parametrize("lifetime_s", [0, 301])
def test_an_assertion_is_not_good_for_longer_than_five_minutes(tmp_path: Path, lifetime_s: int) -> None:
    party = Party(tmp_path)

    with pytest.raises(ConfigurationError) as raised:
        client_assertion(party.signing_key, "lien-thong-h09", ENDPOINT, party.watch, lifetime_s=lifetime_s)

    assert raised.value.code == "signature.lifetime_out_of_range"
