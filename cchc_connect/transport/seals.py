"""Signatures over whole messages, beside whatever shows who we are: ours on what leaves, theirs on what comes."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from cchc_connect.errors import SourceHeld
from cchc_connect.http import HttpResponse
from cchc_connect.signing import Attested, Signer, Verifier
from cchc_connect.transport.wire import Wire


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What signs the bodies that leave; each attempt gets a signature of its own."""

    signer: Signer = field(repr=False)
    audience: str
    """What the other side calls itself."""
    header: str

    def sealed(self, wire: Wire) -> Wire:
        """Return the message with the signature of its body; of no body it is that of no bytes."""
        return replace(wire, headers={**wire.headers, self.header: self.signer.sign(wire.body or b"", self.audience)})


class SealCheck:
    """What looks at the signatures of answers before anybody uses them; threads may share it.

    A signature says nothing of the question that its message answers. So each is good for one answer: who took one
    down cannot give it again to another question.
    """

    def __init__(self, verifier: Verifier, header: str, connection: str) -> None:
        """Look for signatures in `header` by `verifier`."""
        self._verifier = verifier
        self._header = header.lower()
        self._connection = connection
        self._lock = Lock()
        self._seen: dict[str, datetime] = {}
        """Signatures that may still be shown again, and until when."""

    def check(self, response: HttpResponse, now: datetime) -> None:
        """Let an answer pass whose body is signed by whom we expect, with a signature not seen before.

        Raises:
            SourceHeld: it is not; the code says why.
        """
        attested = self._verifier.verify(response.headers.get(self._header), response.body)
        if not self._is_new(attested, now):
            raise SourceHeld("signature.replayed", connection=self._connection)

    def _is_new(self, attested: Attested, now: datetime) -> bool:
        with self._lock:
            if attested.signature_id in self._seen:
                return False
            self._seen = {one: until for one, until in self._seen.items() if until >= now - self._verifier.leeway}
            self._seen[attested.signature_id] = attested.expires_at
            return True
