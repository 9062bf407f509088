"""A certificate authority made for a test, what it signs, and a TLS server on loopback that wants a certificate."""

import socket
import ssl
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
HERE = ("localhost", HOST)
JUST_NOW = timedelta(minutes=-5)
A_DAY = timedelta(days=1)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass
class Authority:
    """Signs certificates; its own lies in `ca.pem` of its folder."""

    folder: Path
    common: str = "CA thử nghiệm"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        builder = self._builder(self.common, self.key, x509.BasicConstraints(ca=True, path_length=1), HERE)
        builder = builder.not_valid_before(now - 900 * A_DAY).not_valid_after(now + 900 * A_DAY)
        self.certificate = builder.sign(self.key, hashes.SHA256())
        self.file = self.folder / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(
        self, common: str, names: Sequence[str] = HERE, begins: timedelta = JUST_NOW, ends: timedelta = A_DAY
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """Issue a certificate for names and addresses, good from when to when, as seen from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(common, key, x509.BasicConstraints(ca=False, path_length=None), names)
        now = datetime.now(UTC)
        builder = builder.not_valid_before(now + begins).not_valid_after(now + ends)
        return builder.sign(self.key, hashes.SHA256()), key

    def server(
        self, names: Sequence[str] = HERE, begins: timedelta = JUST_NOW, ends: timedelta = A_DAY
    ) -> ssl.SSLContext:
        """Return the context of a server with such a certificate."""
        certificate, key = self.issue("may-chu", names, begins, ends)
        file = self.folder / f"{certificate.serial_number:x}.pem"
        written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(written + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def pem(self, common: str, password: str | None = None, *, apart: bool = True) -> tuple[Path, Path]:
        """Issue a certificate; return its file and that of its key, the same one unless they lie `apart`."""
        certificate, key = self.issue(common)
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        shown, hidden = self.folder / f"{common}.pem", self.folder / f"{common}.key"
        shown.write_bytes(certificate.public_bytes(Encoding.PEM) + (b"" if apart else written))
        hidden.write_bytes(written)
        for file in (shown, hidden):
            file.chmod(0o600)
        return shown, hidden if apart else shown

    def bundle(self, common: str, password: str | None) -> Path:
        """Issue a certificate as PKCS #12."""
        certificate, key = self.issue(common)
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        file = self.folder / f"{common}.p12"
        file.write_bytes(
            pkcs12.serialize_key_and_certificates(common.encode(), key, certificate, [self.certificate], encryption)
        )
        file.chmod(0o600)
        return file

    def _builder(
        self, common: str, key: ec.EllipticCurvePrivateKey, constraints: x509.BasicConstraints, names: Sequence[str]
    ) -> x509.CertificateBuilder:
        known = [x509.IPAddress(ip_address(name)) if name[:1].isdecimal() else x509.DNSName(name) for name in names]
        return (
            x509.CertificateBuilder()
            .subject_name(_name(common))
            .issuer_name(_name(self.common))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .add_extension(constraints, critical=True)
            .add_extension(x509.SubjectAlternativeName(known), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )


@dataclass
class TlsServer:
    """What a server saw of its clients."""

    port: int
    clients: list[str] = field(default_factory=list[str])
    """Common names of the certificates that were shown."""


@contextmanager
def tls_server(
    authority: Authority, *, wants_certificate: bool = True, newest: ssl.TLSVersion | None = None
) -> Generator[TlsServer]:
    """Answer each client that shows a certificate of `authority` with one byte."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.pem("may-chu"))
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.file)
    if newest is not None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
        context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(0.02)
        server, closing = TlsServer(listener.getsockname()[1]), threading.Event()
        serving = threading.Thread(target=_serve, args=(server, listener, context, closing))
        serving.start()
        try:
            yield server
        finally:
            closing.set()
            serving.join()


def _serve(server: TlsServer, listener: socket.socket, context: ssl.SSLContext, closing: threading.Event) -> None:
    while not closing.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.settimeout(2.0)
        with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
            shown: dict[str, Any] = secured.getpeercert() or {}
            server.clients += [pair[1] for names in shown.get("subject", ()) for pair in names]
            if not shown:
                server.clients.append("")
            secured.sendall(b"!")
            secured.unwrap()


def greet(context: ssl.SSLContext, port: int, host: str = HOST) -> bytes:
    """Connect, and return what the server says once it has looked at our certificate."""
    with socket.create_connection((HOST, port), timeout=2.0) as connection:
        server_hostname = host if context.check_hostname else None
        with context.wrap_socket(connection, server_hostname=server_hostname) as secured:
            return secured.recv(1)
