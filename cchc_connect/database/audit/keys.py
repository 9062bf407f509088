"""Ed25519 keys of seals: the private key that signs, and the public keys that are trusted. Needs the extra `sign`.

A faulty key is reported without its text, and no traceback with local variables holds it.
"""

import base64
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import require_extra
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.privacy.regular_files import open_regular_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MAX_BYTES = 64 * 1024
_PUBLIC_MODE = 0o644


@dataclass(frozen=True, kw_only=True)
class TrustedKey:
    """A public key that the configuration or the command line names."""

    key_id: str
    key: "Ed25519PublicKey" = field(repr=False)

    @classmethod
    def read(cls, key_id: str, path: Path) -> Self:
        """Read a PEM file with a public Ed25519 key.

        Raises:
            ConfigurationError: the file cannot be read or holds no such key, or the extra `sign` is not installed.
        """
        with require_extra("sign", "cryptography"):
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  # the extra may be missing
            from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415  # as above
        try:
            with open_regular_file(path) as file:
                key = load_pem_public_key(file.read(_MAX_BYTES))
        except OSError as error:
            raise ConfigurationError("audit.public_key_missing", path=path) from error
        except ValueError as error:
            raise ConfigurationError("audit.public_key_unusable", path=path) from error
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError("audit.public_key_unusable", path=path)
        return cls(key_id=key_id, key=key)

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Return whether `signature` was made over exactly `content` with the private key."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  # it made the key

        try:
            self.key.verify(signature, content)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """Return the key as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415  # it made the key

        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, kw_only=True)
class SealKey:
    """The private key with which seals are made."""

    key_id: str
    key: "Ed25519PrivateKey" = field(repr=False)

    @classmethod
    def read(cls, key_id: str, text: str) -> Self:
        """Read a PEM text (PKCS #8) with a private Ed25519 key.

        Raises:
            ConfigurationError: it is no such key, or the extra `sign` is not installed.
        """
        with require_extra("sign", "cryptography"):
            from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  # the extra may be missing
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # as above
            from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  # as above
        key = None
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):  # their chain of exceptions would hold the key
            key = load_pem_private_key(text.encode(), password=None)
        del text
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError("audit.key_unusable", key_id=key_id)
        return cls(key_id=key_id, key=key)

    @classmethod
    def create(cls, key_id: str, path: Path) -> Self:
        """Make a new key and write it to a new private file; its public key to the same name with `.pub`.

        Raises:
            FileExistsError: there is such a file.
            OSError: a file cannot be written.
            ConfigurationError: the extra `sign` is not installed.
        """
        with require_extra("sign", "cryptography"):
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # the extra may be missing
            from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  # as above
                Encoding,
                NoEncryption,
                PrivateFormat,
            )
        created = cls(key_id=key_id, key=Ed25519PrivateKey.generate())
        with new_private_file(path) as file:
            file.write(created.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            _write_public(public_key_path(path), created.public.pem())
        return created

    @property
    def public(self) -> TrustedKey:
        """Return the public key."""
        return TrustedKey(key_id=self.key_id, key=self.key.public_key())

    def sign(self, content: bytes) -> bytes:
        """Return the signature over `content`."""
        return self.key.sign(content)


def public_key_path(path: Path) -> Path:
    """Return where the public key of the private key at `path` is written."""
    return path.with_name(f"{path.name}.pub")


def decoded_signature(signature: str) -> bytes:
    """Return the bytes of a signature in base64; empty where it is no base64."""
    try:
        return base64.b64decode(signature, validate=True)
    except ValueError:
        return b""


def _write_public(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PUBLIC_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
