"""Faults of TLS: who the other side says it is, which version it speaks, and lines where none is spoken."""

from cchc_connect.errors import CutShort, SourceHeld, Unreachable
from cchc_connect.testing.faults.fault import Certificate, WireFault, head_of
from cchc_connect.testing.faults.lines import half
from cchc_connect.testing.faults.plays import CUT, RESET, answer
from cchc_connect.testing.faults.slow import FOR_EVER_S

# A server's greeting that chooses TLS 1.1 (RFC 4346 section 7.4.1.3): version, 32 bytes by chance, no session,
# TLS_RSA_WITH_AES_128_CBC_SHA, no compression. Who takes it would go on and wait for a certificate.
_CHOICE = b"\x03\x02" + bytes(range(32)) + b"\x00" + b"\x00\x2f" + b"\x00"
_HANDSHAKE = b"\x02" + len(_CHOICE).to_bytes(3, "big") + _CHOICE
TLS_1_1 = b"\x16\x03\x02" + len(_HANDSHAKE).to_bytes(2, "big") + _HANDSHAKE


def _shows(certificate: Certificate, meaning: str) -> WireFault:
    return WireFault(name=f"{certificate.value}_tls", meaning=meaning, becomes=SourceHeld, certificate=certificate)


TLS = (
    _shows(Certificate.WRONG_HOST, "The certificate is another host's."),
    _shows(Certificate.UNKNOWN_CA, "Nobody vouches for who signed the certificate."),
    _shows(Certificate.SELF_SIGNED, "The certificate is signed by itself."),
    _shows(Certificate.EXPIRED, "The certificate was good until yesterday."),
    _shows(Certificate.NOT_YET, "The certificate will be good tomorrow."),
    WireFault(
        name="old_tls_version",
        meaning="The server speaks TLS 1.1.",
        becomes=SourceHeld,
        greeting=lambda: [TLS_1_1, 1.0],
    ),
    WireFault(
        name="plain_http_on_tls_port",
        meaning="Where TLS should begin a server says in plain text that it speaks none.",
        becomes=SourceHeld,
        greeting=lambda: [answer("400 Bad Request", b"The plain HTTP request was sent to HTTPS port"), 0.1],
    ),
    WireFault(
        name="tls_closed_in_greeting",
        meaning="The connection is closed where TLS should begin.",
        becomes=Unreachable,
        greeting=list,
    ),
    WireFault(
        name="tls_reset_in_greeting",
        meaning="The connection is reset where TLS should begin.",
        becomes=Unreachable,
        greeting=lambda: [0.01, RESET],
    ),
    WireFault(
        name="tls_hang",
        meaning="Nothing is said where TLS should begin.",
        becomes=Unreachable,
        greeting=lambda: [FOR_EVER_S],
    ),
    WireFault(
        name="client_certificate_wanted",
        meaning="TLS ends because the client showed no certificate.",
        becomes=SourceHeld,
        certificate=Certificate.DEMANDING,
    ),
    WireFault(
        name="tls_cut",
        meaning="Somebody between cuts the line in a body without a length, and TLS says no farewell.",
        becomes=CutShort,
        play=lambda reply: [head_of(reply, "Connection: close"), half(reply), 0.02, CUT],
    ),
)
