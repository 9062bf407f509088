"""Connections for requests whose reading ends in time, header block included.

urllib3's read timeout begins anew with every packet, so a server that drips one byte a second is read for
ever. Here each read from the socket gets what the attempt in progress has left, and a header block that
ends with the connection is an error and not an answer without a body.
"""

import http.client
import io
import ssl
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from socket import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cchc_connect.transport.attempt import in_progress
from cchc_connect.transport.tls import usual_trust

_BUFFER = 64 * 1024
_BROKEN_HEAD = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)


class _BoundedSocket(io.RawIOBase):
    """The reading side of a socket, each read as patient as the attempt in progress."""

    def __init__(self, sock: socket, raw: io.RawIOBase) -> None:
        """Read from `sock` through `raw`, its own file, which keeps it open."""
        super().__init__()
        self._sock = sock
        self._raw = raw
        self.ended = False
        """Has the other side closed the connection?"""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        attempt = in_progress.get()
        if attempt:
            self._sock.settimeout(attempt.read_s)
        count = self._raw.readinto(buffer)
        self.ended = count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """An answer read through a bounded socket."""

    def __init__(self, sock: socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self._bounded = _BoundedSocket(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._bounded, _BUFFER)

    def begin(self) -> None:
        super().begin()
        if self._bounded.ended or any(isinstance(defect, _BROKEN_HEAD) for defect in self.headers.defects):
            self.close()
            raise http.client.IncompleteRead(b"")


class _BoundedHTTPConnection(HTTPConnection):
    response_class = _BoundedResponse


class _BoundedHTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse


class _BoundedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _BoundedHTTPConnection  # pyright: ignore[reportAssignmentType]  # urllib3's own do not fit either


class _BoundedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedHTTPSConnection  # pyright: ignore[reportAssignmentType]  # urllib3's own do not fit either


class BoundedAdapter(HTTPAdapter):
    """requests' own adapter over bounded connections; it never sends anything twice by itself."""

    def __init__(self, tls: ssl.SSLContext | None = None, **named: Any) -> None:
        """Trust by `tls`; None: as the machine trusts."""
        self._tls = tls
        super().__init__(**named)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Leave trust to our own context: requests would add its bundle of authorities to it."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls or usual_trust()}

    def cert_verify(self, *args: Any, **named: Any) -> None:
        """Leave trust to our own context, as above."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """Make the pools and tell them which connections to use."""
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _BoundedHTTPPool, "https": _BoundedHTTPSPool}
