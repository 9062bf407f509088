"""All code that uses joserfc and cryptography: reads keys, creates and verifies signatures.

An unreadable key gives None and a bad signature gives False, without an exception, so that no traceback with local
variables shows a key or a body.
"""

from collections.abc import Mapping
from typing import Any, cast

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from cchc_connect.signing.algorithms import KeyRequirement
from cchc_connect.wire.json import read_json

_UNREADABLE = (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError)
"""Exceptions of the two libraries for invalid keys."""

_PEM_READERS: Mapping[str, type[ECKey] | type[OKPKey]] = {"EC": ECKey, "OKP": OKPKey}
_MIN_RSA_BITS = 2048
"""RSA keys with fewer bits are refused (RFC 7518 section 3.3)."""


class _Registry(JWSRegistry):
    """Registry of one algorithm with our own size limits: joserfc's would refuse a page of records."""

    max_header_length = 8 * 1024
    max_payload_length = 64 * 1024 * 1024

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """Return the algorithm, without joserfc's warning that RFC 9864 has renamed EdDSA."""
        if name not in (self.allowed or ()):
            raise JoseError(name)
        return self.algorithms[name]


def private_key(text: str, kind: str, password: str | None) -> Key | None:
    """Return the private key of a JWK or PEM text; None where it is not of that kind or the password is wrong."""
    try:
        if text.lstrip().startswith("{"):
            key = JWKRegistry.import_key(_members(read_json(text.encode())))
        else:
            key = _PEM_READERS[kind].import_key(text, password=password or None)
    except _UNREADABLE:
        return None
    return key if key.is_private and key.key_type == kind else None


def public_key(members: Mapping[str, object]) -> Key | None:
    """Return the public key of a JWK; None where it is invalid, private or too weak."""
    if members.get("kty") == "RSA" and len(str(members.get("n", ""))) * 6 < _MIN_RSA_BITS:
        return None
    try:
        key = JWKRegistry.import_key(_members(members))
    except _UNREADABLE:
        return None
    is_weak = isinstance(key, RSAKey) and key.public_key.key_size < _MIN_RSA_BITS
    return None if key.is_private or is_weak else key


def is_suitable_key(key: Key, algorithm: str, requirement: KeyRequirement, operation: str) -> bool:
    """True if `key` has the required type and curve and allows the algorithm and the operation (`sign`, `verify`)."""
    curve = key.curve_name if isinstance(key, ECKey | OKPKey) else None
    operations = key.get("key_ops")
    return (
        KeyRequirement(key.key_type, curve) == requirement
        and key.get("alg") in {None, algorithm}
        and key.get("use") in {None, "sig"}
        and (operations is None or operation in operations)
    )


def sign_compact(header: Mapping[str, object], payload: bytes, key: Key) -> str:
    """Return the compact JWS of `payload`; the header's `alg` must fit the key."""
    return jws.serialize_compact(dict(header), payload, key, registry=_Registry(str(header["alg"])))


def sign_detached(header: Mapping[str, object], payload: bytes, key: Key) -> str:
    """Return the JWS of `payload` without the payload (RFC 7515 appendix F)."""
    return jws.detach_content(sign_compact(header, payload, key))


def is_valid_signature(signature: str, payload: bytes, key: Key, algorithm: str) -> bool:
    """True if the detached `signature` was made over exactly `payload`, by `key` and with `algorithm`."""
    try:
        jws.deserialize_compact(signature, key, registry=_Registry(algorithm), payload=payload)
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _members(document: object) -> dict[str, str | list[str]]:
    if not isinstance(document, dict):
        raise TypeError
    return cast("dict[str, str | list[str]]", document)
