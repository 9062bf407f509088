"""TLS contexts: which servers they trust, which client certificate they send, and that no key file is left behind."""

import os
import ssl
import sys
import tempfile
from pathlib import Path

import pytest

from cchc_connect.errors import ConfigurationError
from cchc_connect.transport.network.tls import ClientCertificate, PemCertificate, Pkcs12Certificate, tls_context
from tests.transport.authority import Authority, greet, tls_server

PASSWORD = "mật khẩu-canary"  # invented


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def certificates(authority: Authority) -> dict[str, ClientCertificate]:
    shown, key = authority.write_pem("so-xay-dung")
    locked, locked_key = authority.write_pem("so-tnmt", PASSWORD)
    together, _ = authority.write_pem("so-tu-phap", separate_key_file=False)
    return {
        "so-xay-dung": PemCertificate(certificate=shown, key=key),
        "so-tnmt": PemCertificate(certificate=locked, key=locked_key, password=PASSWORD),
        "so-tu-phap": PemCertificate(certificate=together),
        "so-noi-vu": Pkcs12Certificate(file=authority.write_pkcs12("so-noi-vu", PASSWORD), password=PASSWORD),
        "so-y-te": Pkcs12Certificate(file=authority.write_pkcs12("so-y-te", None)),
    }


@pytest.mark.parametrize("name", ["so-xay-dung", "so-tnmt", "so-tu-phap", "so-noi-vu", "so-y-te"])
def test_a_client_certificate_is_sent_to_a_server_that_requires_one(
    authority: Authority, temporary: Path, name: str
) -> None:
    context = tls_context(ca_file=authority.ca_file)
    certificates(authority)[name].load_into(context)

    with tls_server(authority) as server:
        reply = greet(context, server.port)

    assert (reply, server.client_names) == (b"!", [name])
    assert list(temporary.iterdir()) == []


def test_without_a_client_certificate_such_a_server_refuses_the_connection(authority: Authority) -> None:
    with tls_server(authority) as server, pytest.raises(OSError):  # noqa: PT011  # ssl raises different errors for it
        assert greet(tls_context(ca_file=authority.ca_file), server.port) == b"!"

    assert server.client_names == []


def test_the_temporary_file_of_a_bundle_is_encrypted_and_private(authority: Authority, temporary: Path) -> None:
    seen = list[tuple[int, int, bytes]]()

    class Watched(ssl.SSLContext):
        def load_cert_chain(self, certfile: object, keyfile: object = None, password: object = None) -> None:
            file = Path(str(certfile))
            seen.append((file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777, file.read_bytes()))
            super().load_cert_chain(certfile, keyfile, password)  # type: ignore[arg-type]  # handed on as given

    bundle = authority.write_pkcs12("so-noi-vu", PASSWORD)

    Pkcs12Certificate(file=bundle, password=PASSWORD).load_into(Watched(ssl.PROTOCOL_TLS_CLIENT))

    ((mode, folder_mode, content),) = seen
    assert (mode, folder_mode) == (0o600, 0o700)
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in content
    assert b"BEGIN PRIVATE KEY" not in content
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("kind", ["pem", "bundle"])
def test_a_key_that_others_may_read_is_refused(authority: Authority, kind: str) -> None:
    shown, key = authority.write_pem("so-xay-dung")
    bundle = authority.write_pkcs12("so-noi-vu", PASSWORD)
    open_file = {"pem": key, "bundle": bundle}[kind]
    open_file.chmod(0o640)
    kinds: dict[str, ClientCertificate] = {
        "pem": PemCertificate(certificate=shown, key=key),
        "bundle": Pkcs12Certificate(file=bundle, password=PASSWORD),
    }

    with pytest.raises(ConfigurationError) as raised:
        kinds[kind].load_into(tls_context(ca_file=authority.ca_file))

    assert (raised.value.code, raised.value.context) == ("config.secret_file_open", {"path": open_file})


def unusable(authority: Authority) -> dict[str, ClientCertificate]:
    shown, _ = authority.write_pem("so-xay-dung")
    locked, locked_key = authority.write_pem("so-tnmt", PASSWORD)
    damaged = authority.folder / "hong.p12"
    damaged.write_bytes(b"0\x82\x01\x00")
    damaged.chmod(0o600)
    bundle = authority.write_pkcs12("so-noi-vu", PASSWORD)
    keyless = authority.write_pkcs12("so-y-te", None, with_key=False)
    return {
        "another one's key": PemCertificate(certificate=shown, key=authority.write_pem("so-y-te")[1]),
        "no password": PemCertificate(certificate=locked, key=locked_key),
        "wrong password": PemCertificate(certificate=locked, key=locked_key, password="sai"),
        "no certificate": PemCertificate(certificate=damaged, key=locked_key, password=PASSWORD),
        "wrong password of a bundle": Pkcs12Certificate(file=bundle, password="sai"),
        "no password of a bundle": Pkcs12Certificate(file=bundle),
        "bundle without a key": Pkcs12Certificate(file=keyless),
        "damaged bundle": Pkcs12Certificate(file=damaged, password=PASSWORD),
    }


@pytest.mark.parametrize("fault", [*range(8)])
def test_an_unusable_certificate_is_refused_without_showing_its_password(
    authority: Authority, temporary: Path, fault: int
) -> None:
    """OpenSSL would prompt on the terminal for a missing password, where nobody answers a scheduled job."""
    certificate = list(unusable(authority).values())[fault]

    with pytest.raises(ConfigurationError) as raised:
        certificate.load_into(tls_context(ca_file=authority.ca_file))

    assert raised.value.code == "tls.certificate_unusable"
    assert PASSWORD not in f"{raised.value!r} {raised.value} {certificate!r} {raised.value.__cause__!r}"
    assert list(temporary.iterdir()) == []


def test_a_missing_key_is_refused(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        PemCertificate(certificate=tmp_path / "khong-co.pem").load_into(tls_context(ca_file=authority.ca_file))

    assert raised.value.code == "config.secret_file_missing"


def test_a_server_of_another_authority_or_name_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    stranger = tls_context(ca_file=Authority(other_folder, "CA khác").ca_file)

    with tls_server(authority, require_client_certificate=False) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(stranger, server.port)
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(tls_context(ca_file=authority.ca_file), server.port, host="dulieu.example.vn")
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(tls_context(), server.port)
        reply = greet(tls_context(ca_file=authority.ca_file), server.port, host="localhost")

    assert reply == b"!"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_an_old_version_of_tls_is_refused(authority: Authority) -> None:
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.load_verify_locations(authority.ca_file)
    careless.set_ciphers("ALL:@SECLEVEL=0")
    careless.minimum_version = ssl.TLSVersion.TLSv1_1

    with tls_server(authority, require_client_certificate=False, max_version=ssl.TLSVersion.TLSv1_1) as server:
        reply = greet(careless, server.port)
        with pytest.raises(ssl.SSLError):
            greet(tls_context(ca_file=authority.ca_file), server.port)

    assert reply == b"!"


def test_verification_can_be_switched_off_explicitly(authority: Authority) -> None:
    with tls_server(authority, require_client_certificate=False) as server:
        reply = greet(tls_context(unverified=True), server.port)

    assert reply == b"!"


def test_environment_variables_neither_log_keys_nor_add_authorities(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))

    with tls_server(authority, require_client_certificate=False) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(tls_context(), server.port)
        greet(tls_context(ca_file=authority.ca_file), server.port)

    assert not (tmp_path / "keys.log").exists()


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_ca_file_without_a_certificate_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigurationError) as raised:
        tls_context(ca_file=file)

    assert raised.value.code == "tls.ca_unusable"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_ca_file_that_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "ca.pem"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        file.mkdir()

    with pytest.raises(ConfigurationError) as raised:
        tls_context(ca_file=file)

    assert raised.value.code == "tls.ca_unusable"


def test_a_machine_without_ca_certificates_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = ssl.get_default_verify_paths()._replace(
        openssl_cafile=str(tmp_path / "cert.pem"), openssl_capath=str(tmp_path / "certs")
    )
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)

    with pytest.raises(ConfigurationError) as raised:
        tls_context()

    assert raised.value.code == "tls.no_authorities"


def test_without_its_extra_the_error_for_a_bundle_names_what_to_install(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = authority.write_pkcs12("so-noi-vu", PASSWORD)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)

    with pytest.raises(ConfigurationError) as raised:
        Pkcs12Certificate(file=bundle, password=PASSWORD).load_into(tls_context(ca_file=authority.ca_file))

    assert raised.value.code == "extra.sign"
