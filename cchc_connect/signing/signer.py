"""Signing what leaves: a detached JWS over the exact bytes of a body (RFC 7515 appendix F).

The signature stands beside the message, `HEADER..SIGNATURE`; the body is sent as it is. Who signed, for whom and
for how long stands in the protected header, in the words of RFC 7519, so that all of it is signed too.
"""

from collections.abc import Callable
from uuid import uuid4

from cchc_connect.clock import Clock
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import extra
from cchc_connect.signing.keys import SigningKey

LONGEST_S = 3600
"""Seconds a signature may be good for: whoever has taken one down can show it again that long."""


def new_id() -> str:
    """Return an identifier nobody has had before."""
    return str(uuid4())


class Signer:
    """Signs bodies with one key, in the name of one issuer; threads may share it."""

    def __init__(
        self,
        key: SigningKey,
        issuer: str,
        clock: Clock,
        *,
        lifetime_s: int = 300,
        identifier: Callable[[], str] = new_id,
    ) -> None:
        """Sign as `issuer`; a signature is good for `lifetime_s` seconds.

        Raises:
            ConfigurationError: the lifetime is not between a second and an hour.
        """
        if not 1 <= lifetime_s <= LONGEST_S:
            raise ConfigurationError("signature.lifetime_out_of_range", value=lifetime_s, most=LONGEST_S)
        self._key = key
        self._issuer = issuer
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._identifier = identifier

    def sign(self, body: bytes, audience: str) -> str:
        """Return the signature of exactly these bytes, for `audience`; a new one each time."""
        with extra("sign", "joserfc", "cryptography"):
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
        return jose.detached(header, body, self._key.key)
