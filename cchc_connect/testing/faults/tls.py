"""Faults of TLS: certificates, versions, and connections without a handshake."""

from cchc_connect.errors import CutShort, SourceHeld, Unreachable
from cchc_connect.testing.faults.fault import ServerCertificate, WireFault, response_head_of
from cchc_connect.testing.faults.framing import first_half
from cchc_connect.testing.faults.response_scripts import CUT, RESET, closing_response
from cchc_connect.testing.faults.slow import HANG_S

# A ServerHello that chooses TLS 1.1 (RFC 4346 section 7.4.1.3): version, 32 random bytes, no session,
# TLS_RSA_WITH_AES_128_CBC_SHA, no compression. A client that accepts it waits for a certificate.
_SERVER_HELLO = b"\x03\x02" + bytes(range(32)) + b"\x00" + b"\x00\x2f" + b"\x00"
_HANDSHAKE = b"\x02" + len(_SERVER_HELLO).to_bytes(3, "big") + _SERVER_HELLO
TLS_1_1 = b"\x16\x03\x02" + len(_HANDSHAKE).to_bytes(2, "big") + _HANDSHAKE


def _certificate(certificate: ServerCertificate, meaning: str) -> WireFault:
    return WireFault(
        name=f"{certificate.value}_tls", meaning=meaning, expected_error=SourceHeld, certificate=certificate
    )


TLS_FAULTS = (
    _certificate(ServerCertificate.WRONG_HOST, "The certificate is that of another host."),
    _certificate(ServerCertificate.UNKNOWN_CA, "The certificate is signed by an untrusted authority."),
    _certificate(ServerCertificate.SELF_SIGNED, "The certificate is self-signed."),
    _certificate(ServerCertificate.EXPIRED, "The certificate expired yesterday."),
    _certificate(ServerCertificate.NOT_YET_VALID, "The certificate is valid from tomorrow."),
    WireFault(
        name="old_tls_version",
        meaning="The server speaks TLS 1.1.",
        expected_error=SourceHeld,
        handshake_script=lambda: [TLS_1_1, 1.0],
    ),
    WireFault(
        name="plain_http_on_tls_port",
        meaning="The server responds in plain text instead of a TLS handshake.",
        expected_error=SourceHeld,
        handshake_script=lambda: [
            closing_response("400 Bad Request", b"The plain HTTP request was sent to HTTPS port"),
            0.1,
        ],
    ),
    WireFault(
        name="tls_closed_in_greeting",
        meaning="The connection is closed instead of a TLS handshake.",
        expected_error=Unreachable,
        handshake_script=list,
    ),
    WireFault(
        name="tls_reset_in_greeting",
        meaning="The connection is reset instead of a TLS handshake.",
        expected_error=Unreachable,
        handshake_script=lambda: [0.01, RESET],
    ),
    WireFault(
        name="tls_hang",
        meaning="The server sends nothing in the TLS handshake.",
        expected_error=Unreachable,
        handshake_script=lambda: [HANG_S],
    ),
    WireFault(
        name="client_certificate_wanted",
        meaning="TLS ends because the client showed no certificate.",
        expected_error=SourceHeld,
        certificate=ServerCertificate.CLIENT_CERTIFICATE_REQUIRED,
    ),
    WireFault(
        name="tls_cut",
        meaning="A machine in between cuts the connection in a body without a length, without a closing alert of TLS.",
        expected_error=CutShort,
        script=lambda response: [response_head_of(response, "Connection: close"), first_half(response), 0.02, CUT],
    ),
)
