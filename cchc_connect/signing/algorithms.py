"""Which algorithms may sign, and the key that each of them wants (RFC 7518 section 3, RFC 8037 section 3.1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cchc_connect.errors import ConfigurationError


@dataclass(frozen=True)
class KeyShape:
    """What a key must be: its type and, where the type has curves, its curve (JWK `kty` and `crv`)."""

    kind: str
    curve: str | None = None

    def __str__(self) -> str:
        return self.kind if self.curve is None else f"{self.kind} {self.curve}"


SHAPES: Mapping[str, KeyShape] = MappingProxyType(
    {
        "ES256": KeyShape("EC", "P-256"),
        "ES384": KeyShape("EC", "P-384"),
        "ES512": KeyShape("EC", "P-521"),
        "EdDSA": KeyShape("OKP", "Ed25519"),
        "RS256": KeyShape("RSA"),
        "RS384": KeyShape("RSA"),
        "RS512": KeyShape("RSA"),
        "PS256": KeyShape("RSA"),
        "PS384": KeyShape("RSA"),
        "PS512": KeyShape("RSA"),
    }
)
"""Every algorithm whose signature another party can check without being able to make it: no `none`, no `HS*`."""

OURS = ("ES256", "EdDSA")
"""What we sign with, and what is believed where nothing else is said."""


def checked_algorithms(algorithms: Collection[str], known: Collection[str]) -> frozenset[str]:
    """Return `algorithms` if each of them is among the `known` ones.

    Raises:
        ConfigurationError: one is not, or there are none.
    """
    unknown = sorted(set(algorithms) - set(known))
    if unknown or not algorithms:
        raise ConfigurationError("signature.algorithm_unknown", value=", ".join(unknown), known=", ".join(known))
    return frozenset(algorithms)
