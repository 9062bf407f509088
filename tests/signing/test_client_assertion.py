"""The client assertion (RFC 7523): signed, for one endpoint, for a few minutes."""

from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from cchc_connect.errors import ConfigurationError
from cchc_connect.signing import client_assertion
from tests.signing.parties import NOON, Party, pem

ENDPOINT = "https://sso.example.vn/token"


def test_an_assertion_is_signed_and_names_client_endpoint_and_lifetime(tmp_path: Path) -> None:
    party = Party(tmp_path)

    made = client_assertion(party.signing_key, "lien-thong-h09", ENDPOINT, party.clock, identifier=lambda: "first")

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


def test_each_assertion_has_its_own_identifier(tmp_path: Path) -> None:
    party = Party(tmp_path)

    made = {client_assertion(party.signing_key, "lien-thong-h09", ENDPOINT, party.clock) for _ in range(3)}

    assert len({jwt.decode(assertion, ECKey.import_key(pem(party.key))).claims["jti"] for assertion in made}) == 3


@pytest.mark.parametrize("lifetime_s", [0, 301])
def test_an_assertion_is_valid_for_at_most_five_minutes(tmp_path: Path, lifetime_s: int) -> None:
    party = Party(tmp_path)

    with pytest.raises(ConfigurationError) as raised:
        client_assertion(party.signing_key, "lien-thong-h09", ENDPOINT, party.clock, lifetime_s=lifetime_s)

    assert raised.value.code == "signature.lifetime_out_of_range"
