"""TLS certificates of the faulty test server, generated for each server; no key is committed.

The extra `testing` brings the library that makes them.
"""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cchc_connect.testing.faults.fault import ServerCertificate

_DAY = timedelta(days=1)
_LOCAL_NAMES = ("localhost", "127.0.0.1")
_OTHER_NAMES = ("other.example.vn", "192.0.2.7")


def server_tls_contexts(folder: Path) -> Mapping[ServerCertificate, ssl.SSLContext]:
    """Return a server context for each kind of certificate.

    The certificate of the authority that a client must trust is written to `ca.pem` in `folder`.
    """
    trusted, untrusted = trustme.CA(), trustme.CA()
    trusted.cert_pem.write_to_path(folder / "ca.pem")
    now = datetime.now(UTC)
    issued = {
        ServerCertificate.GOOD: trusted.issue_cert(*_LOCAL_NAMES),
        ServerCertificate.CLIENT_CERTIFICATE_REQUIRED: trusted.issue_cert(*_LOCAL_NAMES),
        ServerCertificate.WRONG_HOST: trusted.issue_cert(*_OTHER_NAMES),
        ServerCertificate.UNKNOWN_CA: untrusted.issue_cert(*_LOCAL_NAMES),
        ServerCertificate.EXPIRED: trusted.issue_cert(*_LOCAL_NAMES, not_before=now - 30 * _DAY, not_after=now - _DAY),
        ServerCertificate.NOT_YET_VALID: trusted.issue_cert(
            *_LOCAL_NAMES, not_before=now + _DAY, not_after=now + 30 * _DAY
        ),
    }
    contexts = {kind: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for kind in ServerCertificate}
    for kind, certificate in issued.items():
        with certificate.private_key_and_cert_chain_pem.tempfile() as path:
            contexts[kind].load_cert_chain(path)
    contexts[ServerCertificate.SELF_SIGNED].load_cert_chain(_write_self_signed(folder / "self_signed.pem", now))
    contexts[ServerCertificate.CLIENT_CERTIFICATE_REQUIRED].load_verify_locations(folder / "ca.pem")
    contexts[ServerCertificate.CLIENT_CERTIFICATE_REQUIRED].verify_mode = ssl.CERT_REQUIRED
    return contexts


def _write_self_signed(path: Path, now: datetime) -> Path:
    """Write a key and a certificate signed by that key, which trustme does not make."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "faulty server")])
    hostname, address = _LOCAL_NAMES
    names = x509.SubjectAlternativeName([x509.DNSName(hostname), x509.IPAddress(ip_address(address))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    path.touch(mode=0o600)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key_pem + certificate.public_bytes(Encoding.PEM))
    return path
