"""Certificates signed by an authority made for one test, and a TLS server on loopback that may demand one."""

import socket
import ssl
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

HOST = "127.0.0.1"
LOCAL_NAMES = ("localhost", HOST)
FIVE_MINUTES_AGO = timedelta(minutes=-5)
A_DAY = timedelta(days=1)


@dataclass
class Authority:
    """A certificate authority. Its own certificate is `ca.pem` in `folder`, beside all that it issues."""

    folder: Path
    name: str = "CA thử nghiệm"

    def __post_init__(self) -> None:
        self.ca = trustme.CA(organization_unit_name=self.name)
        self.ca_file = self.folder / "ca.pem"
        self.ca.cert_pem.write_to_path(self.ca_file)

    def server_context(
        self,
        names: Sequence[str] = LOCAL_NAMES,
        valid_from: timedelta = FIVE_MINUTES_AGO,
        valid_until: timedelta = A_DAY,
    ) -> ssl.SSLContext:
        """Return a server context with a certificate for `names`; `valid_from` and `valid_until` count from now."""
        now = datetime.now(UTC)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued = self.ca.issue_cert(*names, not_before=now + valid_from, not_after=now + valid_until)
        with issued.private_key_and_cert_chain_pem.tempfile() as path:
            context.load_cert_chain(path)
        return context

    def write_pem(
        self, common: str, password: str | None = None, *, separate_key_file: bool = True
    ) -> tuple[Path, Path]:
        """Write a client certificate; return its file and its key's, the same one unless `separate_key_file`."""
        certificate, key = self._issue(common)
        certificate_pem = certificate.public_bytes(Encoding.PEM)
        key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption(password))
        certificate_file = self._write(f"{common}.pem", certificate_pem + (b"" if separate_key_file else key_pem))
        return certificate_file, self._write(f"{common}.key", key_pem) if separate_key_file else certificate_file

    def write_pkcs12(self, common: str, password: str | None, *, with_key: bool = True) -> Path:
        """Write a client certificate as PKCS #12."""
        certificate, key = self._issue(common)
        chain = [x509.load_pem_x509_certificate(self.ca.cert_pem.bytes())]
        content = pkcs12.serialize_key_and_certificates(
            common.encode(), key if with_key else None, certificate, chain, _encryption(password)
        )
        return self._write(f"{common}.p12", content)

    def _issue(self, common: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        issued = self.ca.issue_cert(*LOCAL_NAMES, common_name=common)
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()), key

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        return path


def _encryption(password: str | None) -> KeySerializationEncryption:
    return BestAvailableEncryption(password.encode()) if password else NoEncryption()


@dataclass
class TlsServer:
    """A running server, and the clients it saw."""

    port: int
    client_names: list[str] = field(default_factory=list[str])
    """The common name in each client's certificate; empty where the client showed none."""


@contextmanager
def tls_server(
    authority: Authority, *, require_client_certificate: bool = True, max_version: ssl.TLSVersion | None = None
) -> Generator[TlsServer]:
    """Send one byte to each client that shows a certificate of `authority`."""
    context = authority.server_context()
    if require_client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca_file)
    if max_version is not None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, max_version
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
            server.client_names.append(_common_name(secured))
            secured.sendall(b"!")
            secured.unwrap()


def _common_name(secured: ssl.SSLSocket) -> str:
    der = secured.getpeercert(binary_form=True)
    if der is None:
        return ""
    (name,) = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(name.value)


def greet(context: ssl.SSLContext, port: int, host: str = HOST) -> bytes:
    """Connect, and return what the server sends once it has accepted our certificate."""
    with socket.create_connection((HOST, port), timeout=2.0) as connection:
        server_hostname = host if context.check_hostname else None
        with context.wrap_socket(connection, server_hostname=server_hostname) as secured:
            return secured.recv(1)
