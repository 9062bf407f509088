"""Type of a fault: what it does to a good response, and the error that it must cause."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from cchc_connect.errors import CchcError, Retriable
from cchc_connect.testing.doubles.server import Reply
from cchc_connect.testing.faults.plays import KEEP, Play, head


class Certificate(Enum):
    """Certificate that a TLS server shows."""

    GOOD = "good"
    """Valid for the loopback address, issued by the authority that the client trusts."""
    WRONG_HOST = "wrong_host"
    """Issued for another host."""
    UNKNOWN_CA = "unknown_ca"
    """Issued by an authority that the client does not trust."""
    SELF_SIGNED = "self_signed"
    """Self-signed."""
    EXPIRED = "expired"
    """Valid until yesterday."""
    NOT_YET = "not_yet"
    """Valid from tomorrow."""
    DEMANDING = "demanding"
    """As `GOOD`, and the client must show a certificate too."""


def whole(reply: Reply) -> bytes:
    """Return the bytes of a good response, after which the connection can be used again."""
    return head_of(reply, f"Content-Length: {len(reply.body)}") + reply.body


def head_of(reply: Reply, *lines: str) -> bytes:
    """Return the head of a good response with `lines` instead of `Content-Length`."""
    headers = [f"{name}: {value}" for name, value in reply.headers.items()]
    status = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    return head(status, f"Content-Type: {reply.media_type}", *headers, *lines)


def well(reply: Reply) -> Play:
    """Return the play of a good response."""
    return [whole(reply), KEEP]


@dataclass(frozen=True, kw_only=True)
class WireFault:
    """A named fault: what a faulty server does, and the error that it must cause."""

    name: str
    meaning: str
    """One sentence: what the server does."""
    becomes: type[CchcError] | None
    """Error of the call by the default policy if every attempt has the fault; None: the call returns the response."""
    play: Callable[[Reply], Play] = field(default=well, repr=False)
    """Returns the play that replaces a good response."""
    spoils_item: bool = False
    """The response arrives, and one of its items cannot be read: that item is quarantined, the others are not."""
    certificate: Certificate = Certificate.GOOD
    """Certificate of the server if it has TLS."""
    greeting: Callable[[], Play] | None = field(default=None, repr=False)
    """Returns the play that replaces the TLS handshake; None: a normal handshake."""

    @property
    def is_tls(self) -> bool:
        """Whether the fault needs a server with TLS."""
        return self.certificate is not Certificate.GOOD or self.greeting is not None

    @property
    def can_pass(self) -> bool:
        """Whether the call succeeds once the fault has passed, because the transport retries."""
        return self.becomes is None or issubclass(self.becomes, Retriable)
