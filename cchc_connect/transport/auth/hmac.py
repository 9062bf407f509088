"""Messages signed with a shared secret: HMAC-SHA256 over parts of the message, in headers.

There is no one standard; which parts, in which order, under which header names is the system's choice and so
configuration. The national document exchange (trục liên thông văn bản, VXP) signs system id, timestamp, content
type and body (observed in its public client, see docs/configuration.md).
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from cchc_connect.transport.auth.schemes import Anonymous
from cchc_connect.transport.wire import Wire
from cchc_schemas.dates import VIETNAM


@dataclass(frozen=True, kw_only=True)
class Hmac(Anonymous):
    """A shared secret with which each message is signed."""

    key_id: str
    secret: str = field(repr=False)
    signed_parts: Sequence[str] = ("key_id", "timestamp", "content_type", "body")
    """What is signed, in this order; see `PARTS`."""
    separator: str = ""
    """What stands between the parts."""
    timestamp: str = "%Y-%m-%dT%H:%M:%S%z"
    """Form of the time (strftime), Vietnamese time; "unix": seconds since 1970."""
    encoding: str = "base64"
    """How the signature is written: base64 or hex."""
    key_header: str = "X-Key-Id"
    time_header: str = "X-Timestamp"
    signature_header: str = "X-Signature"

    def signed(self, wire: Wire, now: datetime) -> Wire:
        """Return the message with key, time and signature in its headers."""
        moment = self._moment(now)
        told = {"key_id": self.key_id, "timestamp": moment}
        parts = [PARTS[name](wire) if name in PARTS else told[name].encode() for name in self.signed_parts]
        digest = hmac.new(self.secret.encode(), self.separator.encode().join(parts), hashlib.sha256)
        signature = digest.hexdigest() if self.encoding == "hex" else b64encode(digest.digest()).decode()
        stamped = {self.key_header: self.key_id, self.time_header: moment, self.signature_header: signature}
        return replace(wire, headers={**wire.headers, **stamped})

    def _moment(self, now: datetime) -> str:
        return (
            str(int(now.timestamp())) if self.timestamp == "unix" else now.astimezone(VIETNAM).strftime(self.timestamp)
        )


def _target(wire: Wire) -> bytes:
    address = urlsplit(wire.url)
    return f"{address.path}?{address.query}".removesuffix("?").encode()


def _content_type(wire: Wire) -> bytes:
    return next((value for name, value in wire.headers.items() if name.lower() == "content-type"), "").encode()


PARTS: Mapping[str, Callable[[Wire], bytes]] = MappingProxyType(
    {
        "method": lambda wire: wire.method.encode(),
        "target": _target,
        "content_type": _content_type,
        "body": lambda wire: wire.body or b"",
        "body_sha256": lambda wire: hashlib.sha256(wire.body or b"").hexdigest().encode(),
    }
)
"""What of a message may be signed, beside `key_id` and `timestamp`; `target` is the path with its query."""

SIGNABLE = frozenset({"key_id", "timestamp", *PARTS})
