"""TLS contexts of ours: what is asked of the other side, and the certificate that is shown to it.

They are made by hand. `ssl.create_default_context` reads `SSLKEYLOGFILE`, which writes every session's keys to
a file, and `SSL_CERT_FILE`, which puts another list of authorities in the place of the system's.
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
from cchc_connect.extras import extra
from cchc_connect.privacy.private_files import private_bytes


@dataclass(frozen=True, kw_only=True)
class PemCertificate:
    """A client certificate in PEM files."""

    certificate: Path
    """The certificate, then those of the authorities between it and a known one."""
    key: Path | None = None
    """The private key; None where it stands in the same file."""
    password: str | None = field(default=None, repr=False)

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let `context` show this certificate.

        Raises:
            ConfigurationError: the files cannot be used, or others may read the key.
        """
        private_bytes(self.key or self.certificate)
        _load(context, self.certificate, self.certificate, self.key, lambda: self.password or "")


@dataclass(frozen=True, kw_only=True)
class Pkcs12Certificate:
    """A client certificate with its key and chain in one file, PKCS #12 (.p12, .pfx)."""

    file: Path
    password: str | None = field(default=None, repr=False)

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let `context` show this certificate.

        ssl reads keys from files alone: for a moment the key lies in a folder of our own, encrypted under a
        password that nobody else has.

        Raises:
            ConfigurationError: the extra `sign` is not installed, the file cannot be used, or others may read it.
        """
        with extra("sign", "cryptography"):
            from cchc_connect.transport.network.pkcs12 import encrypted_pem  # noqa: PLC0415  # the extra may be missing
        pass_phrase = secrets.token_urlsafe(32)
        with TemporaryDirectory(prefix="cchc-connect-") as folder:
            pem = Path(folder) / "certificate.pem"
            if not _written(pem, encrypted_pem(private_bytes(self.file), self.password, pass_phrase)):
                raise ConfigurationError("tls.certificate_unusable", path=self.file)
            _load(context, self.file, pem, None, lambda: pass_phrase)


ClientCertificate: TypeAlias = PemCertificate | Pkcs12Certificate
"""One of the two above."""


def tls_context(*, ca_file: Path | None = None, unverified: bool = False) -> ssl.SSLContext:
    """Return a context for connections of ours: TLS 1.2 or later, the other side's name and certificate checked.

    Args:
        ca_file: authorities to believe (PEM), instead of the system's.
        unverified: check neither name nor certificate: whoever answers then reads and writes all that is sent.

    Raises:
        ConfigurationError: there are no authorities to believe.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca_file is not None:
        _believe(context, ca_file)
    else:
        _believe_system(context)
    return context


@cache
def usual_trust() -> ssl.SSLContext:
    """Return the context of connections that say nothing of TLS; it is made once.

    Raises:
        ConfigurationError: there are no authorities to believe.
    """
    return tls_context()


def _believe(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError("tls.ca_unusable", path=ca_file) from error


def _believe_system(context: ssl.SSLContext) -> None:
    """Believe the authorities of the places that OpenSSL was built with, whatever the environment says."""
    places = ssl.get_default_verify_paths()
    file, folder = Path(places.openssl_cafile), Path(places.openssl_capath)
    if not file.is_file() and not folder.is_dir():
        raise ConfigurationError("tls.no_authorities", file=file, folder=folder)
    context.load_verify_locations(cafile=file if file.is_file() else None, capath=folder if folder.is_dir() else None)


def _written(path: Path, content: bytes | None) -> bool:
    """Write a file that only we may read; say whether there was anything to write."""
    if content is None:
        return False
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return True


def _load(
    context: ssl.SSLContext, shown: Path, certificate: Path, key: Path | None, password: Callable[[], str]
) -> None:
    """Load a certificate; without a password to give, OpenSSL would ask for one on the terminal."""
    try:
        context.load_cert_chain(certificate, key, password=password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; a password may be too long
        raise ConfigurationError("tls.certificate_unusable", path=shown) from error
