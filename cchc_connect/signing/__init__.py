"""Signatures of messages: detached JWS made and checked."""

from cchc_connect.signing.keys import KeyFile, SigningKey
from cchc_connect.signing.signer import Signer
from cchc_connect.signing.verifier import Attested, Expected, Verifier

__all__ = [
    "Attested",
    "Expected",
    "KeyFile",
    "Signer",
    "SigningKey",
    "Verifier",
]
