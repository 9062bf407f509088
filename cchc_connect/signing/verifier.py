"""Verifies detached JWS signatures of messages; the first failed check refuses the message.

Order of the checks: format, algorithm, key, signature, claims of the signed header. The key comes from a local file and
is found by its name; a message that brings a key along or names a location of one is refused (RFC 8725 section 3).
"""

import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from cchc_connect.clock import Clock
from cchc_connect.errors import SourceHeld
from cchc_connect.extras import require_extra
from cchc_connect.signing.algorithms import DEFAULT_ALGORITHMS, KEY_REQUIREMENTS, require_algorithms
from cchc_connect.signing.keys import KeyFile
from cchc_connect.signing.signer import MAX_LIFETIME_S
from cchc_connect.wire.json import read_json

_DETACHED_JWS = re.compile(r"([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]+)", re.ASCII)
_MAX_CHARACTERS = 8 * 1024
_FOREIGN_KEY_PARAMETERS = frozenset({"jku", "jwk", "x5u", "x5c"})
"""Header parameters that contain a key or its location (RFC 7515 section 4.1)."""


@dataclass(frozen=True, kw_only=True)
class SignaturePolicy:
    """Which signatures are accepted.

    Raises:
        ConfigurationError: an algorithm is unknown, or symmetric.
    """

    issuer: str
    audience: str
    """Our identifier, as the issuer writes it in `aud`."""
    algorithms: frozenset[str] = frozenset(DEFAULT_ALGORITHMS)
    leeway_s: float = 60.0
    """Tolerated clock difference, in seconds."""
    max_lifetime_s: float = MAX_LIFETIME_S
    """Maximum lifetime of a signature, in seconds."""

    def __post_init__(self) -> None:
        """Refuse unsupported algorithms."""
        require_algorithms(self.algorithms, KEY_REQUIREMENTS)


@dataclass(frozen=True, kw_only=True)
class VerifiedSignature:
    """Claims of a verified signature; times are UTC."""

    issuer: str
    key_id: str
    signature_id: str
    """Unique id of the signature (`jti`): a replayed signature has the same one."""
    issued_at: datetime
    expires_at: datetime


class Verifier:
    """Verifies the signatures of one connection's messages; threads may share it."""

    def __init__(self, connection: str, keys: KeyFile, policy: SignaturePolicy, clock: Clock) -> None:
        """Accept signatures that match `policy`, made with one of `keys`."""
        self._connection = connection
        self._keys = keys
        self._policy = policy
        self._clock = clock

    @property
    def leeway(self) -> timedelta:
        """Tolerated clock difference."""
        return timedelta(seconds=self._policy.leeway_s)

    def verify(self, signature: str | None, body: bytes) -> VerifiedSignature:
        """Return the claims of `signature` over exactly these bytes; use only the verified bytes.

        Raises:
            SourceHeld: the signature is missing or refused, so the stream stops until a person looks at it; the code
                `signature.*` names the reason.
            ConfigurationError: the key file cannot be used any more.
        """
        result = self._check(signature, body)
        del signature, body  # so that no frame of a traceback holds them
        if isinstance(result, str):
            raise SourceHeld(result, connection=self._connection)
        return result

    def _check(self, signature: str | None, body: bytes) -> VerifiedSignature | str:
        """Return the claims of the signature, or the error code of the first failed check."""
        if not signature:
            return "signature.missing"
        header = _header(signature)
        if header is None:
            return "signature.malformed"
        return (
            _header_error(header, self._policy)
            or self._signature_error(signature, header, body)
            or self._check_claims(header)
        )

    def _signature_error(self, signature: str, header: Mapping[str, Any], body: bytes) -> str | None:
        """Return the error code where this is no signature of a known key over this body."""
        with require_extra("sign", "joserfc", "cryptography"):
            from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
        algorithm, key_id = header["alg"], header.get("kid")
        public_key = self._keys.find(key_id) if isinstance(key_id, str) else None
        if public_key is None:
            return "signature.key_unknown"
        if not jose.is_suitable_key(public_key.key, algorithm, KEY_REQUIREMENTS[algorithm], "verify"):
            return "signature.key_mismatch"
        return None if jose.is_valid_signature(signature, body, public_key.key, algorithm) else "signature.mismatch"

    def _check_claims(self, header: Mapping[str, Any]) -> VerifiedSignature | str:
        policy, audience = self._policy, header.get("aud")
        issued_at, expires_at = _instant(header.get("iat")), _instant(header.get("exp"))
        signature_id = header.get("jti")
        if issued_at is None or expires_at is None or not isinstance(signature_id, str) or not signature_id:
            return "signature.incomplete"
        if header.get("iss") != policy.issuer:
            return "signature.issuer_unexpected"
        if policy.audience not in (cast("list[object]", audience) if isinstance(audience, list) else [audience]):
            return "signature.audience_unexpected"
        return self._time_error(issued_at, expires_at) or VerifiedSignature(
            issuer=policy.issuer,
            key_id=header["kid"],
            signature_id=signature_id,
            issued_at=datetime.fromtimestamp(issued_at, UTC),
            expires_at=datetime.fromtimestamp(expires_at, UTC),
        )

    def _time_error(self, issued_at: float, expires_at: float) -> str | None:
        """Return the error code where the signature is not valid now; times are seconds since 1970.

        The code "lifetime_too_long" also stands for an end that is not after the beginning.
        """
        now, leeway_s = self._clock.now().timestamp(), self._policy.leeway_s
        if issued_at > now + leeway_s:
            return "signature.not_yet"
        if expires_at <= now - leeway_s:
            return "signature.expired"
        return None if 0 < expires_at - issued_at <= self._policy.max_lifetime_s else "signature.lifetime_too_long"


def _header_error(header: Mapping[str, Any], policy: SignaturePolicy) -> str | None:
    """Return the error code where the header is refused before a key is looked up."""
    if header.keys() & _FOREIGN_KEY_PARAMETERS:
        return "signature.key_embedded"
    if "crit" in header or "b64" in header:  # extensions are not supported, RFC 7797 included
        return "signature.extension_unknown"
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in policy.algorithms:
        return "signature.algorithm_not_allowed"
    return None


def _header(signature: str) -> Mapping[str, Any] | None:
    """Return the protected header of a detached JWS; None where it is malformed or its encoding is not canonical."""
    match = _DETACHED_JWS.fullmatch(signature) if len(signature) <= _MAX_CHARACTERS else None
    header_and_signature = [_decode_base64url(part) for part in match.groups()] if match else []
    encoded_header = header_and_signature[0] if header_and_signature else None
    if encoded_header is None or None in header_and_signature:
        return None
    try:
        header = read_json(encoded_header)
    except ValueError:
        return None
    return cast("dict[str, Any]", header) if isinstance(header, dict) else None


def _decode_base64url(part: str) -> bytes | None:
    """Return the decoded bytes of a part; None where its base64 is malformed or not canonical."""
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return None
    return decoded if urlsafe_b64encode(decoded).rstrip(b"=") == part.encode() else None


def _instant(value: object) -> float | None:
    """Return a NumericDate (RFC 7519 section 2) as seconds since 1970; None where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None
