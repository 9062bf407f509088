"""Message signatures, independent of authentication: signs request bodies, verifies the signatures of responses."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from cchc_connect.errors import SourceHeld
from cchc_connect.http import HttpResponse
from cchc_connect.signing import Signer, VerifiedSignature, Verifier
from cchc_connect.transport.calls.call import PreparedRequest


@dataclass(frozen=True, kw_only=True)
class MessageSigner:
    """Signs request bodies; each attempt gets a new signature."""

    signer: Signer = field(repr=False)
    audience: str
    """The recipient's identifier, signed as `aud`."""
    header: str

    def sign(self, prepared: PreparedRequest) -> PreparedRequest:
        """Return the request with the signature of its body in `header`; no body is signed as zero bytes."""
        return replace(
            prepared, headers={**prepared.headers, self.header: self.signer.sign(prepared.body or b"", self.audience)}
        )


class SignatureCheck:
    """Verifies the signatures of responses before they are used; threads may share it.

    A signature does not name the request that its response belongs to. So each signature is accepted once: a
    recorded response cannot be replayed to another request.
    """

    def __init__(self, verifier: Verifier, header: str, connection: str) -> None:
        """Verify the signature in the header `header` by `verifier`."""
        self._verifier = verifier
        self._header = header.lower()
        self._connection = connection
        self._lock = Lock()
        self._seen: dict[str, datetime] = {}
        """Ids of accepted signatures that have not expired, with their expiry."""

    def check(self, response: HttpResponse, now: datetime) -> None:
        """Require that the response is signed by the expected issuer, with a signature not seen before.

        Raises:
            SourceHeld: it is not; the code names the reason.
        """
        signature = self._verifier.verify(response.headers.get(self._header), response.body)
        if not self._is_new(signature, now):
            raise SourceHeld("signature.replayed", connection=self._connection)

    def _is_new(self, signature: VerifiedSignature, now: datetime) -> bool:
        with self._lock:
            if signature.signature_id in self._seen:
                return False
            oldest = now - self._verifier.leeway
            self._seen = {
                signature_id: expires_at for signature_id, expires_at in self._seen.items() if expires_at >= oldest
            }
            self._seen[signature.signature_id] = signature.expires_at
            return True
