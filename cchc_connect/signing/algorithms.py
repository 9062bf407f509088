"""Supported signature algorithms and the key each requires (RFC 7518 section 3, RFC 8037 section 3.1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cchc_connect.errors import ConfigurationError


@dataclass(frozen=True)
class KeyRequirement:
    """Required key type and, where the type has curves, curve (JWK `kty` and `crv`)."""

    key_type: str
    curve: str | None = None

    def __str__(self) -> str:
        return self.key_type if self.curve is None else f"{self.key_type} {self.curve}"


KEY_REQUIREMENTS: Mapping[str, KeyRequirement] = MappingProxyType(
    {
        "ES256": KeyRequirement("EC", "P-256"),
        "ES384": KeyRequirement("EC", "P-384"),
        "ES512": KeyRequirement("EC", "P-521"),
        "EdDSA": KeyRequirement("OKP", "Ed25519"),
        "RS256": KeyRequirement("RSA"),
        "RS384": KeyRequirement("RSA"),
        "RS512": KeyRequirement("RSA"),
        "PS256": KeyRequirement("RSA"),
        "PS384": KeyRequirement("RSA"),
        "PS512": KeyRequirement("RSA"),
    }
)
"""Every algorithm whose signature can be verified without the signing key: no `none`, no `HS*`."""

DEFAULT_ALGORITHMS = ("ES256", "EdDSA")
"""Algorithms that we sign with, and that are accepted by default."""


def require_algorithms(algorithms: Collection[str], supported: Collection[str]) -> frozenset[str]:
    """Return `algorithms` if each of them is supported.

    Raises:
        ConfigurationError: one is not, or there are none.
    """
    unknown = sorted(set(algorithms) - set(supported))
    if unknown or not algorithms:
        raise ConfigurationError("signature.algorithm_unknown", value=", ".join(unknown), known=", ".join(supported))
    return frozenset(algorithms)
