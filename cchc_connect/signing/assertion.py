"""Client assertion for a token endpoint: a JWT signed with the client's key (RFC 7523, `private_key_jwt`)."""

import json
from collections.abc import Callable

from cchc_connect.clock import Clock
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import extra
from cchc_connect.signing.keys import SigningKey
from cchc_connect.signing.signer import new_id

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""Value of `client_assertion_type`, sent with `client_assertion` (RFC 7523 section 2.2)."""

MAX_ASSERTION_LIFETIME_S = 300
"""Maximum lifetime of an assertion, in seconds; it is used at once."""


def client_assertion(  # each parameter is a claim or the source of one
    key: SigningKey,
    client_id: str,
    audience: str,
    clock: Clock,
    *,
    lifetime_s: int = 60,
    identifier: Callable[[], str] = new_id,
) -> str:
    """Return a new assertion with which `client_id` requests a token from the endpoint `audience`.

    Raises:
        ConfigurationError: the extra `sign` is not installed, or the lifetime is not between 1 and 300 seconds.
    """
    if not 1 <= lifetime_s <= MAX_ASSERTION_LIFETIME_S:
        raise ConfigurationError("signature.lifetime", value=lifetime_s, most=MAX_ASSERTION_LIFETIME_S)
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
