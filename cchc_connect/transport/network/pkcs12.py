"""Converts a PKCS #12 bundle (.p12, .pfx) to PEM with the `cryptography` package.

A bundle that cannot be read gives None and no exception, so that no traceback with local variables shows a key.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12


def encrypted_pem(bundle: bytes, password: str | None, new_password: str) -> bytes | None:
    """Return a bundle's certificates and key as PEM, the key encrypted with `new_password`.

    None: the bundle cannot be read with `password`, or has no key or no certificate.
    """
    try:
        content = load_pkcs12(bundle, password.encode() if password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if content.key is None or content.cert is None:
        return None
    certificates = [content.cert.certificate, *(additional.certificate for additional in content.additional_certs)]
    key = content.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(new_password.encode()))
    return b"".join([*(certificate.public_bytes(Encoding.PEM) for certificate in certificates), key])
