"""Believing what comes: a detached JWS is looked at in one order, and the first thing wrong refuses the message.

Form, algorithm, key, signature, then what the signed header says. The key is one of a local file, found by its
name; nothing in the message says where to find a key, and a message that tries is refused (RFC 8725 section 3).
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
from cchc_connect.extras import extra
from cchc_connect.signing.algorithms import OURS, SHAPES, checked_algorithms
from cchc_connect.signing.keys import KeyFile
from cchc_connect.signing.signer import LONGEST_S
from cchc_connect.wire_json import strict_json

_FORM = re.compile(r"([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]+)", re.ASCII)
_MOST_LETTERS = 8 * 1024
_ELSEWHERE = frozenset({"jku", "jwk", "x5u", "x5c"})
"""Header parameters that bring a key along or say where one lies (RFC 7515 section 4.1)."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Whose signatures are believed, and how.

    Raises:
        ConfigurationError: an algorithm is none, or one whose key makes signatures as well as it checks them.
    """

    issuer: str
    audience: str
    """What we are called by whoever signs for us."""
    algorithms: frozenset[str] = frozenset(OURS)
    leeway_s: float = 60.0
    """Seconds by which clocks may differ."""
    longest_s: float = LONGEST_S
    """Seconds a signature may be good for at the most."""

    def __post_init__(self) -> None:
        """Refuse algorithms that prove nothing."""
        checked_algorithms(self.algorithms, SHAPES)


@dataclass(frozen=True, kw_only=True)
class Attested:
    """What a signature says that was found to be good."""

    issuer: str
    key_id: str
    signature_id: str
    """The same signature shown twice has the same (`jti`)."""
    issued_at: datetime
    expires_at: datetime


class Verifier:
    """Checks the signatures that come with the messages of one connection; threads may share it."""

    def __init__(self, connection: str, keys: KeyFile, expected: Expected, clock: Clock) -> None:
        """Believe what `expected` describes, signed with one of `keys`."""
        self._connection = connection
        self._keys = keys
        self._expected = expected
        self._clock = clock

    @property
    def leeway(self) -> timedelta:
        """By how much clocks may differ."""
        return timedelta(seconds=self._expected.leeway_s)

    def verify(self, signature: str | None, body: bytes) -> Attested:
        """Return what `signature` says about exactly these bytes; use no others.

        Raises:
            SourceHeld: there is none, or it is not to be believed; the code says why.
            ConfigurationError: the key file cannot be used any more.
        """
        found = self._judged(signature, body)
        del signature, body  # no frame of a refusal's traceback holds them
        if isinstance(found, str):
            raise SourceHeld(found, connection=self._connection)
        return found

    def _judged(self, signature: str | None, body: bytes) -> Attested | str:
        """Return what the signature says, or the code of what is wrong with it."""
        if not signature:
            return "signature.missing"
        header = _header(signature)
        if header is None:
            return "signature.malformed"
        return _odd(header, self._expected) or self._unproven(signature, header, body) or self._attested(header)

    def _unproven(self, signature: str, header: Mapping[str, Any], body: bytes) -> str | None:
        """Return the code of what keeps the signature from being that of a known key over this body."""
        with extra("sign", "joserfc", "cryptography"):
            from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
        algorithm, key_id = header["alg"], header.get("kid")
        known = self._keys.find(key_id) if isinstance(key_id, str) else None
        if known is None:
            return "signature.key_unknown"
        if not jose.fits(known.key, algorithm, SHAPES[algorithm], "verify"):
            return "signature.key_mismatch"
        return None if jose.is_signed(signature, body, known.key, algorithm) else "signature.mismatch"

    def _attested(self, header: Mapping[str, Any]) -> Attested | str:
        expected, audience = self._expected, header.get("aud")
        issued_at, expires_at = _instant(header.get("iat")), _instant(header.get("exp"))
        signature_id = header.get("jti")
        if issued_at is None or expires_at is None or not isinstance(signature_id, str) or not signature_id:
            return "signature.incomplete"
        if header.get("iss") != expected.issuer:
            return "signature.issuer_unexpected"
        if expected.audience not in (cast("list[object]", audience) if isinstance(audience, list) else [audience]):
            return "signature.audience_unexpected"
        return self._untimely(issued_at, expires_at) or Attested(
            issuer=expected.issuer,
            key_id=header["kid"],
            signature_id=signature_id,
            issued_at=datetime.fromtimestamp(issued_at, UTC),
            expires_at=datetime.fromtimestamp(expires_at, UTC),
        )

    def _untimely(self, issued_at: float, expires_at: float) -> str | None:
        """Return the code of why a signature is not good now."""
        now, leeway_s = self._clock.now().timestamp(), self._expected.leeway_s
        if issued_at > now + leeway_s:
            return "signature.not_yet"
        if expires_at <= now - leeway_s:
            return "signature.expired"
        return None if 0 < expires_at - issued_at <= self._expected.longest_s else "signature.lifetime_too_long"


def _odd(header: Mapping[str, Any], expected: Expected) -> str | None:
    """Return the code of what in a header is refused before any key is looked for."""
    if header.keys() & _ELSEWHERE:
        return "signature.key_embedded"
    if "crit" in header or "b64" in header:  # no extension is understood here, RFC 7797's included
        return "signature.extension_unknown"
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in expected.algorithms:
        return "signature.algorithm_not_allowed"
    return None


def _header(signature: str) -> Mapping[str, Any] | None:
    """Return the protected header of a detached JWS, None where it is none or could be written in two ways."""
    form = _FORM.fullmatch(signature) if len(signature) <= _MOST_LETTERS else None
    parts = [_bytes(part) for part in form.groups()] if form else []
    if not parts or None in parts:
        return None
    try:
        header = strict_json(parts[0] or b"")
    except ValueError:
        return None
    return cast("dict[str, Any]", header) if isinstance(header, dict) else None


def _bytes(part: str) -> bytes | None:
    """Return what a part of the signature encodes; None where another text would encode the same."""
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return None
    return decoded if urlsafe_b64encode(decoded).rstrip(b"=") == part.encode() else None


def _instant(value: object) -> float | None:
    """Return seconds since 1970 (RFC 7519 section 2, NumericDate), None where it is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None
