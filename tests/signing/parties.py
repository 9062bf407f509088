"""A party that signs and verifies in tests: generated keys, a key file, and a manual clock."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc.jwk import ECKey, OKPKey, RSAKey

from cchc_connect.signing import KeyFile, SignaturePolicy, Signer, SigningKey, Verifier

ISSUER, AUDIENCE = "000.00.01.H09", "000.00.00.H09"
BODY = '{"hoTen": "Nguyễn Thị Mẫu", "soDinhDanh": "074000000012"}'.encode()  # invented
NOON = datetime(2026, 7, 1, 5, 0, 0, tzinfo=UTC)

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass
class SettableClock:
    """A clock that the test advances."""

    at: datetime = NOON
    seconds: float = 100.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


def new_p256_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: Private, password: str | None = None) -> str:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def jwk(key: Private, kid: str | None, *, private: bool = False, **members: Any) -> dict[str, Any]:
    """Return a key as a JWK, by default its public part only."""
    reader: Any = OKPKey
    if isinstance(key, ec.EllipticCurvePrivateKey):
        reader = ECKey
    elif isinstance(key, rsa.RSAPrivateKey):
        reader = RSAKey
    described: dict[str, Any] = dict(reader.import_key(pem(key)).as_dict(private=private))
    return described | ({} if kid is None else {"kid": kid}) | members


def write_keys(path: Path, *keys: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps({"keys": list(keys)}), encoding="utf-8")
    path.chmod(0o644)
    return path


@dataclass
class Party:
    """A signer with its key, and the verifier on the other side."""

    folder: Path
    algorithm: str = "ES256"
    clock: SettableClock = field(default_factory=SettableClock)
    key: Private = field(default_factory=new_p256_key)
    kid: str = "2026-07"

    @property
    def signing_key(self) -> SigningKey:
        return SigningKey.read(pem(self.key), algorithm=self.algorithm, key_id=self.kid)

    @property
    def signer(self) -> Signer:
        return Signer(self.signing_key, ISSUER, self.clock, identifier=lambda: "first")

    @property
    def key_file(self) -> Path:
        return self.folder / "keys.json"

    def verifier(self, *keys: Mapping[str, Any], expected: SignaturePolicy | None = None) -> Verifier:
        write_keys(self.key_file, *(keys or [jwk(self.key, self.kid)]))
        key_file = KeyFile(self.key_file, self.clock)
        return Verifier("registry", key_file, expected or SignaturePolicy(issuer=ISSUER, audience=AUDIENCE), self.clock)
