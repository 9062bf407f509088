"""Certificates for a TLS server on loopback, made anew for each: none is ever written down or committed."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cchc_connect.testing.faults.fault import Certificate

_DAY = timedelta(days=1)
_HERE: list[x509.GeneralName] = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
_ELSEWHERE: list[x509.GeneralName] = [x509.DNSName("other.example.vn"), x509.IPAddress(ip_address("192.0.2.7"))]


class Authority:
    """A certificate authority that lives as long as a test."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        now = datetime.now(UTC)
        self.certificate = (
            _builder(self._name, self._name, self._key.public_key(), now - _DAY, now + 30 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def pem(self) -> bytes:
        """Return its own certificate, for a client that is to trust it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, names: list[x509.GeneralName], *, since: datetime, until: datetime) -> bytes:
        """Return a key and a certificate for `names`, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(_named("faulty server"), self._name, key.public_key(), since, until)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(signed_by, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _secret(key) + certificate.public_bytes(Encoding.PEM)


def server_contexts(folder: Path) -> Mapping[Certificate, ssl.SSLContext]:
    """Write certificates of every sort into `folder` and return what a TLS server shows them with.

    The authority to trust stands beside them, in `ca.pem`.
    """
    known, unknown = Authority("Known test authority"), Authority("Unknown test authority")
    folder.joinpath("ca.pem").write_bytes(known.pem())
    now = datetime.now(UTC)
    day_and_day = {"since": now - _DAY, "until": now + _DAY}
    shown = {
        Certificate.GOOD: known.issue(_HERE, **day_and_day),
        Certificate.DEMANDING: known.issue(_HERE, **day_and_day),
        Certificate.WRONG_HOST: known.issue(_ELSEWHERE, **day_and_day),
        Certificate.UNKNOWN_CA: unknown.issue(_HERE, **day_and_day),
        Certificate.SELF_SIGNED: _self_signed(**day_and_day),
        Certificate.EXPIRED: known.issue(_HERE, since=now - 30 * _DAY, until=now - _DAY),
        Certificate.NOT_YET: known.issue(_HERE, since=now + _DAY, until=now + 30 * _DAY),
    }
    contexts = {certificate: _context(folder / f"{certificate.value}.pem", pem) for certificate, pem in shown.items()}
    contexts[Certificate.DEMANDING].load_verify_locations(folder / "ca.pem")
    contexts[Certificate.DEMANDING].verify_mode = ssl.CERT_REQUIRED
    return contexts


def _self_signed(since: datetime, until: datetime) -> bytes:
    key, name = ec.generate_private_key(ec.SECP256R1()), _named("faulty server")
    certificate = (
        _builder(name, name, key.public_key(), since, until)
        .add_extension(x509.SubjectAlternativeName(_HERE), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _secret(key) + certificate.public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """Return what a key may be used for: to sign certificates, or in a TLS handshake."""
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _context(place: Path, pem: bytes) -> ssl.SSLContext:
    place.touch(mode=0o600)
    place.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place)
    return context
