"""TLS contexts: trusted authorities and client certificates, without settings from the environment.

`ssl.create_default_context` is not used: it reads `SSLKEYLOGFILE`, which writes every session's keys to a file, and
`SSL_CERT_FILE`, which replaces the system's list of authorities.

A PKCS #12 bundle (.p12, .pfx) that cannot be read gives None and no exception, so that no traceback with local
variables shows a key.
"""

import os
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import require_extra
from cchc_connect.privacy.secrets import read_private_file


@dataclass(frozen=True, kw_only=True)
class PemCertificate:
    """A client certificate in PEM files."""

    certificate: Path
    """The certificate, then the intermediate ones up to a trusted authority."""
    key: Path | None = None
    """The private key; None where it is in the same file."""
    password: str | None = field(default=None, repr=False)

    def load_into(self, context: ssl.SSLContext) -> None:
        """Load this certificate into `context`.

        Raises:
            ConfigurationError: the files cannot be used, or other users may read the key.
        """
        read_private_file(self.key or self.certificate)
        if not self.certificate.is_file():  # a pipe would hang
            raise ConfigurationError("tls.certificate_unusable", path=self.certificate)
        _load(context, self.certificate, self.certificate, self.key, lambda: self.password or "")


@dataclass(frozen=True, kw_only=True)
class Pkcs12Certificate:
    """A client certificate with its key and chain in one file, PKCS #12 (.p12, .pfx)."""

    file: Path
    password: str | None = field(default=None, repr=False)

    def load_into(self, context: ssl.SSLContext) -> None:
        """Load this certificate into `context`.

        ssl reads keys only from files: for a moment the key is stored in a temporary folder of our own, encrypted
        with a random password.

        Raises:
            ConfigurationError: the extra `sign` is not installed, the file cannot be used, or other users may read it.
        """
        pass_phrase = secrets.token_urlsafe(32)
        with TemporaryDirectory(prefix="cchc-connect-") as folder:
            pem = Path(folder) / "certificate.pem"
            if not _write_private(
                pem, _pkcs12_to_encrypted_pem(read_private_file(self.file), self.password, pass_phrase)
            ):
                raise ConfigurationError("tls.certificate_unusable", path=self.file)
            _load(context, self.file, pem, None, lambda: pass_phrase)


ClientCertificate: TypeAlias = PemCertificate | Pkcs12Certificate
"""A client certificate of either form."""


def tls_context(*, ca_file: Path | None = None, unverified: bool = False) -> ssl.SSLContext:
    """Return a client context: TLS 1.2 or later, the server's name and certificate verified.

    Args:
        ca_file: trusted authorities (PEM), instead of the system's.
        unverified: verify neither name nor certificate; then any server on the way can read and change everything.

    Raises:
        ConfigurationError: the authorities cannot be read, or the system has none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca_file is not None:
        _trust_file(context, ca_file)
    else:
        _trust_system(context)
    return context


@cache
def default_tls_context() -> ssl.SSLContext:
    """Return the shared context of connections without TLS settings.

    Raises:
        ConfigurationError: the system has no trusted authorities.
    """
    return tls_context()


def _trust_file(context: ssl.SSLContext, ca_file: Path) -> None:
    if not ca_file.is_file():  # a pipe would hang
        raise ConfigurationError("tls.ca_unusable", path=ca_file)
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError("tls.ca_unusable", path=ca_file) from error


def _trust_system(context: ssl.SSLContext) -> None:
    """Trust the authorities at the paths built into OpenSSL, regardless of the environment."""
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    if not file.is_file() and not folder.is_dir():
        raise ConfigurationError("tls.no_authorities", file=file, folder=folder)
    context.load_verify_locations(cafile=file if file.is_file() else None, capath=folder if folder.is_dir() else None)


def _pkcs12_to_encrypted_pem(bundle: bytes, password: str | None, new_password: str) -> bytes | None:
    """Return a bundle's certificates and key as PEM, the key encrypted with `new_password`.

    None: the bundle cannot be read with `password`, or has no key or no certificate.

    Raises:
        ConfigurationError: the extra `sign` is not installed.
    """
    with require_extra("sign", "cryptography"):
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  # the extra may be missing
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  # as above
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
        )
        from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12  # noqa: PLC0415  # as above
    try:
        content = load_pkcs12(bundle, password.encode() if password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if content.key is None or content.cert is None:
        return None
    certificates = [content.cert.certificate, *(additional.certificate for additional in content.additional_certs)]
    key = content.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(new_password.encode()))
    return b"".join([*(certificate.public_bytes(Encoding.PEM) for certificate in certificates), key])


def _write_private(path: Path, content: bytes | None) -> bool:
    """Write a file that only its owner may read; write none and return False where `content` is None."""
    if content is None:
        return False
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return True


def _load(
    context: ssl.SSLContext, configured: Path, certificate: Path, key: Path | None, password: Callable[[], str]
) -> None:
    """Load a certificate; errors name the `configured` path.

    `password` is always given: without it OpenSSL would prompt on the terminal.
    """
    try:
        context.load_cert_chain(certificate, key, password=password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; a password may be too long
        raise ConfigurationError("tls.certificate_unusable", path=configured) from error
