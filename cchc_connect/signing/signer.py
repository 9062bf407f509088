"""Signs request bodies: a detached JWS over the exact bytes of a body (RFC 7515 appendix F).

The signature `HEADER..SIGNATURE` is sent beside the message; the body is sent unchanged. Issuer, audience and
lifetime are claims of RFC 7519 in the protected header, so they are signed too.

`client_assertion` signs a token for a token endpoint with the client's key (RFC 7523, `private_key_jwt`).
"""

import json
from collections.abc import Callable
from uuid import uuid4

from cchc_connect.clock import Clock
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import require_extra
from cchc_connect.signing.keys import SigningKey

MAX_LIFETIME_S = 3600
"""Maximum lifetime of a signature, in seconds; a recorded signature can be replayed for that long."""


ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""Value of `client_assertion_type`, sent with `client_assertion` (RFC 7523 section 2.2)."""

MAX_ASSERTION_LIFETIME_S = 300
"""Maximum lifetime of an assertion, in seconds; it is used at once."""


def new_id() -> str:
    """Return a new unique identifier (UUID)."""
    return str(uuid4())


class Signer:
    """Signs bodies with one key as one issuer; threads may share it."""

    def __init__(
        self,
        key: SigningKey,
        issuer: str,
        clock: Clock,
        *,
        lifetime_s: int = 300,
        identifier: Callable[[], str] = new_id,
    ) -> None:
        """Sign as `issuer`; a signature is valid for `lifetime_s` seconds.

        Raises:
            ConfigurationError: the lifetime is not between 1 and 3600 seconds.
        """
        if not 1 <= lifetime_s <= MAX_LIFETIME_S:
            raise ConfigurationError("signature.lifetime_out_of_range", value=lifetime_s, most=MAX_LIFETIME_S)
        self._key = key
        self._issuer = issuer
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._identifier = identifier

    def sign(self, body: bytes, audience: str) -> str:
        """Return a new signature of exactly these bytes, for `audience`."""
        with require_extra("sign", "joserfc", "cryptography"):
            from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
        issued_at = int(self._clock.now().timestamp())
        header = {
            "alg": self._key.algorithm,
            "kid": self._key.key_id,
            "iss": self._issuer,
            "aud": audience,
            "iat": issued_at,
            "exp": issued_at + self._lifetime_s,
            "jti": self._identifier(),
        }
        return jose.sign_detached(header, body, self._key.key)


def client_assertion(
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
        raise ConfigurationError("signature.lifetime_out_of_range", value=lifetime_s, most=MAX_ASSERTION_LIFETIME_S)
    with require_extra("sign", "joserfc", "cryptography"):
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
    return jose.sign_compact(header, json.dumps(claims, separators=(",", ":")).encode(), key.key)
