"""Authentication by HMAC-SHA256 with a shared secret over parts of each request, sent in headers.

There is no common standard: which parts, in which order and under which header names is the system's choice, so it
is configured. The national document exchange (trục liên thông văn bản, VXP) signs system id, timestamp, content
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

from cchc_connect.transport.auth.schemes import AuthenticationScheme
from cchc_connect.transport.calls.call import PreparedRequest
from cchc_schemas.dates import VIETNAM


@dataclass(frozen=True, kw_only=True)
class Hmac(AuthenticationScheme):
    """A shared secret that signs each request."""

    key_id: str
    secret: str = field(repr=False)
    signed_parts: Sequence[str] = ("key_id", "timestamp", "content_type", "body")
    """Names of the signed parts, in this order; see `SIGNABLE_PARTS`."""
    separator: str = ""
    """Text between the parts."""
    timestamp_format: str = "%Y-%m-%dT%H:%M:%S%z"
    """Format of the time (strftime), in Vietnamese time; "unix": seconds since 1970."""
    encoding: str = "base64"
    """Encoding of the signature: base64 or hex."""
    key_header: str = "X-Key-Id"
    timestamp_header: str = "X-Timestamp"
    signature_header: str = "X-Signature"

    def authenticate_request(self, prepared: PreparedRequest, now: datetime) -> PreparedRequest:
        """Return the request with key id, time and signature in its headers."""
        time_text = self._time_text(now)
        values = {"key_id": self.key_id, "timestamp": time_text}
        parts = [
            PART_READERS[name](prepared) if name in PART_READERS else values[name].encode()
            for name in self.signed_parts
        ]
        digest = hmac.new(self.secret.encode(), self.separator.encode().join(parts), hashlib.sha256)
        signature = digest.hexdigest() if self.encoding == "hex" else b64encode(digest.digest()).decode()
        signature_headers = {
            self.key_header: self.key_id,
            self.timestamp_header: time_text,
            self.signature_header: signature,
        }
        return replace(prepared, headers={**prepared.headers, **signature_headers})

    def _time_text(self, now: datetime) -> str:
        return (
            str(int(now.timestamp()))
            if self.timestamp_format == "unix"
            else now.astimezone(VIETNAM).strftime(self.timestamp_format)
        )


def _target(prepared: PreparedRequest) -> bytes:
    address = urlsplit(prepared.url)
    return f"{address.path}?{address.query}".removesuffix("?").encode()


def _content_type(prepared: PreparedRequest) -> bytes:
    return next((value for name, value in prepared.headers.items() if name.lower() == "content-type"), "").encode()


PART_READERS: Mapping[str, Callable[[PreparedRequest], bytes]] = MappingProxyType(
    {
        "method": lambda prepared: prepared.method.encode(),
        "target": _target,
        "content_type": _content_type,
        "body": lambda prepared: prepared.body or b"",
        "body_sha256": lambda prepared: hashlib.sha256(prepared.body or b"").hexdigest().encode(),
    }
)
"""Parts of a request that may be signed, besides `key_id` and `timestamp`; `target` is the path with its query."""

SIGNABLE_PARTS = frozenset({"key_id", "timestamp", *PART_READERS})
