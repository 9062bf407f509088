"""All that is cryptography about a client certificate: a PKCS #12 bundle (.p12, .pfx) becomes PEM.

Nothing here raises over what it holds, so that no traceback that shows local variables shows a key.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12


def encrypted_pem(bundle: bytes, password: str | None, new_password: str) -> bytes | None:
    """Return a bundle's certificate, its chain and its key, the key encrypted under `new_password`.

    None stands for a bundle that cannot be read with `password`, or that lacks a key or a certificate.
    """
    try:
        read = load_pkcs12(bundle, password.encode() if password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if read.key is None or read.cert is None:
        return None
    certificates = [read.cert.certificate, *(each.certificate for each in read.additional_certs)]
    key = read.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(new_password.encode()))
    return b"".join([*(each.public_bytes(Encoding.PEM) for each in certificates), key])
