"""How a client shows a token endpoint who it is: a JWT signed with its own key (RFC 7523, `private_key_jwt`)."""

import json
from collections.abc import Callable

from cchc_connect.clock import Clock
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import extra
from cchc_connect.signing.keys import SigningKey
from cchc_connect.signing.signer import new_id

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""What goes as `client_assertion_type` beside the `client_assertion` (RFC 7523 section 2.2)."""

LONGEST_S = 300
"""Seconds an assertion may be good for; it is used at once."""


def client_assertion(  # each of them is a claim or where one comes from
    key: SigningKey,
    client_id: str,
    audience: str,
    clock: Clock,
    *,
    lifetime_s: int = 60,
    identifier: Callable[[], str] = new_id,
) -> str:
    """Return an assertion by which `client_id` asks the token endpoint `audience` for a token; a new one each time.

    Raises:
        ConfigurationError: the extra `sign` is not installed, or the lifetime is not between a second and five minutes.
    """
    if not 1 <= lifetime_s <= LONGEST_S:
        raise ConfigurationError("signature.lifetime_out_of_range", value=lifetime_s, most=LONGEST_S)
    with extra("sign", "joserfc", "cryptography"):
        from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
    issued_at = int(clock.now().timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + lifetime_s,
        "jti": identifier(),
    }
    header = {"alg": key.algorithm, "kid": key.key_id, "typ": "JWT"}
    return jose.signed(header, json.dumps(claims, separators=(",", ":")).encode(), key.key)
