"""Signatures over whole messages, beside whatever shows who we are: ours on what leaves, theirs on what comes."""

from dataclasses import dataclass, field, replace

from cchc_connect.http import HttpResponse
from cchc_connect.signing import Signer, Verifier
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


@dataclass(frozen=True, kw_only=True)
class SealCheck:
    """What looks at the signatures of answers before anybody uses them."""

    verifier: Verifier = field(repr=False)
    header: str

    def check(self, response: HttpResponse) -> None:
        """Let an answer pass whose body is signed by whom we expect.

        Raises:
            SourceHeld: it is not; the code says why.
        """
        self.verifier.verify(response.headers.get(self.header.lower()), response.body)
