"""Message signatures: create and verify detached JWS, and client assertions for token endpoints."""

from cchc_connect.signing.keys import KeyFile, SigningKey
from cchc_connect.signing.signer import ASSERTION_TYPE, Signer, client_assertion
from cchc_connect.signing.verifier import SignaturePolicy, VerifiedSignature, Verifier

__all__ = [
    "ASSERTION_TYPE",
    "KeyFile",
    "SignaturePolicy",
    "Signer",
    "SigningKey",
    "VerifiedSignature",
    "Verifier",
    "client_assertion",
]
