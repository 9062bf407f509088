"""Type of a fault: what it does to a good response, and the error that it must cause."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from cchc_connect.errors import CchcError, Retriable
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.response_scripts import KEEP_OPEN, ResponseScript, response_head


class ServerCertificate(Enum):
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
    NOT_YET_VALID = "not_yet_valid"
    """Valid from tomorrow."""
    CLIENT_CERTIFICATE_REQUIRED = "client_certificate_required"
    """As `GOOD`, and the client must show a certificate too."""


def complete_response(response: ServerResponse) -> bytes:
    """Return the bytes of a good response, after which the connection can be used again."""
    return response_head_of(response, f"Content-Length: {len(response.body)}") + response.body


def response_head_of(response: ServerResponse, *lines: str) -> bytes:
    """Return the head of a good response with `lines` instead of `Content-Length`."""
    headers = [f"{name}: {value}" for name, value in response.headers.items()]
    status = f"{response.status} {HTTPStatus(response.status).phrase}"
    return response_head(status, f"Content-Type: {response.media_type}", *headers, *lines)


def normal_script(response: ServerResponse) -> ResponseScript:
    """Return the script of a good response."""
    return [complete_response(response), KEEP_OPEN]


@dataclass(frozen=True, kw_only=True)
class WireFault:
    """A named fault: what a faulty server does, and the error that it must cause."""

    name: str
    meaning: str
    """One sentence: what the server does."""
    expected_error: type[CchcError] | None
    """Error of the call by the default policy if every attempt has the fault; None: the call returns the response."""
    script: Callable[[ServerResponse], ResponseScript] = field(default=normal_script, repr=False)
    """Returns the script that replaces a good response."""
    corrupts_item: bool = False
    """The response arrives, and one of its items cannot be read: that item is quarantined, the others are not."""
    certificate: ServerCertificate = ServerCertificate.GOOD
    """Certificate of the server if it has TLS."""
    handshake_script: Callable[[], ResponseScript] | None = field(default=None, repr=False)
    """Returns the script that replaces the TLS handshake; None: a normal handshake."""

    @property
    def needs_tls(self) -> bool:
        """Whether the fault needs a server with TLS."""
        return self.certificate is not ServerCertificate.GOOD or self.handshake_script is not None

    @property
    def is_retriable(self) -> bool:
        """Whether the call succeeds once the fault has passed, because the transport retries."""
        return self.expected_error is None or issubclass(self.expected_error, Retriable)
