"""One fault of a network or a server: what is done to a good answer, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from cchc_connect.errors import CchcError, Retriable
from cchc_connect.testing.doubles.server import Reply
from cchc_connect.testing.faults.plays import KEEP, Play, head


class Certificate(Enum):
    """What a TLS server shows."""

    GOOD = "good"
    """For the loopback address, by the authority that the client is told to trust."""
    WRONG_HOST = "wrong_host"
    """For another host."""
    UNKNOWN_CA = "unknown_ca"
    """By an authority nobody was told of."""
    SELF_SIGNED = "self_signed"
    """By itself."""
    EXPIRED = "expired"
    """It was good until yesterday."""
    NOT_YET = "not_yet"
    """It will be good tomorrow."""
    DEMANDING = "demanding"
    """A good one, and the client must show one too."""


def whole(reply: Reply) -> bytes:
    """Return a good answer as it goes over the line; the connection may be used again."""
    return head_of(reply, f"Content-Length: {len(reply.body)}") + reply.body


def head_of(reply: Reply, *lines: str) -> bytes:
    """Return the head of a good answer with `lines` in place of what marks its body's end."""
    own = [f"{name}: {value}" for name, value in reply.headers.items()]
    status = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    return head(status, f"Content-Type: {reply.media_type}", *own, *lines)


def well(reply: Reply) -> Play:
    """Give the good answer."""
    return [whole(reply), KEEP]


@dataclass(frozen=True, kw_only=True)
class WireFault:
    """A fault by its name: what a faulty server does, and what must come of it."""

    name: str
    meaning: str
    """One sentence: what the server does."""
    becomes: type[CchcError] | None
    """What the call ends in where the fault stays, by the default policy; None: in the good answer, whole."""
    play: Callable[[Reply], Play] = field(default=well, repr=False)
    """What is done with the good answer."""
    spoils_item: bool = False
    """The answer arrives, and an item of it cannot be read: that one is set aside, the others go on."""
    certificate: Certificate = Certificate.GOOD
    """What is shown where the server speaks TLS."""
    greeting: Callable[[], Play] | None = field(default=None, repr=False)
    """What is said on the bare line where TLS should begin; None: TLS begins."""

    @property
    def is_tls(self) -> bool:
        """Say whether it shows only where the server speaks TLS."""
        return self.certificate is not Certificate.GOOD or self.greeting is not None

    @property
    def can_pass(self) -> bool:
        """Say whether the call ends well once the fault has passed: another attempt is made by itself."""
        return self.becomes is None or issubclass(self.becomes, Retriable)
